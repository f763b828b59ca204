package main

import (
	"errors"
	"log/slog"

	"github.com/spf13/cobra"

	"corallite/configs"
	"corallite/internal/app"
	"corallite/internal/sink"
	"corallite/internal/sink/annotate"
	"corallite/internal/terminal"
	"corallite/pipeline"
	"corallite/pipeline/camera"
)

// look is a one-shot command: one model over files that are named on the command line.
type look struct {
	std       *streams
	model     modelFlags
	asJSON    bool
	out       string
	overwrite bool
	decode    string

	calibrates bool // embed --calibrate
}

func newDetect(std *streams) *cobra.Command {
	return newLook(std, configs.TaskDetect, "Detect objects in pictures and videos",
		`  corallite detect --model face_detection_full_range --out found party.mp4 holiday/*.jpg
  corallite detect --model ssd.tflite --labels coco_labels.txt --score-threshold 0.6 --json street.mp4
  corallite detect --model ssd.tflite --labels coco_labels.txt --tiles --tiles-size 400 --out found beach.jpg`)
}

func newClassify(std *streams) *cobra.Command {
	return newLook(std, configs.TaskClassify, "Classify pictures and video frames",
		`  corallite classify --model mobilenet_v2_1.0_224_quant.tflite --labels imagenet_labels.txt cat.jpg
  corallite classify --model birds.tflite --labels birds.txt --max-results 1 --json garden/*.jpg`)
}

func newSegment(std *streams) *cobra.Command {
	return newLook(std, configs.TaskSegment, "Segment pictures and video frames by class",
		`  corallite segment --model deeplabv3_mnv2_dm05_pascal_quant --out masks street.jpg
  corallite segment --model deeplab.tflite --labels voc_labels.txt --json holiday/*.jpg`)
}

func newPoses(std *streams) *cobra.Command {
	return newLook(std, configs.TaskPose, "Estimate the poses of people in pictures and videos",
		`  corallite pose --model movenet_single_pose_lightning_ptq --out poses dance.mp4
  corallite pose --model posenet.tflite --score-threshold 0.5 --json team.jpg`)
}

func newEmbed(std *streams) *cobra.Command {
	return newLook(std, configs.TaskEmbed, "Compute embeddings of pictures, or label pictures from a gallery",
		`  corallite embed --model mobilenet_v1_1.0_224_quant_embedding_extractor --json cat.jpg
  corallite embed --model extractor.tflite --gallery things --score-threshold 0.6 new/*.jpg
  corallite embed --model extractor.tflite --gallery things --calibrate`)
}

func newLook(std *streams, task, short, example string) *cobra.Command {
	l := &look{std: std, model: modelFlags{ModelSpec: configs.ModelSpec{Task: task}}}
	cmd := &cobra.Command{
		Use:   task + " --model NAME|PATH [flags] FILE...",
		Short: short,
		Long: short + `: prints a table, or with --json a line of JSON per picture or frame.
For a video, a terminal shows a summary (what, how often and when) instead; --verbose prints a row per result.
--out also writes annotated copies to a folder; existing files are kept and new copies get a number, unless --overwrite
is given. A FILE is a picture, a video, a folder of pictures or a pattern. A file that cannot be read is reported, the
others are still processed, and the exit code is 1.`,
		Example: example,
		Args:    l.args,
		RunE: func(cmd *cobra.Command, files []string) error {
			if l.calibrates {
				return l.calibrate(cmd)
			}
			return l.run(cmd, files)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&l.model.Ref, "model", "", "name of a catalog model, or path of a .tflite file (required)")
	flags.StringVar(&l.model.LabelsFile, "labels", "", "label file, one label per line")
	l.model.add(cmd, nil, task)
	if task == configs.TaskEmbed {
		flags.BoolVar(&l.calibrates, "calibrate", false, "measure how well the model separates the labels of --gallery, and the best threshold")
	}
	addKeyFlag(flags, &l.decode, "decode", "auto or full: decode large JPEGs no larger than the model needs (default), or in full as with --out", "pipelines", "source", "decode")
	_ = cmd.RegisterFlagCompletionFunc("decode", cobra.FixedCompletions(configs.FlagOf("pipelines", "source", "decode").Choices(), cobra.ShellCompDirectiveNoFileComp))
	if task == configs.TaskDetect {
		addTileFlags(cmd, &l.model.Tiles)
	}
	flags.BoolVar(&l.asJSON, "json", false, "print one line of JSON per picture or frame")
	flags.StringVar(&l.out, "out", "", "folder for annotated copies")
	flags.BoolVar(&l.overwrite, "overwrite", false, "replace existing copies in the --out folder (default: keep them and number new ones)")
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
		return usageError{errors.New("--overwrite needs --out: name the folder whose copies to replace")}
	}
	return l.model.check()
}

func (l *look) run(cmd *cobra.Command, names []string) error {
	if err := l.check(); err != nil {
		return err
	}
	logger, err := newLogger(l.std.err, logSettings{})
	if err != nil {
		return err
	}
	app.Starting()
	name, m, err := l.model.find()
	if err != nil {
		return err
	}
	p := configs.Pipeline{Source: &camera.VideoConfig{Video: names, Decode: l.decode}, Models: []string{name}}
	cfg := configs.One(l.model.Task, p, map[string]configs.Model{name: m})
	o := l.std.run(logger)
	o.Single, o.Sinks = true, l.sinks
	sum, err := app.Run(cmd.Context(), cfg, o)
	return oneShot(cmd.Context(), sum, err, true)
}

// sinks print what is found, and write the copies.
func (l *look) sinks(_ string, source any) ([]pipeline.NamedSink, error) {
	if s, ok := source.(*camera.Select); ok { // watches for motion (--tiles-motion)
		source = s.Source()
	}
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
	tell := func(message string) { l.std.err.Say(slog.LevelInfo, message) }
	folder, err := annotate.NewFolder(annotate.FolderOptions{
		Dir: l.out, Overwrite: l.overwrite, Notice: annotate.KeptNotice(tell, "--overwrite"), Tell: tell,
	})
	if err != nil {
		return nil, err
	}
	return []pipeline.NamedSink{text, {Name: "out", Sink: folder}}, nil
}
