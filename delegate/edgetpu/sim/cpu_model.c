// The CPU model inside the simulator: found among the models that the environment names, cut to what the device would
// compute, run with XNNPACK as the CPU path of the project runs it, so that results are equal bit for bit.
#define _GNU_SOURCE
#include "sim.h"

#include <dirent.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct cpu_model {
	uint8_t *bytes;
	TfLiteModel *model;
	void *xnnpack;
	TfLiteInterpreterOptions *options;
	TfLiteInterpreter *interpreter;
};

typedef struct {
	wanted *inputs, *outputs;
	int n_inputs, n_outputs, threads;
} request;

static uint8_t *read_file(const char *path, size_t spare, size_t *size) {
	FILE *f = fopen(path, "rbe");
	if (f == NULL) return NULL;
	struct stat s;
	uint8_t *bytes = NULL;
	if (fstat(fileno(f), &s) == 0 && S_ISREG(s.st_mode) && s.st_size > 8) {
		*size = s.st_size;
		// 16-byte aligned, as the runtime wants constants to be
		bytes = aligned_alloc(16, (*size + spare + 15) / 16 * 16);
		if (bytes != NULL && fread(bytes, 1, *size, f) != *size) {
			free(bytes);
			bytes = NULL;
		}
	}
	fclose(f);
	return bytes;
}

// open_cpu_model makes a CPU model of the model at path, or gives NULL when the model does not fit.
static cpu_model *open_cpu_model(const char *path, request r) {
	size_t size = 0, spare = 64 + 4 * (size_t)(r.n_inputs + r.n_outputs);
	uint8_t *bytes = read_file(path, spare, &size);
	if (bytes == NULL) return NULL;
	size = cut_model(bytes, size, spare, r.inputs, r.n_inputs, r.outputs, r.n_outputs);
	if (size == 0) {
		free(bytes);
		return NULL;
	}
	const tflite_api *tf = tflite();
	cpu_model *t = calloc(1, sizeof *t);
	sim_live++;
	t->bytes = bytes;
	t->model = tf->TfLiteModelCreate(bytes, size);
	t->options = tf->TfLiteInterpreterOptionsCreate();
	tf->TfLiteInterpreterOptionsSetNumThreads(t->options, r.threads);
	XNNPackOptions xnnpack = tf->TfLiteXNNPackDelegateOptionsDefault();
	xnnpack.num_threads = r.threads;
	t->xnnpack = tf->TfLiteXNNPackDelegateCreate(&xnnpack);
	if (t->xnnpack != NULL) tf->TfLiteInterpreterOptionsAddDelegate(t->options, t->xnnpack);
	if (t->model != NULL) t->interpreter = tf->TfLiteInterpreterCreate(t->model, t->options);
	bool good = t->interpreter != NULL && tf->TfLiteInterpreterAllocateTensors(t->interpreter) == kTfLiteOk;
	for (int i = 0; good && i < r.n_inputs + r.n_outputs; i++) {
		wanted *w = i < r.n_inputs ? &r.inputs[i] : &r.outputs[i - r.n_inputs];
		TfLiteTensor *own = tf->TfLiteInterpreterGetTensor(t->interpreter, w->cpu_model);
		good = own != NULL && tf->TfLiteTensorData(own) != NULL && tf->TfLiteTensorByteSize(own) == w->bytes;
	}
	if (!good) {
		sim_say("%s has the tensors, but does not run", path);
		cpu_model_free(t);
		return NULL;
	}
	sim_begin();
	sim_log("cpu_model %s", path);
	sim_end();
	return t;
}

static int is_cpu_model(const struct dirent *e) {
	size_t n = strlen(e->d_name);
	const char *compiled = "_edgetpu.tflite";
	return n > 7 && strcmp(e->d_name + n - 7, ".tflite") == 0 &&
	       (n < strlen(compiled) || strcmp(e->d_name + n - strlen(compiled), compiled) != 0);
}

// search tries a file, or the models of a folder by name.
static cpu_model *search(const char *path, request r) {
	struct stat s;
	if (stat(path, &s) != 0) {
		sim_say("%s of CORALLITE_SIM_CPU_MODELS is not there", path);
		return NULL;
	}
	if (!S_ISDIR(s.st_mode)) return open_cpu_model(path, r);
	struct dirent **names;
	int n = scandir(path, &names, is_cpu_model, alphasort);
	cpu_model *found = NULL;
	for (int i = 0; i < n; i++) {
		char file[4096];
		snprintf(file, sizeof file, "%s/%s", path, names[i]->d_name);
		if (found == NULL) found = open_cpu_model(file, r);
		free(names[i]);
	}
	if (n >= 0) free(names);
	return found;
}

cpu_model *cpu_model_find(const char *list, int threads, wanted *inputs, int n_inputs, wanted *outputs, int n_outputs) {
	request r = {inputs, outputs, n_inputs, n_outputs, threads};
	char *copy = strdup(list), *rest = NULL;
	cpu_model *found = NULL;
	for (char *path = strtok_r(copy, ":", &rest); path != NULL && found == NULL; path = strtok_r(NULL, ":", &rest)) {
		found = search(path, r);
	}
	free(copy);
	return found;
}

TfLiteStatus cpu_model_run(cpu_model *t, wanted *inputs, int n_inputs, wanted *outputs, int n_outputs) {
	const tflite_api *tf = tflite();
	for (int i = 0; i < n_inputs; i++) {
		TfLiteTensor *own = tf->TfLiteInterpreterGetTensor(t->interpreter, inputs[i].cpu_model);
		memcpy(tf->TfLiteTensorData(own), inputs[i].data, inputs[i].bytes);
	}
	if (tf->TfLiteInterpreterInvoke(t->interpreter) != kTfLiteOk) return kTfLiteError;
	for (int i = 0; i < n_outputs; i++) {
		TfLiteTensor *own = tf->TfLiteInterpreterGetTensor(t->interpreter, outputs[i].cpu_model);
		memcpy(outputs[i].data, tf->TfLiteTensorData(own), outputs[i].bytes);
	}
	for (int i = 0; i < n_inputs; i++) {
		if (!inputs[i].variable) continue;
		TfLiteTensor *own = tf->TfLiteInterpreterGetTensor(t->interpreter, inputs[i].cpu_model);
		memcpy(inputs[i].data, tf->TfLiteTensorData(own), inputs[i].bytes);
	}
	return kTfLiteOk;
}

void cpu_model_free(cpu_model *t) {
	if (t == NULL) return;
	const tflite_api *tf = tflite();
	if (t->interpreter != NULL) tf->TfLiteInterpreterDelete(t->interpreter);
	if (t->options != NULL) tf->TfLiteInterpreterOptionsDelete(t->options);
	if (t->xnnpack != NULL) tf->TfLiteXNNPackDelegateDelete(t->xnnpack);
	if (t->model != NULL) tf->TfLiteModelDelete(t->model);
	free(t->bytes);
	free(t);
	sim_live--;
}
