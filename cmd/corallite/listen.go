package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"corallite/configs"
	"corallite/internal/app"
	"corallite/internal/assemble"
	"corallite/internal/terminal"
	"corallite/models"
	"corallite/pipeline"
	"corallite/pipeline/audio"
	"corallite/pipeline/mic"
	"corallite/pipeline/sink"
)

// listenModels are what `listen` waits for when nobody says otherwise.
var listenModels = []string{"alexa", "hey_jarvis", "hey_mycroft", "okay_nabu"}

// listen is the one-shot command on sound.
type listen struct {
	std               *streams
	models            []string
	microphone        string
	labels            string
	threshold         *float64
	gate              bool
	asJSON            bool
	runs              delegateFlags
	threads           int
	activation        string
	signature, output string
	features          featureFlags
	source            configs.Source // format, rate and channels of standard input
}

func newListen(std *streams) *cobra.Command {
	l := &listen{std: std}
	var threshold float64
	cmd := &cobra.Command{
		Use:   "listen [flags] FILE...|--microphone NAME|-",
		Short: "Say which words are heard in recordings, or from a microphone",
		Long: `Prints a row for each word that is heard, or with --json a line of JSON: what was said, how sure the model is, from when
to when. A FILE is a recording (WAV; with the program ffmpeg installed also what it reads), a folder of them or a
pattern; - is raw samples on standard input. A file that cannot be read is reported, the others are still heard, and the
exit code is 1. From a microphone it listens until Ctrl-C.

Without --model it waits for the wake words of the catalog: ` + strings.Join(listenModels, ", ") + `
(corallite models pull ` + strings.Join(listenModels, " ") + `).`,
		Example: `  corallite listen --microphone default
  corallite listen --model digits --json calls/*.wav
  corallite listen --model micro_speech.tflite --labels words.txt --features micro yes.wav
  arecord -f S16_LE -r 16000 -t raw | corallite listen --model okay_nabu -`,
		RunE: func(cmd *cobra.Command, files []string) error {
			if cmd.Flags().Changed("threshold") {
				l.threshold = &threshold
			}
			return l.run(cmd, files)
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&l.models, "model", nil, "a model of the catalog, or the path of a .tflite file (repeatable)")
	flags.StringVar(&l.microphone, "microphone", "", `listen to this microphone: "default", its name or its id (see: corallite devices)`)
	flags.StringVar(&l.labels, "labels", "", "a label file for a keyword model, one label a line (default: the catalog's, or the one packed into the model)")
	l.features.add(cmd)
	addActivationFlag(cmd, &l.activation)
	addGraphFlags(flags, &l.signature, &l.output)
	addKeyFlag(flags, &threshold, "threshold", "the score from which a word counts (default: the model's own; else 0.5)", "models", "score_threshold")
	flags.BoolVar(&l.gate, "voice-gate", false, "run models only while there is a voice")
	flags.BoolVar(&l.asJSON, "json", false, "print a line of JSON for each word")
	addKeyFlag(flags, &l.threads, "threads", "CPU threads of a model (default: chosen)", "models", "threads")
	flags.StringVar(&l.source.Format, "format", "", "how samples on standard input are written: u8, s16le, s24le, s32le or f32le (default: s16le)")
	addKeyFlag(flags, &l.source.Rate, "rate", "samples a second on standard input (default: 16000)", "pipelines", "source", "rate")
	addKeyFlag(flags, &l.source.Channels, "channels", "channels on standard input (default: 1)", "pipelines", "source", "channels")
	l.runs.add(cmd)
	_ = cmd.RegisterFlagCompletionFunc("model", modelsFor(configs.TaskKeyword, configs.TaskWakeword))
	cmd.ValidArgsFunction = soundFiles
	_ = cmd.RegisterFlagCompletionFunc("microphone", microphoneNames)
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"u8", "s16le", "s24le", "s32le", "f32le"}, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.MarkFlagFilename("labels", "txt")
	return cmd
}

// check refuses wrong use before anything is opened.
func (l *listen) check(files []string) error {
	raw := slices.Contains(files, "-")
	switch {
	case l.microphone == "" && len(files) == 0:
		return usageError{errors.New("a FILE is missing: name a recording, - for standard input, or --microphone NAME")}
	case l.microphone != "" && len(files) > 0:
		return usageError{fmt.Errorf("--microphone %s and %s: one of them", l.microphone, files[0])}
	case len(l.features.values) > 0 && len(l.models) != 1:
		return usageError{errors.New("--features… are for one model: name it with --model, and others in a run of their own")}
	case raw && len(files) > 1:
		return usageError{errors.New("- (standard input) stands alone: the files are another run")}
	case !raw && (l.source.Format != "" || l.source.Rate != 0 || l.source.Channels != 0):
		return usageError{errors.New("--format, --rate and --channels are for standard input (-): a file says them itself")}
	}
	return l.runs.check()
}

