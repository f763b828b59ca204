// What the simulator uses of TensorFlow Lite, declared here because the headers that can be had (2.12) are older than
// the library (2.17): the opaque delegate interface and the plain C interface. Everything is found with dlsym in the
// program that loaded the simulator. Names and signatures: tensorflow/lite/core/c/{c_api,c_api_opaque,operator,common}.h.
#ifndef CORALLITE_SIM_TFLITE_H
#define CORALLITE_SIM_TFLITE_H

#include <stddef.h>
#include <stdint.h>

typedef enum { kTfLiteOk = 0, kTfLiteError = 1 } TfLiteStatus;

enum { kTfLiteBuiltinDelegate = 51 };  // BuiltinOperator_DELEGATE
enum { kTfLiteMmapRo = 1 };            // TfLiteAllocationType of a constant
enum { kTfLiteDelegateFlagsAllowDynamicTensors = 1 };

typedef struct TfLiteModel TfLiteModel;
typedef struct TfLiteInterpreter TfLiteInterpreter;
typedef struct TfLiteInterpreterOptions TfLiteInterpreterOptions;
typedef struct TfLiteTensor TfLiteTensor;
typedef struct TfLiteOpaqueContext TfLiteOpaqueContext;
typedef struct TfLiteOpaqueNode TfLiteOpaqueNode;
typedef struct TfLiteOpaqueTensor TfLiteOpaqueTensor;
typedef struct TfLiteOpaqueDelegate TfLiteOpaqueDelegate;
typedef struct TfLiteOperator TfLiteOperator;

typedef struct {
	int size;
	int data[];
} TfLiteIntArray;

typedef struct {
	void *data;
	TfLiteStatus (*Prepare)(TfLiteOpaqueContext *, TfLiteOpaqueDelegate *, void *data);
	void *CopyFromBufferHandle, *CopyToBufferHandle, *FreeBufferHandle;  // not used
	int64_t flags;
} TfLiteOpaqueDelegateBuilder;

typedef struct {
	TfLiteOpaqueDelegate *delegate;
	void *delegate_data;
	TfLiteIntArray *nodes_to_replace;
	TfLiteIntArray *input_tensors;
	TfLiteIntArray *output_tensors;
} TfLiteOpaqueDelegateParams;

// The XNNPACK delegate's options: num_threads comes first in every version; the rest is passed on as the library set
// it. Larger than any version's, so that a struct returned by value fits.
typedef struct {
	int32_t num_threads;
	char rest[508];
} XNNPackOptions;

