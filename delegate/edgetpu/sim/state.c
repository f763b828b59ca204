// The state and its file: lines of words, the last one "end". It is locked while it is used, and written in place by
// one call: replacing it would make some file systems wait for the disk in every run.
#define _GNU_SOURCE
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "files.h"
#include "sim.h"

typedef struct {
	char id[sizeof((fault *)0)->id];
	long fired;
} fired_fault;

static struct {
	device_state *devices;
	size_t n_devices;
	fired_fault *faults;
	size_t n_faults;
	long count[counter_count], fired, devnum;
} state;

static char file[4096];   // the state file; "": none
static char *text;        // its contents as they were read or written last
static int fd = -1;       // the state file, while it is locked
static bool own;          // the file cannot be used: the process keeps a state of its own
static bool held_up;      // somebody else has held the lock too long: nothing is written this time

long long now_ms(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

device_state *state_devices(size_t *n) {
	*n = state.n_devices;
	return state.devices;
}

device_state *state_device(const char *path, bool *added) {
	*added = false;
	for (size_t i = 0; i < state.n_devices; i++) {
		if (strcmp(state.devices[i].path, path) == 0) return &state.devices[i];
	}
	*added = true;
	state.devices = realloc(state.devices, (state.n_devices + 1) * sizeof *state.devices);
	device_state *d = &state.devices[state.n_devices++];
	memset(d, 0, sizeof *d);
	snprintf(d->path, sizeof d->path, "%s", path);
	return d;
}

long state_next_devnum(void) { return ++state.devnum; }

void state_count(device_state *d, int counter) {
	state.count[counter]++;
	if (d != NULL) d->count[counter]++;
}

// fired gives the count of a fault; with add it is there afterwards.
static fired_fault *fired(const char *id, bool add) {
	for (size_t i = 0; i < state.n_faults; i++) {
		if (strcmp(state.faults[i].id, id) == 0) return &state.faults[i];
	}
	if (!add) return NULL;
	state.faults = realloc(state.faults, (state.n_faults + 1) * sizeof *state.faults);
	fired_fault *f = &state.faults[state.n_faults++];
	memset(f, 0, sizeof *f);
	snprintf(f->id, sizeof f->id, "%s", id);
	return f;
}

fault state_fault(device_state *d, point at) {
	size_t n;
	const fault *all = control_faults(&n);
	for (size_t i = 0; i < n; i++) {
		const fault *f = &all[i];
		bool any = *f->device == 0;
		if (f->at != at) continue;
		if (!any && (d == NULL || (strcmp(f->device, d->path) != 0 && strcmp(f->device, d->at) != 0))) continue;
		if ((any ? state.count[at] : d->count[at]) < f->nth) continue;
		fired_fault *before = fired(f->id, true);
		if (f->times >= 0 && before->fired >= f->times) continue;
		before->fired++;
		state.fired++;
		return *f;
	}
	return (fault){.kind = no_fault};
}

// forget drops the counts of faults whose lines are gone from the control: a line that comes again counts anew, and
// the file does not grow.
static void forget(void) {
	size_t n, kept = 0;
	const fault *all = control_faults(&n);
	for (size_t i = 0; i < state.n_faults; i++) {
		bool there = false;
		for (size_t k = 0; k < n && !there; k++) there = strcmp(all[k].id, state.faults[i].id) == 0;
		if (there) state.faults[kept++] = state.faults[i];
	}
	state.n_faults = kept;
}

static const char *const counted[counter_count] = {"runs", "opens", "interpreters", "lists", "versions", "loads"};

// The keys of a device's line. Text has no spaces in it: paths with spaces are not for the simulator.
#define DEVICE_TEXT(F) F(at) F(as) F(gone)
#define DEVICE_NUMBERS(F) \
	F(type) F(present) F(firmware) F(devnum) F(generation) F(back) F(heated_at)

static void read_device(char *rest) {
	const char *path = strsep(&rest, " ");
	bool added;
	device_state *d = state_device(path, &added);
	for (char *word; (word = strsep(&rest, " ")) != NULL;) {
		char *value = strchr(word, '=');
		if (value == NULL) continue;
		*value++ = 0;
#define READ_TEXT(key) \
		if (strcmp(word, #key) == 0) snprintf(d->key, sizeof d->key, "%s", value);
#define READ_NUMBER(key) \
		if (strcmp(word, #key) == 0) d->key = strtoll(value, NULL, 10);
		DEVICE_TEXT(READ_TEXT)
		DEVICE_NUMBERS(READ_NUMBER)
		for (int i = 0; i < counter_count; i++) {
			if (strcmp(word, counted[i]) == 0) d->count[i] = strtol(value, NULL, 10);
		}
		if (strcmp(word, "heated") == 0) d->heated = strtod(value, NULL);
	}
}

static void write_device(FILE *out, const device_state *d) {
	fprintf(out, "device %s", d->path);
#define WRITE_TEXT(key) \
	if (*d->key != 0) fprintf(out, " %s=%s", #key, d->key);
#define WRITE_NUMBER(key) \
	if (d->key != 0) fprintf(out, " %s=%lld", #key, (long long)d->key);
	DEVICE_TEXT(WRITE_TEXT)
	DEVICE_NUMBERS(WRITE_NUMBER)
	for (int i = 0; i < counter_count; i++) {
		if (d->count[i] != 0) fprintf(out, " %s=%ld", counted[i], d->count[i]);
	}
	if (d->heated_at != 0) fprintf(out, " heated=%.3f", d->heated);
	fputc('\n', out);
}

static char *to_text(void) {
	char *made = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&made, &size);
	if (out == NULL) abort();
	for (int i = 0; i < counter_count; i++) fprintf(out, "%s %ld\n", counted[i], state.count[i]);
	fprintf(out, "fired %ld\ndevnum %ld\n", state.fired, state.devnum);
	for (size_t i = 0; i < state.n_devices; i++) write_device(out, &state.devices[i]);
	for (size_t i = 0; i < state.n_faults; i++) {
		fprintf(out, "fault %s %ld\n", state.faults[i].id, state.faults[i].fired);
	}
	fputs("end\n", out);
	fclose(out);
	return made;
}

static void from_text(const char *contents) {
	free(state.devices);
	free(state.faults);
	memset(&state, 0, sizeof state);
	char *copy = strdup(contents), *rest = NULL;
	for (char *l = strtok_r(copy, "\n", &rest); l != NULL; l = strtok_r(NULL, "\n", &rest)) {
		char *words = l, *name = strsep(&words, " ");
		if (words == NULL) continue;
		for (int i = 0; i < counter_count; i++) {
			if (strcmp(name, counted[i]) == 0) state.count[i] = strtol(words, NULL, 10);
		}
		if (strcmp(name, "fired") == 0) state.fired = strtol(words, NULL, 10);
		else if (strcmp(name, "devnum") == 0) state.devnum = strtol(words, NULL, 10);
		else if (strcmp(name, "device") == 0) read_device(words);
		else if (strcmp(name, "fault") == 0) {
			char *id = strsep(&words, " ");
			if (words != NULL) fired(id, true)->fired = strtol(words, NULL, 10);
		}
	}
	free(copy);
}

// choose_file lets the state lie beside the control file, or in the made-up machine.
static void choose_file(void) {
	char now[sizeof file] = "";
	if (*control_path() != 0) snprintf(now, sizeof now, "%s.state", control_path());
	else if (*setting("tree") != 0) snprintf(now, sizeof now, "%s/.simulator.state", setting("tree"));
	if (strcmp(now, file) == 0) return;
	strcpy(file, now);
	own = false;
	free(text);
	text = NULL;
}

// take_lock waits for the lock, but not for ever: a process may be stopped while it holds it. Who was held up once
// waits little from then on.
static bool take_lock(void) {
	enum { long_ms = 3000, short_ms = 10 };
	static int patience = long_ms;
	for (int ms = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; ms++) {
		if (errno != EWOULDBLOCK && errno != EINTR) return false;
		if (ms < patience) {
			usleep(1000);
			continue;
		}
		if (patience == long_ms) sim_say("%s is locked by a process that does not go on: nothing is counted", file);
		held_up = true;
		patience = short_ms;
		return true;
	}
	patience = long_ms;
	return true;
}

// take_in goes by what the file says, unless it says what is known. A file that a dying process has not written to its
// end says nothing.
static void take_in(char *now) {
	char *end = strstr(now, "\nend\n");
	if (end != NULL) strcpy(end + 1, "end\n");
	if (end == NULL && *now != 0) {
		sim_say("%s is not whole", file);
		free(now);
		free(text);
		text = NULL;  // it is written anew
		return;
	}
	if (text == NULL || strcmp(text, now) != 0) from_text(now);
	free(text);
	text = now;
}

void state_open(void) {
	choose_file();
	if (*file == 0 || own) return;
	fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0 || !take_lock()) {
		own = true;
		sim_say("%s cannot be locked: %s. This process counts runs and faults on its own", file, strerror(errno));
		return;
	}
	take_in(file_contents(fd));
}

// write_out replaces the contents. What is left of longer ones stands behind the end until it is cut off.
static void write_out(const char *now) {
	size_t n = strlen(now);
	own = pwrite(fd, now, n, 0) != (ssize_t)n || ftruncate(fd, (off_t)n) != 0;
	if (own) sim_say("%s cannot be written: %s. This process counts runs and faults on its own", file, strerror(errno));
}

void state_close(void) {
	forget();
	if (fd >= 0 && !own && !held_up) {
		char *now = to_text();
		if (text == NULL || strcmp(text, now) != 0) write_out(now);
		free(text);
		text = now;
	}
	if (fd >= 0) close(fd);
	fd = -1;
	held_up = false;
}
