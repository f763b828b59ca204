package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"corallite/configs"
	"corallite/internal/app"
	"corallite/internal/serve"
	"corallite/pipeline/vision"
)

// serving is models that answer over HTTP, without pipelines.
type serving struct {
	std    *streams
	model  modelFlags
	refs   []string // of models
	files  []string // configurations
	set    []string
	listen string
	open   bool
	zmq    string
}

func newServe(std *streams) *cobra.Command {
	s := &serving{std: std, listen: serve.DefaultListen}
	cmd := &cobra.Command{
		Use:   "serve [flags] (--model MODEL... | --config FILE...)",
		Short: "Answer pictures, recordings and tensors that other programs send over HTTP",
		Long: `Runs models on the pictures, recordings and tensors that other programs send, until a signal ends it. It speaks several
protocols at one address: its own (/v1/detect and so on, described in /v1/openapi.json), that of DeepStack and
CodeProject.AI (/v1/vision/...), doods2's (/detect), the Open Inference Protocol v2 with binary tensors (/v2/...), and with
--zmq that of Frigate's zmq detector. A picture is sent, for example, with: curl --data-binary @street.jpg http://127.0.0.1:8090/v1/detect

With --config the models are those of the files, and their block serve says the rest; pipelines of the files do not run
(corallite run runs both). CORALLITE_... environment variables and --set override values in the files.

By default only this machine reaches the server. With --listen on another address, clients need the token that is printed,
unless --open is given. The exit code is 0 when a signal ends it.`,
		Example: `  corallite serve --model ssd_mobilenet_v1_coco_quant
  corallite serve --config models.yaml --listen 0.0.0.0:32168 --open`,
		Args: exactly(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error { return s.run(cmd) },
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&s.refs, "model", nil, "model: name in the catalog, or path of a .tflite file (repeatable)")
	flags.StringArrayVar(&s.files, "config", nil, "YAML file with models, and with serve (repeatable)")
	flags.StringArrayVar(&s.set, "set", nil, "override a value of --config: KEY=VALUE (repeatable)")
	addKeyFlag(flags, &s.listen, "listen", "address of the server: host and port", "serve", "listen")
	flags.BoolVar(&s.open, "open", false, "answer everybody who reaches the address, without a token")
	addKeyFlag(flags, &s.zmq, "zmq", "endpoint for Frigate's zmq detector, such as ipc:///tmp/cache/zmq_detector", "serve", "zmq")
	flags.StringVar(&s.model.Task, "task", "", "task of --model for a file that the catalog does not know")
	flags.StringVar(&s.model.LabelsFile, "labels", "", "label file of --model, one label per line")
	s.model.add(cmd, nil, configs.TaskDetect, configs.TaskClassify, configs.TaskSegment, configs.TaskPose, configs.TaskEmbed)
	_ = cmd.RegisterFlagCompletionFunc("model", modelsFor(configs.TaskDetect, configs.TaskClassify, configs.TaskSegment, configs.TaskPose, configs.TaskEmbed))
	_ = cmd.RegisterFlagCompletionFunc("config", yamlFiles)
	_ = cmd.RegisterFlagCompletionFunc("set", settings)
	_ = cmd.MarkFlagFilename("labels", "txt")
	return cmd
}

// config is the configuration of the command line.
func (s *serving) config(cmd *cobra.Command) (*configs.Config, error) {
	var cfg *configs.Config
	switch {
	case len(s.files) > 0 && len(s.refs) > 0:
		return nil, usageError{errors.New("--config and --model cannot be used together: name the model in the configuration")}
	case len(s.files) > 0:
		var err error
		if cfg, err = loadServed(s.files, s.set); err != nil {
			return nil, err
		}
		cfg.Pipelines = nil
	case len(s.refs) > 0:
		models := map[string]configs.Model{}
		for _, ref := range s.refs {
			s.model.Ref = ref
			name, m, err := s.model.find()
			switch {
			case err != nil:
				return nil, err
			case m.Task == "":
				return nil, usageError{fmt.Errorf("--model %s: the catalog does not know the file: say with --task what it does (detect, classify, segment, pose, embed)", ref)}
			case models[name].Path != "":
				return nil, usageError{fmt.Errorf("--model %s: there is another model %s", ref, name)}
			}
			models[name] = m
		}
		cfg = configs.OfModels(models)
	default:
		return nil, usageOf(cmd, "--model or --config is missing")
	}
	c, ok := cfg.Services["serve"].(*serve.Config)
	if !ok {
		c = configs.Default[serve.Config]()
		if cfg.Services == nil {
			cfg.Services = map[string]configs.Service{}
		}
		cfg.Services["serve"] = c
	}
	if cmd.Flags().Changed("listen") {
		c.Listen = s.listen
	}
	if cmd.Flags().Changed("open") {
		c.Public = s.open
	}
	if s.zmq != "" {
		c.Zmq = s.zmq
	}
	return cfg, nil
}

// loadServed loads files, which need no pipelines here.
func loadServed(files, set []string) (*configs.Config, error) {
	cfg, err := configs.Load(files, configs.LoadOptions{Set: set, ReadLabels: vision.ReadLabels, ModelsOnly: true})
	if err != nil {
		return nil, usageError{err}
	}
	return cfg, nil
}

func (s *serving) run(cmd *cobra.Command) error {
	if err := s.model.check(); err != nil {
		return err
	}
	cfg, err := s.config(cmd)
	if err != nil {
		return err
	}
	logger, err := newLogger(s.std.err, logSettings{cfg.Log.Level, cfg.Log.Format})
	if err != nil {
		return err
	}
	sum, err := app.Run(cmd.Context(), cfg, s.std.run(logger))
	return reported(sum, err)
}
