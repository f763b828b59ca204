// Package reconnect keeps a live source going: a camera, a network stream, a microphone. What such a source does wrong
// it does in the field, weeks after the start: it falls silent, dies, or sends what is no picture and no sound.
//
// A Life is the source from one opening to its loss. A Source opens lives one after the other:
//
//	          Start                  Next
//	Open ── first item ── item, item, … ── lost: an error, or nothing for Deadline
//	 │                                          │
//	 └───────────── Backoff ────────────────────┘
//
// Losing a life is no error of Next, which waits for the next life's first item. It is logged once when it happens and
// once when it is over, and counted. What cannot come right by itself (a name that two cameras have, a refused password)
// is Permanent, and ends Start; later it is waited for like everything else, because a password may be set back. What is
// not there yet is waited for from the beginning: one camera that is absent stops no other.
//
// The back-off grows while there is nothing; as soon as a quick look says that there is something again, it is tried.
//
// Nothing here has a goroutine: all happens in the calls of Start and Next, and the time is that of the clock given.
package reconnect
