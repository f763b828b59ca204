// A claimed node and its run.
#ifndef CORALLITE_SIM_KERNEL_H
#define CORALLITE_SIM_KERNEL_H

#include "package.h"
#include "sim.h"

// kernel is one claimed node: one program to a device.
typedef struct {
	device *on;
	int n_inputs, n_outputs;  // inputs: those that are computed before, and state; constants left out
	wanted *inputs, *outputs;
	int *input_index, *output_index;
	bool prepared;
	cpu_model *cpu;  // NULL: the fixed function
	package compiled;
	long loaded;  // device.epoch of the parameters; 0: never loaded
} kernel;

// kernel_run runs a node once, with its device held.
TfLiteStatus kernel_run(TfLiteOpaqueContext *context, kernel *k);

#endif
