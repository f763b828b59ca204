package corallite

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"

	"corallite/configs"
	"corallite/internal/app"
	"corallite/internal/assemble"
	"corallite/internal/isolate"
	"corallite/pipeline"
	"corallite/pipeline/vision"
)

// Main must be the first line of main: it serves, and never returns, when this process was started as an isolated child
// of the program. Else it sets how C memory is kept and returns at once.
func Main() {
	app.TuneMalloc()
	isolate.Main(app.ChildHandlers())
}

// Config describes pipelines: what a YAML file says, with its defaults filled in.
type Config = configs.Config

// Summary is what came of a run, by the names of the pipelines.
type Summary = app.Summary

// RunOptions are what a configuration does not say of a run. The zero RunOptions are those of the command corallite.
type RunOptions struct {
	// Sinks are sinks of the program's own, by the names of pipelines. They come behind those of the configuration, and
	// get what these get. The run closes them, also when it fails.
	Sinks map[string][]pipeline.NamedSink

	// Set overrides values of the files, as --set does: "models.coco.threads=2" (RunFiles).
	Set []string

	Logger   *slog.Logger            // nil: slog.Default()
	Stdin    io.Reader               // what a source of sound "-" reads; nil: os.Stdin
	Stdout   io.Writer               // what a sink of path "-" writes; nil: os.Stdout
	Progress func(pipeline.Progress) // is called about ten times a second for each pipeline, and must return soon; nil: nobody is
}

// RunFiles runs the pipelines that YAML files describe, like the command `corallite run`. Everything that is wrong with the
// files is in the error (configs.Problems), and nothing is run then. See Run.
func RunFiles(ctx context.Context, files []string, o RunOptions) (Summary, error) {
	cfg, err := configs.Load(files, configs.LoadOptions{Set: o.Set, ReadLabels: vision.ReadLabels})
	if err != nil {
		return Summary{}, closeSinks(o.Sinks, err)
	}
	return Run(ctx, cfg, o)
}

// Run runs all pipelines of a configuration at the same time, until their sources end. When ctx ends they finish what they
// have, which is no error; when it ends before all is open, nothing is run and the Summary has no pipelines. What fails
// while the rest goes on, as a picture that cannot be read, is logged and counted in the Summary (Failed) and is no error
// of Run.
func Run(ctx context.Context, cfg *Config, o RunOptions) (Summary, error) {
	sinks := newOwnSinks(o.Sinks)
	if err := errors.Join(cfg.Check(), sinks.check(cfg)); err != nil {
		return Summary{}, closeSinks(o.Sinks, err)
	}
	a := app.Options{Options: assemble.Options{
		Console: console{Console: assemble.LogConsole(loggerOr(o.Logger)), progress: o.Progress}, Logger: loggerOr(o.Logger),
		Stdin: o.Stdin, Stdout: o.Stdout, Sinks: sinks.open,
	}}
	if a.Stdin == nil {
		a.Stdin = os.Stdin
	}
	if a.Stdout == nil {
		a.Stdout = os.Stdout
	}
	sum, err := app.Run(ctx, cfg, a)
	return sum, closeSinks(sinks.left(), err)
}

func loggerOr(l *slog.Logger) *slog.Logger {
	if l == nil {
		return slog.Default()
	}
	return l
}

// console passes progress on.
type console struct {
	assemble.Console
	progress func(pipeline.Progress)
}

func (c console) Progress(p pipeline.Progress) {
	if c.progress != nil {
		c.progress(p)
	}
}
