package worker

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"

	"corallite/internal/filesum"
	"corallite/tflite"
)

// trialVersion changes with what a trial does, so that all models are tried again.
const trialVersion = 1

// VerifiedModels remembers models that passed a trial, as empty files in a folder, named by the sha256 of the model,
// the runtime's version, that of the trial, and the signature that was run. A folder that cannot be read or written
// costs another trial and is no error. A nil VerifiedModels remembers nothing.
type VerifiedModels struct {
	folder string
	sums   filesum.Cache
}

// NewVerifiedModels uses a folder, which is made when needed; with "" it remembers nothing.
func NewVerifiedModels(folder string) *VerifiedModels {
	if folder == "" {
		return nil
	}
	return &VerifiedModels{folder: folder}
}

// WithSums lets t take the sha256 of files from a cache.
func (t *VerifiedModels) WithSums(c filesum.Cache) *VerifiedModels {
	if t != nil {
		t.sums = c
	}
	return t
}

func (t *VerifiedModels) sumOf(path string) ([sha256.Size]byte, error) {
	if t == nil {
		return filesum.Cache("").Of(path)
	}
	return t.sums.Of(path)
}

func (t *VerifiedModels) file(sum [sha256.Size]byte, signature string) string {
	name := fmt.Sprintf("%x-%s-%d", sum, tflite.RuntimeVersion(), trialVersion)
	if signature != "" { // it may contain any characters
		name += fmt.Sprintf("-%x", sha256.Sum256([]byte(signature)))
	}
	return filepath.Join(t.folder, name)
}

// Has reports whether the model with this sha256 passed with the signature; "": the main graph.
func (t *VerifiedModels) Has(sum [sha256.Size]byte, signature string) bool {
	if t == nil {
		return false
	}
	_, err := os.Stat(t.file(sum, signature))
	return err == nil
}

// Add remembers that a model passed with the signature.
func (t *VerifiedModels) Add(sum [sha256.Size]byte, signature string) {
	if t == nil || os.MkdirAll(t.folder, 0o755) != nil {
		return
	}
	// Symbolic links are not followed.
	if f, err := os.OpenFile(t.file(sum, signature), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644); err == nil {
		_ = f.Close() // an empty file cannot be half written
	}
}
