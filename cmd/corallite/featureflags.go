package main

import (
	"strings"

	"github.com/spf13/cobra"

	"corallite/configs"
)

// addFeatureFlags adds the flags of what a model takes of sound: --features for the kind, --features-rate and so on for
// the other keys. The values that are given come into the map, by key.
func addFeatureFlags(cmd *cobra.Command) map[string]any {
	values := map[string]any{}
	for _, key := range configs.FeatureKeys() {
		of := configs.FlagOf("models", "features", key)
		name, usage := "features", "input features of a keyword model, as in its training: "+strings.Join(of.Choices(), ", ")+" (default: from the catalog or the model's metadata)"
		if key != "kind" {
			name += "-" + strings.ReplaceAll(key, "_", "-")
			usage = strings.TrimSuffix(strings.ReplaceAll(of.Doc(), "`", ""), ".")
			usage = strings.ToLower(usage[:1]) + usage[1:]
		}
		cmd.Flags().Var(featureFlag{values, key, of}, name, usage)
		if choices := of.Choices(); choices != nil {
			_ = cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(choices, cobra.ShellCompDirectiveNoFileComp))
		}
	}
	return values
}

// featureFlag is the flag of one key.
type featureFlag struct {
	values map[string]any
	name   string
	key    configs.Flag
}

// Set reads the value. What is wrong with it explainFlag says, by wants.
func (f featureFlag) Set(s string) (err error) {
	f.values[f.name], err = f.key.Parse(s)
	return err
}

func (f featureFlag) wants() string { return f.key.Expects() }

// String is empty: nothing has a default.
func (f featureFlag) String() string { return "" }

// Type stands in help for the value.
func (f featureFlag) Type() string {
	switch f.name {
	case "kind", "scale", "spectrum":
		return "string"
	case "mean", "std":
		return "numbers"
	}
	return "number"
}
