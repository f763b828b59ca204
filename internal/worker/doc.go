// Package worker runs engines in a child process (package isolate): a hang or crash in C ends the child, and its parent
// gets an error.
//
//	h, err := worker.StartHost(ctx, worker.HostOptions{Device: d, Files: []string{"x_edgetpu.tflite"}})
//	if err != nil { … }
//	defer h.Close()
//	e, err := h.Open(ctx, worker.Request{Files: delegate.Files{EdgeTPU: "x_edgetpu.tflite"}, Choice: delegate.EdgeTPU})
//	if err != nil { … }
//	defer e.Close()
//	// e is a tensor.Engine
//
// Programs pass Handlers to isolate.Main before doing anything else; the child is the same binary.
//
// # One child, several engines
//
// Only one process can open a device, so a [Host] is one child for all engines of a device, which are opened and closed
// at any time. The child does one thing at a time: a run waits while another engine is opened. When it dies, every
// engine on it returns the *isolate.DeathError, with the model and the device; this package does not restart it.
//
// # The path of a run
//
// When an engine is opened, the child reports what its tensors need, the parent makes a shared memory (it has no name
// anywhere, and is freed when both have closed it), and the child moves the inputs and outputs there
// (tflite.Interpreter.UseMemory). So the engine's Input and Output are the very bytes that the runtime reads and
// writes, and a run is one datagram each way, without copies. Tensors that cannot be moved are copied by the child:
// outputs whose size depends on the data, constants, variables. Models with string inputs are refused: these are in the
// runtime's own memory. The parent's views stay readable after the child's death, until the engine's Close, so that the
// current run can be repeated elsewhere.
//
// The context does not interrupt a run: that would mean killing the child with all its engines. A run ends by itself or
// at its deadline, see [DeadlinePolicy].
//
// # What the child gets
//
// Files it may read: the models in HostOptions.Files, libedgetpu, /sys and /run/udev if it has a device, and what
// package isolate gives every child (the binary, system libraries, /proc, …). Files it may write: for a USB stick all
// of /dev/bus/usb, because a stick's node gets a new number when its firmware is loaded; for a PCIe card its
// /dev/apex_N; and those in HostOptions.Access. No internet sockets, no new privileges. Host.Confinement reports what
// this kernel really enforces. Its standard error, with libedgetpu's messages, goes to the parent's log.
//
// # Trying models
//
// [Try] and [ModelProbe] run a model once in a child without any files: the model's bytes come through shared memory.
// [VerifiedModels] remembers which models passed.
package worker
