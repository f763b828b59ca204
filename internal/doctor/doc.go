// Package doctor finds out why an Edge TPU, a model or a camera cannot be used on this machine, and names the one cause
// that explains the rest.
//
// [Examine] looks at what the kernel shows (edgetpu.System: a folder may stand for the machine), at model files, and at
// libedgetpu, which is tried in a child process, because one that does not fit the runtime ends its process. Each look
// gives a [Finding]: what was looked at, what was found, how to mend it. The [Report] has all of them, and the one to
// begin with. The identifiers of findings ([ID]) stay the same from version to version; docs/edge-tpu.md lists them.
package doctor
