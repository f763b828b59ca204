// The simulator's delegate: it claims edgetpu-custom-op nodes and computes them with a CPU twin, or with a fixed
// function of their inputs.
#define _GNU_SOURCE
#include "sim.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "devices.h"
#include "fault.h"
#include "heat.h"
#include "package.h"

// kernel is one claimed node: one program to a device.
typedef struct {
	device *on;
	int n_inputs, n_outputs;  // inputs: those that are computed before, and state; constants left out
	wanted *inputs, *outputs;
	int *input_index, *output_index;
	bool prepared;
	twin *cpu;  // NULL: the fixed function
	package compiled;
	long loaded;  // device.epoch of the parameters; 0: never loaded
} kernel;

// read_package finds the compiled package of the node that the kernel is made from.
static package read_package(TfLiteOpaqueContext *context, const TfLiteIntArray *nodes) {
	const tflite_api *tf = tflite();
	package p = {0};
	TfLiteOpaqueNode *node;
	TfLiteOperator *op;
	const void *data = NULL;
	int size = 0;
	if (nodes->size != 1 ||
	    tf->TfLiteOpaqueContextGetNodeAndRegistration(context, nodes->data[0], &node, &op) != kTfLiteOk ||
	    tf->TfLiteOpaqueNodeGetCustomInitialData(node, &data, &size) != kTfLiteOk || data == NULL ||
	    !package_read(data, (size_t)size, &p)) {
		sim_say("the package of an edgetpu-custom-op cannot be read: its parameters cost nothing");
	}
	return p;
}

static void *kernel_init(TfLiteOpaqueContext *context, const char *buffer, size_t length) {
	(void)length;
	const TfLiteOpaqueDelegateParams *p = (const TfLiteOpaqueDelegateParams *)buffer;
	kernel *k = calloc(1, sizeof *k);
	k->on = p->delegate_data;
	k->compiled = read_package(context, p->nodes_to_replace);
	k->inputs = calloc(p->input_tensors->size + 1, sizeof *k->inputs);
	k->outputs = calloc(p->output_tensors->size + 1, sizeof *k->outputs);
	k->input_index = calloc(p->input_tensors->size + 1, sizeof *k->input_index);
	k->output_index = calloc(p->output_tensors->size + 1, sizeof *k->output_index);
	for (int i = 0; i < p->input_tensors->size; i++) {
		int index = p->input_tensors->data[i];
		TfLiteOpaqueTensor *t = tflite()->TfLiteOpaqueContextGetOpaqueTensor(context, index);
		if (t == NULL || tflite()->TfLiteOpaqueTensorGetAllocationType(t) == kTfLiteMmapRo) continue;
		k->input_index[k->n_inputs++] = index;
	}
	for (int i = 0; i < p->output_tensors->size; i++) k->output_index[k->n_outputs++] = p->output_tensors->data[i];
	sim_live++;
	return k;
}

static void kernel_free(TfLiteOpaqueContext *context, void *data) {
	(void)context;
	kernel *k = data;
	if (k == NULL) return;
	twin_free(k->cpu);
	free(k->inputs);
	free(k->outputs);
	free(k->input_index);
	free(k->output_index);
	free(k);
	sim_live--;
}

static void describe(TfLiteOpaqueContext *context, int index, wanted *w) {
	const tflite_api *tf = tflite();
	TfLiteOpaqueTensor *t = tf->TfLiteOpaqueContextGetOpaqueTensor(context, index);
	w->name = tf->TfLiteOpaqueTensorName(t);
	w->type = tf->TfLiteOpaqueTensorType(t);
	w->dims = tf->TfLiteOpaqueTensorNumDims(t);
	for (int i = 0; i < w->dims && i < 8; i++) w->shape[i] = tf->TfLiteOpaqueTensorDim(t, i);
	w->bytes = tf->TfLiteOpaqueTensorByteSize(t);
	w->variable = tf->TfLiteOpaqueTensorIsVariable(t) != 0;
	w->data = tf->TfLiteOpaqueTensorData(t);
}

static void describe_all(TfLiteOpaqueContext *context, kernel *k) {
	for (int i = 0; i < k->n_inputs; i++) describe(context, k->input_index[i], &k->inputs[i]);
	for (int i = 0; i < k->n_outputs; i++) describe(context, k->output_index[i], &k->outputs[i]);
}

