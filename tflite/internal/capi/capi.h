// The C side of package capi. TensorFlow Lite's functions that every build of the library has are linked; the others
// (experimental ones, XNNPACK) are looked up when the program runs, so that their absence is an error and not a
// program that does not start.
#ifndef CORALLITE_CAPI_H
#define CORALLITE_CAPI_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <tensorflow/lite/c/c_api.h>
#include <tensorflow/lite/c/common.h>

// A custom operator; the headers do not know it yet by this name.
typedef struct TfLiteOperator TfLiteOperator;

// The functions that are looked up, in this order in cl_functions.
#define CL_FUNCTIONS(F)                                                                                           \
  F(TfLiteInterpreterOptionsEnableCancellation, TfLiteStatus, (TfLiteInterpreterOptions*, bool))                 \
  F(TfLiteInterpreterCancel, TfLiteStatus, (const TfLiteInterpreter*))                                           \
  F(TfLiteInterpreterGetTensor, TfLiteTensor*, (const TfLiteInterpreter*, int))                                  \
  F(TfLiteTensorRealloc, TfLiteStatus, (size_t, TfLiteTensor*))                                                  \
  F(TfLiteOpaqueTensorGetAllocationType, TfLiteAllocationType, (const TfLiteTensor*))                            \
  F(TfLiteInterpreterSetCustomAllocationForTensor, TfLiteStatus,                                                 \
    (TfLiteInterpreter*, int, const TfLiteCustomAllocation*, int64_t))                                           \
  F(TfLiteInterpreterModifyGraphWithDelegate, TfLiteStatus, (const TfLiteInterpreter*, TfLiteDelegate*))         \
  F(TfLiteInterpreterGetSignatureRunner, void*, (const TfLiteInterpreter*, const char*))                         \
  F(TfLiteSignatureRunnerResizeInputTensor, TfLiteStatus, (void*, const char*, const int*, int32_t))             \
  F(TfLiteSignatureRunnerAllocateTensors, TfLiteStatus, (void*))                                                 \
  F(TfLiteSignatureRunnerGetInputTensor, TfLiteTensor*, (void*, const char*))                                    \
  F(TfLiteSignatureRunnerGetOutputTensor, const TfLiteTensor*, (void*, const char*))                             \
  F(TfLiteSignatureRunnerInvoke, TfLiteStatus, (void*))                                                          \
  F(TfLiteSignatureRunnerCancel, TfLiteStatus, (void*))                                                          \
  F(TfLiteSignatureRunnerDelete, void, (void*))                                                                  \
  F(TfLiteXNNPackDelegateOptionsDefault, cl_xnnpack_options, (void))                                             \
  F(TfLiteXNNPackDelegateCreate, TfLiteDelegate*, (const cl_xnnpack_options*))                                   \
  F(TfLiteXNNPackDelegateDelete, void, (TfLiteDelegate*))                                                        \
  F(TfLiteXNNPackDelegateGetFlags, int, (TfLiteDelegate*))                                                       \
  F(TfLiteXNNPackDelegateWeightsCacheCreateWithSize, void*, (size_t))                                            \
  F(TfLiteXNNPackDelegateWeightsCacheFinalizeHard, bool, (void*))                                                \
  F(TfLiteXNNPackDelegateWeightsCacheDelete, void, (void*))                                                      \
  F(TfLiteInterpreterOptionsAddOperator, void, (TfLiteInterpreterOptions*, TfLiteOperator*))                     \
  F(TfLiteOperatorCreateWithData, TfLiteOperator*, (int, const char*, int, void*))                               \
  F(TfLiteOperatorSetInitWithData, TfLiteStatus,                                                                 \
    (TfLiteOperator*, void* (*)(void*, TfLiteOpaqueContext*, const char*, size_t)))                              \
  F(TfLiteOperatorSetFreeWithData, TfLiteStatus, (TfLiteOperator*, void (*)(void*, TfLiteOpaqueContext*, void*))) \
  F(TfLiteOperatorSetPrepareWithData, TfLiteStatus,                                                              \
    (TfLiteOperator*, TfLiteStatus (*)(void*, TfLiteOpaqueContext*, TfLiteOpaqueNode*)))                         \
  F(TfLiteOperatorSetInvokeWithData, TfLiteStatus,                                                               \
    (TfLiteOperator*, TfLiteStatus (*)(void*, TfLiteOpaqueContext*, TfLiteOpaqueNode*)))                         \
  F(TfLiteOpaqueNodeGetUserData, void*, (const TfLiteOpaqueNode*))                                               \
  F(TfLiteOpaqueNodeNumberOfInputs, int, (const TfLiteOpaqueNode*))                                              \
  F(TfLiteOpaqueNodeNumberOfOutputs, int, (const TfLiteOpaqueNode*))                                             \
  F(TfLiteOpaqueNodeGetInput, const TfLiteTensor*, (TfLiteOpaqueContext*, const TfLiteOpaqueNode*, int))         \
  F(TfLiteOpaqueNodeGetOutput, TfLiteTensor*, (TfLiteOpaqueContext*, const TfLiteOpaqueNode*, int))              \
  F(TfLiteOpaqueContextResizeTensor, TfLiteStatus, (TfLiteOpaqueContext*, TfLiteTensor*, TfLiteIntArray*))       \
  F(TfLiteOpaqueContextReportError, void, (TfLiteOpaqueContext*, const char*, ...))                              \
  F(TfLiteIntArrayCreate, TfLiteIntArray*, (int))                                                                \
  F(TfLiteInterpreterOptionsSetTelemetryProfiler, void, (TfLiteInterpreterOptions*, void*))

