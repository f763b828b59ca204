package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"corallite/internal/key"
	"corallite/internal/regfile"
	"corallite/internal/replay"
	"corallite/pipeline"
)

// replayed is the command that compares what configurations find in the same recording.
type replayed struct {
	std         *streams
	config      []string
	against     []string
	golden      string
	writeGolden string
	pipeline    string
	set         []string
	maxChanged  string
	out         string
	pictures    int
	asJSON      bool
	tolerances  replay.Tolerances
	limit       replay.Limit
}

func newReplay(std *streams) *cobra.Command {
	r := &replayed{std: std, pictures: 24, tolerances: replay.Tolerances{IoU: 0.9, Score: 0.05, TimeS: 0.1}}
	cmd := &cobra.Command{
		Use:   "replay --config CONFIG [--against CONFIG | --golden FILE] [flags] FILE...",
		Short: "Compare what two configurations find in the same recording",
		Long: `Runs the pipeline of a configuration over recordings instead of its source, without its sinks and services, and
compares what it finds with another configuration (--against) or with what was found before (--golden). It says what
appeared, vanished, moved, or has another label or score. The exit code is 1 if more changed than --max-changed
allows, so that a test can stop the update of a model.

Without either it prints the events as golden files have them; --write-golden writes such a file. These have no
times of the clock, latencies, or names of devices: the same files give the same bytes again.

Objects are compared by label and overlap (--iou), sounds by label and time (--time), and all by score (--score).
FILE is a picture, a video or a recording of sound, a folder of these, or a pattern.`,
		Example: `  corallite replay --config door.yaml --write-golden door.jsonl recordings/*.mp4
  corallite replay --config door.yaml --golden door.jsonl --out report recordings/*.mp4
  corallite replay --config door.yaml --against door-new-model.yaml --max-changed 2% recordings/*.mp4`,
		Args: func(cmd *cobra.Command, files []string) error {
			if len(files) == 0 {
				return usageError{errors.New("a FILE is missing: name a picture, a video or a recording of sound")}
			}
			return nil
		},
		RunE: r.run,
	}
	f := cmd.Flags()
	f.StringArrayVar(&r.config, "config", nil, "configuration to run (required; repeatable: files that belong together)")
	f.StringArrayVar(&r.against, "against", nil, "second configuration, to compare with the first (repeatable, as --config)")
	f.StringVar(&r.golden, "golden", "", "events of an earlier run, to compare with: a golden file, or what a sink jsonl wrote")
	f.StringVar(&r.writeGolden, "write-golden", "", "write the events of --config to this file")
	f.StringVar(&r.pipeline, "pipeline", "", "name of the pipeline to run (default: the only one)")
	f.StringArrayVar(&r.set, "set", nil, "override a value of both configurations: KEY=VALUE (repeatable)")
	addOwnFlag(f, &r.tolerances.IoU, key.Number(&r.tolerances.IoU, "iou").Min(0).Max(1), "overlap below which an object has moved, intersection over union, 0 to 1")
	addOwnFlag(f, &r.tolerances.Score, key.Number(&r.tolerances.Score, "score").Min(0).Max(1), "difference of scores that is no change")
	addOwnFlag(f, &r.tolerances.TimeS, key.Number(&r.tolerances.TimeS, "time").Min(0).Max(3600), "difference of the times of sounds that is no change, in seconds")
	f.StringVar(&r.maxChanged, "max-changed", "0", "changes that are allowed: a number, or a share of all that was found such as 2%")
	f.StringVar(&r.out, "out", "", "folder for report.json and report.html with the frames that changed")
	addOwnFlag(f, &r.pictures, key.Int(&r.pictures, "pictures").Min(0).Max(1000), "how many frames the page shows at most")
	f.BoolVar(&r.asJSON, "json", false, "print the report as JSON")
	cmd.ValidArgsFunction = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return nil, cobra.ShellCompDirectiveDefault
	}
	for _, name := range []string{"config", "against"} {
		_ = cmd.MarkFlagFilename(name, "yaml", "yml")
	}
	_ = cmd.MarkFlagFilename("golden", "jsonl")
	_ = cmd.MarkFlagFilename("write-golden", "jsonl")
	_ = cmd.MarkFlagDirname("out")
	_ = cmd.RegisterFlagCompletionFunc("set", settings)
	for _, name := range []string{"pipeline", "iou", "score", "time", "max-changed", "pictures"} {
		_ = cmd.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
	}
	return cmd
}

// compares reports whether there is something to compare with.
func (r *replayed) compares() bool { return r.golden != "" || len(r.against) > 0 }

// check refuses wrong use before anything is opened.
func (r *replayed) check() (err error) {
	switch {
	case len(r.config) == 0:
		return usageError{errors.New("--config is missing: name the configuration to run")}
	case r.golden != "" && len(r.against) > 0:
		return usageError{errors.New("--golden and --against cannot be used together: compare with one, then with the other")}
	case !r.compares() && r.out != "":
		return usageError{errors.New("--out needs --against or --golden: without them there is nothing to report")}
	case !r.compares() && r.asJSON:
		return usageError{errors.New("--json needs --against or --golden: without them the events are printed, as lines of JSON")}
	case r.pictures < 0:
		return usageError{fmt.Errorf("--pictures %d: want 0 or more", r.pictures)}
	}
	if err := r.tolerances.Check(); err != nil {
		return usageError{err}
	}
	if r.limit, err = limitOf(r.maxChanged); err != nil {
		return usageError{err}
	}
	return nil
}

