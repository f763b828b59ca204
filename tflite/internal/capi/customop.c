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

// call is what Go needs to compute a node.
typedef struct {
  uintptr_t node;
  int inputs, outputs;
  cl_operand operands[CL_OPERANDS];  // the outputs behind the inputs
  char message[CL_MESSAGE];          // of an error
} call;

// look fills c. It is NULL, or what is wrong.
static const char* look(TfLiteOpaqueContext* context, const TfLiteOpaqueNode* node, call* c) {
  const cl_functions* f = cl_table();
  c->node = (uintptr_t)f->TfLiteOpaqueNodeGetUserData(node);
  c->inputs = f->TfLiteOpaqueNodeNumberOfInputs(node);
  c->outputs = f->TfLiteOpaqueNodeNumberOfOutputs(node);
  c->message[0] = 0;
  int all = c->inputs + c->outputs;
  if (all > CL_OPERANDS) return "a custom operator has too many inputs and outputs";
  memset(c->operands, 0, all * sizeof *c->operands);
  for (int i = 0; i < all; i++) {
    const TfLiteTensor* tensor = i < c->inputs ? f->TfLiteOpaqueNodeGetInput(context, node, i)
                                               : f->TfLiteOpaqueNodeGetOutput(context, node, i - c->inputs);
    cl_operand* to = &c->operands[i];
    if (cl_tensor_view(tensor, &to->view) < 0) return "an input or output of a custom operator is missing or has too many dimensions";
    TfLiteQuantizationParams quantization = TfLiteTensorQuantizationParams(tensor);
    to->scale = quantization.scale;
    to->zero_point = quantization.zero_point;
  }
  return NULL;
}

static TfLiteStatus prepare(void* maker, TfLiteOpaqueContext* context, TfLiteOpaqueNode* node) {
  (void)maker;
  const cl_functions* f = cl_table();
  call c;
  cl_shape shapes[CL_OPERANDS];
  const char* wrong = look(context, node, &c);
  if (wrong) return failed(context, wrong);
  if (cl_go_operator_prepare(c.node, c.operands, c.inputs, c.outputs, shapes, c.message)) return failed(context, c.message);
  for (int i = 0; i < c.outputs; i++) {
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
  call c;
  const char* wrong = look(context, node, &c);
  if (wrong) return failed(context, wrong);
  return cl_go_operator_invoke(c.node, c.operands, c.inputs, c.outputs, c.message) ? failed(context, c.message) : kTfLiteOk;
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
