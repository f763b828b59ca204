package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"github.com/spf13/cobra"
)

func addLogFlags(root *cobra.Command) {
	root.PersistentFlags().String("log", "", "least level of what is logged to standard error: debug, info, warn, error (default info)")
	_ = root.RegisterFlagCompletionFunc("log", cobra.FixedCompletions(
		[]string{"debug", "info", "warn", "error"}, cobra.ShellCompDirectiveNoFileComp))
}

// newLogger is the logger of one command, on standard error, at the level of --log, else at that of the configuration
// ("": info). It writes lines of key=value, or on a terminal sentences for people.
func newLogger(cmd *cobra.Command, status *status, configured string) (*slog.Logger, error) {
	word, err := cmd.Flags().GetString("log")
	if err != nil {
		return nil, err
	}
	if word == "" {
		word = configured
	}
	if word == "" {
		word = "info"
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(word)); err != nil {
		return nil, usageError{fmt.Errorf("--log %q: want debug, info, warn or error", word)}
	}
	text := slog.NewTextHandler(status, &slog.HandlerOptions{Level: level, ReplaceAttr: shortTime})
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
// --log debug or a file has them.
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
	_, err := fmt.Fprintf(h.w, "corallite: %s%s\n", r.Message, about)
	return err
}
