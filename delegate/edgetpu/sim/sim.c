// A SIMULATOR of libedgetpu for tests: no Edge TPU is involved. It has libedgetpu's C interface (edgetpu_c.h) and is
// steered by the environment; README.md says how.
#define _GNU_SOURCE
#include "sim.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

enum edgetpu_device_type { EDGETPU_APEX_PCI = 0, EDGETPU_APEX_USB = 1 };
struct edgetpu_device {
	enum edgetpu_device_type type;
	const char *path;
};
struct edgetpu_option {
	const char *name, *value;
};

_Atomic long sim_live;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static device *opened;  // guarded by lock

// corallite_sim_live is for tests: 0 when everything was freed.
EXPORT long corallite_sim_live(void) { return atomic_load(&sim_live); }

void sim_log(const char *format, ...) {
	const char *path = getenv("CORALLITE_SIM_LOG");
	if (path == NULL || *path == 0) return;
	FILE *f = fopen(path, "ae");
	if (f == NULL) return;
	va_list arguments;
	va_start(arguments, format);
	vfprintf(f, format, arguments);
	va_end(arguments);
	fputc('\n', f);
	fclose(f);
}

double sim_number(const char *name, double otherwise) {
	const char *value = getenv(name);
	if (value == NULL || *value == 0) return otherwise;
	char *end;
	double n = strtod(value, &end);
	if (*end == 0 && n >= 0) return n;
	fprintf(stderr, "simulated Edge TPU: %s=%s is no number\n", name, value);
	return otherwise;
}

static tflite_api api;
static const char *api_missing;

