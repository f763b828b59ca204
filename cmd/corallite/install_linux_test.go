package main

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestInstall installs this program with scripts/install, runs it through its link, and takes it away again.
func TestInstall(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	clone, prefix := t.TempDir(), filepath.Join(t.TempDir(), "prefix")
	for _, name := range []string{"scripts", "configs", "LICENSE", "THIRD_PARTY_NOTICES"} {
		whole, err := filepath.Abs(filepath.Join(projectFolder, name))
		if err != nil {
			t.Fatal(err)
		}
		if name == "scripts" { // which looks for the clone above where it lies
			err = os.CopyFS(filepath.Join(clone, name), os.DirFS(whole))
		} else {
			err = os.Symlink(whole, filepath.Join(clone, name))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	install := func(args ...string) (string, error) {
		cmd := exec.Command(filepath.Join(clone, "scripts", "install"), args...)
		cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "DESTDIR=")
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := install(prefix); err == nil || !strings.Contains(out, "run make build first") {
		t.Errorf("without a build: %v, %s", err, out)
	}
	for _, dir := range []string{"bin", "lib"} {
		if err := os.Mkdir(filepath.Join(clone, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	// The test's binary is the program when it is called by its name.
	program, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(clone, "bin", "corallite"), program, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(clone, "lib", "libtensorflowlite_c.so"), []byte("library"), 0o644); err != nil {
		t.Fatal(err)
	}
	for range 2 { // over itself too
		if out, err := install(prefix); err != nil || !strings.Contains(out, "is not on your PATH") {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	out, err := exec.Command(filepath.Join(prefix, "bin", "corallite"), "--version").Output()
	if err != nil || !strings.HasPrefix(string(out), "corallite ") {
		t.Errorf("%v, %s", err, out)
	}
	for _, want := range []string{
		"lib/corallite/bin/corallite", "lib/corallite/lib/libtensorflowlite_c.so", "share/man/man1/corallite-run.1",
		"share/bash-completion/completions/corallite", "share/zsh/site-functions/_corallite", "share/doc/corallite/configs/webcam.yaml",
		"share/doc/corallite/THIRD_PARTY_NOTICES",
	} {
		if info, err := os.Stat(filepath.Join(prefix, want)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", want, err)
		}
	}
	unit, err := os.ReadFile(filepath.Join(prefix, "lib", "systemd", "system", "corallite@.service"))
	if err != nil || !strings.Contains(string(unit), "\nExecStart="+prefix+"/bin/corallite run --log-format json /etc/corallite/%i.yaml\n") {
		t.Errorf("the unit: %v\n%s", err, unit)
	}
	if words := strings.Fields(string(unit)[strings.Index(string(unit), "corallite run"):]); len(words) > 5 {
		if _, err := parsed(words[1:5]); err != nil {
			t.Errorf("the unit's command %q: %v", words[:5], err)
		}
	}
	other := filepath.Join(prefix, "bin", "other")
	if err := os.WriteFile(other, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := install("--uninstall", prefix); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	err = filepath.WalkDir(prefix, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && path != other {
			t.Errorf("%s stayed", path)
		}
		return err
	})
	if _, stat := os.Stat(other); err != nil || stat != nil {
		t.Errorf("%v, %v", err, stat)
	}
	for _, args := range [][]string{{"relative"}, {"--frobnicate"}} {
		if out, err := install(args...); err == nil || !strings.Contains(out, "install: error: ") {
			t.Errorf("%q: %v, %s", args, err, out)
		}
	}
}
