// Package doctor finds out why an Edge TPU, a model or a camera cannot be used on this machine, and names the one cause
// that explains the rest.
//
// [Examine] checks what the kernel shows (edgetpu.System: a folder may stand for the machine), model files, and
// libedgetpu, which is tried in a child process, because one that does not fit the runtime ends its process. Each check
// gives a [Finding]: what was checked, what was found, how to fix it. The [Report] has all of them, and the one to
// begin with. The identifiers of findings ([ID]) do not change between versions; docs/edge-tpu.md lists them.
package doctor