// One line a function: return type, name, parameters.
#define TFLITE_FUNCTIONS(F) \
	F(TfLiteOpaqueDelegate *, TfLiteOpaqueDelegateCreate, (const TfLiteOpaqueDelegateBuilder *)) \
	F(void, TfLiteOpaqueDelegateDelete, (TfLiteOpaqueDelegate *)) \
	F(void *, TfLiteOpaqueDelegateGetData, (const TfLiteOpaqueDelegate *)) \
	F(TfLiteStatus, TfLiteOpaqueContextGetExecutionPlan, (TfLiteOpaqueContext *, TfLiteIntArray **)) \
	F(TfLiteStatus, TfLiteOpaqueContextGetNodeAndRegistration, \
	  (TfLiteOpaqueContext *, int, TfLiteOpaqueNode **, TfLiteOperator **)) \
	F(TfLiteStatus, TfLiteOpaqueContextReplaceNodeSubsetsWithDelegateKernels, \
	  (TfLiteOpaqueContext *, TfLiteOperator *, const TfLiteIntArray *, TfLiteOpaqueDelegate *)) \
	F(TfLiteOpaqueTensor *, TfLiteOpaqueContextGetOpaqueTensor, (const TfLiteOpaqueContext *, int)) \
	F(void, TfLiteOpaqueContextReportError, (TfLiteOpaqueContext *, const char *, ...)) \
	F(void *, TfLiteOpaqueNodeGetUserData, (const TfLiteOpaqueNode *)) \
	F(TfLiteStatus, TfLiteOpaqueNodeGetCustomInitialData, (const TfLiteOpaqueNode *, const void **, int *)) \
	F(int, TfLiteOpaqueTensorType, (const TfLiteOpaqueTensor *)) \
	F(int32_t, TfLiteOpaqueTensorNumDims, (const TfLiteOpaqueTensor *)) \
	F(int32_t, TfLiteOpaqueTensorDim, (const TfLiteOpaqueTensor *, int32_t)) \
	F(int, TfLiteOpaqueTensorIsVariable, (const TfLiteOpaqueTensor *)) \
	F(int, TfLiteOpaqueTensorGetAllocationType, (const TfLiteOpaqueTensor *)) \
	F(size_t, TfLiteOpaqueTensorByteSize, (const TfLiteOpaqueTensor *)) \
	F(void *, TfLiteOpaqueTensorData, (const TfLiteOpaqueTensor *)) \
	F(const char *, TfLiteOpaqueTensorName, (const TfLiteOpaqueTensor *)) \
	F(TfLiteOperator *, TfLiteOperatorCreate, (int builtin_code, const char *custom_name, int version)) \
	F(const char *, TfLiteOperatorGetCustomName, (const TfLiteOperator *)) \
	F(void, TfLiteOperatorSetInit, (TfLiteOperator *, void *(*)(TfLiteOpaqueContext *, const char *, size_t))) \
	F(void, TfLiteOperatorSetFree, (TfLiteOperator *, void (*)(TfLiteOpaqueContext *, void *))) \
	F(void, TfLiteOperatorSetPrepare, (TfLiteOperator *, TfLiteStatus (*)(TfLiteOpaqueContext *, TfLiteOpaqueNode *))) \
	F(void, TfLiteOperatorSetInvoke, (TfLiteOperator *, TfLiteStatus (*)(TfLiteOpaqueContext *, TfLiteOpaqueNode *))) \
	F(TfLiteModel *, TfLiteModelCreate, (const void *, size_t)) \
	F(void, TfLiteModelDelete, (TfLiteModel *)) \
	F(TfLiteInterpreterOptions *, TfLiteInterpreterOptionsCreate, (void)) \
	F(void, TfLiteInterpreterOptionsDelete, (TfLiteInterpreterOptions *)) \
	F(void, TfLiteInterpreterOptionsSetNumThreads, (TfLiteInterpreterOptions *, int32_t)) \
	F(void, TfLiteInterpreterOptionsAddDelegate, (TfLiteInterpreterOptions *, void *)) \
	F(TfLiteInterpreter *, TfLiteInterpreterCreate, (const TfLiteModel *, const TfLiteInterpreterOptions *)) \
	F(void, TfLiteInterpreterDelete, (TfLiteInterpreter *)) \
	F(TfLiteStatus, TfLiteInterpreterAllocateTensors, (TfLiteInterpreter *)) \
	F(TfLiteStatus, TfLiteInterpreterInvoke, (TfLiteInterpreter *)) \
	F(TfLiteTensor *, TfLiteInterpreterGetTensor, (const TfLiteInterpreter *, int)) \
	F(size_t, TfLiteTensorByteSize, (const TfLiteTensor *)) \
	F(void *, TfLiteTensorData, (const TfLiteTensor *)) \
	F(XNNPackOptions, TfLiteXNNPackDelegateOptionsDefault, (void)) \
	F(void *, TfLiteXNNPackDelegateCreate, (const XNNPackOptions *)) \
	F(void, TfLiteXNNPackDelegateDelete, (void *))

typedef struct {
#define FIELD(result, name, parameters) result (*name) parameters;
	TFLITE_FUNCTIONS(FIELD)
#undef FIELD
} tflite_api;

// tflite gives the functions, or NULL, said on standard error, when the program has no TensorFlow Lite.
const tflite_api *tflite(void);

#endif
