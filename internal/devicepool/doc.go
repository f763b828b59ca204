// Package devicepool keeps the Edge TPUs of one program: it finds them, gives each a process in which its engines live,
// shares each among the models that use it, keeps it from overheating, and brings it back when it was lost. It is where
// the parts come together:
//
//	Open ── engine for the pipeline (failover.Engine)
//	          ├── on the device: a seat ── in a child process (worker.Engine)
//	          │                             taking turns with the other seats of the device (scheduler.Client)
//	          └── on the CPU: the fallback, in this process or, with Isolate, in a child of its own
//
// A device has one child, because a device can be open in one process only; the child is started when the first
// engine is opened on the device, and again after each death. What happened to a device is counted (Summary).
package devicepool
