// Package failover keeps a model running when its device does not. An [Engine] runs it on the device's engine while
// that works, on its fallback on the CPU when it fails, and on the device again when its answers are right.
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
// treated alike: the device is lost. Only the end of Invoke's own context is not a failure. The inputs of the current frame
// are copied from the lost engine's memory, which must stay readable until its Close, to the fallback's; the fallback runs,
// and Invoke returns no error. If the fallback fails too, Invoke's error names both. Without a fallback, Invoke waits for the
// device to come back and runs the frame again there, for as long as Options.GiveUp and its context allow.
//
// # Moving
//
// An engine moves only inside Invoke, which first chooses what runs this frame. If that is not the engine whose inputs the
// caller wrote, the inputs are copied. So what Prepare wrote is never lost, views of inputs are valid until the next Invoke,
// and a device that came back between two frames runs the next one. Device and Output describe the last run, whatever has
// happened since.
//
// # The way back
//
// A goroutine, which exists only while the device is lost, closes the lost engine, waits according to [Backoff], reopens
// the device and puts it on trial: it must give the right answers in Options.Trial runs. These repeat the device's first
// runs in their order, and each answer must equal the earlier one to the bit. For a device that has not run yet, the
// fallback's first runs are used, with a tolerance for devices that round differently: 8-bit outputs may differ by 4 steps
// in the mean, floating-point outputs must be finite where the fallback's are, outputs of other types must have the same
// size. Without either (no fallback and no earlier run), three runs without an error are enough. An engine keeps copies of
// the inputs and outputs of these runs. The trial fails if inputs or outputs have another description than before.
//
// # State
//
// A model may keep state from run to run. State cannot be moved between devices, so an engine starts a new sequence when
// the model moves to it, and after a run that did not end: its method Reset() error is called if it has one. A trial
// repeats the runs from the start of a sequence, and the engine is reset afterwards. An engine of a model with state must
// therefore have Reset.
package failover
