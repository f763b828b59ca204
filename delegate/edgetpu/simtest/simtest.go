// Package simtest builds the simulated libedgetpu of delegate/edgetpu/sim for tests and steers it. It is imported by
// tests only.
package simtest

/*
#cgo linux LDFLAGS: -ldl
#include <dlfcn.h>
#include <stdlib.h>

// simtest_live asks a simulator that this process has loaded how much it has made and not freed; -1: not loaded.
static long simtest_live(const char *path) {
	void *handle = dlopen(path, RTLD_NOW | RTLD_NOLOAD);
	if (handle == NULL) return -1;
	long (*live)(void) = (long (*)(void))dlsym(handle, "corallite_sim_live");
	long n = live != NULL ? live() : -2;
	dlclose(handle);
	return n;
}
*/
import "C"

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"corallite/internal/testdata"
)

// Compute says what a simulated device computes.
type Compute string

const (
	Twin  Compute = "twin"  // what the CPU twin computes; an error when no twin fits
	Fixed Compute = "fixed" // the fixed function of the inputs that sim/README.md documents; costs next to nothing
)

// Config is a simulated libedgetpu and its devices. The zero Config has one USB stick, and runs the twin where one
// fits and the fixed function where none does.
type Config struct {
	Devices        []string      // "usb", "pci", "usb=/path", "pci=/path"; nil: one USB stick; empty: none
	Twins          []string      // CPU models, or folders with them
	Compute        Compute       // "": Twin where one fits, else Fixed
	OpenFails      bool          // no device can be opened
	OpenFailsFor   string        // the device at this path cannot be opened
	RuntimeVersion int           // 0: 14
	Version        string        // what edgetpu_version returns, whole
	RunTime        time.Duration // least time of one run, spent without using the CPU
	Log            string        // a file that gets a line for each opening, closing and twin
}

// Use builds the simulator into a folder of the test, sets the environment for it until the test ends, and returns
// its path. The device cannot be used by parallel tests: the environment is the process's.
func Use(tb testing.TB, c Config) string {
	tb.Helper()
	path := Build(tb)
	c.Setenv(tb)
	return path
}

// Setenv sets the environment that steers the simulator, until the test ends.
func (c Config) Setenv(tb testing.TB) {
	tb.Helper()
	for _, v := range c.Environ() {
		name, value, _ := strings.Cut(v, "=")
		tb.Setenv(name, value)
	}
}

// Environ is the environment that steers the simulator, for a child process.
func (c Config) Environ() []string {
	devices := strings.Join(c.Devices, ",")
	if c.Devices != nil && len(c.Devices) == 0 {
		devices = "none"
	}
	open := ""
	switch {
	case c.OpenFails:
		open = "fail"
	case c.OpenFailsFor != "":
		open = "fail:" + c.OpenFailsFor
	}
	env := []string{
		"CORALLITE_SIM_DEVICES=" + devices,
		"CORALLITE_SIM_TWINS=" + strings.Join(c.Twins, ":"),
		"CORALLITE_SIM_COMPUTE=" + string(c.Compute),
		"CORALLITE_SIM_OPEN=" + open,
		"CORALLITE_SIM_LOG=" + c.Log,
		"CORALLITE_SIM_RUN_MS=" + strconv.FormatFloat(c.RunTime.Seconds()*1e3, 'f', -1, 64),
		"CORALLITE_SIM_VERSION=" + c.Version,
		"CORALLITE_SIM_RUNTIME_VERSION=",
	}
	if c.RuntimeVersion != 0 {
		env[len(env)-1] += strconv.Itoa(c.RuntimeVersion)
	}
	return env
}

// Build gives the path of a simulated libedgetpu.so.1 in a folder of the test. It is compiled once in a process.
func Build(tb testing.TB) string {
	tb.Helper()
	library, err := compiled()
	if err != nil {
		testdata.Missing(tb, "the simulated libedgetpu cannot be built: %v", err)
	}
	path := filepath.Join(tb.TempDir(), "libedgetpu.so.1")
	if err := os.WriteFile(path, library, 0o755); err != nil {
		tb.Fatal(err)
	}
	return path
}

// Live is how many device lists, delegates, kernels and twins of a loaded simulator were made and not freed.
func Live(tb testing.TB, path string) int {
	tb.Helper()
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))
	n := int(C.simtest_live(name))
	if n < 0 {
		tb.Fatalf("%s is not loaded", path)
	}
	return n
}

var compiled = sync.OnceValues(compile)

// compile gives the bytes of the library, so that each test can have a file of its own: a library at another path is
// another library, with state of its own.
func compile() ([]byte, error) {
	_, file, _, _ := runtime.Caller(0)
	all, err := filepath.Glob(filepath.Join(filepath.Dir(file), "..", "sim", "*.[ch]"))
	if err != nil || len(all) == 0 {
		return nil, fmt.Errorf("no sources beside %s", file)
	}
	var sources []string
	for _, path := range all {
		// go test does not see what the compiler reads; it sees this, and forgets cached results when a file changes.
		if _, err := os.Stat(path); err != nil {
			return nil, err
		}
		if filepath.Ext(path) == ".c" {
			sources = append(sources, path)
		}
	}
	folder, err := os.MkdirTemp("", "corallite-sim-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	cc := os.Getenv("CC")
	if cc == "" {
		cc = "cc"
	}
	out := filepath.Join(folder, "libedgetpu.so.1")
	// The soname is not libedgetpu's, or loading libedgetpu by name would find a simulator that is loaded already.
	arguments := append([]string{"-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC",
		"-fvisibility=hidden", "-Wl,-soname,libcorallite-simulated-edgetpu.so", "-o", out}, sources...)
	message, err := exec.Command(cc, append(arguments, "-ldl", "-lpthread")...).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", cc, err, message)
	}
	return os.ReadFile(out)
}
