// The files are those of Linux: Documentation/ABI/stable/sysfs-bus-usb, and the apex driver's attributes. Each device's
// folder has a file "simulated", by which the simulator knows what it may take away again.
#define _GNU_SOURCE
#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "devices.h"
#include "files.h"
#include "heat.h"
#include "sim.h"

static const char *const folders[] = {"/sys/bus/usb/devices", "/sys/class/apex", NULL};
#define PCI_BUS "/sys/bus/pci/devices"
#define PCI_SLOTS "/sys/devices/pci0000:00"
static const char mark[] = "simulated", marked[] = "simulated Edge TPU\n";

__attribute__((format(printf, 1, 2))) static char *joined(const char *format, ...) {
	char *path;
	va_list arguments;
	va_start(arguments, format);
	if (vasprintf(&path, format, arguments) < 0) abort();
	va_end(arguments);
	return path;
}

// parents makes the folders above a file.
static void parents(char *path) {
	for (char *c = strchr(path + 1, '/'); c != NULL; c = strchr(c + 1, '/')) {
		*c = 0;
		mkdir(path, 0777);  // what it cannot make, the file's own error tells
		*c = '/';
	}
}

// put gives a file its contents, unless it has them. Takes the path over.
static bool put(char *path, const char *text) {
	if (path == NULL) return false;
	char *now = file_read(path);
	bool good = now != NULL && strcmp(now, text) == 0;
	if (!good) {
		parents(path);
		good = file_write(path, text);
	}
	free(now);
	free(path);
	return good;
}

static bool put_number(char *path, const char *format, long n) {
	char *text = joined(format, n);
	bool good = put(path, text);
	free(text);
	return good;
}

// put_link makes a symbolic link to folder and name. Takes the path over.
static bool put_link(char *path, const char *folder, const char *name) {
	char *target = joined("%s%s", folder, name);
	parents(path);
	bool good = symlink(target, path) == 0 || errno == EEXIST;
	free(target);
	free(path);
	return good;
}

// node is the device file of a folder in /sys, as its own files say; NULL when they do not.
static char *node(const char *root, const char *folder) {
	const char *name = strrchr(folder, '/') + 1;
	if (strncmp(name, "apex_", 5) == 0) return joined("%s/dev/%s", root, name);
	char *busnum = joined("%s/busnum", folder), *devnum = joined("%s/devnum", folder);
	char *bus = file_read(busnum), *dev = file_read(devnum);
	char *path = NULL;
	if (bus != NULL && dev != NULL) path = joined("%s/dev/bus/usb/%03d/%03d", root, atoi(bus), atoi(dev));
	free(busnum);
	free(devnum);
	free(bus);
	free(dev);
	return path;
}

static void remove_node(const char *root, const char *folder) {
	char *path = node(root, folder);
	if (path != NULL) unlink(path);
	free(path);
}

// remove_slot takes away what stands for the PCI device behind an apex.
static void remove_slot(const char *root, const char *folder) {
	char *link = joined("%s/device", folder), target[256];
	ssize_t n = readlink(link, target, sizeof target - 1);
	free(link);
	if (n <= 0) return;
	target[n] = 0;
	const char *slot = strrchr(target, '/');
	if (slot == NULL) return;
	static const char *const formats[] = {"%s" PCI_BUS "%s", "%s" PCI_SLOTS "%s/vendor", "%s" PCI_SLOTS "%s/device",
	                                      "%s" PCI_SLOTS "%s/driver", "%s" PCI_SLOTS "%s"};
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		char path[4096];
		snprintf(path, sizeof path, formats[i], root, slot);
		remove(path);
	}
}

static void remove_device(const char *root, const char *folder) {
	remove_node(root, folder);
	remove_slot(root, folder);
	DIR *dir = opendir(folder);
	if (dir == NULL) return;
	for (struct dirent *e; (e = readdir(dir)) != NULL;) {
		char *path = joined("%s/%s", folder, e->d_name);
		unlink(path);  // "." and ".." stay
		free(path);
	}
	closedir(dir);
	rmdir(folder);
}

static bool shown(const char *folder, size_t root, device_state **list, size_t n) {
	for (size_t i = 0; i < n; i++) {
		const char *at = list[i]->at;
		bool apex = list[i]->type == EDGETPU_APEX_PCI;
		if (apex ? strcmp(strrchr(folder, '/'), strrchr(at, '/')) == 0 : strcmp(folder + root, at) == 0) return true;
	}
	return false;
}