static TfLiteStatus kernel_prepare(TfLiteOpaqueContext *context, TfLiteOpaqueNode *node) {
	kernel *k = tflite()->TfLiteOpaqueNodeGetUserData(node);
	if (k->prepared) return kTfLiteOk;
	describe_all(context, k);
	sim_begin();
	char *twins = strdup(setting("twins")), *compute = strdup(setting("compute"));
	int threads = (int)setting_number("threads", 1);
	sim_end();
	bool must = strcmp(compute, "twin") == 0;
	k->prepared = true;
	if (strcmp(compute, "fixed") != 0) {
		k->cpu = twin_find(twins, threads, k->inputs, k->n_inputs, k->outputs, k->n_outputs);
		k->prepared = k->cpu != NULL || !must;
		if (!k->prepared) {
			tflite()->TfLiteOpaqueContextReportError(context,
			    "simulated Edge TPU: no model in CORALLITE_SIM_TWINS has the tensors of this edgetpu-custom-op");
		} else if (k->cpu == NULL) {
			sim_say("no model in CORALLITE_SIM_TWINS fits: outputs are a fixed function");
		}
	}
	free(twins);
	free(compute);
	return k->prepared ? kTfLiteOk : kTfLiteError;
}

// fixed is the function that README.md documents: a hash of all inputs, spread over the outputs.
static void fixed(kernel *k) {
	uint64_t hash = 0xcbf29ce484222325u;
	for (int i = 0; i < k->n_inputs; i++) {
		const uint8_t *p = k->inputs[i].data;
		for (size_t n = k->inputs[i].bytes; n > 0;) {
			uint64_t word = 0;
			size_t part = n < 8 ? n : 8;
			memcpy(&word, p, part);
			hash = (hash ^ word) * 0x100000001b3u;
			hash ^= hash >> 32;
			p += part;
			n -= part;
		}
	}
	for (int o = 0; o < k->n_outputs; o++) {
		uint8_t *p = k->outputs[o].data;
		for (size_t i = 0; i < k->outputs[o].bytes; i++) p[i] = (uint8_t)((hash >> (8 * (i % 8))) + o + i / 8);
	}
}

// sleep_until waits without using the CPU. A thread's timers are 50 us late by default, which is no part of the time
// that the device is to take.
static void sleep_until(struct timespec start, double milliseconds) {
	prctl(PR_SET_TIMERSLACK, 1UL);
	long long ns = start.tv_nsec + (long long)(milliseconds * 1e6);
	start.tv_sec += ns / 1000000000;
	start.tv_nsec = ns % 1000000000;
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &start, NULL) != 0) {
	}
}

// order is what becomes of a run.
typedef struct {
	bool lost;  // the device is gone
	int type;
	char gone_run[16];
	fault f;
	double ms;   // least time
	bool heats;  // whether it warms the device
} order;

// load puts the parameters on the device, as libedgetpu does (driver/driver.cc, SubmitInferenceRequest): another token
// throws out all that are there; each model with the same one loads its own once. It gives the time.
static double load(kernel *k, device_state *d) {
	device *on = k->on;
	package p = k->compiled;
	if (p.token == 0 || p.token != on->token) {
		on->epoch++;
		on->token = 0;
	}
	if (!p.caches || k->loaded == on->epoch) return 0;
	on->token = p.token;
	k->loaded = on->epoch;
	state_count(d, counter_loads);
	return setting_number("load_ms", 0) + setting_number("load_ms_per_mb", 0) * (double)p.bytes / 1e6;
}

// decide counts a run and says what becomes of it.
static order decide(kernel *k) {
	sim_begin();
	bool added;
	device_state *d = state_device(k->on->path, &added);
	state_count(d, at_run);
	order o = {.lost = !d->present || d->generation != k->on->generation, .type = d->type};
	if (!o.lost) o.f = state_fault(d, at_run);
	if (o.f.kind == fault_gone) {
		device_lose(d, &o.f);
		o.lost = true;
	}
	o.heats = o.type == EDGETPU_APEX_PCI && setting_number("heat", 0) > 0;
	snprintf(o.gone_run, sizeof o.gone_run, "%s", setting("gone_run"));
	o.ms = setting_number("run_ms", 0);
	if (o.f.kind == fault_slow && o.f.ms > o.ms) o.ms = o.f.ms;
	if (!o.lost) o.ms += load(k, d);
	sim_end();
	return o;
}

static TfLiteStatus failed(TfLiteOpaqueContext *context, const char *why) {
	tflite()->TfLiteOpaqueContextReportError(context, "simulated Edge TPU: Failed to execute request. %s", why);
	return kTfLiteError;
}

