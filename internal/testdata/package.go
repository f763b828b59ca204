package testdata

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Packaged returns the path of a file in the Python packages that scripts/oracle installs:
// "pymicro_wakeword/models/alexa.json". Without the packages the test is skipped, or fails if CI=true.
func Packaged(tb testing.TB, name string) string {
	tb.Helper()
	_, file, _, _ := runtime.Caller(0)
	path := filepath.Join(filepath.Dir(file), "..", "..", ".native", "oracle", filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		Missing(tb, "%s is missing: run scripts/oracle", path)
	}
	return path
}
