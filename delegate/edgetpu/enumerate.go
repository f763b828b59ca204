package edgetpu

import (
	"errors"
	"fmt"
)

// ErrUnanswered is a libedgetpu that crashed, hung, or could not be asked: whether there are devices is not known.
var ErrUnanswered = errors.New("libedgetpu cannot be asked for its devices")

// Inventory is what a libedgetpu says before any device is opened.
type Inventory struct {
	Path    string   `json:"path"`    // the file or name that was loaded
	Raw     string   `json:"version"` // what it says of itself, as ParseVersion reads it
	Devices []Device `json:"devices"` // in its order
}

// Version is the library's version, or why what it says of itself is none.
func (s Inventory) Version() (Version, error) {
	v, err := ParseVersion(s.Raw)
	if err != nil {
		return Version{}, fmt.Errorf("%s: %w", s.Path, err)
	}
	return v, nil
}

// Missing is why Enumerate would find no libedgetpu at all on this machine, told from the files that are there, without
// loading anything; nil where there may be one. What path or CORALLITE_LIBEDGETPU names is not looked at.
func Missing(path string) error {
	if Wanted(path) != "" {
		return nil
	}
	return systemLoader().missing()
}

// Enumerate loads libedgetpu in this process, as Load does, asks it for its version and its devices, and gives it back. A
// libedgetpu that crashes takes the process along, and one that hangs does not return: package worker looks in a child.
func Enumerate(path string) (Inventory, error) {
	l, err := Load(path)
	if err != nil {
		return Inventory{}, err
	}
	s, err := l.Enumerate()
	return s, errors.Join(err, l.Close())
}

// Enumerate asks the library for its version and its devices.
func (l *Library) Enumerate() (Inventory, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return Inventory{}, ErrClosed
	}
	return Inventory{Path: l.path, Raw: l.c.version(), Devices: l.c.list()}, nil
}
