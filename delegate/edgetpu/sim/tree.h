// A made-up machine: the files that the kernel shows of the devices, in a folder that stands for the root.
#ifndef CORALLITE_SIM_TREE_H
#define CORALLITE_SIM_TREE_H

// tree_update brings the folder that the setting tree names up to date; between sim_begin and sim_end.
void tree_update(void);

#endif
