package main

import (
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

// newLogger is the logger of one command: lines of text on standard error, at the level of --log, else at that of the
// configuration ("": info).
func newLogger(cmd *cobra.Command, w io.Writer, configured string) (*slog.Logger, error) {
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
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: shortTime})), nil
}

// shortTime leaves the date out of the log lines: who keeps logs has a journal that stamps them.
func shortTime(groups []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey && len(groups) == 0 {
		return slog.String(slog.TimeKey, a.Value.Time().Format("15:04:05.000"))
	}
	return a
}
