// Package scheduler decides which client uses a device next. A device runs one model at a time, however many clients
// (streams, models) want it; each calls Acquire of a Queue before a run and Release after it. A run is never interrupted.
//
// # Who is next
//
// The client with the highest priority. Among equal priorities the one that has used the device least: a client's
// virtual time grows by what its runs take, and the smallest goes first (start-time fair queuing: Goyal, Vin, Cheng,
// "Start-time Fair Queuing", SIGCOMM 1996, whose tags need no run time in advance). So busy clients get equal shares
// of the device's time, however long their runs are. Unused time is not saved up for a client, except for the longest run
// among its equals. A client that is not waiting when the device becomes free is not considered, so two clients alone
// alternate.
//
// # Parameters on the device
//
// The device keeps the parameters of one token (models compiled together have the same); a run with another one loads
// its own first, which is a swap. Clients of the token that is loaded are preferred to others of the same priority
// until they have used eight times a swap's measured cost since the last swap, at most Options.Window, and as long as
// they are not ahead of the others by more than that. So swaps take about an eighth of the time where clients of
// several tokens are busy (more where Options.Window cuts it short). A client that comes back at once, as measured
// before, is waited for, but never longer than a quarter of a swap takes. Where swaps cost nothing, nothing is
// preferred.
//
// # Nobody starves
//
// A client that higher priorities have kept waiting for Options.Patience of device time gets a run out of order; those that
// have waited longest come first. Before the next such run, the others use the device four times as long. So a client of
// the highest priority waits for the current run, and sometimes for one run out of order, and all lower priorities together
// get up to a fifth of the device.
//
// In figures: with n clients, runs of at most L (with their swap, their rest, and the wait for a client to come back)
// and a preference of W for the loaded token, a client of the highest priority gets its turn within n × (6 L + 3 W), any other
// within Patience + n × (12 L + 3 W); Patience counts device time and becomes longer by the rests in it.
//
// # Rest
//
// SetPace makes the device rest after each run, in proportion to it, so that it stays cool. A client of a higher
// priority than the last one's need not wait for the end of the rest; what is left of it is then rested after its run.
package scheduler
