// What the simulator is told: by the environment, and by the control file, which can change while it runs. Everything
// here is used between sim_begin and sim_end; what it returns is valid until sim_end.
#ifndef CORALLITE_SIM_CONTROL_H
#define CORALLITE_SIM_CONTROL_H

#include <stdbool.h>
#include <stddef.h>

// Where a fault happens.
typedef enum { at_run, at_open, at_interpreter, at_list, at_version, point_count } point;

// What a fault is.
typedef enum { no_fault, fault_error, fault_hang, fault_abort, fault_segv, fault_wrong, fault_slow, fault_gone } fault_kind;

// fault is one line "fault kind=… at=… nth=… times=… device=… ms=… as=… id=…".
typedef struct {
	char id[64];       // by which it is counted
	fault_kind kind;
	point at;
	long nth;          // from which run (opening, …) on; 0: the next one
	long times;        // how often in all; negative: always
	double ms;         // hang: how long, 0: for ever; slow: the run's time; gone: back after it, 0: on command
	const char *device;  // path; "": any
	const char *as;      // gone: the path under which it comes back; "": the same
} fault;

// told is one line "device PATH …": what one device is told.
typedef struct {
	const char *path;
	bool gone;
	const char *as;  // the path under which it is shown; "": its own
	bool pinned;     // whether temperature counts
	double temperature;
} told;

// control_read_environment and control_read_file take in what has changed. The file is read with the state locked, so
// that a fault whose line is gone, and whose count is therefore forgotten, cannot happen again.
void control_read_environment(void);
void control_read_file(void);

// control_environment gives an environment to go by from now on, instead of the process's: NAME=value, one a line.
void control_environment(const char *list);

// control_given says whether an environment was given.
bool control_given(void);

// control_path is the control file; "" when there is none.
const char *control_path(void);

// setting is what the last line "name value" says, or the variable CORALLITE_SIM_NAME; "" when neither does.
const char *setting(const char *name);

// setting_number is a setting of digits, or the value given.
double setting_number(const char *name, double otherwise);

// control_faults gives all faults, in the order of their lines.
const fault *control_faults(size_t *n);

// control_told is what the device of that path is told, or NULL.
const told *control_told(const char *path);

#endif