func (l *listen) run(cmd *cobra.Command, files []string) (err error) {
	if err := l.check(files); err != nil {
		return err
	}
	logger, err := newLogger(l.std.err, logSettings{})
	if err != nil {
		return err
	}
	requests, err := l.requests()
	if err != nil {
		return err
	}
	var all []configs.Model
	for _, r := range requests {
		all = append(all, r.Model)
	}
	tpus, err := assemble.NewDevicePool(cmd.Context(), all, configs.EdgeTPU{}, logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tpus.Close()) }()
	for i := range requests {
		requests[i].Pool = tpus
	}
	e, err := assemble.OpenAudioModels(context.WithoutCancel(cmd.Context()), requests, l.gate)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	l.source.Microphone, l.source.Sound = l.microphone, files
	source, err := assemble.OpenSound(cmd.Context(), assemble.SoundRequest{Source: l.source, TargetRate: e.Rate, Gate: l.gate, Stdin: l.std.in, Logger: logger, Required: true})
	if err != nil {
		return err
	}
	status := l.std.err
	out := status.Above(l.std.out)
	text := pipeline.NamedSink{Name: "table", Sink: sink.NewTable(out, sink.TableOptions{Sources: files, Model: len(requests) > 1, Width: terminal.Width(l.std.out)})}
	if l.asJSON {
		text = pipeline.NamedSink{Name: "json", Sink: sink.NewJSONL(out, "standard output")}
	}
	stream := &pipeline.Stream[*audio.Chunk]{
		Name: "listen", Source: audio.Prepare(source, e.Stages...), Models: e.Models, Sinks: []pipeline.NamedSink{text},
		Logger: logger, Progress: status.Progress, OnError: assemble.ReportTo(status),
	}
	summary, err := stream.Run(cmd.Context())
	if err != nil {
		return err
	}
	if summary.Interrupted && len(files) > 0 {
		return context.Cause(cmd.Context())
	}
	heard := uint64(0)
	for _, m := range summary.Models {
		heard += m.Events
	}
	if heard == 0 && summary.Sound != nil && !status.quiet {
		fmt.Fprintf(status, "nothing was heard in %.1f s of sound (%.0f dBFS)\n", summary.Sound.Seconds, summary.Sound.LevelDBFS)
	}
	if summary.Errors.Total > 0 {
		return app.ErrReported
	}
	return nil
}

// requests are the models that are wanted.
func (l *listen) requests() ([]assemble.ModelRequest, error) {
	store, err := models.Open(models.Options{})
	if err != nil {
		return nil, err
	}
	refs := l.models
	if len(refs) == 0 {
		refs = listenModels
	}
	var all []assemble.ModelRequest
	for _, ref := range refs {
		name, m, err := l.model(store, ref)
		if err != nil {
			return nil, err
		}
		for n := 2; slices.ContainsFunc(all, func(r assemble.ModelRequest) bool { return r.Name == name }); n++ {
			name = fmt.Sprintf("%s#%d", name, n)
		}
		all = append(all, assemble.ModelRequest{Name: name, Model: m})
	}
	return all, nil
}

// model finds one model. What it is for is what the catalog says; of a file, a manifest beside it makes it a wake word.
func (l *listen) model(store *models.Store, ref string) (string, configs.Model, error) {
	found, err := store.Find(ref)
	if err != nil {
		return "", configs.Model{}, wrongName(err)
	}
	flags := modelFlags{
		ref: ref, labels: l.labels, runs: l.runs, threads: l.threads, scoreThreshold: l.threshold,
		activation: l.activation, signature: l.signature, output: l.output,
	}
	manifest := found.Manifest
	if len(l.features.values) > 0 && found.Entry == nil {
		// What it takes of sound is said, so it is no wake word.
	} else if manifest == "" && found.Melspectrogram == "" {
		beside := strings.TrimSuffix(found.Model, ".tflite") + ".json"
		if _, err := os.Stat(beside); err == nil {
			manifest = beside
		}
	}
	switch {
	case manifest != "":
		flags.task = configs.TaskWakeword
	case found.Entry == nil:
		flags.task = configs.TaskKeyword
	}
	name, m, err := flags.find(store)
	if err != nil {
		return "", m, err
	}
	m.Manifest = manifest
	switch {
	case !m.Listens():
		return "", m, usageError{fmt.Errorf("--model %s: %s is a model for %s, which is for pictures: use corallite %[3]s", ref, name, m.Task)}
	case m.Task == configs.TaskWakeword && m.Manifest == "" && m.Melspectrogram == "":
		return "", m, usageError{fmt.Errorf("--model %s: a wake word needs more than the model: put its manifest beside it, name it as the catalog does (%s), or name melspectrogram and embedding in a configuration", ref, name)}
	case m.Task == configs.TaskWakeword && len(l.features.values) > 0:
		return "", m, usageError{fmt.Errorf("--model %s: it is a wake word, whose features are always the same: leave out --features…", ref)}
	}
	if len(l.features.values) > 0 {
		if err := m.SetFeatures(l.features.values); err != nil {
			return "", m, usageError{fmt.Errorf("--model %s: features: %w (--features-KEY for each)", ref, err)}
		}
	}
	return name, m, nil
}

// microphoneNames completes the name of a microphone.
func microphoneNames(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	names := []string{"default"}
	all, err := mic.Microphones(cmd.Context())
	if err != nil {
		return names, cobra.ShellCompDirectiveNoFileComp
	}
	for _, m := range all {
		names = append(names, m.Name+"\t"+m.ID)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
