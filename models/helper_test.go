package models

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// noise is n bytes that no zip makes smaller.
func noise(n int) []byte {
	r := rand.NewChaCha8([32]byte{byte(n), byte(n >> 8)})
	b := make([]byte, n)
	r.Read(b)
	return b
}

func sumOf(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

// wheelOf makes a zip archive of those files.
func wheelOf(t *testing.T, files map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, data := range files {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write(data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// urlCatalog is a catalog of one model, "net", whose only file is data at an address.
func urlCatalog(t *testing.T, address string, data []byte) *catalog {
	t.Helper()
	return mustParse(t, fmt.Sprintf(`
models:
  net:
    task: classify
    description: for tests
    licence: {spdx: CC0-1.0, source: made here}
    files:
      model: {url: %q, sha256: %s, size: %d}
`, address, sumOf(data), len(data)))
}

// wheelCatalog is a catalog of one model, "boxed", with two files in a package.
func wheelCatalog(t *testing.T, wheel, model, manifest []byte) *catalog {
	t.Helper()
	return mustParse(t, fmt.Sprintf(`
packages:
  box: {pypi: box==1.0, platform: any, file: box-1.0-py3-none-any.whl, sha256: %s, size: %d}
models:
  boxed:
    task: detect
    description: for tests
    licence: {spdx: CC0-1.0, source: made here}
    files:
      model: {package: box, file: box/boxed.tflite, sha256: %s, size: %d}
      manifest: {package: box, file: box/boxed.json, sha256: %s, size: %d}
`, sumOf(wheel), len(wheel), sumOf(model), len(model), sumOf(manifest), len(manifest)))
}

func mustParse(t *testing.T, text string) *catalog {
	t.Helper()
	c, err := parseCatalog([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// newStore is a Store in a folder of the test's own, with nothing of the environment, that does not wait long.
func newStore(t *testing.T, c *catalog, o Options) *Store {
	t.Helper()
	for _, name := range []string{"CORALLITE_CACHE", "CORALLITE_DOWNLOADS", "CORALLITE_MODEL_MIRROR"} {
		t.Setenv(name, "")
	}
	if o.Cache == "" {
		o.Cache = filepath.Join(t.TempDir(), "cache")
	}
	s := open(o, c)
	s.pause = time.Millisecond
	return s
}

// tree lists the files below a folder; lock files and records of what was checked are left out.
func tree(t *testing.T, root string) string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil
		}
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if !strings.HasPrefix(rel, "locks/") && !strings.HasPrefix(rel, "checked/") && !strings.Contains(rel, ".locks/") {
			out = append(out, rel)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(out, " ")
}

func wantFile(t *testing.T, path string, data []byte) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, data) {
		t.Fatalf("%s has %d other bytes", path, len(got))
	}
}

// wantError fails unless err's text has all of those parts.
func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error; want one with %q", parts)
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("error %q lacks %q", err, p)
		}
	}
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}
