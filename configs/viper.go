package configs

import (
	"strings"

	"github.com/spf13/viper"
)

// delimiter separates the parts of folded paths. Names may contain dots, and no name contains this.
const delimiter = "\x1f"

// folded is the path as a case-insensitive key: viper and the environment ignore case.
func (p path) folded() string { return strings.ToLower(strings.Join(p, delimiter)) }

// store is viper, which keeps the values of all layers and knows their precedence. Its peculiarities are confined to
// this file: it ignores case, also in maps of type map[string]any, and treats a delimiter as a path.
type store struct{ viper *viper.Viper }

func newStore() store { return store{viper.NewWithOptions(viper.KeyDelimiter(delimiter))} }

// merge adds the values of a file, nested maps.
func (s store) merge(values map[string]any) error { return s.viper.MergeConfigMap(values) }

// setDefault sets the value at p for the case that no layer has one.
func (s store) setDefault(p path, value any) { s.viper.SetDefault(p.folded(), value) }

// bindEnv sets p from the text of an environment variable.
func (s store) bindEnv(p path, variable string) {
	// BindEnv fails only without arguments.
	_ = s.viper.BindEnv(p.folded(), variable)
}

// set overrides the value at p.
func (s store) set(p path, value any) { s.viper.Set(p.folded(), value) }

// get is the value at p from the layer with the highest precedence; nil: there is none.
func (s store) get(p path) any { return s.viper.Get(p.folded()) }
