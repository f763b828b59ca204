package configs

import (
	"strings"

	"github.com/spf13/viper"
)

// delimiter stands between the parts of folded paths. Names may have dots in them, and no name has this.
const delimiter = "\x1f"

// folded is the path as a key that does not tell upper case from lower, as viper and the environment do not.
func (p path) folded() string { return strings.ToLower(strings.Join(p, delimiter)) }

// store is viper, which keeps the values of all layers and knows which layer comes before which. What it does to keys is
// in this file only: it does not tell upper case from lower, also in maps of type map[string]any, and takes a delimiter
// for a path.
type store struct{ viper *viper.Viper }

func newStore() store { return store{viper.NewWithOptions(viper.KeyDelimiter(delimiter))} }

// merge adds values of a file, nested maps.
func (s store) merge(values map[string]any) error { return s.viper.MergeConfigMap(values) }

// setDefault sets the value that p has when no layer has one.
func (s store) setDefault(p path, value any) { s.viper.SetDefault(p.folded(), value) }

// bindEnv gives p the text of an environment variable.
func (s store) bindEnv(p path, variable string) {
	// The only error of BindEnv is that of no arguments.
	_ = s.viper.BindEnv(p.folded(), variable)
}

// set overrides the value at p.
func (s store) set(p path, value any) { s.viper.Set(p.folded(), value) }

// get is the value at p of the layer that comes first; nil: there is none.
func (s store) get(p path) any { return s.viper.Get(p.folded()) }
