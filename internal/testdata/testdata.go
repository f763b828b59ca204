// Package testdata finds the real models, pictures and recordings for tests. They are not part of the project: without
// them a test is skipped, or fails if CI=true.
package testdata

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Path returns the path of a file in the test data, relative to its root: "models/split_concat.tflite".
func Path(tb testing.TB, name string) string {
	tb.Helper()
	path := filepath.Join(Root(), filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		Missing(tb, "test data %s is missing: set CORALLITE_TESTDATA to the folder that contains it", path)
	}
	return path
}

// Case returns the path of a file in the cases beside the test data, inputs that once failed: "runtimes/int2.tflite".
func Case(tb testing.TB, name string) string {
	tb.Helper()
	return Path(tb, "../cases/"+name)
}

// Root returns the folder of the test data: CORALLITE_TESTDATA, or shared/testdata beside the project.
func Root() string {
	if dir := os.Getenv("CORALLITE_TESTDATA"); dir != "" {
		return dir
	}
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..", "..", "shared", "testdata")
}

// Missing skips the test because something it needs is not on this machine, or fails it if CI=true.
func Missing(tb testing.TB, format string, args ...any) {
	tb.Helper()
	if os.Getenv("CI") == "true" {
		tb.Fatalf(format, args...)
	}
	tb.Skipf(format, args...)
}
