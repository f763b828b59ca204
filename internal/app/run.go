// Package app runs configurations: it opens what they name in order, runs it, closes it and says what came of it. It also
// keeps what every program of this project needs around that: the handlers of child processes, and C memory.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"

	"corallite/configs"
	"corallite/delegate/devicepool"
	"corallite/internal/assemble"
	"corallite/pipeline"
)

// unlessStopped is err of what is meant to go on until a signal comes, unless it says that one came before all was there.
func unlessStopped(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// Options say how a configuration is run.
type Options struct {
	Console Console
	Stdin   io.Reader
	Stdout  io.Writer
	Logger  *slog.Logger

	Summary SummaryFile // "": none

	// Interactive says that somebody watches the preview: recordings play at their own pace, and the page stays at their
	// end.
	Interactive bool
	OnPreview   func(page string) // is called with the address of each preview; nil: nobody is

	ChangePool func(*devicepool.Options) // for tests: what the configuration cannot say; nil: nothing is changed
}

// Console is where a run tells people of itself.
type Console = assemble.Console

// ErrReported is a failure that was already told where it happened.
var ErrReported = errors.New("already reported")

// Run runs the pipelines of a configuration until their sources end. When ctx ends, they finish what they have.
func Run(ctx context.Context, cfg *configs.Config, o Options) error {
	if err := o.Summary.check(); err != nil {
		return err
	}
	how, err := assemble.DevicePoolOptions(slices.Collect(maps.Values(cfg.Models)), cfg.EdgeTPU, o.Logger)
	if err != nil {
		return err
	}
	if o.ChangePool != nil {
		o.ChangePool(&how)
	}
	tpus, err := devicepool.New(ctx, how)
	if err != nil {
		return err
	}
	b := assemble.NewBuilder(cfg, assemble.Options{
		Console: o.Console, Stdin: o.Stdin, Stdout: o.Stdout, Logger: o.Logger, Pool: tpus,
		Interactive: o.Interactive, OnPreview: o.OnPreview,
	})
	runners, err := b.Build(ctx)
	if err != nil {
		return errors.Join(unlessStopped(ctx, err), b.Close(), tpus.Close())
	}
	FreeMemory()
	defer keepTrimmed()()
	b.StartServers()
	summaries, err := pipeline.RunAll(ctx, runners)
	if o.Interactive && err == nil {
		b.KeepServers(ctx)
	}
	devices := tpus.Summaries()
	err = errors.Join(err, b.Close(), tpus.Close())
	err = errors.Join(err, o.Summary.write(ctx, Summary{summaries, devices}, o.Stdout))
	logSummaries(o.Logger, cfg.PipelineNames(), summaries)
	for _, s := range summaries.Pipelines {
		if err == nil && s.Errors.Total > 0 {
			err = ErrReported
		}
	}
	return err
}

// Summary is what --summary writes.
type Summary struct {
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
