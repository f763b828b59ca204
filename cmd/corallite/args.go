package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"corallite/internal/didyoumean"
)

func suggestion(cmd *cobra.Command, word string) string {
	if cmd.SuggestionsMinimumDistance <= 0 {
		cmd.SuggestionsMinimumDistance = 2
	}
	near := cmd.SuggestionsFor(word)
	if len(near) == 0 {
		return fmt.Sprintf("; see: %s --help", cmd.CommandPath())
	}
	return fmt.Sprintf("; did you mean %q?", near[0])
}

// explainFlag says what was meant by a flag that does not exist, what a flag wants, or where to read on.
func explainFlag(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) && len(unknown.GetSpecifiedName()) > 1 {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if near := didyoumean.Suggest(unknown.GetSpecifiedName(), names); near != "" {
			return fmt.Errorf("%w; did you mean --%s?", err, near)
		}
	}
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) {
		if key, ok := invalid.GetFlag().Value.(interface{ wants() string }); ok {
			return fmt.Errorf("--%s %s: want %s", invalid.GetFlag().Name, invalid.GetValue(), key.wants())
		}
		wants := map[string]string{"int": "an integer", "float64": "a number", "bool": "true or false"}
		if want, ok := wants[invalid.GetFlag().Value.Type()]; ok {
			return fmt.Errorf("--%s %s: want %s", invalid.GetFlag().Name, invalid.GetValue(), want)
		}
	}
	return errors.Join(err, fmt.Errorf("see: %s --help", cmd.CommandPath()))
}

// onlyCommands is for commands that only hold others: what is left on the line is no command.
func onlyCommands(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{fmt.Errorf("unknown command %q%s", args[0], suggestion(cmd, args[0]))}
	}
	return nil
}

// usageOf is wrong use of a command, with how it is used.
func usageOf(cmd *cobra.Command, format string, args ...any) error {
	return usageError{errors.Join(fmt.Errorf(format, args...), errors.New("usage: "+cmd.UseLine()))}
}

// atLeast is cobra's MinimumNArgs with an error that says what is missing and how it is given.
func atLeast(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < n {
			return usageOf(cmd, "%s is missing", what)
		}
		return nil
	}
}

func atMostOne(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > 1 {
			return usageOf(cmd, "unexpected argument %q: at most one %s", args[1], what)
		}
		return nil
	}
}

func exactly(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > n {
			return usageOf(cmd, "unexpected argument %q", args[n])
		}
		if len(args) < n {
			return usageOf(cmd, "%s is missing", what)
		}
		return nil
	}
}
