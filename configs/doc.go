// Package configs reads the YAML files that define what runs, overridden by the environment and --set, and reports all
// their problems at once.
//
// # Where a value comes from
//
// Each file is parsed into YAML nodes, which know their lines, and checked against the table of keys (table.go). Valid
// values go into viper (viper.go), which orders the layers: defaults, files, environment, --set. Its keys are lower
// case, so the names of models and pipelines are kept separately as written. The values from viper are then completed
// from the catalog of models, and checked for what concerns several of them: names that are used, files that must
// exist, sinks that write to the same place.
//
// # One table
//
// A key is described once, in a Table (package key) of this package or of the part that has the key: its type, limits,
// default and meaning. The checks, the JSON Schema (Schema), docs/configuration.md (go generate) and the typed Config
// are all made from it or tested against it.
//
// The exported API follows Semantic Versioning.
package configs
