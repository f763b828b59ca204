// Package failover keeps a model running when its device does not. An [Engine] runs it on the device's engine while
// that works, on its fallback on the CPU when it fails, and on the device again when the device answers rightly.
//
//	           a run fails             the wait is over
//	┌─────────┐ ────────▶ ┌─────────┐ ────────────────▶ ┌─────────┐
//	│ working │           │ waiting │                   │ opening │
//	└─────────┘           └─────────┘ ◀──────────────── └─────────┘
//	 │ ▲     ▲                 ▲            fails            │ opened
//	 │ │     │                 │                             ▼
//	 │ │     │                 └───────────────────── ┌──────────┐
//	 │ │     └─────────────────────────────────────── │ on trial │
//	 ▼ │ Park, Unpark   right three times      wrong  └──────────┘
//	┌────────┐
//	│ parked │
//	└────────┘
//
// In every state but working the fallback runs the model, and [Engine.Device] says degraded and why.
//
// # A run fails
//
// An error, the death of the device's process, a hang that its deadline ended, a device that is gone and a panic are
// one event: the device is lost. Only the end of Invoke's own context is no failure. The inputs of the frame in hand
// are copied from the lost engine's memory, which must stay readable until its Close, into the fallback's; the fallback runs,
// and Invoke returns no error. When the fallback fails too, Invoke's error names both. Without a fallback Invoke waits for the
// device to come back and runs the frame again there, for as long as Options.GiveUp and its context allow.
//
// # Moving
//
// An engine moves only inside Invoke, which begins with choosing who runs this frame. Where that is another than the
// one whose inputs the caller wrote, they are copied. So what Prepare wrote is never lost, views of inputs are valid
// until the next Invoke, and a device that came back while no frame came runs the very next one. Device and Output
// tell of the run that was last, whatever has happened since.
//
// # The way back
//
// A goroutine, which is there only while the device is lost, closes the lost engine, waits as [Backoff] says, opens
// the device anew and puts it on trial: it must give the right answers to as many runs as Options.Trial says. The runs
// are the first that the device did, with what it answered then, in their order, and each answer must be the same
// to the bit. Of a device that has not run yet the fallback's first runs are taken, with the tolerance of two devices that
// round differently: 8-bit outputs may differ by 4 steps in the mean, floating-point ones must be finite where the
// fallback's are, outputs of other types must have the same size. With neither (no fallback, and no run before) three runs
// without an error must do. An engine keeps copies of the inputs and outputs of these runs. Inputs and outputs that are described otherwise than before fail the trial.
//
// # State
//
// A model may carry state from run to run. It cannot be carried from one device to another, so an engine begins a new
// sequence when the model moves to it, and after a run that did not end: its method Reset() error is called where it
// has one. A trial replays the runs from the beginning of a sequence, and the engine that passed it is reset. An
// engine of a model with state must therefore have Reset.
package failover
