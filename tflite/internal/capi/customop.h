// Custom operators that Go computes: the C side of customop.go.
#ifndef CORALLITE_CUSTOMOP_H
#define CORALLITE_CUSTOMOP_H

#include "capi.h"

// cl_operand is an input or an output of a custom operator during a call.
typedef struct {
  cl_view view;
  float scale;
  int32_t zero_point;
} cl_operand;

// cl_shape is what an output is to become.
typedef struct {
  int32_t rank;
  int32_t dims[8];
} cl_shape;

// The most inputs and outputs of a custom operator together.
#define CL_OPERANDS 16
// The size of the message of an error, with its zero.
#define CL_MESSAGE 512

TfLiteOperator* cl_operator_new(const char* name, uintptr_t maker);
void cl_operator_add(TfLiteInterpreterOptions*, TfLiteOperator*);

#endif
