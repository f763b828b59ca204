package main

import (
	"io"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// TestNumbersHaveLimits looks at all flags of all commands: a number has the limits of a key of the configuration.
func TestNumbersHaveLimits(t *testing.T) {
	n := 0
	var look func(*cobra.Command)
	look = func(cmd *cobra.Command) {
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			switch f.Value.Type() {
			case "bool", "string", "stringArray", "stringSlice":
				return
			}
			if _, limited := f.Value.(interface{ wants() string }); !limited {
				t.Errorf("%s --%s is a number (%s) without limits: add it with addKeyFlag", cmd.CommandPath(), f.Name, f.Value.Type())
			}
			n++
		})
		for _, c := range cmd.Commands() {
			look(c)
		}
	}
	look(newRoot(&streams{out: io.Discard, err: newStatus(io.Discard)}))
	if n < 10 {
		t.Errorf("only %d flags are numbers", n)
	}
}
