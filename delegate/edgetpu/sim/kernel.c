// The simulator's delegate: it claims edgetpu-custom-op nodes.
#define _GNU_SOURCE
#include "kernel.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "fault.h"

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
	cpu_model_free(k->cpu);
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
	char *cpu_models = strdup(setting("cpu_models")), *compute = strdup(setting("compute"));
	int threads = (int)setting_number("threads", 1);
	sim_end();
	bool must = strcmp(compute, "cpu_model") == 0;
	k->prepared = true;
	if (strcmp(compute, "fixed") != 0) {
		k->cpu = cpu_model_find(cpu_models, threads, k->inputs, k->n_inputs, k->outputs, k->n_outputs);
		k->prepared = k->cpu != NULL || !must;
		if (!k->prepared) {
			tflite()->TfLiteOpaqueContextReportError(context,
			    "simulated Edge TPU: no model in CORALLITE_SIM_CPU_MODELS has the tensors of this edgetpu-custom-op");
		} else if (k->cpu == NULL) {
			sim_say("no model in CORALLITE_SIM_CPU_MODELS fits: outputs are a fixed function");
		}
	}
	free(cpu_models);
	free(compute);
	return k->prepared ? kTfLiteOk : kTfLiteError;
}

static TfLiteStatus kernel_invoke(TfLiteOpaqueContext *context, TfLiteOpaqueNode *node) {
	kernel *k = tflite()->TfLiteOpaqueNodeGetUserData(node);
	describe_all(context, k);  // tensors may have moved since prepare
	pthread_mutex_lock(&k->on->running);
	TfLiteStatus status = kernel_run(context, k);
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
