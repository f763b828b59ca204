package main

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"corallite/configs"
)

// addFeatureFlags adds the flags of what a model takes of sound: --features for the kind, --features-rate and so on for
// the other keys. The values that are given come into the map, by key.
func addFeatureFlags(cmd *cobra.Command) map[string]any {
	values := map[string]any{}
	for _, key := range configs.FeatureKeys() {
		f := valueFlag{to: &values, name: key, key: configs.FlagOf("models", "features", key)}
		if key == "kind" {
			f.add(cmd, "features", "input features of a keyword model, as in its training: "+strings.Join(f.key.Choices(), ", ")+" (default: from the catalog or the model's metadata)")
		} else {
			f.add(cmd, "features-"+strings.ReplaceAll(key, "_", "-"), f.key.Usage())
		}
	}
	return values
}

// addTileFlags adds the flags of a detector's tiles: --tiles, and --tiles-size and so on for its keys, each of which is enough
// to have tiles. The values that are given come into the map, by key; it is nil without any.
func addTileFlags(cmd *cobra.Command, to *map[string]any) {
	cmd.Flags().Var(tilesFlag{to}, "tiles", "run the detector on overlapping tiles of each picture, and on all of it, to find small objects")
	cmd.Flags().Lookup("tiles").NoOptDefVal = "true"
	for _, key := range configs.TileKeys() {
		f := valueFlag{to: to, name: key, key: configs.FlagOf("models", "tiles", key)}
		f.add(cmd, "tiles-"+strings.ReplaceAll(key, "_", "-"), f.key.Usage())
	}
}

// tilesFlag turns tiles on and off.
type tilesFlag struct{ to *map[string]any }

func (f tilesFlag) Set(s string) error {
	on, err := strconv.ParseBool(s)
	switch {
	case err != nil:
		return err
	case !on:
		*f.to = nil
	case *f.to == nil:
		*f.to = map[string]any{}
	}
	return nil
}

func (f tilesFlag) wants() string { return "true or false" }

// String is that of the default; pflag also asks the zero tilesFlag.
func (f tilesFlag) String() string { return "" }

// Type makes pflag show it as a switch.
func (f tilesFlag) Type() string { return "bool" }

// valueFlag is the flag of one key.
type valueFlag struct {
	to   *map[string]any // the values that are given, by key
	name string
	key  configs.Flag
}

func (f valueFlag) add(cmd *cobra.Command, name, usage string) {
	cmd.Flags().Var(f, name, usage)
	if f.key.IsSwitch() {
		cmd.Flags().Lookup(name).NoOptDefVal = "true"
	}
	if choices := f.key.Choices(); choices != nil {
		_ = cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(choices, cobra.ShellCompDirectiveNoFileComp))
	}
}

// Set reads the value. What is wrong with it explainFlag says, by wants.
func (f valueFlag) Set(s string) error {
	v, err := f.key.Parse(s)
	if err != nil {
		return err
	}
	if *f.to == nil {
		*f.to = map[string]any{}
	}
	(*f.to)[f.name] = v
	return nil
}

func (f valueFlag) wants() string { return f.key.Expects() }

// String is empty: nothing has a default.
func (f valueFlag) String() string { return "" }

// Type stands in help for the value.
func (f valueFlag) Type() string { return f.key.TypeName() }