// TfLiteXNNPackDelegateOptions of any version: up to 2.17 the second word is the flags, from 2.18 on the third, and
// behind it, where a pointer may stand, that to the weights cache. It is returned through a hidden pointer, so a larger
// struct than the library's is safe.
typedef union {
  struct {
    int32_t num_threads;
    uint32_t word[2];
  };
  struct {
    int32_t num_threads;
    uint32_t flags;
    void* weights;
  } until_2_17;
  struct {
    int32_t num_threads;
    uint32_t runtime_flags, flags;
    void* weights;
  } since_2_18;
  char room[512];
} cl_xnnpack_options;

#define CL_FIELD(name, ret, args) ret(*name) args;
typedef struct {
  CL_FUNCTIONS(CL_FIELD)
} cl_functions;
#undef CL_FIELD

const cl_functions* cl_table(void);
bool cl_has(const char* name);

// cl_log takes the runtime's messages of one interpreter, from whatever thread they come.
typedef struct cl_log cl_log;
cl_log* cl_log_new(void);
void cl_log_free(cl_log*);
const uint32_t* cl_log_count(const cl_log*);  // messages since the last take; read without a call
size_t cl_log_take(cl_log*, char* to, size_t size);

TfLiteModel* cl_model(const void* data, size_t size, cl_log*);
void cl_report(TfLiteInterpreterOptions*, cl_log*);

// cl_view is what a tensor is at the moment.
typedef struct {
  char* name;  // a signature's name for it; NULL: by its index
  void* data;
  size_t bytes;
  int32_t type, rank;
  int32_t dims[16];
} cl_view;
enum { CL_SAME = 0, CL_CHANGED = 1, CL_ABSENT = -1, CL_RANK = -2 };
int cl_views(TfLiteInterpreter*, void* runner, cl_view*, int inputs, int all);
int cl_tensor_view(const TfLiteTensor*, cl_view*);

// cl_memory is where the tensors of the main graph have their memory.
typedef struct {
  int64_t arena, persistent;         // bytes from the first to the last tensor in the runtime's memory
  int64_t tensors, dynamic, constant;  // bytes of all tensors there, of those allocated one by one, of constants
} cl_memory;
void cl_memory_use(TfLiteInterpreter*, cl_memory*);

TfLiteDelegate* cl_xnnpack(int threads, int flags_word, uint32_t flags, void* weights, uint32_t* got);
TfLiteDelegate* cl_counter(bool keeps);
int cl_counter_delegated(TfLiteDelegate*);
// cl_counter_plan is what a counter that keeps has seen: for each graph that it was given, as often as it was, a number that is
// the graph's own, and the number of nodes that will run; for each of these its index in the graph, the delegate that it belongs
// to or 0, the number of its inputs and their tensors, the number of its outputs and their tensors.
const int64_t* cl_counter_plan(TfLiteDelegate*, size_t* length);
void cl_counter_delete(TfLiteDelegate*);
int cl_default_delegate(const void* model, size_t size, TfLiteDelegate* given);

#endif
