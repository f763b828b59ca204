// Package configs reads the YAML files that say what runs, with the environment and --set over them, and says
// everything that is wrong with them at once.
//
// # How a value comes about
//
// Each file is parsed into YAML nodes, which know their lines, and held against the table of keys (table.go). What fits
// goes into viper (viper.go), which puts the layers in order: defaults, files, environment, --set. Its keys are lower
// case, so that the names of models and pipelines are kept beside it as they are spelt. What viper gives is then completed with
// what the catalog of models knows, and checked for what concerns several values: names that are used, files that must
// be there, sinks that write to one place.
//
// # One table
//
// A key is described once, in a Table (package key) of this package or of the part whose key it is: its type,
// limits, default and meaning. The checks, the JSON Schema (Schema), docs/configuration.md (go generate) and the typed
// Config all come from it or are tested against it.
//
// What this package exports follows Semantic Versioning.
package configs
