// Package supervise keeps a live source going: a camera, a network stream, a microphone. What such a source does wrong
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
// once when it is over, and counted. What cannot come back by itself (a camera that does not exist, a refused password)
// is Permanent, and ends Start; later it is waited for like everything else, because a camera that has been seen may be
// plugged in again, and a password be set back.
//
// Nothing here has a goroutine: all happens in the calls of Start and Next, and the time is that of the clock given.
package supervise
