package corallite_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"corallite/internal/testdata"
	"corallite/models"
)

// TestLibraryPage builds and runs the first program of docs/library.md as an importer would: in an empty module in
// another folder, with one sourced file.
func TestLibraryPage(t *testing.T) {
	_, file, _, _ := runtime.Caller(0)
	root := filepath.Dir(file)
	env := filepath.Join(root, ".native", "env")
	if _, err := os.Stat(env); err != nil {
		testdata.Missing(t, "%v: run scripts/setup", err)
	}
	page, err := os.ReadFile(filepath.Join(root, "docs", "library.md"))
	if err != nil {
		t.Fatal(err)
	}
	program := regexp.MustCompile("(?s)```go\n(package main.*?)```").FindSubmatch(page)
	if program == nil {
		t.Fatal("docs/library.md has no program")
	}
	if lines := len(regexp.MustCompile(`(?m)^.*\S.*$`).FindAll(program[1], -1)); lines > 15 {
		t.Errorf("the program has %d lines, want at most 15", lines)
	}

	dir, cache := t.TempDir(), t.TempDir()
	pull(t, cache, "face_detection_full_range")
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	// What go mod tidy would write, which asks the network.
	needs := strings.Replace(string(mod), "module corallite\n", "module holiday\n", 1) +
		"\nrequire corallite v0.0.0\n\nreplace corallite => " + root + "\n"
	for name, text := range map[string][]byte{"main.go": program[1], "go.mod": []byte(needs), "go.sum": sums} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "pictures"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(testdata.Path(t, "images/face.jpg"), filepath.Join(dir, "pictures", "face.jpg")); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("sh", "-c", `. "$0" && go build -trimpath -mod=mod -o holiday . && ./holiday`, env)
	build.Dir = dir
	build.Env = []string{"CORALLITE_CACHE=" + cache, "GOPROXY=off", "GOFLAGS="}
	for _, name := range []string{"PATH", "HOME", "GOCACHE", "GOMODCACHE", "GOPATH", "GOROOT", "TMPDIR"} {
		if v, ok := os.LookupEnv(name); ok {
			build.Env = append(build.Env, name+"="+v)
		}
	}
	out, err := build.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if !regexp.MustCompile(`(?m)^pictures/face\.jpg \[\{face .*\] <nil>$`).Match(out) {
		t.Errorf("it printed\n%s", out)
	}
}

// pull fetches a model into a cache.
func pull(t *testing.T, cache, name string) {
	t.Helper()
	downloads := os.Getenv("CORALLITE_DOWNLOADS")
	if downloads == "" {
		dir, err := os.UserCacheDir()
		if err != nil {
			t.Fatal(err)
		}
		downloads = filepath.Join(dir, "corallite", "downloads")
	}
	if _, err := os.Stat(downloads); err != nil {
		testdata.Missing(t, "no packages in %s: run scripts/test-files", downloads)
	}
	store, err := models.Open(models.Options{Cache: cache, Mirror: downloads, Downloads: downloads})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Pull(t.Context(), name, nil); err != nil {
		t.Fatal(err)
	}
}
