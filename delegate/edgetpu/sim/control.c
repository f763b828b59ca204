// The control: one text of lines "name value", made of the environment and, after it, of the control file.
#define _GNU_SOURCE
#include "control.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "sim.h"

extern char **environ;

typedef struct {
	const char *name, *value;
} line;

static char *from_environment, *from_file;  // the texts as they are read
static bool given;                           // whether the environment was given to us
static char *words;                          // both texts, cut into the strings that the rest points to
static line *lines;
static fault *faults;
static told *devices;
static size_t n_lines, n_faults, n_devices;

const char *setting(const char *name) {
	for (size_t i = n_lines; i-- > 0;) {
		if (strcmp(lines[i].name, name) == 0) return lines[i].value;
	}
	return "";
}

double setting_number(const char *name, double otherwise) {
	const char *value = setting(name);
	if (*value == 0) return otherwise;
	char *end;
	double n = strtod(value, &end);
	if (*end == 0 && n >= 0) return n;
	sim_say("%s=%s is no number", name, value);
	return otherwise;
}

const fault *control_faults(size_t *n) {
	*n = n_faults;
	return faults;
}

const told *control_told(const char *path) {
	for (size_t i = n_devices; i-- > 0;) {
		if (strcmp(devices[i].path, path) == 0) return &devices[i];
	}
	return NULL;
}

// control stands in the environment only: a control file that names another one would be no control.
const char *control_path(void) {
	static const char name[] = "control ";
	for (const char *at = from_environment; at != NULL && *at != 0;) {
		const char *end = strchrnul(at, '\n');
		if (strncmp(at, name, sizeof name - 1) == 0) {
			static char path[4096];
			snprintf(path, sizeof path, "%.*s", (int)(end - at - (sizeof name - 1)), at + sizeof name - 1);
			return path;
		}
		at = *end != 0 ? end + 1 : end;
	}
	return "";
}

// is gives the value of a word "key=value", or NULL.
static const char *is(const char *word, const char *key) {
	size_t n = strlen(key);
	return strncmp(word, key, n) == 0 && word[n] == '=' ? word + n + 1 : NULL;
}

// one_of is the index of a word in a list that ends with NULL; -1 when it is not in it.
static int one_of(const char *word, const char *const *list) {
	for (int i = 0; list[i] != NULL; i++) {
		if (strcmp(word, list[i]) == 0) return i;
	}
	return -1;
}

static bool number(const char *word, double *n) {
	char *end;
	*n = strtod(word, &end);
	return *word != 0 && *end == 0;
}

static const char *const kinds[] = {"", "error", "hang", "abort", "segv", "wrong", "slow", "gone", NULL};
static const char *const points[] = {"run", "open", "interpreter", "list", "version", NULL};

// read_fault reads the words behind "fault"; it returns the word that it does not understand, or NULL.
static const char *read_fault(char *text, fault *f) {
	// A fault without a name is counted by its whole line.
	uint64_t hash = 0xcbf29ce484222325u;
	for (const char *c = text; *c != 0; c++) hash = (hash ^ (unsigned char)*c) * 0x100000001b3u;
	*f = (fault){.times = 1, .device = "", .as = ""};
	snprintf(f->id, sizeof f->id, "line-%016llx", (unsigned long long)hash);
	char *rest = NULL;
	for (char *word = strtok_r(text, " \t", &rest); word != NULL; word = strtok_r(NULL, " \t", &rest)) {
		const char *value;
		double n = 0;
		int i;
		if ((value = is(word, "kind")) != NULL && (i = one_of(value, kinds)) > 0) f->kind = (fault_kind)i;
		else if ((value = is(word, "at")) != NULL && (i = one_of(value, points)) >= 0) f->at = (point)i;
		else if ((value = is(word, "nth")) != NULL && number(value, &n) && n >= 0) f->nth = (long)n;
		else if ((value = is(word, "times")) != NULL && strcmp(value, "always") == 0) f->times = -1;
		else if ((value = is(word, "times")) != NULL && number(value, &n) && n >= 0) f->times = (long)n;
		else if ((value = is(word, "ms")) != NULL && number(value, &n) && n >= 0) f->ms = n;
		else if ((value = is(word, "device")) != NULL) f->device = value;
		else if ((value = is(word, "as")) != NULL && *value == '/') f->as = value;
		else if ((value = is(word, "id")) != NULL && *value != 0 && strlen(value) < sizeof f->id) strcpy(f->id, value);
		else return word;
	}
	if (f->kind == no_fault) return "no kind";
	bool needs_run = f->kind == fault_wrong || f->kind == fault_slow || f->kind == fault_gone;
	return needs_run && f->at != at_run ? "a kind that only a run can have" : NULL;
}

