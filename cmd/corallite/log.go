package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"

	"github.com/spf13/cobra"

	"corallite/internal/libstderr"
	"corallite/internal/terminal"
)

var (
	logLevels  = []string{"debug", "info", "warn", "error"}
	logFormats = []string{"text", "json"}
)

// logFlags are how much is said on standard error, and how. Every command has them.
type logFlags struct {
	level   string // "": none was asked for
	format  string // "": none was asked for
	verbose bool
	quiet   bool
}

func (l *logFlags) add(root *cobra.Command) {
	flags := root.PersistentFlags()
	flags.StringVar(&l.level, "log", "", "log level: debug, info, warn or error (default info)")
	flags.StringVar(&l.format, "log-format", "", "log format: text or json (default text)")
	flags.BoolVarP(&l.verbose, "verbose", "v", false, "verbose output: each result of a video instead of a summary, and debug messages")
	flags.BoolVarP(&l.quiet, "quiet", "q", false, "print only results and errors, no progress")
	fixed := func(words []string) func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)
	}
	_ = root.RegisterFlagCompletionFunc("log", fixed(logLevels))
	_ = root.RegisterFlagCompletionFunc("log-format", fixed(logFormats))
}

// check refuses wrong use of them.
func (l *logFlags) check() error {
	switch {
	case l.level != "" && !slices.Contains(logLevels, l.level):
		return usageError{fmt.Errorf("--log %q: want debug, info, warn or error", l.level)}
	case l.format != "" && !slices.Contains(logFormats, l.format):
		return usageError{fmt.Errorf("--log-format %q: want text or json", l.format)}
	case l.verbose && l.quiet:
		return usageError{errors.New("--verbose and --quiet cannot be used together")}
	}
	return nil
}

func (l *logFlags) json() bool { return l.format == "json" }

// logLevel is the level of --log, else that of --verbose or --quiet, else the configuration's ("": info).
func (l *logFlags) logLevel(configured string) (slog.Level, error) {
	word := l.level
	switch {
	case word != "":
	case l.verbose:
		word = "debug"
	case l.quiet:
		word = "error"
	case configured != "":
		word = configured
	default:
		word = "info"
	}
	var level slog.Level
	err := level.UnmarshalText([]byte(word))
	return level, err
}

// logSettings are what a configuration says of the log; "": nothing.
type logSettings struct{ level, format string }

// newLogger is the logger of one command, on standard error. It writes lines of key=value, on a terminal sentences for
// people, or JSON. What the command line says comes before the configuration.
func newLogger(status *status, configured logSettings) (*slog.Logger, error) {
	level, err := status.logLevel(configured.level)
	if err != nil {
		return nil, err
	}
	if status.format == "" {
		status.format = configured.format
	}
	if status.json() {
		return slog.New(slog.NewJSONHandler(status, &slog.HandlerOptions{Level: level})), nil
	}
	text := slog.NewTextHandler(status, &slog.HandlerOptions{Level: level, ReplaceAttr: shortTime})
	libstderr.LogTo(slog.New(text))
	if status.terminal != nil && level > slog.LevelDebug {
		return slog.New(sentences{text, status}), nil
	}
	return slog.New(text), nil
}

// shortTime leaves the date out of the log lines: who keeps logs has a journal that stamps them.
func shortTime(groups []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey && len(groups) == 0 {
		return slog.String(slog.TimeKey, a.Value.Time().Format("15:04:05.000"))
	}
	return a
}

// sentences writes the messages of a log with what they are about, "model" or "pipeline", and leaves the details out:
// --verbose or a file has them.
type sentences struct {
	slog.Handler
	w io.Writer
}

// Handle writes one message.
func (h sentences) Handle(_ context.Context, r slog.Record) error {
	about := ""
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "model" || a.Key == "pipeline" {
			about += fmt.Sprintf(" (%s %s)", a.Key, a.Value)
		}
		return true
	})
	_, err := fmt.Fprintf(h.w, "corallite: %s\n", terminal.OneLine(r.Message+about))
	return err
}
