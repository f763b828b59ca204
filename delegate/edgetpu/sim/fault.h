// Faults, made to happen.
#ifndef CORALLITE_SIM_FAULT_H
#define CORALLITE_SIM_FAULT_H

#include "sim.h"

// fault_happens does what a fault does to a call of the library: it hangs, ends the process, or waits. It is used
// outside of sim_begin and sim_end. It says whether the call is to fail.
bool fault_happens(const fault *f);

// fault_gone_run is what libedgetpu does with a run of a device that is gone. It says whether it came back from it: a
// run that fails.
void fault_gone_run(int type, const char *how);

// fault_spoil makes an answer wrong: every byte of it differs from the right one.
void fault_spoil(const wanted *outputs, int n);

#endif
