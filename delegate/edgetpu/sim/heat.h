// The temperature of a PCIe device. Used between sim_begin and sim_end.
#ifndef CORALLITE_SIM_HEAT_H
#define CORALLITE_SIM_HEAT_H

#include "state.h"

// heat_now is what the sensor shows, in m°C, in steps of 50 as the chip's does.
long heat_now(const device_state *d);

// heat_add warms a device by a run of so many milliseconds.
void heat_add(device_state *d, double ms);

#endif
