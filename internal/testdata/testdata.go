// Package testdata finds the real models, pictures and recordings that tests run on. They are not part of the
// project: a test skips without them, and fails without them when CI=true.
package testdata

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Path is the path of a file in the test data, named from its root: "models/split_concat.tflite".
func Path(tb testing.TB, name string) string {
	tb.Helper()
	path := filepath.Join(Root(), filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		Missing(tb, "test data %s is not there: set CORALLITE_TESTDATA to the folder that has it", path)
	}
	return path
}

// Case is the path of a file in the cases beside the test data: inputs that failed once, "runtimes/int2.tflite".
func Case(tb testing.TB, name string) string {
	tb.Helper()
	return Path(tb, "../cases/"+name)
}

// Root is the folder of the test data: CORALLITE_TESTDATA, or shared/testdata beside the project.
func Root() string {
	if dir := os.Getenv("CORALLITE_TESTDATA"); dir != "" {
		return dir
	}
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..", "..", "shared", "testdata")
}

// Missing skips the test, or fails it when CI=true, because something it needs is not on this machine.
func Missing(tb testing.TB, format string, args ...any) {
	tb.Helper()
	if os.Getenv("CI") == "true" {
		tb.Fatalf(format, args...)
	}
	tb.Skipf(format, args...)
}