static const char *read_told(char *text, told *t) {
	char *rest = NULL, *word = strtok_r(text, " \t", &rest);
	if (word == NULL) return "no path";
	*t = (told){.path = word, .as = ""};
	while ((word = strtok_r(NULL, " \t", &rest)) != NULL) {
		const char *value;
		if (strcmp(word, "gone") == 0) t->gone = true;
		else if ((value = is(word, "as")) != NULL && *value == '/') t->as = value;
		else if ((value = is(word, "temperature")) != NULL && number(value, &t->temperature)) t->pinned = true;
		else return word;
	}
	return NULL;
}

static const char *const names[] = {"control", "tree", "devices", "open", "runtime_version", "version", "cpu_models", "compute",
                                    "threads", "run_ms", "load_ms", "load_ms_per_mb", "log", "dfu", "gone_run",
                                    "usb_speed", "ambient", "heat", "cooling_s", NULL};

static void read_line(char *text) {
	while (isspace((unsigned char)*text)) text++;
	if (*text == 0 || *text == '#') return;
	char *value = text + strcspn(text, " \t");
	if (*value != 0) *value++ = 0;
	while (isspace((unsigned char)*value)) value++;
	for (size_t n = strlen(value); n > 0 && isspace((unsigned char)value[n - 1]); n--) value[n - 1] = 0;
	const char *wrong = NULL;
	if (strcmp(text, "fault") == 0) {
		wrong = read_fault(value, &faults[n_faults]);
		if (wrong == NULL) n_faults++;
	} else if (strcmp(text, "device") == 0) {
		wrong = read_told(value, &devices[n_devices]);
		if (wrong == NULL) n_devices++;
	} else if (one_of(text, names) >= 0) {
		lines[n_lines++] = (line){text, value};
	} else {
		wrong = "no setting has that name";
	}
	if (wrong != NULL) sim_say("a line \"%s\" is passed over: %s", text, wrong);
}

// read_lines cuts both texts into lines.
static void read_lines(void) {
	free(words);
	free(lines);
	free(faults);
	free(devices);
	if (asprintf(&words, "%s\n%s", from_environment, from_file) < 0) abort();
	size_t n = 1;
	for (const char *c = words; *c != 0; c++) n += *c == '\n';
	lines = calloc(n, sizeof *lines);
	faults = calloc(n, sizeof *faults);
	devices = calloc(n, sizeof *devices);
	n_lines = n_faults = n_devices = 0;
	char *rest = NULL;
	for (char *l = strtok_r(words, "\n", &rest); l != NULL; l = strtok_r(NULL, "\n", &rest)) read_line(l);
}

// add_variable appends CORALLITE_SIM_RUN_MS=4 as "run_ms 4", and CORALLITE_SIM_FAULT=A;B as "fault A" and "fault B".
static void add_variable(FILE *out, const char *variable, size_t n) {
	static const char prefix[] = "CORALLITE_SIM_";
	const char *equals = memchr(variable, '=', n), *end = variable + n;
	if (n < sizeof prefix || strncmp(variable, prefix, sizeof prefix - 1) != 0 || equals == NULL || equals + 1 == end) {
		return;  // an empty variable counts as not set
	}
	char name[64];
	size_t length = 0;
	for (const char *c = variable + sizeof prefix - 1; c < equals && length < sizeof name - 1; c++) {
		name[length++] = (char)tolower((unsigned char)*c);
	}
	name[length] = 0;
	bool several = strcmp(name, "fault") == 0;
	fprintf(out, "%s ", name);
	for (const char *c = equals + 1; c < end; c++) {
		if (several && *c == ';') fputs("\nfault ", out);
		else fputc(*c == '\n' ? ' ' : *c, out);
	}
	fputc('\n', out);
}

static char *read_environment(void) {
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	if (out == NULL) abort();
	for (char **v = environ; v != NULL && *v != NULL; v++) {
		if (**v == 'C') add_variable(out, *v, strlen(*v));
	}
	fclose(out);
	return text;
}

// replace takes a text over; it says whether it is another one than before.
static bool replace(char **old, char *text) {
	if (*old != NULL && strcmp(*old, text) == 0) {
		free(text);
		return false;
	}
	free(*old);
	*old = text;
	return true;
}

void control_environment(const char *list) {
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	if (out == NULL) abort();
	for (const char *at = list; *at != 0;) {
		size_t n = strcspn(at, "\n");
		add_variable(out, at, n);
		at += n + (at[n] == '\n');
	}
	fclose(out);
	given = true;
	replace(&from_environment, text);
	replace(&from_file, strdup(""));
	read_lines();
}

bool control_given(void) { return given; }

void control_read_environment(void) {
	if (given) return;
	bool first = from_file == NULL;
	if (first) from_file = strdup("");
	if (replace(&from_environment, read_environment()) || first) read_lines();
}

// The file is read each time and compared: its times and its inode can be the same after it was replaced twice.
void control_read_file(void) {
	const char *path = control_path();
	char *text = *path != 0 ? file_read(path) : NULL;
	if (replace(&from_file, text != NULL ? text : strdup(""))) read_lines();
}
