package delegate

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Files are the paths of one model. One of them may be empty.
type Files struct {
	CPU     string // runs on the CPU
	EdgeTPU string // the same model compiled for the Edge TPU
}

// Names of a compiled model, as the Edge TPU compiler gives them, and of one that was compiled together with others,
// as Coral's models have them.
const (
	modelEnding    = ".tflite"
	compiledEnding = "_edgetpu.tflite"
	compiledWith   = "_cocompiled_with_"
)

// CounterpartPath is where a model's counterpart is looked for: X_edgetpu.tflite for X.tflite and the other way round,
// X.tflite also for X_cocompiled_with_Y_edgetpu.tflite. It is "" for a path that does not end in .tflite.
func CounterpartPath(path string) string {
	if x, ok := strings.CutSuffix(path, compiledEnding); ok {
		folder, name := filepath.Split(x)
		name, _, _ = strings.Cut(name, compiledWith)
		return folder + name + modelEnding
	}
	if x, ok := strings.CutSuffix(path, modelEnding); ok {
		return x + compiledEnding
	}
	return ""
}

// ResolveFiles gives both files of a model from one, whichever it is: the counterpart is looked for beside it at
// CounterpartPath, and left empty where it is not there. A counterpart that is given must be there.
func ResolveFiles(path, counterpart string) (Files, error) {
	if err := mustBeFile(path); err != nil {
		return Files{}, err
	}
	if counterpart != "" {
		if err := mustBeFile(counterpart); err != nil {
			return Files{}, fmt.Errorf("counterpart of %s: %w", path, err)
		}
	} else if name := CounterpartPath(path); name != "" {
		switch err := mustBeFile(name); {
		case err == nil:
			counterpart = name
		case !errors.Is(err, fs.ErrNotExist):
			return Files{}, fmt.Errorf("counterpart of %s: %w", path, err)
		}
	}
	if strings.HasSuffix(path, compiledEnding) {
		return Files{CPU: counterpart, EdgeTPU: path}, nil
	}
	return Files{CPU: path, EdgeTPU: counterpart}, nil
}

func mustBeFile(path string) error {
	if path == "" {
		return errors.New("the model's path is empty")
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("model %s: %w", path, fs.ErrNotExist)
	case err != nil:
		return fmt.Errorf("model: %w", err)
	case !info.Mode().IsRegular():
		return fmt.Errorf("model %s: it is no file", path)
	}
	return nil
}
