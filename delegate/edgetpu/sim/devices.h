// Which devices there are now. Used between sim_begin and sim_end.
#ifndef CORALLITE_SIM_DEVICES_H
#define CORALLITE_SIM_DEVICES_H

#include "state.h"

// devices_settle brings the devices of the state up to date: configured ones, those that are gone and those that are
// back.
void devices_settle(void);

// devices_list gives the devices that are plugged in, in libedgetpu's order, and how many there are of at most limit.
size_t devices_list(device_state **list, size_t limit);

// devices_find gives the device that is plugged in under that path, or NULL. A NULL path is the first one of the type.
device_state *devices_find(int type, const char *path);

// device_fresh says whether a device is a USB stick whose firmware is not loaded (DFU).
bool device_fresh(const device_state *d);

// device_opened notes that the device is opened: a fresh stick gets its firmware, and comes up with another number.
void device_opened(device_state *d);

// device_lose unplugs a device, as the fault says.
void device_lose(device_state *d, const fault *f);

#endif
