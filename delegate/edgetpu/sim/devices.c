#define _GNU_SOURCE
#include "devices.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

// next_device reads one entry of the setting devices ("usb", "pci", "usb=/path", "pci=/path", separated by commas) and
// moves *list behind it. usb and pci count what came before, for the paths that are not given.
static bool next_device(const char **list, int *usb, int *pci, int *type, char *path) {
	for (;;) {
		size_t n = strcspn(*list, ",");
		const char *entry = *list;
		if (n == 0 && *entry == 0) return false;
		*list += n + (entry[n] == ',');
		if (n < 3) continue;
		*type = strncmp(entry, "usb", 3) == 0 ? EDGETPU_APEX_USB : EDGETPU_APEX_PCI;
		if (n > 4 && entry[3] == '=' && entry[4] == '/') {
			snprintf(path, path_size, "%.*s", (int)(n - 4), entry + 4);
		} else if (strncmp(entry, "usb", n) == 0) {
			snprintf(path, path_size, "/sys/bus/usb/devices/2-%d", ++*usb);
		} else if (strncmp(entry, "pci", n) == 0) {
			snprintf(path, path_size, "/dev/apex_%d", (*pci)++);
		} else {
			continue;  // "none"
		}
		return true;
	}
}

static bool starts_fresh(const device_state *d) { return d->type == EDGETPU_APEX_USB && setting_number("dfu", 0) != 0; }

bool device_fresh(const device_state *d) { return starts_fresh(d) && !d->firmware; }

// taken says whether a fault keeps the device away.
static bool taken(device_state *d, long long now) {
	if (*d->gone == 0) return false;
	bool away = d->back > now;
	if (d->back == 0) {
		size_t n;
		const fault *all = control_faults(&n);
		for (size_t i = 0; i < n; i++) away |= strcmp(all[i].id, d->gone) == 0;
	}
	if (!away) {
		*d->gone = 0;
		d->back = 0;
	}
	return away;
}

static void settle(device_state *d, long long now) {
	const told *t = control_told(d->path);
	bool away = taken(d, now);
	bool present = d->place > 0 && !away && !(t != NULL && t->gone);
	const char *at = t != NULL && *t->as != 0 ? t->as : *d->as != 0 ? d->as : d->path;
	bool moved = strcmp(at, d->at) != 0;
	if (d->present && (!present || moved)) d->generation++;
	if (present && (!d->present || moved)) {
		d->firmware = !starts_fresh(d);
		if (d->type == EDGETPU_APEX_USB) d->devnum = state_next_devnum();
	}
	d->present = present;
	if (present) snprintf(d->at, sizeof d->at, "%s", at);
}

void devices_settle(void) {
	size_t n;
	device_state *all = state_devices(&n);
	for (size_t i = 0; i < n; i++) all[i].place = 0;
	const char *list = setting("devices");
	if (*list == 0) list = "usb";
	char path[path_size];
	bool added;
	for (int usb = 0, pci = 0, type, place = 1; next_device(&list, &usb, &pci, &type, path); place++) {
		device_state *d = state_device(path, &added);
		d->place = place;
		d->type = type;
	}
	long long now = now_ms();
	all = state_devices(&n);
	for (size_t i = 0; i < n; i++) settle(&all[i], now);
}

static int before(const void *a, const void *b) {
	const device_state *x = *(device_state *const *)a, *y = *(device_state *const *)b;
	int fresh = device_fresh(y) - device_fresh(x);  // libedgetpu lists sticks without firmware first
	return fresh != 0 ? fresh : x->place - y->place;
}

size_t devices_list(device_state **list, size_t limit) {
	size_t n, count = 0;
	device_state *all = state_devices(&n);
	for (size_t i = 0; i < n && count < limit; i++) {
		if (all[i].present) list[count++] = &all[i];
	}
	qsort(list, count, sizeof *list, before);
	return count;
}

device_state *devices_find(int type, const char *path) {
	device_state *list[64];
	size_t n = devices_list(list, sizeof list / sizeof *list);
	for (size_t i = 0; i < n; i++) {
		if (list[i]->type == type && (path == NULL || strcmp(list[i]->at, path) == 0)) return list[i];
	}
	return NULL;
}

void device_opened(device_state *d) {
	if (!device_fresh(d)) return;
	d->firmware = true;
	d->devnum = state_next_devnum();
}

void device_lose(device_state *d, const fault *f) {
	snprintf(d->gone, sizeof d->gone, "%s", f->id);
	snprintf(d->as, sizeof d->as, "%s", f->as);
	d->back = f->ms > 0 ? now_ms() + (long long)f->ms : 0;
	settle(d, now_ms());
}