// limitOf reads --max-changed: "3", "2%", "0.02".
func limitOf(text string) (replay.Limit, error) {
	if n, err := strconv.Atoi(text); err == nil && n >= 0 {
		return replay.Limit{Changes: n}, nil
	}
	number, percent := strings.CutSuffix(text, "%")
	share, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if percent {
		share /= 100
	}
	if err != nil || !(share >= 0 && share <= 1) || !percent && share == 1 { // 1.0 is neither 1 change nor all
		return replay.Limit{}, fmt.Errorf("--max-changed %q: want a number of changes (3) or a share of all that was found (2%% or 0.02)", text)
	}
	return replay.Limit{Share: share}, nil
}

func (r *replayed) run(cmd *cobra.Command, files []string) error {
	if err := r.check(); err != nil {
		return err
	}
	if err := r.prepare(); err != nil {
		return err
	}
	var first []pipeline.Event
	if r.golden != "" {
		var err error
		if first, err = readGolden(r.golden); err != nil {
			return err
		}
	}
	own, err := r.load("--config", r.config)
	if err != nil {
		return err
	}
	if len(r.against) == 0 {
		return r.runOne(cmd, own, first, files)
	}
	other, err := r.load("--against", r.against)
	if err != nil {
		return err
	}
	if r.tolerances.Rename, err = rename(own.models, other.models, "--against"); err != nil {
		return err
	}
	before, err := r.collect(cmd, own, files, nil)
	if err != nil {
		return err
	}
	if err := r.writeEvents(before); err != nil {
		return err
	}
	return r.compare(cmd, before.events, other, files, strings.Join(r.config, " "), strings.Join(r.against, " "))
}

// prepare fails when what is wanted could not be written, before a run of hours.
func (r *replayed) prepare() error {
	if r.out != "" {
		if err := os.MkdirAll(r.out, 0o755); err != nil {
			return fmt.Errorf("--out %s: %w", r.out, regfile.Cause(err))
		}
	}
	if r.writeGolden == "" {
		return nil
	}
	folder := filepath.Dir(r.writeGolden)
	switch info, err := os.Stat(folder); {
	case err != nil:
		return usageError{fmt.Errorf("--write-golden %s: create the folder %s first: %w", r.writeGolden, folder, regfile.Cause(err))}
	case !info.IsDir():
		return usageError{fmt.Errorf("--write-golden %s: %s is no folder", r.writeGolden, folder)}
	}
	if info, err := os.Stat(r.writeGolden); err == nil && !info.Mode().IsRegular() {
		return usageError{fmt.Errorf("--write-golden %s: is there and is no file", r.writeGolden)}
	}
	return nil
}

// runOne runs the one configuration that there is.
func (r *replayed) runOne(cmd *cobra.Command, own *playable, golden []pipeline.Event, files []string) (err error) {
	if r.golden != "" {
		if r.tolerances.Rename, err = rename(replay.Models(golden), own.models, "--config"); err != nil {
			return err
		}
		return r.compare(cmd, golden, own, files, r.golden, strings.Join(r.config, " "))
	}
	all, err := r.collect(cmd, own, files, nil)
	if err != nil {
		return err
	}
	if r.writeGolden != "" {
		return r.writeEvents(all)
	}
	return all.write(r.std.err.Above(r.std.out))
}

// compare runs the second configuration and reports.
func (r *replayed) compare(cmd *cobra.Command, first []pipeline.Event, second *playable, files []string, firstName, secondName string) error {
	c := replay.NewComparison(first, r.tolerances)
	frames := &changedFrames{most: r.pictures}
	if r.out == "" {
		frames.most = 0
	}
	defer frames.close()
	after, err := r.collect(cmd, second, files, func(item pipeline.Item, events []pipeline.Event) error {
		var changes []replay.Change
		var was []pipeline.Event
		for _, e := range events {
			some, before := c.Add(e)
			changes = append(changes, some...)
			if before != nil {
				was = append(was, *before)
			}
		}
		return frames.add(item, was, events, changes)
	})
	if err != nil {
		return err
	}
	if r.golden != "" {
		if err := r.writeEvents(after); err != nil {
			return err
		}
	}
	report := c.Report()
	report.First, report.Second, report.Limit, report.Pictures = firstName, secondName, r.limit, frames.pictures
	report.Passed = r.limit.Within(len(report.Changes), report.Things)
	return r.report(report)
}

// report prints the report, and writes it to the folder.
func (r *replayed) report(report *replay.Report) error {
	if r.out != "" {
		for name, write := range map[string]func(io.Writer) error{
			"report.json": func(w io.Writer) error { return writeJSON(w, report) },
			"report.html": report.HTML,
		} {
			if err := writeFile(filepath.Join(r.out, name), write); err != nil {
				return err
			}
		}
	}
	const shown = 50
	var err error
	switch {
	case r.asJSON:
		err = writeJSON(r.std.out, report)
	case r.std.err.verbose:
		_, err = io.WriteString(r.std.out, report.Text(0))
	default:
		_, err = io.WriteString(r.std.out, report.Text(shown))
	}
	if err == nil && report.Things == 0 && !r.std.err.quiet {
		fmt.Fprintln(r.std.err, "warning: neither run found anything, so that nothing was compared")
	}
	if err == nil && !report.Passed {
		return errReported
	}
	return err
}

// writeEvents writes the golden file, if one is wanted.
func (r *replayed) writeEvents(all *played) error {
	if r.writeGolden == "" {
		return nil
	}
	return writeFile(r.writeGolden, all.write)
}

func readGolden(name string) ([]pipeline.Event, error) {
	f, err := regfile.Open(name)
	if err != nil {
		return nil, usageError{fmt.Errorf("--golden %s: %w", name, regfile.Cause(err))}
	}
	defer f.Close()
	events, err := replay.Read(f)
	if err != nil {
		return nil, usageError{fmt.Errorf("--golden %s: %w", name, err)}
	}
	return events, nil
}
