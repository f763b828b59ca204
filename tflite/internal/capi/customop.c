#include "customop.h"

#include <string.h>

#include "_cgo_export.h"

// What the runtime calls. The user data of an operator is a handle of what makes nodes, that of a node a handle of it;
// both are numbers, which C only carries.

static void* init(void* maker, TfLiteOpaqueContext* context, const char* buffer, size_t length) {
  (void)context;
  return (void*)cl_go_operator_init((uintptr_t)maker, (void*)buffer, length);
}

static void release(void* maker, TfLiteOpaqueContext* context, void* node) {
  (void)maker, (void)context;
  cl_go_operator_free((uintptr_t)node);
}

static TfLiteStatus failed(TfLiteOpaqueContext* context, const char* message) {
  cl_table()->TfLiteOpaqueContextReportError(context, "%s", message);
  return kTfLiteError;
}

// operands looks at a node's inputs and outputs, the outputs behind the inputs. It is NULL, or what is wrong.
static const char* operands(TfLiteOpaqueContext* context, TfLiteOpaqueNode* node, int inputs, int all, cl_operand* to) {
  const cl_functions* f = cl_table();
  if (all > CL_OPERANDS) return "a custom operator has too many inputs and outputs";
  memset(to, 0, all * sizeof *to);
  for (int i = 0; i < all; i++) {
    const TfLiteTensor* tensor =
        i < inputs ? f->TfLiteOpaqueNodeGetInput(context, node, i) : f->TfLiteOpaqueNodeGetOutput(context, node, i - inputs);
    if (cl_tensor_view(tensor, &to[i].view) < 0) return "an input or output of a custom operator is missing or has too many dimensions";
    TfLiteQuantizationParams quantization = TfLiteTensorQuantizationParams(tensor);
    to[i].scale = quantization.scale;
    to[i].zero_point = quantization.zero_point;
  }
  return NULL;
}

static TfLiteStatus prepare(void* maker, TfLiteOpaqueContext* context, TfLiteOpaqueNode* node) {
  (void)maker;
  const cl_functions* f = cl_table();
  cl_operand all[CL_OPERANDS];
  cl_shape shapes[CL_OPERANDS];
  char message[CL_MESSAGE] = "";
  int inputs = f->TfLiteOpaqueNodeNumberOfInputs(node), outputs = f->TfLiteOpaqueNodeNumberOfOutputs(node);
  const char* wrong = operands(context, node, inputs, inputs + outputs, all);
  if (wrong) return failed(context, wrong);
  uintptr_t handle = (uintptr_t)f->TfLiteOpaqueNodeGetUserData(node);
  if (cl_go_operator_prepare(handle, all, inputs, outputs, shapes, message)) return failed(context, message);
  for (int i = 0; i < outputs; i++) {
    TfLiteIntArray* size = f->TfLiteIntArrayCreate(shapes[i].rank);
    if (!size) return failed(context, "no memory");
    memcpy(size->data, shapes[i].dims, shapes[i].rank * sizeof *size->data);
    TfLiteStatus status = f->TfLiteOpaqueContextResizeTensor(context, f->TfLiteOpaqueNodeGetOutput(context, node, i), size);
    if (status != kTfLiteOk) return status;
  }
  return kTfLiteOk;
}

static TfLiteStatus invoke(void* maker, TfLiteOpaqueContext* context, TfLiteOpaqueNode* node) {
  (void)maker;
  const cl_functions* f = cl_table();
  cl_operand all[CL_OPERANDS];
  char message[CL_MESSAGE] = "";
  int inputs = f->TfLiteOpaqueNodeNumberOfInputs(node), outputs = f->TfLiteOpaqueNodeNumberOfOutputs(node);
  const char* wrong = operands(context, node, inputs, inputs + outputs, all);
  if (wrong) return failed(context, wrong);
  uintptr_t handle = (uintptr_t)f->TfLiteOpaqueNodeGetUserData(node);
  return cl_go_operator_invoke(handle, all, inputs, outputs, message) ? failed(context, message) : kTfLiteOk;
}

TfLiteOperator* cl_operator_new(const char* name, uintptr_t maker) {
  const cl_functions* f = cl_table();
  TfLiteOperator* op = f->TfLiteOperatorCreateWithData(kTfLiteBuiltinCustom, name, 1, (void*)maker);
  if (!op) return NULL;
  f->TfLiteOperatorSetInitWithData(op, init);
  f->TfLiteOperatorSetFreeWithData(op, release);
  f->TfLiteOperatorSetPrepareWithData(op, prepare);
  f->TfLiteOperatorSetInvokeWithData(op, invoke);
  return op;
}

void cl_operator_add(TfLiteInterpreterOptions* options, TfLiteOperator* op) {
  cl_table()->TfLiteInterpreterOptionsAddOperator(options, op);
}
