package testdata

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Packaged is the path of a file in the Python packages that scripts/oracle has brought:
// "pymicro_wakeword/models/alexa.json". Without them the test is skipped, or fails when CI=true.
func Packaged(tb testing.TB, name string) string {
	tb.Helper()
	_, file, _, _ := runtime.Caller(0)
	path := filepath.Join(filepath.Dir(file), "..", "..", ".native", "oracle", filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		Missing(tb, "%s is not there: run scripts/oracle", path)
	}
	return path
}
