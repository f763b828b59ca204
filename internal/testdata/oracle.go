package testdata

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// Oracle runs a Python script with the packages that scripts/oracle installs, and returns its standard output. Without
// the packages the test is skipped, or fails if CI=true.
func Oracle(tb testing.TB, script string, args ...string) []byte {
	tb.Helper()
	return runPython(tb, "oracle", script, args)
}

// Clients is Oracle with the clients of the protocols of serve.
func Clients(tb testing.TB, script string, args ...string) []byte {
	tb.Helper()
	return runPython(tb, "clients", script, args)
}

// Metrics is Oracle with pycocotools and scikit-learn.
func Metrics(tb testing.TB, script string, args ...string) []byte {
	tb.Helper()
	return runPython(tb, "metrics", script, args)
}

// runPython runs a script with the packages in a folder of .native.
func runPython(tb testing.TB, folder, script string, args []string) []byte {
	tb.Helper()
	_, file, _, _ := runtime.Caller(0)
	packages := filepath.Join(filepath.Dir(file), "..", "..", ".native", folder)
	if _, err := os.Stat(filepath.Join(packages, "stamp")); err != nil {
		Missing(tb, "the packages in %s are missing: run scripts/oracle", packages)
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		Missing(tb, "python3 is not installed")
	}
	cmd := exec.CommandContext(tb.Context(), python, append([]string{script}, args...)...)
	cmd.Env = append(os.Environ(), "PYTHONPATH="+packages, "PYTHONDONTWRITEBYTECODE=1")
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		tb.Fatalf("%s: %v\n%s", script, err, said.Bytes())
	}
	return out
}
