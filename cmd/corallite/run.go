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
		Short: "Run the pipelines that YAML files describe",
		Long: `Runs all pipelines of the files at the same time, until their sources end. On SIGINT, SIGTERM or SIGHUP it finishes what
it has, writes it out and exits with 0; a second signal ends it at once.

It exits with 1 when something failed, also where the rest went on: an item that could not be read, a sink that did not
work again. A live pipeline whose sink failed and works again (a disk that was full) has not failed: what was lost in
between is logged and counted.

Everything that is wrong with the configuration is said before anything starts, and the exit code is then 2.
CORALLITE_… environment variables and --set override what the files say; see: corallite config --help`,
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
	cmd.Flags().StringArrayVar(&set, "set", nil, "override a value: KEY=VALUE with KEY a path such as models.coco.threads (repeatable)")
	_ = cmd.RegisterFlagCompletionFunc("set", settings)
	cmd.Flags().StringVar(&summary, "summary", "", `write what came of the run to this file as JSON ("-": standard output)`)
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
