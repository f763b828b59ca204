package edgetpu

import (
	"fmt"
	"sync"
	"unsafe"
)

// LibraryEnv is the environment variable that names libedgetpu where Load was given no path.
const LibraryEnv = "CORALLITE_LIBEDGETPU"

// Library is a loaded libedgetpu.
type Library struct {
	path string

	mu        sync.Mutex
	c         clib
	delegates int  // open now
	everOpen  bool // whether a device was ever opened
	closed    bool
}

// Load loads libedgetpu: from path, or from where CORALLITE_LIBEDGETPU says, or by its usual names
// (libedgetpu.so.1, libedgetpu.so.1.0) from where the system keeps libraries. The error is a *LoadError that says
// which of the things that can be wrong is: not found, unreadable, no shared library, for another processor, a
// library that it needs missing, a function missing.
func Load(path string) (*Library, error) { return systemLoader().load(path) }

// Path is the file or name that was loaded.
func (l *Library) Path() string { return l.path }

// Version is what the library says of itself.
func (l *Library) Version() (Version, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return Version{}, ErrClosed
	}
	return Inventory{Path: l.path, Raw: l.c.version()}.Version()
}

// Verbosity sets how much the library writes to standard error: 0 nothing but errors, to 10. It holds for the whole
// process.
func (l *Library) Verbosity(level int) error {
	if level < 0 || level > 10 {
		return fmt.Errorf("verbosity %d of libedgetpu: want 0 to 10", level)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return ErrClosed
	}
	l.c.verbosity(level)
	return nil
}

// List gives the devices that the library sees, in its order; none is no error.
func (l *Library) List() ([]Device, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, ErrClosed
	}
	return l.c.list(), nil
}

// Open opens a device from the list. It can take seconds on a USB stick, whose firmware is loaded first. The error
// is an *OpenError.
func (l *Library) Open(d Device, o Options) (*Delegate, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if d.Path == "" { // libedgetpu would take any device for it
		return nil, fmt.Errorf("device %q has no path", d)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, ErrClosed
	}
	// Set before the call: a failed opening may have started threads that unloading would pull the ground from.
	l.everOpen = true
	ptr := l.c.create(d, o.list())
	if ptr == nil {
		return nil, &OpenError{Device: d, Causes: o.System.Explain(d)}
	}
	l.delegates++
	return &Delegate{library: l, device: d, name: "edgetpu:" + o.System.StableName(d), ptr: ptr}, nil
}

// Close gives the library back. Delegates that are open stay usable and release what is left when the last of them
// is closed. A library that has opened a device stays mapped: its threads and singletons are its own.
func (l *Library) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil
	}
	l.closed = true
	if !l.everOpen {
		l.c.dlclose()
	}
	return nil
}

// Delegate is an opened device. It satisfies go-tflite's delegates.Delegater, and is released after the interpreter
// that uses it.
type Delegate struct {
	library *Library
	device  Device
	name    string
	ptr     unsafe.Pointer // guarded by library.mu; nil after Delete
}

// Ptr is the TfLiteDelegate, or nil after Delete.
func (d *Delegate) Ptr() unsafe.Pointer {
	d.library.mu.Lock()
	defer d.library.mu.Unlock()
	return d.ptr
}

// Delete releases the device; twice is safe.
func (d *Delegate) Delete() {
	d.library.mu.Lock()
	defer d.library.mu.Unlock()
	if d.ptr == nil {
		return
	}
	d.library.c.free(d.ptr)
	d.ptr = nil
	d.library.delegates--
}

// Close is Delete as an io.Closer.
func (d *Delegate) Close() error {
	d.Delete()
	return nil
}

// Device is the device that was opened.
func (d *Delegate) Device() Device { return d.device }

// Name is the device's in events: "edgetpu:usb:2-1", or whatever else of it does not move.
func (d *Delegate) Name() string { return d.name }