static void resolve(void) {
#define RESOLVE(result, name, parameters) \
	if ((*(void **)&api.name = dlsym(RTLD_DEFAULT, #name)) == NULL) api_missing = #name;
	TFLITE_FUNCTIONS(RESOLVE)
#undef RESOLVE
	if (api_missing != NULL) fprintf(stderr, "simulated Edge TPU: the program has no %s\n", api_missing);
}

const tflite_api *tflite(void) {
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, resolve);
	return api_missing == NULL ? &api : NULL;
}

// next_device reads one entry of CORALLITE_SIM_DEVICES ("usb", "pci", "usb=/path", "pci=/path", separated by commas)
// and moves *list behind it. usb and pci count what came before, for the paths that are not given.
static bool next_device(const char **list, int *usb, int *pci, int *type, char *path, size_t size) {
	for (;;) {
		size_t n = strcspn(*list, ",");
		const char *entry = *list;
		if (n == 0 && *entry == 0) return false;
		*list += n + (entry[n] == ',');
		if (n < 3) continue;
		*type = strncmp(entry, "usb", 3) == 0 ? EDGETPU_APEX_USB : EDGETPU_APEX_PCI;
		if (n > 4 && entry[3] == '=') {
			snprintf(path, size, "%.*s", (int)(n - 4), entry + 4);
		} else if (strncmp(entry, "usb", n) == 0) {
			snprintf(path, size, "/sys/bus/usb/devices/2-%d", ++*usb);
		} else if (strncmp(entry, "pci", n) == 0) {
			snprintf(path, size, "/dev/apex_%d", (*pci)++);
		} else {
			continue;  // "none"
		}
		return true;
	}
}

static const char *device_list(void) {
	const char *list = getenv("CORALLITE_SIM_DEVICES");
	return list != NULL && *list != 0 ? list : "usb";
}

EXPORT struct edgetpu_device *edgetpu_list_devices(size_t *n) {
	if (n == NULL) abort();  // as libedgetpu does
	enum { limit = 64, path_size = 256 };
	struct block {
		struct edgetpu_device devices[limit];
		char paths[limit][path_size];
	} *block = calloc(1, sizeof *block);
	const char *list = device_list();
	int usb = 0, pci = 0, type;
	size_t count = 0;
	while (block != NULL && count < limit && next_device(&list, &usb, &pci, &type, block->paths[count], path_size)) {
		block->devices[count].type = type;
		block->devices[count].path = block->paths[count];
		count++;
	}
	*n = count;
	if (count == 0) {
		free(block);
		return NULL;
	}
	sim_live++;
	return block->devices;  // the block's first member
}

EXPORT void edgetpu_free_devices(struct edgetpu_device *devices) {
	if (devices == NULL) return;
	sim_live--;
	free(devices);
}

static bool listed(int type, const char *name) {
	const char *list = device_list();
	char path[256];
	int usb = 0, pci = 0, t;
	while (next_device(&list, &usb, &pci, &t, path, sizeof path)) {
		if (t == type && strcmp(path, name) == 0) return true;
	}
	return false;
}

// take gives the opened device of that path, opened now or before.
static device *take(int type, const char *name) {
	pthread_mutex_lock(&lock);
	device *d = opened;
	while (d != NULL && strcmp(d->path, name) != 0) d = d->next;
	if (d == NULL) {
		d = calloc(1, sizeof *d);
		d->path = strdup(name);
		d->type = type;
		pthread_mutex_init(&d->running, NULL);
		d->next = opened;
		opened = d;
	}
	d->references++;
	pthread_mutex_unlock(&lock);
	return d;
}

static void give_back(device *d) {
	pthread_mutex_lock(&lock);
	if (--d->references == 0) {
		device **at = &opened;
		while (*at != d) at = &(*at)->next;
		*at = d->next;
		sim_log("close %s", d->path);
		pthread_mutex_destroy(&d->running);
		free(d->path);
		free(d);
	}
	pthread_mutex_unlock(&lock);
}

EXPORT TfLiteOpaqueDelegate *edgetpu_create_delegate(enum edgetpu_device_type type, const char *name,
                                                     const struct edgetpu_option *options, size_t n) {
	char line[512] = "";
	for (size_t i = 0; i < n; i++) {
		if (name == NULL || options == NULL || options[i].name == NULL) abort();  // as libedgetpu does
		size_t used = strlen(line);
		snprintf(line + used, sizeof line - used, " %s=%s", options[i].name, options[i].value);
	}
	char first[256];
	if (name == NULL) {
		const char *list = device_list();
		int usb = 0, pci = 0, t = -1;
		while (next_device(&list, &usb, &pci, &t, first, sizeof first) && t != (int)type) {
		}
		if (t != (int)type) return NULL;
		name = first;
	}
	const char *failing = getenv("CORALLITE_SIM_OPEN");
	if (failing != NULL && strncmp(failing, "fail", 4) == 0 && (failing[4] == 0 || strcmp(failing + 5, name) == 0)) {
		return NULL;
	}
	if (!listed(type, name)) return NULL;
	device *d = take(type, name);
	TfLiteOpaqueDelegate *delegate = sim_delegate(d);
	if (delegate == NULL) {
		give_back(d);
		return NULL;
	}
	sim_live++;
	sim_log("open %s%s", name, line);
	return delegate;
}

EXPORT void edgetpu_free_delegate(TfLiteOpaqueDelegate *delegate) {
	if (delegate == NULL) return;
	device *d = tflite()->TfLiteOpaqueDelegateGetData(delegate);
	tflite()->TfLiteOpaqueDelegateDelete(delegate);
	give_back(d);
	sim_live--;
}

EXPORT void edgetpu_verbosity(int level) { sim_log("verbosity %d", level); }

EXPORT const char *edgetpu_version(void) {
	static char version[256];
	const char *whole = getenv("CORALLITE_SIM_VERSION");
	pthread_mutex_lock(&lock);
	if (whole != NULL && *whole != 0) {
		snprintf(version, sizeof version, "%s", whole);
	} else {
		snprintf(version, sizeof version, "BuildLabel(COMPILER=simulator,DATE=none,CL_NUMBER=0), RuntimeVersion(%d)",
		         (int)sim_number("CORALLITE_SIM_RUNTIME_VERSION", 14));
	}
	pthread_mutex_unlock(&lock);
	return version;
}
