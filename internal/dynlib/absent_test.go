package dynlib

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// loaded says whether the loader itself finds a library.
func loaded(t *testing.T, name string) bool {
	t.Helper()
	h, _, ok := TryOpen(name)
	if ok {
		h.Close()
	}
	return ok
}

// TestAbsent asks for libraries that are there in each of the ways in which the loader finds them, and for one that is not.
func TestAbsent(t *testing.T) {
	if _, err := os.Stat("/etc/ld.so.cache"); err != nil || runtime.GOOS != "linux" {
		t.Skip("glibc's cache of libraries is not here")
	}
	t.Setenv("LD_LIBRARY_PATH", "")
	const none = "libcorallite-nowhere.so.1"
	for _, name := range []string{"libm.so.6", "libtensorflowlite_c.so"} { // in the cache; in the run path
		if !loaded(t, name) || Absent(name) {
			t.Errorf("%s: absent %v, loaded %v", name, Absent(name), loaded(t, name))
		}
	}
	if !Absent(none) || loaded(t, none) {
		t.Errorf("%s: absent %v", none, Absent(none))
	}
	folder := t.TempDir()
	deep := filepath.Join(folder, "glibc-hwcaps", "x86-64-v2")
	if err := os.MkdirAll(deep, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, at := range []string{folder, deep} {
		file := filepath.Join(at, none)
		if err := os.WriteFile(file, []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
		t.Setenv("LD_LIBRARY_PATH", "/nowhere:"+folder)
		if Absent(none) {
			t.Errorf("%s is there, and LD_LIBRARY_PATH names its folder", file)
		}
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
	if !Absent(none) {
		t.Error("an empty folder in LD_LIBRARY_PATH")
	}
	for _, unclear := range []string{"relative", "/opt/$LIB"} {
		t.Setenv("LD_LIBRARY_PATH", unclear)
		if Absent(none) {
			t.Errorf("LD_LIBRARY_PATH=%s: where the loader looks is not known", unclear)
		}
	}
	t.Setenv("LD_LIBRARY_PATH", "")
	t.Setenv("LD_PRELOAD", "/usr/lib/"+none)
	if Absent(none) {
		t.Error("LD_PRELOAD may have loaded it")
	}
}
