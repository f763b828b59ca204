// Times of operators, as the runtime's telemetry interface tells them (tensorflow/lite/profiling/telemetry/c/profiler.h,
// the same from 2.12 to 2.18).
#ifndef CORALLITE_PROFILE_H
#define CORALLITE_PROFILE_H

#include "capi.h"

typedef struct {
  int64_t subgraph, op;  // the operator's index in its graph, or among those that a delegate has made of a piece
  int64_t piece;         // which piece of the graph a delegate runs, from 0; -1: the runtime itself runs the operator
  uint64_t ns, runs;
  char name[48];
} cl_op_time;

typedef struct cl_profile cl_profile;
cl_profile* cl_profile_new(void);
bool cl_profile_set(TfLiteInterpreterOptions*, cl_profile*);
const cl_op_time* cl_profile_times(const cl_profile*, int* n);
void cl_profile_start(cl_profile*);  // before each run
void cl_profile_clear(cl_profile*);
void cl_profile_free(cl_profile*);

#endif
