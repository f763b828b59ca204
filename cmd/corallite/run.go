package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"corallite/configs"
	"corallite/delegate/devicepool"
	"corallite/pipeline"
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
			tpus, err := devicePoolOptions(slices.Collect(maps.Values(cfg.Models)), cfg.EdgeTPU, logger)
			if err != nil {
				return err
			}
			return runConfig(cmd.Context(), std, cfg, tpus, logger, runOptions{summary: summaryFile(summary)})
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

// runOptions say how a configuration is run.
type runOptions struct {
	summary summaryFile
	watched bool // somebody sits before the page: recordings play at their own pace, and the page stays at their end
}

func runConfig(ctx context.Context, std *streams, cfg *configs.Config, o devicepool.Options, logger *slog.Logger, how runOptions) error {
	if err := how.summary.check(); err != nil {
		return err
	}
	o.Patience = ctx
	tpus, err := devicepool.New(o)
	if err != nil {
		return err
	}
	// A signal that comes while models are opened ends the streams as soon as they begin, in the orderly way.
	b := &builder{ctx: context.WithoutCancel(ctx), interrupted: ctx, cfg: cfg, std: std, status: std.err, logger: logger, pool: tpus, pages: pages{pool: tpus, logger: logger}, watched: how.watched}
	runners, err := b.build()
	if err != nil {
		return errors.Join(unlessStopped(ctx, err), b.Close(), tpus.Close())
	}
	giveBack()
	defer keepTrimmed()()
	b.pages.start(std)
	summaries, err := pipeline.RunAll(ctx, runners)
	if how.watched && err == nil {
		b.pages.stay(ctx, std)
	}
	devices := tpus.Summaries()
	err = errors.Join(err, b.Close(), tpus.Close())
	err = errors.Join(err, how.summary.write(ctx, runSummary{summaries, devices}, std.out))
	logSummaries(logger, cfg.PipelineNames(), summaries)
	for _, s := range summaries.Pipelines {
		if err == nil && s.Errors.Total > 0 {
			err = errReported
		}
	}
	return err
}

// runSummary is what --summary writes.
type runSummary struct {
	pipeline.Summaries
	EdgeTPUs []devicepool.Summary `json:"edge_tpus"`
}

// logSummaries says of each pipeline what came of it.
func logSummaries(logger *slog.Logger, names []string, all pipeline.Summaries) {
	for _, name := range names {
		s := all.Pipelines[name]
		if s.Error != "" {
			continue // which is printed as the command's
		}
		end := "ended"
		if s.Interrupted {
			end = "stopped"
		}
		had := fmt.Sprintf("%d frames in %.1f s, %.1f a second", s.Frames, s.Seconds, s.FramesPerSecond)
		if sound := s.Sound; sound != nil {
			had = fmt.Sprintf("%.1f s of sound (%.0f dBFS) in %.1f s", sound.Seconds, sound.LevelDBFS, s.Seconds)
		}
		if s.Lost != "" {
			logger.Warn("the source gave nothing at the end", "pipeline", name, "why", s.Lost)
		}
		logger.Info(end+" after "+had,
			"pipeline", name, "device", s.Device, "dropped", s.Dropped, "failed", s.Errors.Total)
		if s.Motion != nil {
			logger.Info(motionText(s), "pipeline", name)
		}
	}
}

// motionText says what looking for motion saved: of each model the runs, and the time that one takes in the middle.
func motionText(s pipeline.Summary) string {
	m, saved := s.Motion, 0.0
	for _, model := range s.Models {
		saved += float64(m.HeldBack) * model.Latency.Invoke.P50 / 1000
	}
	return fmt.Sprintf("nothing moved in %d of %d frames (%.0f %%): %d runs of models were saved, which take about %.1f s; looking took %.1f s",
		m.HeldBack, m.Looked, 100*m.Share, m.RunsSaved, saved, m.Seconds)
}
