package main

import (
	"errors"
	"log/slog"

	"github.com/spf13/cobra"

	"corallite/configs"
	"corallite/internal/app"
	"corallite/internal/sink/annotate"
	"corallite/internal/terminal"
	"corallite/pipeline"
	"corallite/pipeline/camera"
	"corallite/pipeline/sink"
)

// look is a one-shot command: one model over files that are named on the command line.
type look struct {
	std       *streams
	model     modelFlags
	asJSON    bool
	out       string
	overwrite bool
}

func newDetect(std *streams) *cobra.Command {
	return newLook(std, configs.TaskDetect, "Find objects in pictures and videos",
		`  corallite detect --model face_detection_full_range --out found party.mp4 holiday/*.jpg
  corallite detect --model ssd.tflite --labels coco_labels.txt --score-threshold 0.6 --json street.mp4`)
}

func newClassify(std *streams) *cobra.Command {
	return newLook(std, configs.TaskClassify, "Name what whole pictures and video frames show",
		`  corallite classify --model mobilenet_v2_1.0_224_quant.tflite --labels imagenet_labels.txt cat.jpg
  corallite classify --model birds.tflite --labels birds.txt --max-results 1 --json garden/*.jpg`)
}

func newSegment(std *streams) *cobra.Command {
	return newLook(std, configs.TaskSegment, "Say what each part of pictures and video frames belongs to",
		`  corallite segment --model deeplabv3_mnv2_dm05_pascal_quant --out masks street.jpg
  corallite segment --model deeplab.tflite --labels voc_labels.txt --json holiday/*.jpg`)
}

func newPoses(std *streams) *cobra.Command {
	return newLook(std, configs.TaskPose, "Find people's key points in pictures and videos",
		`  corallite pose --model movenet_single_pose_lightning_ptq --out poses dance.mp4
  corallite pose --model posenet.tflite --score-threshold 0.5 --json team.jpg`)
}

func newEmbed(std *streams) *cobra.Command {
	return newLook(std, configs.TaskEmbed, "Compute embeddings of pictures, or label them by a gallery of labelled pictures",
		`  corallite embed --model mobilenet_v1_1.0_224_quant_embedding_extractor --json cat.jpg
  corallite embed --model extractor.tflite --gallery things --score-threshold 0.6 new/*.jpg
  corallite embed --model extractor.tflite --gallery things --calibrate`)
}

