// A SIMULATOR of libedgetpu for tests: no Edge TPU is involved. It has libedgetpu's C interface (edgetpu_c.h) and is
// steered by the environment and a control file; README.md says how.
#define _GNU_SOURCE
#include "sim.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devices.h"
#include "edgetpu.h"
#include "fault.h"
#include "tick.h"
#include "tree.h"

_Atomic long sim_live;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;  // of sim_begin and sim_end
static device *opened;                                    // guarded by lock

// corallite_sim_live is for tests: 0 when everything was freed.
EXPORT long corallite_sim_live(void) { return atomic_load(&sim_live); }

static void settle(bool environment) {
	if (environment) control_read_environment();
	state_open();
	control_read_file();
	devices_settle();
}

static void keep(void) {
	tree_update();
	state_close();
}

void sim_begin(void) {
	pthread_mutex_lock(&lock);
	settle(true);
}

void sim_end(void) {
	keep();
	bool tree = *setting("tree") != 0;
	pthread_mutex_unlock(&lock);
	if (tree) tick_start();
}

bool sim_tick(void) {
	pthread_mutex_lock(&lock);
	bool needed = sim_live > 0 || control_given();
	if (needed) {
		settle(false);
		keep();
	}
	pthread_mutex_unlock(&lock);
	return needed;
}

// corallite_sim_environment gives this copy of the library an environment of its own: NAME=value, one a line.
EXPORT void corallite_sim_environment(const char *list) {
	pthread_mutex_lock(&lock);
	control_environment(list);
	pthread_mutex_unlock(&lock);
}

// corallite_sim_update lets what has changed in the control file take effect now.
EXPORT void corallite_sim_update(void) {
	sim_begin();
	sim_end();
}

static void vsay(FILE *f, const char *before, const char *format, va_list arguments) {
	char line[1024];
	vsnprintf(line, sizeof line, format, arguments);
	fprintf(f, "%s%s\n", before, line);
}

void sim_say(const char *format, ...) {
	va_list arguments;
	va_start(arguments, format);
	vsay(stderr, "simulated Edge TPU: ", format, arguments);
	va_end(arguments);
}

void sim_log(const char *format, ...) {
	const char *path = setting("log");
	FILE *f = *path != 0 ? fopen(path, "ae") : NULL;
	if (f == NULL) return;
	va_list arguments;
	va_start(arguments, format);
	vsay(f, "", format, arguments);
	va_end(arguments);
	fclose(f);
}

static tflite_api api;
static const char *api_missing;

static void resolve(void) {
#define RESOLVE(result, name, parameters) \
	if ((*(void **)&api.name = dlsym(RTLD_DEFAULT, #name)) == NULL) api_missing = #name;
	TFLITE_FUNCTIONS(RESOLVE)
#undef RESOLVE
	if (api_missing != NULL) sim_say("the program has no %s", api_missing);
}

const tflite_api *tflite(void) {
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, resolve);
	return api_missing == NULL ? &api : NULL;
}

EXPORT struct edgetpu_device *edgetpu_list_devices(size_t *n) {
	if (n == NULL) abort();  // as libedgetpu does
	enum { limit = 64 };
	struct block {
		struct edgetpu_device devices[limit];
		char paths[limit][path_size];
	} *block = calloc(1, sizeof *block);
	if (block == NULL) abort();
	device_state *list[limit];
	sim_begin();
	*n = devices_list(list, limit);
	for (size_t i = 0; i < *n; i++) {
		strcpy(block->paths[i], list[i]->at);
		block->devices[i] = (struct edgetpu_device){list[i]->type, block->paths[i]};
	}
	state_count(NULL, at_list);
	fault f = state_fault(NULL, at_list);
	sim_end();
	if (fault_happens(&f)) *n = 0;
	if (*n == 0) {
		free(block);
		return NULL;
	}
	sim_live++;
	return block->devices;  // the block's first member
}

EXPORT void edgetpu_free_devices(struct edgetpu_device *devices) {
	if (devices == NULL) return;
	pthread_mutex_lock(&lock);  // no tick is under way when it returns
	sim_live--;
	pthread_mutex_unlock(&lock);
	free(devices);
}

// take gives the opened device, opened now or before. One that was unplugged since stays what it is until all its
// delegates are gone, as in libedgetpu.
static device *take(const device_state *s) {
	device *d = opened;
	while (d != NULL && strcmp(d->path, s->path) != 0) d = d->next;
	if (d == NULL) {
		d = calloc(1, sizeof *d);
		d->path = strdup(s->path);
		d->generation = s->generation;
		pthread_mutex_init(&d->running, NULL);
		d->next = opened;
		opened = d;
	}
	d->references++;
	return d;
}

static void give_back(device *d) {
	if (--d->references > 0) return;
	device **at = &opened;
	while (*at != d) at = &(*at)->next;
	*at = d->next;
	bool added;
	sim_log("close %s", state_device(d->path, &added)->at);
	pthread_mutex_destroy(&d->running);
	free(d->path);
	free(d);
}

// open_fails says what the setting open says: "fail", or "fail:/path".
static bool open_fails(const char *name) {
	const char *failing = setting("open");
	return strncmp(failing, "fail", 4) == 0 && (failing[4] == 0 || strcmp(failing + 5, name) == 0);
}

EXPORT TfLiteOpaqueDelegate *edgetpu_create_delegate(enum edgetpu_device_type type, const char *name,
                                                     const struct edgetpu_option *options, size_t n) {
	char line[512] = "";
	for (size_t i = 0; i < n; i++) {
		if (name == NULL || options == NULL || options[i].name == NULL) abort();  // as libedgetpu does
		size_t used = strlen(line);
		snprintf(line + used, sizeof line - used, " %s=%s", options[i].name, options[i].value);
	}
	sim_begin();
	device_state *s = devices_find(type, name);
	state_count(s, at_open);
	fault f = state_fault(s, at_open);
	bool fails = s == NULL || open_fails(s->at);
	sim_end();
	if (fault_happens(&f) || fails) return NULL;
	if (tflite() == NULL) return NULL;
	sim_begin();
	s = devices_find(type, name);  // it may have gone while the opening hung
	device *d = NULL;
	if (s != NULL) {
		device_opened(s);
		d = take(s);
		sim_live++;
		sim_log("open %s%s", s->at, line);
	}
	sim_end();
	return d != NULL ? sim_delegate(d) : NULL;
}

EXPORT void edgetpu_free_delegate(TfLiteOpaqueDelegate *delegate) {
	if (delegate == NULL) return;
	device *d = tflite()->TfLiteOpaqueDelegateGetData(delegate);
	tflite()->TfLiteOpaqueDelegateDelete(delegate);
	sim_begin();
	give_back(d);
	sim_live--;
	sim_end();
}

EXPORT void edgetpu_verbosity(int level) {
	sim_begin();
	sim_log("verbosity %d", level);
	sim_end();
}

EXPORT const char *edgetpu_version(void) {
	static char version[256];
	sim_begin();
	const char *whole = setting("version");
	if (*whole != 0) {
		snprintf(version, sizeof version, "%s", whole);
	} else {
		snprintf(version, sizeof version, "BuildLabel(COMPILER=simulator,DATE=none,CL_NUMBER=0), RuntimeVersion(%d)",
		         (int)setting_number("runtime_version", 14));
	}
	state_count(NULL, at_version);
	fault f = state_fault(NULL, at_version);
	sim_end();
	if (fault_happens(&f)) version[0] = 0;
	return version;
}
