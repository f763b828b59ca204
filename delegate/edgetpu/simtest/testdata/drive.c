// Drives the simulator from C, linked with it, so that sanitizers see all of it.
//
//	drive run TFLITE MODEL RUNS [KEY VALUE]…   through the plug-in interface, with these options
//	drive package DATA TIMES                   reads the custom data of a node, changed at random so often
//	drive text FILE TIMES                      reads control and state files of changed lines so often
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "edgetpu.h"
#include "files.h"
#include "package.h"
#include "sim.h"

TfLiteOpaqueDelegate *tflite_plugin_create_delegate(char **, char **, size_t, void (*)(const char *));
void tflite_plugin_destroy_delegate(TfLiteOpaqueDelegate *);

static int fail(const char *what) {
	fprintf(stderr, "%s\n", what);
	return 1;
}

static uint8_t *read_bytes(const char *path, size_t *size) {
	FILE *f = fopen(path, "rb");
	if (f == NULL) exit(fail(path));
	uint8_t *bytes = malloc(1 << 24);
	*size = fread(bytes, 1, 1 << 24, f);
	fclose(f);
	return bytes;
}

static int run(int argc, char **argv) {
	if (dlopen(argv[0], RTLD_NOW | RTLD_GLOBAL) == NULL) return fail(dlerror());
	const tflite_api *tf = tflite();
	if (tf == NULL) return fail("no TensorFlow Lite");
	char *keys[8], *values[8];
	size_t n = 0;
	for (int i = 3; i + 1 < argc; i += 2) {
		keys[n] = argv[i];
		values[n++] = argv[i + 1];
	}
	TfLiteOpaqueDelegate *delegate = tflite_plugin_create_delegate(keys, values, n, NULL);
	if (delegate == NULL) return fail("no delegate");
	size_t size;
	uint8_t *bytes = read_bytes(argv[1], &size);
	TfLiteModel *model = tf->TfLiteModelCreate(bytes, size);
	TfLiteInterpreterOptions *options = tf->TfLiteInterpreterOptionsCreate();
	tf->TfLiteInterpreterOptionsAddDelegate(options, delegate);
	TfLiteInterpreter *interpreter = tf->TfLiteInterpreterCreate(model, options);
	if (interpreter == NULL) return fail("no interpreter");
	bool good = tf->TfLiteInterpreterAllocateTensors(interpreter) == kTfLiteOk;
	for (int i = 0; good && i < atoi(argv[2]); i++) good = tf->TfLiteInterpreterInvoke(interpreter) == kTfLiteOk;
	tf->TfLiteInterpreterDelete(interpreter);
	tf->TfLiteInterpreterOptionsDelete(options);
	tflite_plugin_destroy_delegate(delegate);
	tf->TfLiteModelDelete(model);
	free(bytes);
	if (sim_live != 0) return fail("something is left");
	return good ? 0 : fail("a run failed");
}

// changed is a copy of exactly the size it claims, so that a read past its end is seen.
static uint8_t *changed(const uint8_t *bytes, size_t *size) {
	if (rand() % 4 == 0) *size = (size_t)rand() % *size;
	uint8_t *copy = malloc(*size + 1);
	memcpy(copy, bytes, *size);
	copy = realloc(copy, *size);
	for (int i = rand() % 4; *size > 0 && i >= 0; i--) {
		// Offsets and types stand at both ends; most of what is between them is parameters.
		size_t near = (size_t)rand() % (*size < 256 ? *size : 256);
		copy[rand() % 2 == 0 ? near : *size - 1 - near] = (uint8_t)rand();
	}
	return copy;
}

static int packages(const char *path, int times) {
	size_t size;
	uint8_t *bytes = read_bytes(path, &size);
	package p;
	if (!package_read(bytes, size, &p) || !p.caches || p.token == 0) return fail("the package cannot be read");
	printf("token %016llx bytes %zu\n", (unsigned long long)p.token, p.bytes);
	int good = 0;
	for (int i = 0; i < times; i++) {
		size_t n = size;
		uint8_t *copy = changed(bytes, &n);
		good += package_read(copy, n, &p);
		free(copy);
	}
	printf("%d of %d were read\n", good, times);
	free(bytes);
	return 0;
}

static int texts(const char *path, int times) {
	char *state, *environment;
	if (asprintf(&state, "%s.state", path) < 0 || asprintf(&environment, "CORALLITE_SIM_CONTROL=%s", path) < 0) return 1;
	char *control = file_read(path), *before = file_read(state);
	control_environment(environment);
	for (int i = 0; i < times; i++) {
		char *text = i % 2 == 0 ? control : before;
		size_t n = strlen(text);
		uint8_t *copy = changed((uint8_t *)text, &n);
		for (size_t k = 0; k < n; k++) copy[k] += copy[k] == 0;
		copy = realloc(copy, n + 1);
		copy[n] = 0;
		file_write(i % 2 == 0 ? path : state, (char *)copy);
		free(copy);
		edgetpu_free_devices(edgetpu_list_devices(&n));
	}
	free(state);
	free(environment);
	free(control);
	free(before);
	return sim_live == 0 ? 0 : fail("something is left");
}

int main(int argc, char **argv) {
	if (argc >= 5 && strcmp(argv[1], "run") == 0) return run(argc - 2, argv + 2);
	if (argc == 4 && strcmp(argv[1], "package") == 0) return packages(argv[2], atoi(argv[3]));
	if (argc == 4 && strcmp(argv[1], "text") == 0) return texts(argv[2], atoi(argv[3]));
	return fail("drive run|package|text …");
}
