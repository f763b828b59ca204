package simtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
)

// Compile writes a simulated libedgetpu.so.1 to path. It is compiled once in a process.
func Compile(path string) error {
	library, err := compiled()
	if err != nil {
		return err
	}
	return os.WriteFile(path, library, 0o755)
}

var compiled = sync.OnceValues(compile)

// compile gives the bytes of the library, so that each test can have a file of its own: a library at another path is
// another library, with state of its own.
func compile() ([]byte, error) {
	_, file, _, _ := runtime.Caller(0)
	sim := filepath.Join(filepath.Dir(file), "..", "sim")
	sources, err := filepath.Glob(filepath.Join(sim, "*"))
	if err != nil || len(sources) == 0 {
		return nil, fmt.Errorf("no sources in %s", sim)
	}
	for _, path := range sources {
		// go test does not see what the compiler reads; it sees this, and forgets cached results when a file changes.
		if _, err := os.Stat(path); err != nil {
			return nil, err
		}
	}
	folder, err := os.MkdirTemp("", "corallite-sim-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	out := filepath.Join(folder, "libedgetpu.so.1")
	message, err := exec.Command(filepath.Join(sim, "build"), out).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%s/build: %w\n%s", sim, err, message)
	}
	return os.ReadFile(out)
}
