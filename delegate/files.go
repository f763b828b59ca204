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

// TwinName is the path that a model's twin is looked for at: X_edgetpu.tflite for X.tflite and the other way round,
// X.tflite also for X_cocompiled_with_Y_edgetpu.tflite. It is "" for a path that does not end in .tflite.
func TwinName(path string) string {
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

// ResolveFiles gives both files of a model from one, whichever it is: the twin is looked for beside it under
// TwinName, and left empty where it is not there. A twin that is given must be there.
func ResolveFiles(path, twin string) (Files, error) {
	if err := mustBeFile(path); err != nil {
		return Files{}, err
	}
	if twin != "" {
		if err := mustBeFile(twin); err != nil {
			return Files{}, fmt.Errorf("twin of %s: %w", path, err)
		}
	} else if name := TwinName(path); name != "" {
		switch err := mustBeFile(name); {
		case err == nil:
			twin = name
		case !errors.Is(err, fs.ErrNotExist):
			return Files{}, fmt.Errorf("twin of %s: %w", path, err)
		}
	}
	if strings.HasSuffix(path, compiledEnding) {
		return Files{CPU: twin, EdgeTPU: path}, nil
	}
	return Files{CPU: path, EdgeTPU: twin}, nil
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
