package assemble

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"corallite/pipeline"
)

// Console is where a run tells people of itself; its results go elsewhere.
type Console interface {
	io.Writer                          // text as it is
	Say(level slog.Level, text string) // a message
	Fail(err error)                    // an error, in a line for each of its parts
	Reveal(line string)                // a line whose addresses are shown with the tokens in them
	Progress(p pipeline.Progress)      // how far a pipeline is
	Above(w io.Writer) io.Writer       // w, for what may be shown where the progress is
}

// LogConsole is a console that logs what is said, and shows no progress.
func LogConsole(logger *slog.Logger) Console { return logConsole{logger} }

type logConsole struct{ logger *slog.Logger }

func (c logConsole) Say(level slog.Level, text string) {
	c.logger.Log(context.Background(), level, text)
}
func (c logConsole) Fail(err error)              { c.logger.Error(err.Error()) }
func (c logConsole) Reveal(line string)          { c.logger.Info(line) }
func (c logConsole) Progress(pipeline.Progress)  {}
func (c logConsole) Above(w io.Writer) io.Writer { return w }

func (c logConsole) Write(p []byte) (int, error) {
	for line := range strings.Lines(string(p)) {
		c.logger.Info(strings.TrimRight(line, "\n"))
	}
	return len(p), nil
}

// ReportTo says failures that a stream survives, as they come.
func ReportTo(to Console) func(pipeline.Failure) {
	return func(f pipeline.Failure) { to.Fail(f.Err) }
}

// resumeTo says that sinks of a pipeline work again.
func resumeTo(to Console, name string) func(pipeline.Resumption) {
	return func(r pipeline.Resumption) {
		to.Say(slog.LevelWarn, fmt.Sprintf("pipeline %s: sink %s works again after %v; %d results were lost",
			name, r.Name, r.After.Round(time.Second), r.Lost))
	}
}
