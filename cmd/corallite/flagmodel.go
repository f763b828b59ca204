package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"corallite/configs"
	"corallite/models"
	"corallite/pipeline/vision"
)

// modelFlags are a model as the command line asks for it.
type modelFlags struct {
	configs.ModelSpec
	runs  delegateFlags
	flags []configs.ModelFlag
	names map[string]string // of flags, by their keys: "score_threshold": "score-threshold"
}

// add adds the flags of all keys of models that have one, for a command that runs models for the tasks. Those in renamed
// have another name than the key.
func (f *modelFlags) add(cmd *cobra.Command, renamed map[string]string, tasks ...string) {
	f.Values, f.names, f.flags = map[string]any{}, map[string]string{}, configs.ModelFlags(tasks...)
	for _, k := range f.flags {
		name, ok := renamed[k.Key]
		if !ok {
			name = strings.ReplaceAll(k.Key, "_", "-")
		}
		f.names[k.Key] = name
		valueFlag{to: &f.Values, name: k.Key, key: k.Flag}.add(cmd, name, k.Usage())
	}
	if f.names["gallery"] != "" {
		_ = cmd.MarkFlagDirname("gallery")
	}
	if f.names["landmarks"] != "" {
		_ = cmd.MarkFlagFilename("landmarks", "tflite")
	}
	f.runs.add(cmd)
}

// check says what cannot be meant.
func (f *modelFlags) check() error {
	for _, k := range f.flags {
		for _, other := range k.Needs {
			if f.gives(k.Key) != f.gives(other) {
				return usageError{fmt.Errorf("--%s and --%s belong together: give both or neither", f.names[k.Key], f.names[other])}
			}
		}
	}
	return f.runs.check()
}

// gives reports whether the flag of a key is given.
func (f *modelFlags) gives(key string) bool {
	_, given := f.Values[key]
	return given
}

// find makes the model of what the flags say.
func (f *modelFlags) find() (name string, m configs.Model, err error) {
	if err := f.setDelegates(); err != nil {
		return "", m, err
	}
	return findModel(f.ModelSpec)
}

// setDelegates takes what runs the model from its flags.
func (f *modelFlags) setDelegates() (err error) {
	f.Values["device"] = f.runs.device
	f.Delegate, err = f.runs.delegates()
	return err
}

// findModel finds a model. What is wrong with a flag is wrong use.
func findModel(spec configs.ModelSpec) (name string, m configs.Model, err error) {
	store, err := models.Open(models.Options{})
	if err != nil {
		return "", m, err
	}
	name, m, err = spec.Find(store, vision.ReadLabels)
	var wrong *configs.SpecError
	if !errors.As(err, &wrong) {
		return name, m, wrongName(err)
	}
	switch wrong.Key {
	case "labels":
		err = fmt.Errorf("--labels %w", wrong.Err)
	case "score_threshold":
		err = fmt.Errorf("--score-threshold is missing: %w", wrong.Err)
	case "task":
		command := m.Task
		if m.Listens() {
			command = "listen"
		}
		err = fmt.Errorf("%w: use corallite %s", wrong.Err, command)
	case "features":
		err = fmt.Errorf("--model %s: features: %w (--features-KEY for each)", spec.Ref, wrong.Err)
	default:
		err = fmt.Errorf("--model %s: %w", spec.Ref, wrong.Err)
	}
	return name, m, usageError{err}
}
