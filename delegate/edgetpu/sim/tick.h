// The passing of time: a thread that brings the made-up machine up to date when nobody calls the library.
#ifndef CORALLITE_SIM_TICK_H
#define CORALLITE_SIM_TICK_H

#include <stdbool.h>

// tick_start starts the thread, or wakes it. It ends when the library is unloaded.
void tick_start(void);

// sim_tick is sim_begin and sim_end without a look at the environment, which the program may be changing. It does
// nothing, and says so, when the program holds nothing of the library: then its folders may be gone.
bool sim_tick(void);

#endif
