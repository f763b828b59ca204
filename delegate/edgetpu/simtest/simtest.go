// Package simtest builds the simulated libedgetpu of delegate/edgetpu/sim for tests and steers it. It is imported by
// tests only.
package simtest

import (
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"corallite/internal/testdata"
)

// Compute says what a simulated device computes.
type Compute string

const (
	CPUModel Compute = "cpu_model" // what the CPU model computes; an error when no CPU model fits
	Fixed    Compute = "fixed"     // the fixed function of the inputs that sim/README.md documents; costs next to nothing
)

// Config is a simulated libedgetpu and its devices. The zero Config has one USB stick, and runs the CPU model where one
// fits and the fixed function where none does.
type Config struct {
	Devices        []string      // "usb", "pci", "usb=/path", "pci=/path"; nil: one USB stick; empty: none
	CPUModels      []string      // CPU models, or folders with them
	Compute        Compute       // "": CPUModel where one fits, else Fixed
	OpenFails      bool          // no device can be opened
	OpenFailsFor   string        // the device at this path cannot be opened
	RuntimeVersion int           // 0: 14
	Version        string        // what edgetpu_version returns, whole
	RunTime        time.Duration // least time of one run, spent without using the CPU
	Log            string        // a file that gets a line for each opening, closing and CPU model
	LoadTime       time.Duration // what a run takes longer that has to load its parameters first
	LoadTimePerMB  time.Duration // for each million bytes of the parameters
	Heat           Heat          // of PCIe devices
	USBSpeed       int           // of the sticks' links in Mbit/s; 0: 5000
	DFU            bool          // USB sticks are plugged in without firmware, which the first opening loads
	GoneRun        Kind          // what a run on a device that is gone does: Error, Hang or Abort; "": as libedgetpu
	Faults         []Fault       // from the start; each process counts on its own, unless there is a Control
	Control        *Control      // steers it while it runs, keeps its state over processes, makes the machine's files
}

// Heat is how warm PCIe devices get: a run lifts the temperature, and what a device is warmer than its surroundings
// falls by a factor e in each Cooling. The zero Heat keeps them at 45 °C.
type Heat struct {
	Ambient int           // in m°C; 0: 45000
	Run     float64       // what a millisecond of running adds, in m°C
	Cooling time.Duration // 0: 30 s
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

// Environ is the environment that steers the simulator, for a child process. The Control, if there is one, goes by it
// from then on.
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
	var faults []string
	for _, f := range c.Faults {
		faults = append(faults, strings.TrimPrefix(f.line(), "fault "))
	}
	env := []string{
		"CORALLITE_SIM_DEVICES=" + devices,
		"CORALLITE_SIM_CPU_MODELS=" + strings.Join(c.CPUModels, ":"),
		"CORALLITE_SIM_COMPUTE=" + string(c.Compute),
		"CORALLITE_SIM_OPEN=" + open,
		"CORALLITE_SIM_LOG=" + c.Log,
		"CORALLITE_SIM_RUN_MS=" + milliseconds(c.RunTime),
		"CORALLITE_SIM_VERSION=" + c.Version,
		"CORALLITE_SIM_RUNTIME_VERSION=" + whenSet(c.RuntimeVersion),
		"CORALLITE_SIM_LOAD_MS=" + milliseconds(c.LoadTime),
		"CORALLITE_SIM_LOAD_MS_PER_MB=" + milliseconds(c.LoadTimePerMB),
		"CORALLITE_SIM_AMBIENT=" + whenSet(c.Heat.Ambient),
		"CORALLITE_SIM_HEAT=" + strconv.FormatFloat(c.Heat.Run, 'f', -1, 64),
		"CORALLITE_SIM_COOLING_S=" + whenLong(c.Heat.Cooling),
		"CORALLITE_SIM_USB_SPEED=" + whenSet(c.USBSpeed),
		"CORALLITE_SIM_DFU=" + whenTrue(c.DFU),
		"CORALLITE_SIM_GONE_RUN=" + string(c.GoneRun),
		"CORALLITE_SIM_FAULT=" + strings.Join(faults, ";"),
	}
	if c.Control == nil {
		return append(env, "CORALLITE_SIM_CONTROL=", "CORALLITE_SIM_TREE=")
	}
	env = append(env, "CORALLITE_SIM_CONTROL="+c.Control.Path(), "CORALLITE_SIM_TREE="+c.Control.Root())
	c.Control.adopt(env)
	return env
}

func whenSet(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func whenLong(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64)
}

func whenTrue(b bool) string {
	if !b {
		return ""
	}
	return "1"
}

// Build gives the path of a simulated libedgetpu.so.1 in a folder of the test. It is compiled once in a process.
func Build(tb testing.TB) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "libedgetpu.so.1")
	if err := Compile(path); err != nil {
		testdata.Missing(tb, "the simulated libedgetpu cannot be built: %v", err)
	}
	return path
}
