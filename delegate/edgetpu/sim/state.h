// What has happened: runs, openings, faults that have fired, devices that are gone. With a control file (or a made-up
// machine) it is kept in a file beside it, and is the same for all processes; without, each process has its own.
// Used between sim_begin and sim_end.
#ifndef CORALLITE_SIM_STATE_H
#define CORALLITE_SIM_STATE_H

#include <stdbool.h>
#include <stddef.h>

#include "control.h"

enum { path_size = 256 };

// What is counted: calls at the points where faults happen, and how often parameters were loaded.
enum { counter_loads = point_count, counter_count };

// device_state is one device that was ever configured.
typedef struct {
	char path[path_size];  // as it was configured
	int type;
	int place;        // in the list of configured devices, from 1; 0: it is not in it any more
	bool present;     // plugged in
	char at[path_size];      // the path under which it is, or was last, shown
	char as[path_size];      // the path under which it came back; "": its own
	char gone[sizeof((fault *)0)->id];  // the fault that took it; "": none
	long long back;      // when it comes back, in ms of the monotonic clock; 0: when the fault's line is taken away
	bool firmware;       // USB: loaded since it was plugged in
	long devnum;         // USB: the device's number on its bus
	long generation;     // counts how often it was unplugged
	long count[counter_count];
	double heated;       // temperature in m°C when it last did something
	long long heated_at;  // when that was, in ms of the monotonic clock; 0: never
} device_state;

// state_open reads the state that the setting of control and tree leads to, and locks it for this process.
void state_open(void);

// state_close writes the state when it has changed, and unlocks it.
void state_close(void);

// state_devices gives all devices; the pointer is valid until state_device adds one.
device_state *state_devices(size_t *n);

// state_device gives the device that was configured with that path, with *added set when it is a new one.
device_state *state_device(const char *path, bool *added);

// state_next_devnum is a number that no USB device has had.
long state_next_devnum(void);

// state_count counts one run (opening, …, or loading of parameters) of a device; NULL: of none.
void state_count(device_state *d, int counter);

// state_fault says which fault happens now at that point, after state_count, and counts it; no_fault mostly. Its paths
// are valid until sim_end.
fault state_fault(device_state *d, point at);

// now_ms is the monotonic clock, the same for all processes.
long long now_ms(void);

#endif
