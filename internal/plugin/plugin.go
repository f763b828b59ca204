package plugin

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"unsafe"

	"corallite/internal/dynlib"
)

// The functions of the plug-in interface.
const (
	createFunction  = "tflite_plugin_create_delegate"
	destroyFunction = "tflite_plugin_destroy_delegate"
)

// ErrMissingSymbol is wrapped by the error of a library that is no external delegate.
var ErrMissingSymbol = errors.New("not an external delegate of TensorFlow Lite")

// Option is an option of a delegate. Which there are, the library's documentation says.
type Option struct {
	Key, Value string
}

// Library is a loaded library. It stays loaded until the process ends once it has been asked for a delegate: its threads and
// its driver are its own.
type Library struct {
	path            string
	handle          dynlib.Handle
	create, destroy unsafe.Pointer
	used            bool
}

// Load loads the library at path, or of that name from where the system keeps libraries when there is no slash in it.
func Load(path string) (*Library, error) {
	handle, err := dynlib.Open(path)
	if err != nil {
		return nil, fmt.Errorf("external delegate: %w%s", err, wayOut(err))
	}
	l := &Library{path: path, handle: handle, create: handle.Symbol(createFunction), destroy: handle.Symbol(destroyFunction)}
	for name, function := range map[string]unsafe.Pointer{createFunction: l.create, destroyFunction: l.destroy} {
		if function == nil {
			handle.Close()
			return nil, fmt.Errorf("external delegate: %s: %w: it has no function %s; name a library of the vendor that has it (docs/delegates.md)",
				path, ErrMissingSymbol, name)
		}
	}
	return l, nil
}

// wayOut says what to do about a library that does not load.
func wayOut(err error) string {
	switch {
	case errors.Is(err, dynlib.ErrNotFound):
		return "; install the vendor's package, or give the library's full path"
	case errors.Is(err, dynlib.ErrWrongArchitecture):
		return "; install the one for this machine's processor"
	case errors.Is(err, dynlib.ErrMissingDependency):
		return "; install it, or add its folder to LD_LIBRARY_PATH"
	}
	return ""
}

// Path is the path or name that the library was loaded by.
func (l *Library) Path() string { return l.path }

// Close unloads a library that was never asked for a delegate.
func (l *Library) Close() error {
	if !l.used {
		l.handle.Close()
	}
	return nil
}

// CreateError is a library that gave no delegate.
type CreateError struct {
	Path string // of the library
	Said string // what it reported; "": nothing
}

func (e *CreateError) Error() string {
	return fmt.Sprintf("%s of %s returned no delegate: %s", createFunction, e.Path, e.said())
}

// Reason is the error without the library, which stands beside it in events.
func (e *CreateError) Reason() string { return createFunction + " returned no delegate: " + e.said() }

func (e *CreateError) said() string {
	if e.Said == "" {
		return "it gives no reason; check its options, its driver and what it writes to the log (--log debug)"
	}
	return e.Said
}

// Create makes a delegate with these options, whose texts stay in memory for as long as the delegate lives. The error is a
// *CreateError, or one of an option.
func (l *Library) Create(options []Option) (*Delegate, error) {
	for _, o := range options {
		if o.Key == "" || strings.ContainsRune(o.Key+o.Value, 0) {
			return nil, fmt.Errorf("external delegate %s: invalid option %q=%q (want a name, and no zero bytes)", l.path, o.Key, o.Value)
		}
	}
	d := &Delegate{library: l, keys: newStringList(len(options)), values: newStringList(len(options))}
	for i, o := range options {
		d.keys.items()[i], d.values.items()[i] = cString(o.Key), cString(o.Value)
	}
	l.used = true
	var said string
	if d.ptr, said = create(l.create, d.keys, d.values); d.ptr == nil {
		d.free()
		return nil, &CreateError{l.path, said}
	}
	return d, nil
}

// Delegate is a delegate of an external library. It satisfies tflite.Delegate.
type Delegate struct {
	library      *Library
	ptr          unsafe.Pointer // nil after Delete
	keys, values stringList     // which the library may look at for as long as the delegate lives
}

// Ptr is the TfLiteDelegate, or nil after Delete.
func (d *Delegate) Ptr() unsafe.Pointer { return d.ptr }

// Delete gives the delegate back to its library, after the interpreter that uses it. Twice is safe.
func (d *Delegate) Delete() {
	if d.ptr != nil {
		destroy(d.library.destroy, d.ptr)
		d.ptr = nil
		d.free()
	}
}

func (d *Delegate) free() {
	d.keys.free()
	d.values.free()
}

// MayBeIdle has the interpreter count the operators that the library takes, see tflite.Interpreter.Idle.
func (d *Delegate) MayBeIdle() {}

// Name is the device's in events: "plugin:libvx_delegate.so".
func (d *Delegate) Name() string { return DeviceName(d.library.path) }

// DeviceName is the name in events of what a library runs models on.
func DeviceName(path string) string { return "plugin:" + filepath.Base(path) }
