package main

import (
	"context"
	"github.com/spf13/cobra"

	"corallite/configs"
	"corallite/internal/app"
	"corallite/pipeline/vision"
)

func newRun(std *streams) *cobra.Command {
	var set []string
	var summary string
	cmd := &cobra.Command{
		Use:   "run [flags] CONFIG...",
		Short: "Run pipelines described in YAML files",
		Long: `Runs all pipelines of the files concurrently until their sources end. On SIGINT, SIGTERM or SIGHUP it finishes the items
in progress, writes their results and exits with 0; a second signal quits immediately.

The exit code is 1 if anything failed, even if the rest continued: an item that could not be read, a sink that did not
recover. A live pipeline whose sink recovered (from a full disk, for example) has not failed: the lost results are
logged and counted.

All problems in the configuration are reported before anything starts, with exit code 2.
CORALLITE_… environment variables and --set override values in the files; see: corallite config --help`,
		Example: `  corallite run door.yaml
  corallite run --summary summary.json --set models.coco.score_threshold=0.7 street.yaml`,
		Args: atLeast(1, "a CONFIG file"),
		RunE: func(cmd *cobra.Command, files []string) error {
			cfg, err := loadConfig(files, set)
			if err != nil {
				return err
			}
			logger, err := newLogger(std.err, logSettings{cfg.Log.Level, cfg.Log.Format})
			if err != nil {
				return err
			}
			o := std.run(logger)
			o.Summary = app.SummaryFile(summary)
			sum, err := app.Run(cmd.Context(), cfg, o)
			sum.Log(logger, cfg.PipelineNames())
			return reported(sum, err)
		},
	}
	cmd.Flags().StringArrayVar(&set, "set", nil, "override a value: KEY=VALUE, where KEY is a path such as models.coco.threads (repeatable)")
	_ = cmd.RegisterFlagCompletionFunc("set", settings)
	cmd.Flags().StringVar(&summary, "summary", "", `write a summary of the run to this file as JSON ("-": standard output)`)
	cmd.ValidArgsFunction = yamlFiles
	return cmd
}

func yamlFiles(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return []string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
}

// loadConfig loads and checks a configuration. What is wrong with it is wrong use.
func loadConfig(files, set []string) (*configs.Config, error) {
	cfg, err := configs.Load(files, configs.LoadOptions{Set: set, ReadLabels: vision.ReadLabels})
	if err != nil {
		return nil, usageError{err}
	}
	return cfg, nil
}

// reported is err, or that something failed which was told when it did.
func reported(sum app.Summary, err error) error {
	if err == nil && sum.Failed() {
		return errReported
	}
	return err
}

// oneShot is how a command on what was named ends: with files, a run that a signal ended did not do what was asked for.
func oneShot(ctx context.Context, sum app.Summary, err error, files bool) error {
	interrupted := len(sum.Pipelines) == 0
	for _, p := range sum.Pipelines {
		interrupted = interrupted || p.Interrupted && files
	}
	if err == nil && interrupted {
		return context.Cause(ctx)
	}
	return reported(sum, err)
}