func newLook(std *streams, task, short, example string) *cobra.Command {
	l := &look{std: std, model: modelFlags{ModelSpec: configs.ModelSpec{Task: task}}}
	cmd := &cobra.Command{
		Use:   task + " --model NAME|PATH [flags] FILE...",
		Short: short,
		Long: short + `: prints a table, or with --json a line of JSON for each picture or frame.
On a terminal a video gets a summary (what, how often and when) instead; --verbose prints a row for each result.
With --out, annotated copies are written as well; what is in that folder already stays unless --overwrite is given, and
new copies get a number. A FILE is a picture, a video, a folder of pictures or a pattern. A file that cannot be read is
reported, the others are still done, and the exit code is 1.`,
		Example: example,
		Args:    l.args,
		RunE: func(cmd *cobra.Command, files []string) error {
			if l.model.NoThreshold {
				return l.calibrate(cmd)
			}
			return l.run(cmd, files)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&l.model.Ref, "model", "", "a model of the catalog, or the path of a .tflite file (required)")
	flags.StringVar(&l.model.LabelsFile, "labels", "", "a label file, one label a line")
	addKeyFlag(flags, &l.model.threshold, "score-threshold", "leave out what has a lower score (default: the model's own; else detect 0.5, pose 0.3, embed the catalog's, classify 0)", "models", "score_threshold")
	addKeyFlag(flags, &l.model.maxResults, "max-results", "keep so many of the best, 0 for all (default: classify 5, embed 1, else all)", "models", "max_results")
	if task == configs.TaskEmbed {
		flags.StringVar(&l.model.Gallery, "gallery", "", "label pictures by the most similar one in this folder, which has a sub-folder for each label")
		_ = cmd.MarkFlagDirname("gallery")
		flags.BoolVar(&l.model.NoThreshold, "calibrate", false, "measure how well the model tells the labels of --gallery apart, and the threshold to use it with")
	}
	addKeyFlag(flags, &l.model.Threads, "threads", "CPU threads of the model (default: chosen)", "models", "threads")
	l.model.addSizeFlags(flags)
	l.model.addInputFlags(flags)
	addGraphFlags(flags, &l.model.Signature, &l.model.Output)
	if task == configs.TaskDetect || task == configs.TaskClassify {
		addActivationFlag(cmd, &l.model.Activation)
	}
	if task == configs.TaskDetect {
		l.model.addDecoderFlag(cmd)
	}
	flags.BoolVar(&l.asJSON, "json", false, "print a line of JSON for each picture or frame")
	flags.StringVar(&l.out, "out", "", "write annotated copies into this folder")
	flags.BoolVar(&l.overwrite, "overwrite", false, "replace copies that are in the folder of --out already (default: they stay, and new ones get a number)")
	l.model.runs.add(cmd)
	_ = cmd.RegisterFlagCompletionFunc("model", modelsFor(task))
	cmd.ValidArgsFunction = pictureFiles
	_ = cmd.MarkFlagDirname("out")
	_ = cmd.MarkFlagFilename("labels", "txt")
	return cmd
}

// check refuses wrong use before anything is opened.
func (l *look) check() error {
	switch {
	case l.model.Ref == "":
		return usageError{errors.New("--model is missing: name a model (see: corallite models list) or the path of a .tflite file")}
	case l.overwrite && l.out == "":
		return usageError{errors.New("--overwrite is for --out: name the folder whose copies are to be replaced")}
	}
	if err := errors.Join(l.model.checkSize(), l.model.checkInput()); err != nil {
		return err
	}
	return l.model.runs.check()
}

func (l *look) run(cmd *cobra.Command, names []string) error {
	if err := l.check(); err != nil {
		return err
	}
	logger, err := newLogger(l.std.err, logSettings{})
	if err != nil {
		return err
	}
	name, m, err := l.model.find(cmd.Flags().Changed)
	if err != nil {
		return err
	}
	p := configs.Pipeline{Source: &camera.VideoConfig{Video: names}, Models: []string{name}}
	cfg := configs.One(l.model.Task, p, map[string]configs.Model{name: m})
	o := l.std.run(logger)
	o.Single, o.Sinks = true, l.sinks
	sum, err := app.Run(cmd.Context(), cfg, o)
	return oneShot(cmd.Context(), sum, err, true)
}

// sinks print what is found, and write the copies.
func (l *look) sinks(_ string, source any) ([]pipeline.NamedSink, error) {
	files, out := source.(*camera.Files), l.std.err.Above(l.std.out)
	text := pipeline.NamedSink{Name: "table"}
	if l.asJSON {
		text.Name = "json"
		text.Sink = sink.NewJSONL(out, "standard output")
	} else {
		width := terminal.Width(l.std.out)
		if !files.Still() && !l.std.err.verbose && terminal.Is(l.std.out) { // rows that run past are of no use to people
			text.Sink = sink.NewOverview(out, width)
		} else {
			text.Sink = sink.NewTable(out, sink.TableOptions{Sources: files.Names(), Time: !files.Still(), Width: width})
		}
	}
	if l.out == "" {
		return []pipeline.NamedSink{text}, nil
	}
	folder, err := annotate.NewFolder(annotate.FolderOptions{
		Dir: l.out, Overwrite: l.overwrite, Notice: annotate.KeptNotice(func(m string) { l.std.err.Say(slog.LevelInfo, m) }, "--overwrite"),
	})
	if err != nil {
		return nil, err
	}
	return []pipeline.NamedSink{text, {Name: "out", Sink: folder}}, nil
}
