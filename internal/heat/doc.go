// Package heat keeps an Edge TPU below its first trip point, from which the driver slows it down and after which cards
// drop off the bus. A Monitor reads the temperature every two seconds and decides:
//
//	          Throttle             Move    trip point 0
//	Normal     │  Throttling      │  Moved
//	───────────┼────────────────┼────────┼──────────→ °C
//	       │             │
//	    Throttle - 2 °C     Back
//
// Normal: nothing is done. Throttling: the device rests between runs, the longer the hotter it is: its share of the time
// at work falls in a straight line from all at Throttle to a tenth (Options.MaxRest) at Move. It falls at once, and
// rises again by a quarter of the way at each reading, so that it does not swing. Moved: the models run on the CPU.
//
// With mode cpu there is no throttling; with mode off the Monitor only watches.
//
// # Thresholds
//
// They follow trip point 0 as the driver has it now (85 °C when nobody set it): Move lies 2 °C below it, Throttle 8 °C and
// Back 5 °C below Move. So without any setting throttling begins at 75 °C, models move at 83 °C, and come back at
// 78 °C.
//
// # No flapping
//
// Throttling ends 2 °C below where it began, and not before the device has all its time at work again; a device to which
// models come back begins with a tenth of it. Who has moved stays away for at least Options.Away (30 s), for twice as long
// at each further move, up to twenty times as long (10 min); each time that the device has run for as long as that
// without a move, one doubling is taken back. So in a time t there are at most 6 + t / 10 min moves, however the
// temperature goes.
//
// # Gone, or nothing to read
//
// A device that is gone (edgetpu.ErrGone) is told once, and is watched on for its return. One that never showed a
// temperature (edgetpu.ErrNoSensor, every USB stick) is not watched any more. When a reading fails otherwise, it is
// logged once, and what was decided stays.
package heat
