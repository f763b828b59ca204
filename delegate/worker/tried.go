package worker

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"

	"corallite/tflite"
)

// trialVersion changes with what a trial does, so that all models are tried again.
const trialVersion = 1

// Tried remembers models that were tried and went well, as empty files in a folder, named by the sha256 of the model,
// the runtime's version and that of the trial. A folder that cannot be read or written costs another trial, and is no
// error. A nil Tried remembers nothing.
type Tried struct{ folder string }

// NewTried uses a folder, which is made when it is needed; "" gives a Tried that remembers nothing.
func NewTried(folder string) *Tried {
	if folder == "" {
		return nil
	}
	return &Tried{folder}
}

func (t *Tried) file(model []byte) string {
	return filepath.Join(t.folder, fmt.Sprintf("%x-%s-%d", sha256.Sum256(model), tflite.RuntimeVersion(), trialVersion))
}

// Has says whether a model with these bytes went well.
func (t *Tried) Has(model []byte) bool {
	if t == nil {
		return false
	}
	_, err := os.Stat(t.file(model))
	return err == nil
}

// Add remembers that a model went well.
func (t *Tried) Add(model []byte) {
	if t == nil || os.MkdirAll(t.folder, 0o755) != nil {
		return
	}
	if f, err := os.Create(t.file(model)); err == nil {
		_ = f.Close() // an empty file cannot be half written
	}
}