// warm gives a device the heat of a run.
static void warm(const device *on, struct timespec start) {
	struct timespec end;
	clock_gettime(CLOCK_MONOTONIC, &end);
	sim_begin();
	bool added;
	heat_add(state_device(on->path, &added),
	         (double)(end.tv_sec - start.tv_sec) * 1e3 + (double)(end.tv_nsec - start.tv_nsec) / 1e6);
	sim_end();
}

static TfLiteStatus run(TfLiteOpaqueContext *context, kernel *k) {
	struct timespec start;
	clock_gettime(CLOCK_MONOTONIC, &start);
	order o = decide(k);
	if (o.lost) {
		fault_gone_run(o.type, o.gone_run);
		return failed(context, "The device is gone.");
	}
	if (fault_happens(&o.f)) return failed(context, o.f.id);
	if (k->cpu == NULL) {
		fixed(k);
	} else if (twin_run(k->cpu, k->inputs, k->n_inputs, k->outputs, k->n_outputs) != kTfLiteOk) {
		return failed(context, "The CPU twin failed.");
	}
	if (o.f.kind == fault_wrong) fault_spoil(k->outputs, k->n_outputs);
	if (o.ms > 0) sleep_until(start, o.ms);
	if (o.heats) warm(k->on, start);
	return kTfLiteOk;
}

static TfLiteStatus kernel_invoke(TfLiteOpaqueContext *context, TfLiteOpaqueNode *node) {
	kernel *k = tflite()->TfLiteOpaqueNodeGetUserData(node);
	describe_all(context, k);  // tensors may have moved since prepare
	pthread_mutex_lock(&k->on->running);
	TfLiteStatus status = run(context, k);
	pthread_mutex_unlock(&k->on->running);
	return status;
}

// interpreter_fault says whether making the interpreter fails, if it comes back at all.
static bool interpreter_fault(device *on) {
	sim_begin();
	bool added;
	device_state *d = state_device(on->path, &added);
	state_count(d, at_interpreter);
	fault f = state_fault(d, at_interpreter);
	sim_end();
	return fault_happens(&f);
}

static TfLiteStatus delegate_prepare(TfLiteOpaqueContext *context, TfLiteOpaqueDelegate *delegate, void *data) {
	const tflite_api *tf = tflite();
	if (interpreter_fault(data)) {
		tf->TfLiteOpaqueContextReportError(context, "simulated Edge TPU: the delegate was not prepared");
		return kTfLiteError;
	}
	TfLiteIntArray *plan;
	if (tf->TfLiteOpaqueContextGetExecutionPlan(context, &plan) != kTfLiteOk) return kTfLiteError;
	int *claimed = calloc(plan->size + 1, sizeof *claimed), n = 0;
	for (int i = 0; i < plan->size; i++) {
		TfLiteOpaqueNode *node;
		TfLiteOperator *op;
		if (tf->TfLiteOpaqueContextGetNodeAndRegistration(context, plan->data[i], &node, &op) != kTfLiteOk) continue;
		const char *name = tf->TfLiteOperatorGetCustomName(op);
		if (name != NULL && strcmp(name, "edgetpu-custom-op") == 0) claimed[n++] = plan->data[i];
	}
	// One by one, as libedgetpu does: each node is a program of its own. The runtime takes the operator over.
	TfLiteStatus status = kTfLiteOk;
	for (int i = 0; i < n && status == kTfLiteOk; i++) {
		TfLiteOperator *op = tf->TfLiteOperatorCreate(kTfLiteBuiltinDelegate, "SimulatedEdgeTpu", 1);
		tf->TfLiteOperatorSetInit(op, kernel_init);
		tf->TfLiteOperatorSetFree(op, kernel_free);
		tf->TfLiteOperatorSetPrepare(op, kernel_prepare);
		tf->TfLiteOperatorSetInvoke(op, kernel_invoke);
		TfLiteIntArray *one = malloc(sizeof *one + sizeof(int));
		one->size = 1;
		one->data[0] = claimed[i];
		status = tf->TfLiteOpaqueContextReplaceNodeSubsetsWithDelegateKernels(context, op, one, delegate);
		free(one);
	}
	free(claimed);
	return status;
}

TfLiteOpaqueDelegate *sim_delegate(device *d) {
	// Without the flag the runtime would prepare all nodes first, and an edgetpu-custom-op has no kernel yet.
	TfLiteOpaqueDelegateBuilder builder = {.data = d, .Prepare = delegate_prepare, .flags = kTfLiteDelegateFlagsAllowDynamicTensors};
	return tflite()->TfLiteOpaqueDelegateCreate(&builder);
}
