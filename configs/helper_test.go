package configs

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"corallite/models"
)

// workingFolder makes a folder with a model, labels, a picture and so on, and makes it the working directory.
func workingFolder(t testing.TB, chdir func(string)) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"m.tflite": "no real model", "other.tflite": "another", "labels.txt": "person\ncat\n", "empty.txt": "",
		"pic.jpg": "x", "clip.mp4": "x", "folder/x.txt": "x",
	} {
		writeFile(t, filepath.Join(dir, name), text)
	}
	if err := os.Symlink("m.tflite", filepath.Join(dir, "link.tflite")); err != nil {
		t.Fatal(err)
	}
	chdir(dir)
	return dir
}

func writeFile(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// emptyStore is the catalog with an empty cache and a mirror that has no files.
func emptyStore(t testing.TB) (*models.Store, string) {
	t.Helper()
	dir := t.TempDir()
	s, err := models.Open(models.Options{Cache: dir, Downloads: filepath.Join(dir, "downloads"), Mirror: dir})
	if err != nil {
		t.Fatal(err)
	}
	return s, dir
}

// lines reads a label file as plain lines.
func lines(path string) ([]string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, errors.New(path + " has no labels")
	}
	return strings.Split(strings.TrimSpace(string(data)), "\n"), nil
}