// remove_gone takes away what is ours and is not plugged in.
static void remove_gone(const char *root, device_state **list, size_t n) {
	for (int i = 0; folders[i] != NULL; i++) {
		char *parent = joined("%s%s", root, folders[i]);
		DIR *dir = opendir(parent);
		for (struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;) {
			char *folder = joined("%s/%s", parent, e->d_name), *own = joined("%s/%s", folder, mark);
			if (access(own, F_OK) == 0 && !shown(folder, strlen(root), list, n)) remove_device(root, folder);
			free(own);
			free(folder);
		}
		if (dir != NULL) closedir(dir);
		free(parent);
	}
}

// number_in is the first number in a name: the bus of "2-1", the index of "apex_0".
static int number_in(const char *name) { return atoi(name + strcspn(name, "0123456789")); }

static bool show_usb(const char *root, const device_state *d) {
	char *folder = joined("%s%s", root, d->at);
	bool fresh = device_fresh(d), good = true;
	int bus = number_in(strrchr(d->at, '/'));
	char *devnum = joined("%s/devnum", folder), *before = file_read(devnum);
	if (before != NULL && atol(before) != d->devnum) remove_node(root, folder);
	good &= put(joined("%s/%s", folder, mark), marked);
	good &= put(joined("%s/product", folder), marked);
	good &= put(joined("%s/idVendor", folder), fresh ? "1a6e\n" : "18d1\n");
	good &= put(joined("%s/idProduct", folder), fresh ? "089a\n" : "9302\n");
	good &= put_number(joined("%s/speed", folder), "%ld\n", (long)setting_number("usb_speed", 5000));
	good &= put_number(joined("%s/busnum", folder), "%ld\n", bus);
	good &= put_number(devnum, "%ld\n", d->devnum);
	good &= put(node(root, folder), marked);
	free(before);
	free(folder);
	return good;
}

static bool show_pci(const char *root, const device_state *d) {
	static const struct {
		const char *name, *text;
	} fixed[] = {
		{"trip_point0_temp", "85000\n"}, {"trip_point1_temp", "90000\n"}, {"trip_point2_temp", "95000\n"},
		{"hw_temp_warn1", "100000\n"},   {"hw_temp_warn2", "100000\n"},   {"hw_temp_warn1_en", "0\n"},
		{"hw_temp_warn2_en", "1\n"},     {"temp_poll_interval", "5000\n"}, {mark, marked},
	};
	char *folder = joined("%s/sys/class/apex%s", root, strrchr(d->at, '/'));
	bool good = true;
	for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
		good &= put(joined("%s/%s", folder, fixed[i].name), fixed[i].text);
	}
	good &= put_number(joined("%s/temp", folder), "%ld\n", heat_now(d));
	// Chip and slot stay the same when the device comes back as another apex_N.
	int index = number_in(strrchr(d->path, '/'));
	good &= put_number(joined("%s/unique_id", folder), "51dea7000000%04lx\n", index);
	char slot[32];
	snprintf(slot, sizeof slot, "/0000:%02x:00.0", (index + 1) & 0xff);
	good &= put(joined("%s" PCI_SLOTS "%s/vendor", root, slot), "0x1ac1\n");
	good &= put(joined("%s" PCI_SLOTS "%s/device", root, slot), "0x089a\n");
	good &= put_link(joined("%s" PCI_SLOTS "%s/driver", root, slot), "../../../bus/pci/drivers", "/apex");
	good &= put_link(joined("%s/device", folder), "../../../devices/pci0000:00", slot);
	good &= put_link(joined("%s" PCI_BUS "%s", root, slot), "../../../devices/pci0000:00", slot);
	good &= put(node(root, folder), marked);
	free(folder);
	return good;
}

// summary is all that the files say, to see cheaply whether they have changed.
static char *summary(const char *root, device_state **list, size_t n) {
	char *text = joined("%s %s", root, setting("usb_speed"));
	for (size_t i = 0; i < n; i++) {
		char *more = joined("%s\n%s %d %ld %ld", text, list[i]->at, device_fresh(list[i]), list[i]->devnum,
		                    list[i]->type == EDGETPU_APEX_PCI ? heat_now(list[i]) : 0);
		free(text);
		text = more;
	}
	return text;
}

void tree_update(void) {
	static char *last;
	static bool broken;  // it cannot be written, which has been said
	const char *root = setting("tree");
	if (*root == 0 || broken) return;
	device_state *list[64];
	size_t n = devices_list(list, sizeof list / sizeof *list);
	char *now = summary(root, list, n);
	if (last != NULL && strcmp(last, now) == 0) {
		free(now);
		return;
	}
	free(last);
	last = now;
	remove_gone(root, list, n);
	for (size_t i = 0; i < n && !broken; i++) {
		broken = !(list[i]->type == EDGETPU_APEX_USB ? show_usb(root, list[i]) : show_pci(root, list[i]));
	}
}
