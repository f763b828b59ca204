package simtest

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// State is what has happened so far, in all processes.
type State struct {
	Runs, Opens, Interpreters int            // tries count, also those that failed
	Lists                     int            // of no device
	Loads                     int            // runs that had to load their parameters first
	Fired                     int            // faults that happened
	Faults                    map[string]int // how often each happened, by ID
	Devices                   map[string]DeviceState
}

// DeviceState is what has happened to one device.
type DeviceState struct {
	Path                      string // under which it is, or was last, shown
	Present                   bool
	Runs, Opens, Interpreters int
	Loads                     int
	DevNum                    int    // USB
	GoneBy                    string // the ID of the fault that keeps it away
}

// State reads what has happened so far.
func (c *Control) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.state()
	for id, n := range c.fired {
		s.Faults[id] += n
	}
	return s
}

// Fired is how many faults have happened.
func (c *Control) Fired() int { return c.State().Fired }

// Runs is how many runs there were, on all devices.
func (c *Control) Runs() int { return c.State().Runs }

// Wait waits until the state is as wanted. It looks every few milliseconds, and gives up with ctx.
func (c *Control) Wait(ctx context.Context, wanted func(State) bool) error {
	for !wanted(c.State()) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
	return nil
}

// state reads the state file; c.mu is held.
func (c *Control) state() State {
	s := State{Faults: map[string]int{}, Devices: map[string]DeviceState{}}
	text, err := readLocked(c.Path() + ".state")
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) { // nothing has happened yet
			c.fail(err)
		}
		return s
	}
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if len(words) < 2 {
			continue
		}
		switch words[0] {
		case "runs":
			s.Runs = number(words[1])
		case "opens":
			s.Opens = number(words[1])
		case "interpreters":
			s.Interpreters = number(words[1])
		case "lists":
			s.Lists = number(words[1])
		case "loads":
			s.Loads = number(words[1])
		case "fired":
			s.Fired = number(words[1])
		case "fault":
			s.Faults[words[1]] = number(words[len(words)-1])
		case "device":
			s.Devices[words[1]] = deviceState(words[2:])
		}
	}
	return s
}

// readLocked reads a file that others write under a lock. It does not wait for ever: a process may be stopped while it
// holds the lock.
func readLocked(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for range 3000 {
		if err := syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB); err == nil {
			break
		}
		time.Sleep(time.Millisecond)
	}
	return io.ReadAll(f)
}

func deviceState(words []string) DeviceState {
	var d DeviceState
	for _, word := range words {
		key, value, _ := strings.Cut(word, "=")
		switch key {
		case "at":
			d.Path = value
		case "present":
			d.Present = value == "1"
		case "runs":
			d.Runs = number(value)
		case "opens":
			d.Opens = number(value)
		case "interpreters":
			d.Interpreters = number(value)
		case "loads":
			d.Loads = number(value)
		case "devnum":
			d.DevNum = number(value)
		case "gone":
			d.GoneBy = value
		}
	}
	return d
}

func number(s string) int {
	n, _ := strconv.Atoi(s) // the simulator writes numbers
	return n
}
