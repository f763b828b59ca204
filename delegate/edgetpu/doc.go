// Package edgetpu finds and opens Edge TPUs through libedgetpu, which is loaded when it is asked for and never
// linked, so that one binary runs with and without it. It also reads what the Edge TPU compiler put into a model.
//
// A Library is loaded with Load, lists devices, and opens one as a Delegate, which an interpreter takes. They are
// released in the opposite order: interpreter, Delegate, Library. Close and Delete may be called twice; whatever is
// used after its Close gives ErrClosed. Library and Delegate may be used by several goroutines at once.
//
// libedgetpu ends the whole process on some USB faults, and can hang for ever; nothing in this package can catch
// either. It is quiet about its reasons, too: where it gives none, the errors here say what looking at the
// machine's files (System) shows.
//
// What this package exports follows Semantic Versioning.
package edgetpu
