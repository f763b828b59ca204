// Package app runs configurations: it opens their parts in order, runs them, closes them and reports the result. It also
// has what every program of this project needs for that: the handlers of child processes, and the tuning of C memory.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"corallite/configs"
	"corallite/internal/assemble"
	"corallite/internal/devicepool"
	"corallite/internal/sdnotify"
	"corallite/pipeline"
)

// unlessStopped returns err, or nil if it only says that ctx ended before everything was open.
func unlessStopped(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// Options say how a configuration is run.
type Options struct {
	assemble.Options             // Pool is made by Run
	Summary          SummaryFile // "": none
	KeepPreviews     bool        // the pages stay when all sources have ended, until the context ends

	ChangePool func(*devicepool.Options) // for tests: what the configuration cannot say; nil: nothing is changed
}

// Run runs the pipelines of a configuration until their sources end. When ctx ends, they finish what they have; when it
// ends before all is open, nothing is run, and the Summary has no pipelines. What fails while the rest goes on is in the
// Summary and no error.
func Run(ctx context.Context, cfg *configs.Config, o Options) (Summary, error) {
	var sum Summary
	Starting()
	if err := o.Summary.check(); err != nil {
		return sum, err
	}
	how, err := assemble.DevicePoolOptions(slices.Collect(maps.Values(cfg.Models)), cfg.EdgeTPU, o.Logger)
	if err != nil {
		return sum, err
	}
	if o.ChangePool != nil {
		o.ChangePool(&how)
	}
	if o.Pool, err = devicepool.New(ctx, how); err != nil {
		return sum, err
	}
	started()() // before memory is needed for the models
	sum, err = RunOn(ctx, cfg, o)
	err = errors.Join(err, o.Pool.Close())
	if sum.Pipelines == nil {
		return sum, err
	}
	return sum, errors.Join(err, o.Summary.write(ctx, sum, o.Stdout))
}

// firstItems is about how long it takes until all that a run does has been done a few times. The first time takes code that
// is not needed again, to open files, find codecs and fill tables.
const firstItems = 500 * time.Millisecond

// firstPicture is about how long a picture takes to be read and decoded. What that needed is not needed for the model's run,
// which is when a command for a few pictures takes the most memory.
const firstPicture = 8 * time.Millisecond

// RunOn is Run on a pool that is there already.
func RunOn(ctx context.Context, cfg *configs.Config, o Options) (sum Summary, err error) {
	b := assemble.NewBuilder(cfg, o.Options)
	runners, err := b.Build(ctx)
	if err != nil {
		return Summary{}, errors.Join(unlessStopped(ctx, err), b.Close())
	}
	if b.Many() {
		FreeMemory() // worth its milliseconds then
		defer dropCodeOften(firstItems, firstItems)()
	} else {
		dropCode()
		defer dropCodeOften(firstPicture)()
	}
	defer keepTrimmed()()
	b.StartServers()
	life, err := sdnotify.FromEnvironment()
	if err != nil {
		o.Logger.Warn("the supervisor cannot be told that the program is ready", "error", err)
	}
	defer life.Ready(context.WithoutCancel(ctx), func() bool { return b.Alive(3 * life.Every()) })()
	defer life.Stopping()
	sum.Summaries, err = pipeline.RunAll(ctx, runners)
	if b.Lasts() && err == nil {
		<-ctx.Done()
	}
	if o.KeepPreviews && err == nil {
		b.KeepServers(ctx)
	}
	sum.Accelerators = o.Pool.Summaries()
	return sum, errors.Join(err, b.Close())
}

// Summary is the result of a run, and the JSON of --summary.
type Summary struct {
	pipeline.Summaries
	Accelerators []devicepool.Summary `json:"accelerators"`
}

// Failed reports whether something failed while the rest continued. A sink that recovered does not count: its losses
// were reported.
func (s Summary) Failed() bool {
	for _, p := range s.Pipelines {
		if p.Errors.Total > p.Errors.Recovered {
			return true
		}
	}
	return false
}

// Log logs the result of each pipeline in the order of names.
func (s Summary) Log(logger *slog.Logger, names []string) {
	for _, name := range names {
		s, ran := s.Pipelines[name]
		if !ran || s.Error != "" { // which is printed as the command's
			continue
		}
		end := "ended"
		if s.Interrupted {
			end = "stopped"
		}
		had := fmt.Sprintf("%d frames in %.1f s (%.1f fps)", s.Frames, s.Seconds, s.FramesPerSecond)
		if sound := s.Sound; sound != nil {
			heard := fmt.Sprintf("%.1f s of sound (%.0f dBFS)", sound.Seconds, sound.LevelDBFS)
			if sees(s) {
				had = heard + " and " + had
			} else {
				had = fmt.Sprintf("%s in %.1f s", heard, s.Seconds)
			}
		}
		if s.Lost != "" {
			logger.Warn("the source was lost at the end of the run", "pipeline", name, "why", s.Lost)
		}
		logger.Info(end+" after "+had,
			"pipeline", name, "device", s.Device, "dropped", s.Dropped, "failed", s.Errors.Total)
		if s.Motion != nil {
			logger.Info(motionText(s), "pipeline", name)
		}
	}
}

// sees reports whether a model of the pipeline takes pictures.
func sees(s pipeline.Summary) bool {
	for _, m := range s.Models {
		if !configs.Listens(m.Task) {
			return true
		}
	}
	return false
}

// motionText says what motion detection saved: the model runs, and their time, estimated from each model's median.
func motionText(s pipeline.Summary) string {
	m, saved := s.Motion, 0.0
	for _, model := range s.Models {
		saved += float64(m.HeldBack) * model.Latency.Invoke.P50 / 1000
	}
	return fmt.Sprintf("motion: %d of %d frames skipped (%.0f %%), saving %d model runs (about %.1f s); motion detection took %.1f s",
		m.HeldBack, m.Looked, 100*m.Share, m.RunsSaved, saved, m.Seconds)
}
