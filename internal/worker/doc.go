// Package worker runs engines in a child process (package isolate): what hangs or crashes in C takes the child, and
// its parent gets an error.
//
//	h, err := worker.StartHost(ctx, worker.HostOptions{Device: d, Files: []string{"x_edgetpu.tflite"}})
//	if err != nil { … }
//	defer h.Close()
//	e, err := h.Open(ctx, worker.Request{Files: delegate.Files{EdgeTPU: "x_edgetpu.tflite"}, Choice: delegate.EdgeTPU})
//	if err != nil { … }
//	defer e.Close()
//	// e is a tensor.Engine
//
// A program gives Handlers to isolate.Main before it does anything else; the child is the same binary.
//
// # One child, several engines
//
// A device can be open in one process only, so a [Host] is one child for all engines of a device, which are opened and
// closed at any time. The child does one thing at a time: a run waits while another engine is opened. When it dies,
// every engine on it gives the *isolate.DeathError, with the model and the device; nothing starts it again here.
//
// # The path of a run
//
// When an engine is opened, the child says what its tensors need, the parent makes memory that both have (it has no
// name anywhere, and is gone with the last of the two), and the child moves the inputs and outputs there
// (tflite.Interpreter.UseMemory). So the engine's Input and Output are the very bytes that the runtime reads and
// writes, and a run is one datagram each way, without copies. Tensors that can not be moved are copied by the child:
// outputs whose size depends on the data, constants, variables. Models with inputs of strings are refused: their memory
// is the runtime's own. The parent's views stay readable after the child's
// death, until the engine's Close, so that the run in hand can be done elsewhere.
//
// A run under way is not cut short by its context: that would take killing the child, with all its engines. It ends by
// itself or at its deadline, see [DeadlinePolicy].
//
// # What the child gets
//
// Of files, to read: the models in HostOptions.Files, libedgetpu, /sys and /run/udev where it has a device, and what
// package isolate gives every child (the binary, system libraries, /proc, …). To write: for a USB stick /dev/bus/usb,
// whole, because a stick's node changes its number when its firmware is loaded; for a PCIe card its /dev/apex_N; and
// what HostOptions.Access says. No internet sockets, no new privileges. Host.Confinement says what this kernel really enforces.
// Its messages on standard error, libedgetpu's among them, come out as log records of the parent.
//
// # Trying models
//
// [Try] and [ModelProbe] run a model once in a child that gets no files at all: the model's bytes come through shared
// memory. [VerifiedModels] remembers which models went well.
package worker
