// Package heat keeps an Edge TPU below its first trip point, above which the driver slows it down and, later, cards
// drop off the bus. A Monitor reads the temperature every two seconds and decides:
//
//	          Throttle             Move    trip point 0
//	Normal     │  Throttling      │  Moved
//	───────────┼────────────────┼────────┼──────────→ °C
//	       │             │
//	    Throttle - 2 °C     Back
//
// Normal: nothing is done. Throttling: the device pauses between runs, longer the hotter it is. Its share of busy time
// falls linearly from 100 % at Throttle to 10 % (Options.MaxRest) at Move. It falls at once and recovers by a quarter
// of the difference per reading, so that it does not oscillate. Moved: the models run on the CPU.
//
// With mode cpu there is no throttling; with mode off the Monitor only watches.
//
// # Thresholds
//
// They follow the driver's current trip point 0 (85 °C by default): Move lies 2 °C below it, Throttle 8 °C and Back 5
// °C below Move. So by default throttling begins at 75 °C, models move at 83 °C, and come back at 78 °C.
//
// # No flapping
//
// Throttling ends 2 °C below where it began, and not before the device may be busy all the time again; after models
// come back, a device starts at 10 %. Models that have moved stay on the CPU for at least Options.Away (30 s), twice as
// long after each further move, up to twenty times as long (10 min); each time the device has run that long without a
// move, one doubling is undone. So there are at most 6 + t / 10 min moves in a time t, whatever the temperature does.
//
// # Gone, or nothing to read
//
// A device that is gone (edgetpu.ErrGone) is reported once and watched for its return. One that never showed a
// temperature (edgetpu.ErrNoSensor, every USB stick) is no longer watched. Other failed readings are logged once, and
// the current state stays.
package heat
