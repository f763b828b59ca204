package tensor

import "context"

// Engine runs one model. It stands here, beside the tensors, so that the binding, the delegates and the pipeline can
// share it without importing one another. It is used by one goroutine at a time; whoever opened it closes it.
type Engine interface {
	// Inputs and Outputs describe the tensors; the slices belong to the engine and must not be changed.
	Inputs() []Info
	Outputs() []Info
	// Input and Output give a view of tensor i's memory, valid until the next Invoke, Resize or Close: an engine may
	// move to another device between two runs, and outputs of changing size move too. Ask again for each run. What an
	// output holds is defined only after Invoke returned nil.
	Input(i int) Tensor
	Output(i int) Tensor
	// Invoke runs the model once. When ctx ends first it returns ctx's error, after the native work has stopped.
	Invoke(ctx context.Context) error
	// Device says what runs the model now; it may change between two Invokes (failover).
	Device() Device
	// Close frees everything; twice is safe.
	Close() error
}

// Device says what runs a model.
type Device struct {
	Name string // "cpu:xnnpack", "cpu:builtin", "edgetpu:usb:2-1", "plugin:libvx_delegate.so"
	Kind string // what sort of device it is: "cpu", "edgetpu", "plugin"; "": not known
	// LeavesCPUFree says that the processors can do other work while a model runs, such as preparing the next input.
	LeavesCPUFree bool

	Degraded bool   // whether this is a fallback from something better
	Reason   string // why, when degraded: "no Edge TPU found"
	// Wanted says, when degraded, that somebody counts on what is missing: it was asked for by name, or it is there and
	// does not run the model. It is false where nothing better was ever there.
	Wanted bool
}
