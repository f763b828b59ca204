package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"corallite/configs"
	"corallite/internal/eval"
	"corallite/internal/eval/dataset"
	"corallite/internal/key"
	"corallite/pipeline/camera"
	"corallite/pipeline/mic"
)

// evaluation is the command that measures a model on labelled files.
type evaluation struct {
	std       *streams
	model     modelFlags
	data      dataset.Options
	folder    string // --data
	other     string // --compare
	runs      string // --compare-delegate
	rename    []string
	negatives []string
	video     string
	only      []string
	out       string
	asJSON    bool
	worst     int
	decode    string
	useTask   string
}

// evalTasks are the tasks that are measured.
var evalTasks = []string{configs.TaskClassify, configs.TaskDetect, configs.TaskSegment, configs.TaskPose, configs.TaskEmbed, configs.TaskKeyword, configs.TaskWakeword}

func newEval(std *streams) *cobra.Command {
	e := &evaluation{std: std, worst: 24}
	cmd := &cobra.Command{
		Use:   "eval --model NAME|PATH --data FOLDER|FILE [flags]",
		Short: "Measure a model on labelled files, or compare two models",
		Long: `Runs a model over labelled files and says how good it is. What --data may be depends on the task.

For classify, embed, keyword and wakeword: a folder with a folder of files for each label, or a CSV file with the columns
path and label. For detect: COCO's JSON (its pictures beside it, in images, or in --images), the data.yaml or folder of a
YOLO set, a folder of a PASCAL VOC set, or a CSV file with the columns path, label, xmin, ymin, xmax and ymax. For pose:
COCO's JSON of key points. For segment: a folder with images and masks, PNG files of the same names whose values are
classes. For tracking: MOTChallenge's text of the objects in --video.

For classifiers it prints accuracy, precision, recall and F1, areas under the ROC and precision-recall curves, calibration
and losses; for detectors and poses what pycocotools prints, and the threshold with the best F1 for each label; for
segmentation IoU and the agreement of edges; for embeddings how well pairs are verified; for words in sound also how many
are missed and how many false ones are heard an hour, in recordings labelled other or given by --negatives. All scores count, down to 0,
unless --score-threshold is given: thresholds belong to a use, not to a model.

With --compare a second model runs on the same files, and the report says whether the difference is more than chance.
--out writes report.json, report.md and report.html with curves and the worst mistakes. The exit code is 1 if files could
not be read; they are reported and left out.`,
		Example: `  corallite eval --model mobilenet_v2_1.0_224_quant.tflite --labels imagenet_labels.txt --data pictures/
  corallite eval --model ssd_mobilenet_v1_coco_quant --data annotations/instances_val2017.json --images val2017 --out report
  corallite eval --model okay_nabu --data clips --negatives radio/ --out report
  corallite eval --model ssd_mobilenet_v1_coco_quant --only person --video street.mp4 --data street.txt
  corallite eval --model float.tflite --compare int8.tflite --task classify --labels labels.txt --data test.csv --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return e.run(cmd) },
	}
	f := cmd.Flags()
	f.StringVar(&e.model.Ref, "model", "", "name of a catalog model, or path of a .tflite file (required)")
	f.StringVar(&e.folder, "data", "", "labelled files: a folder, or a CSV, JSON or YAML file (required)")
	f.StringVar(&e.useTask, "task", "", "what the model does: "+strings.Join(evalTasks, ", ")+" (default: the catalog's)")
	f.StringVar(&e.model.LabelsFile, "labels", "", "label file, one label per line")
	f.StringVar(&e.other, "compare", "", "second model: name or path")
	f.StringVar(&e.runs, "compare-delegate", "", "delegate of the second model (default: that of --delegate)")
	f.StringVar(&e.data.Images, "images", "", "folder of the pictures that --data names (default: its own folder)")
	f.StringVar(&e.data.Split, "split", "", "split of a YOLO set: val, test or train (default: the first of these that it has)")
	f.StringArrayVar(&e.rename, "rename", nil, "a label of the set, and what the model calls it: OLD=NEW (repeatable)")
	f.StringArrayVar(&e.only, "only", nil, "label that is measured, as the model calls it; others are left out (repeatable; default: all)")
	f.StringVar(&e.out, "out", "", "folder for report.json, report.md and report.html")
	f.StringVar(&e.video, "video", "", "video whose objects --data has, in MOTChallenge's text, to measure tracking")
	f.StringArrayVar(&e.negatives, "negatives", nil, "recordings without any of the words, a file or folder (repeatable): false words an hour are counted in them")
	f.BoolVar(&e.asJSON, "json", false, "print the report as JSON")
	addOwnFlag(f, &e.worst, key.Int(&e.worst, "worst").Min(0).Max(1000), "how many of the worst mistakes are reported")
	e.model.Features = addFeatureFlags(cmd)
	addKeyFlag(f, &e.decode, "decode", "auto or full: decode large JPEGs no larger than the model needs (default), or in full", "pipelines", "source", "decode")
	e.model.add(cmd, nil, evalTasks...)
	_ = cmd.RegisterFlagCompletionFunc("task", cobra.FixedCompletions(evalTasks, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("split", cobra.FixedCompletions([]string{"val", "test", "train"}, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("model", modelsFor(evalTasks...))
	_ = cmd.RegisterFlagCompletionFunc("compare", modelsFor(evalTasks...))
	_ = cmd.MarkFlagDirname("images")
	_ = cmd.MarkFlagDirname("out")
	_ = cmd.MarkFlagFilename("labels", "txt")
	return cmd
}

func (e *evaluation) check() error {
	switch {
	case e.model.Ref == "":
		return usageError{errors.New("--model is missing: name a model (see: corallite models list) or the path of a .tflite file")}
	case e.folder == "":
		return usageError{errors.New("--data is missing: name the labelled files, a folder or a CSV, JSON or YAML file (see: corallite eval --help)")}
	case e.useTask != "" && !slices.Contains(evalTasks, e.useTask):
		return usageError{fmt.Errorf("--task %s: want one of %s", e.useTask, strings.Join(evalTasks, ", "))}
	case e.runs != "" && e.other == "":
		return usageError{errors.New("--compare-delegate needs --compare: name the second model, which may be the first again")}
	}
	return e.model.check()
}

// run measures, prints and writes.
func (e *evaluation) run(cmd *cobra.Command) (err error) {
	if err := e.check(); err != nil {
		return err
	}
	all, names, err := e.models()
	if err != nil {
		return err
	}
	measured := eval.Options{Task: all[names[0]].Task, Data: e.folder, Only: e.only, Worst: e.worst}
	if measured.Rename, err = e.renames(); err != nil {
		return err
	}
	report, ended, err := e.measure(cmd.Context(), names, all, measured)
	if err != nil {
		return err
	}
	if err := e.write(report); err != nil {
		return err
	}
	return ended
}

// measure runs the models over the data. ended says how the run ended: nil, or that files failed which were told.
func (e *evaluation) measure(ctx context.Context, names []string, all map[string]configs.Model, o eval.Options) (_ *eval.Report, ended, err error) {
	logger, err := newLogger(e.std.err, logSettings{})
	if err != nil {
		return nil, nil, err
	}
	if e.video != "" {
		return e.runTracking(ctx, logger, names, all)
	}
	run := e.runPictures
	e.data.Endings = camera.PictureEndings()
	if configs.Listens(o.Task) {
		run, e.data.Endings = e.runSounds, mic.Endings()
	}
	if o.Set, err = dataset.Open(e.folder, e.data); err != nil {
		return nil, nil, usageError{fmt.Errorf("--data %w", err)}
	}
	if err := o.Prepare(); err != nil {
		return nil, nil, usageError{err}
	}
	return run(ctx, logger, names, all, o)
}

// models finds the models, ready to give all that they find.
func (e *evaluation) models() (map[string]configs.Model, []string, error) {
	all := map[string]configs.Model{}
	var names []string
	e.model.Task, e.model.NoThreshold = e.useTask, true
	for i, ref := range []string{e.model.Ref, e.other} {
		if ref == "" {
			continue
		}
		e.model.Ref = ref
		if i == 1 && e.runs != "" {
			e.model.runs.choice = e.runs
		}
		name, m, err := e.model.find()
		if err != nil {
			return nil, nil, err
		}
		switch {
		case m.Task == "":
			return nil, nil, usageError{fmt.Errorf("--model %s: the catalog does not know the file: say with --task what it does (%s)", ref, strings.Join(evalTasks, ", "))}
		case !slices.Contains(evalTasks, m.Task):
			return nil, nil, usageError{fmt.Errorf("--model %s is for %s, which eval does not measure (%s)", ref, m.Task, strings.Join(evalTasks, ", "))}
		case e.video != "" && m.Task != configs.TaskDetect:
			return nil, nil, usageError{fmt.Errorf("--video measures tracking, and --model %s is for %s", ref, m.Task)}
		case len(e.negatives) > 0 && !m.Listens():
			return nil, nil, usageError{fmt.Errorf("--negatives are recordings, and --model %s is for %s", ref, m.Task)}
		case i == 1 && m.Task != all[names[0]].Task:
			return nil, nil, usageError{fmt.Errorf("--compare %s is for %s, and %s for %s", ref, m.Task, names[0], all[names[0]].Task)}
		}
		if e.video == "" {
			e.giveAll(&m)
		} else if m.Track == nil {
			m.Track = new(configs.TrackOptions)
		}
		if m.Task == configs.TaskDetect {
			m.Allow = e.only
		}
		if slices.Contains(names, name) {
			name += "#2"
		}
		all[name], names = m, append(names, name)
	}
	return all, names, nil
}

func (e *evaluation) renames() (map[string]string, error) {
	all := map[string]string{}
	for _, pair := range e.rename {
		old, new, ok := strings.Cut(pair, "=")
		if !ok || old == "" || new == "" {
			return nil, usageError{fmt.Errorf("--rename %q: want OLD=NEW, a label of the set and what the model calls it", pair)}
		}
		all[old] = new
	}
	return all, nil
}

// write prints the report, and writes it to the folder.
func (e *evaluation) write(r *eval.Report) error {
	if e.out != "" {
		showMistakes(r)
		if err := os.MkdirAll(e.out, 0o755); err != nil {
			return err
		}
		for name, write := range map[string]func(io.Writer) error{
			"report.json": func(w io.Writer) error { return writeJSON(w, r) },
			"report.md":   func(w io.Writer) error { _, err := io.WriteString(w, r.Markdown()); return err },
			"report.html": r.HTML,
		} {
			if err := writeFile(filepath.Join(e.out, name), write); err != nil {
				return err
			}
		}
	}
	if e.asJSON {
		return writeJSON(e.std.out, r)
	}
	_, err := io.WriteString(e.std.out, r.Text())
	return err
}
