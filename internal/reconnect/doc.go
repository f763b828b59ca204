// Package reconnect keeps a live source running: a camera, a network stream, a microphone. In the field such sources fall
// silent, die, or send garbage, often weeks after the start.
//
// A Session is one connection to the source, from opening to loss. A Source opens one session after the other:
//
//	          Start                  Next
//	Open ── first item ── item, item, … ── lost: an error, or nothing for Deadline
//	 │                                          │
//	 └───────────── Backoff ────────────────────┘
//
// The loss of a session is not an error of Next, which waits for the first item of the next session. It is logged once
// when it happens and once when it is over, and counted. What retrying cannot mend (an ambiguous camera name, a rejected
// password) is Permanent and makes Start fail; later it is retried like everything else, because the password may be
// restored. A source that is absent at the start is waited for, so one missing camera does not stop the others.
//
// The back-off grows while attempts fail, but as soon as a cheap check says that the source is there again, it is tried.
//
// The package starts no goroutine: everything happens inside Start and Next, and time comes from Options.Clock.
package reconnect
