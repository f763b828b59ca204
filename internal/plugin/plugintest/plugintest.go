// Package plugintest builds an external delegate for tests: a small C library that takes ADD, and that crashes, hangs, fails
// or answers wrongly when its options say so (testdata/plugin.c). It is imported by tests only.
package plugintest

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"corallite/internal/testdata"
)

// Build gives the path of the library in a folder of the test. flags are further ones of the compiler:
// "-DWITHOUT_DESTROY" leaves a function out.
func Build(tb testing.TB, flags ...string) string {
	tb.Helper()
	_, file, _, _ := runtime.Caller(0)
	source := filepath.Join(filepath.Dir(file), "testdata", "plugin.c")
	if _, err := os.Stat(source); err != nil {
		testdata.Missing(tb, "the source of the test plug-in is not there: %v", err)
	}
	cc := os.Getenv("CC")
	if cc == "" {
		cc = "cc"
	}
	out := filepath.Join(tb.TempDir(), "libtest_delegate.so")
	args := append(strings.Fields(os.Getenv("CGO_CFLAGS")), "-shared", "-fPIC", "-o", out, source)
	if message, err := exec.Command(cc, append(args, flags...)...).CombinedOutput(); err != nil {
		testdata.Missing(tb, "the test plug-in cannot be built: %v\n%s", err, message)
	}
	return out
}
