package simtest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"corallite/internal/testdata"
)

// Control steers a simulator while it runs, in this process and in all others that have the Config with this Control
// in their environment. What it is told takes effect with the next call of the library in any of them; what the
// machine's files show, at once. It may be used by several goroutines.
type Control struct {
	folder string
	fail   func(error)
	own    *library // looks at the files as the others do, so that something does also when they are dead

	mu       sync.Mutex
	settings map[string]string
	devices  map[string]device
	faults   []Fault
	made     int            // faults named so far
	fired    map[string]int // of faults that were used up and forgotten
}

// device is what one device is told.
type device struct {
	gone        bool
	as          string
	temperature *int
}

func (d device) words() string {
	var words string
	if d.gone {
		words += " gone"
	}
	if d.as != "" {
		words += " as=" + d.as
	}
	if d.temperature != nil {
		words += fmt.Sprintf(" temperature=%d", *d.temperature)
	}
	return words
}

// NewControl makes a Control in a folder of the test, closed when the test ends.
func NewControl(tb testing.TB) *Control {
	tb.Helper()
	c, err := OpenControl(tb.TempDir(), func(err error) { tb.Error(err) })
	if err != nil {
		testdata.Missing(tb, "the simulated libedgetpu cannot be controlled: %v", err)
	}
	tb.Cleanup(c.Close)
	return c
}

// OpenControl makes a Control for programs that are no tests, with its files in the folder. What its methods cannot
// do, they give to fail.
func OpenControl(folder string, fail func(error)) (*Control, error) {
	c := &Control{folder: folder, fail: fail, settings: map[string]string{}, devices: map[string]device{},
		fired: map[string]int{}}
	path := filepath.Join(folder, "simulator.so")
	err := Compile(path)
	if err == nil {
		c.own, err = openLibrary(path)
	}
	if err == nil {
		err = os.MkdirAll(c.Root(), 0o755)
	}
	if err == nil {
		err = c.write()
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Close ends this process's part; twice is safe. The files stay.
func (c *Control) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.own.close()
}

// Folder has all files that the simulator reads and writes: what a sandbox must let it have.
func (c *Control) Folder() string { return c.folder }

// Path is the control file; the state lies beside it.
func (c *Control) Path() string { return filepath.Join(c.folder, "control") }

// Root is the folder that stands for the machine's files: edgetpu.System{Root: c.Root()} sees the devices that the
// library lists.
func (c *Control) Root() string { return filepath.Join(c.folder, "machine") }

// adopt lets the Control see what the simulator sees.
func (c *Control) adopt(environ []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.own.environment(strings.Join(environ, "\n"))
	c.own.update()
}

// change changes what the simulator is told, and lets it take effect.
func (c *Control) change(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
	if err := c.write(); err != nil {
		c.fail(err)
	}
	c.own.update()
}

// write replaces the control file at once.
func (c *Control) write() error {
	var lines []string
	for name, value := range c.settings {
		lines = append(lines, name+" "+value)
	}
	for path, d := range c.devices {
		lines = append(lines, "device "+path+d.words())
	}
	slices.Sort(lines)
	for _, f := range c.faults {
		lines = append(lines, f.line())
	}
	text := "# steers a simulated Edge TPU\n" + strings.Join(lines, "\n") + "\n"
	if err := os.WriteFile(c.Path()+".new", []byte(text), 0o644); err != nil {
		return err
	}
	return os.Rename(c.Path()+".new", c.Path())
}

// Set sets what sim/README.md lists as settings, such as "run_ms"; "" goes back to what the environment says.
func (c *Control) Set(name, value string) {
	c.change(func() {
		if value == "" {
			delete(c.settings, name)
		} else {
			c.settings[name] = value
		}
	})
}

// Fault lets a fault happen, and returns its ID.
func (c *Control) Fault(f Fault) string {
	if err := f.check(); err != nil {
		c.fail(err)
		return ""
	}
	c.change(func() {
		c.made++
		if f.ID == "" {
			f.ID = fmt.Sprintf("%s-%d", f.Kind, c.made)
		}
		c.forget()
		c.faults = append(c.faults, f)
	})
	return f.ID
}

// forget takes out faults that are used up.
func (c *Control) forget() {
	s := c.state()
	c.faults = slices.DeleteFunc(c.faults, func(f Fault) bool {
		if !f.usedUp(s.Faults[f.ID]) {
			return false
		}
		c.fired[f.ID] = s.Faults[f.ID]
		return true
	})
}

// Clear takes all faults back. Devices that a fault took without saying when they come back are back.
func (c *Control) Clear() {
	c.change(func() {
		s := c.state()
		for _, f := range c.faults {
			c.fired[f.ID] = s.Faults[f.ID]
		}
		c.faults = nil
	})
}

// Unplug takes a device away; path is as configured. Runs on it then do what libedgetpu's do.
func (c *Control) Unplug(path string) {
	c.tell(path, func(d *device) { d.gone = true })
}

// Plug brings a device back that Unplug or a Gone fault took.
func (c *Control) Plug(path string) { c.PlugAs(path, "") }

// PlugAs is Plug into another port: the device is shown under another path from then on, "" its own.
func (c *Control) PlugAs(path, as string) {
	c.tell(path, func(d *device) {
		d.gone, d.as = false, as
		s := c.state()
		c.faults = slices.DeleteFunc(c.faults, func(f Fault) bool {
			if f.ID != s.Devices[path].GoneBy {
				return false
			}
			c.fired[f.ID] = s.Faults[f.ID]
			return true
		})
	})
}

// Temperature sets what the chip's sensor shows, in thousandths of a degree Celsius: −89700 is its all-ones reading.
func (c *Control) Temperature(path string, milli int) {
	c.tell(path, func(d *device) { d.temperature = &milli })
}

// FreeTemperature lets the temperature follow from the runs again.
func (c *Control) FreeTemperature(path string) {
	c.tell(path, func(d *device) { d.temperature = nil })
}

func (c *Control) tell(path string, f func(d *device)) {
	c.change(func() {
		d := c.devices[path]
		f(&d)
		c.devices[path] = d
	})
}
