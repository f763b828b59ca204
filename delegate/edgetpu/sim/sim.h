// The parts of the simulated Edge TPU that its files share. See README.md.
#ifndef CORALLITE_SIM_H
#define CORALLITE_SIM_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control.h"
#include "edgetpu.h"
#include "state.h"
#include "tflite.h"

// device is an opened device, shared by all delegates of the process that opened it, as libedgetpu shares it.
typedef struct device {
	struct device *next;
	char *path;       // as it was configured: the device's name in the state
	long generation;  // of the device when it was opened; another one now: it was unplugged since
	int references;
	pthread_mutex_t running;  // a device runs one thing at a time
	uint64_t token;  // of the parameters that are on the device; 0: none. Guarded by running, as is epoch.
	long epoch;      // counts how often all parameters were thrown out
} device;

// sim_live counts what was made and not freed: device lists, delegates, kernels, CPU models.
extern _Atomic long sim_live;

// sim_log writes a line to the file that the setting log names, if it names one; between sim_begin and sim_end.
void sim_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

// sim_say writes a line to standard error that says who writes.
void sim_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

// sim_begin takes the simulator's lock and brings control and state up to date: environment, control file, state file,
// time. Between it and sim_end no other thread and no other process changes anything. It never waits for a run.
void sim_begin(void);

// sim_end keeps what has changed: the state file, the made-up machine.
void sim_end(void);

// sim_delegate makes the delegate of a device.
TfLiteOpaqueDelegate *sim_delegate(device *d);

// A tensor of the compiled model that the CPU model has to find or compute.
typedef struct {
	const char *name;
	int type;  // TfLiteType, which also numbers as the CPU model's file does after type_in_file
	int dims, shape[8];
	size_t bytes;
	void *data;     // in the compiled model's interpreter
	int cpu_model;       // index in the CPU model
	bool variable;  // state, copied into the CPU model before a run and out of it after
} wanted;

// CPU model is a part of a CPU model, from the wanted inputs to the wanted outputs, ready to run.
typedef struct cpu_model cpu_model;

// cpu_model_find looks through the models and folders of list, separated by colons, for a model that has all wanted tensors
// and can compute the outputs from the inputs. NULL when there is none.
cpu_model *cpu_model_find(const char *list, int threads, wanted *inputs, int n_inputs, wanted *outputs, int n_outputs);
TfLiteStatus cpu_model_run(cpu_model *t, wanted *inputs, int n_inputs, wanted *outputs, int n_outputs);
void cpu_model_free(cpu_model *t);

// cut rewrites a .tflite file in memory so that its first subgraph leads from the wanted inputs to the wanted outputs;
// it fills wanted.cpu_model. The buffer has `spare` writable bytes behind `size`, and the new size is returned; 0 when the
// model does not fit.
size_t cut_model(uint8_t *model, size_t size, size_t spare, wanted *inputs, int n_inputs, wanted *outputs, int n_outputs);

#endif
