#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capi.h"

// quietly makes a delegate without the line "INFO: Created TensorFlow Lite XNNPACK delegate for CPU." that the runtime
// writes to the stream stderr at the first one of a process, and that it has no option against. In the GNU C Library
// stderr is a variable that a program may set. For that one call it is another stream, which stays open, because another
// thread might have taken it up meanwhile; the file descriptor 2, and with it what Go writes, is not touched.
static TfLiteDelegate* quietly(const cl_functions* f, const cl_xnnpack_options* options) {
#ifdef __GLIBC__
  static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER;
  static bool said = false;
  pthread_mutex_lock(&one);
  FILE* nowhere = said ? NULL : fopen("/dev/null", "we");
  said = true;
  if (nowhere) {
    FILE* loud = stderr;
    stderr = nowhere;
    TfLiteDelegate* delegate = f->TfLiteXNNPackDelegateCreate(options);
    stderr = loud;
    pthread_mutex_unlock(&one);
    return delegate;
  }
  pthread_mutex_unlock(&one);
#endif
  return f->TfLiteXNNPackDelegateCreate(options);
}

TfLiteDelegate* cl_xnnpack(int threads, int flags_word, uint32_t flags, void* weights, uint32_t* got) {
  const cl_functions* f = cl_table();
  cl_xnnpack_options options = f->TfLiteXNNPackDelegateOptionsDefault();
  options.num_threads = threads;
  options.word[flags_word - 2] |= flags;
  if (weights) *(flags_word == 2 ? &options.until_2_17.weights : &options.since_2_18.weights) = weights;
  TfLiteDelegate* delegate = quietly(f, &options);
  *got = flags;
  if (delegate && f->TfLiteXNNPackDelegateGetFlags) *got = (uint32_t)f->TfLiteXNNPackDelegateGetFlags(delegate);
  return delegate;
}

// A counter is a delegate that takes no operator and looks at what other delegates have taken before it. A
// TfLiteDelegate of the version in use may be longer than that of the headers; the rest reads as zero.
typedef struct {
  union {
    TfLiteDelegate delegate;
    char room[512];
  };
  int delegated;
  bool keeps;     // the plan
  int64_t* plan;  // see cl_counter_plan
  size_t length, room_for;
} counter;

static void silent(void* user, const char* format, va_list args) { (void)user, (void)format, (void)args; }

static bool push(counter* c, int64_t value) {
  if (c->length == c->room_for) {
    size_t more = c->room_for ? 2 * c->room_for : 1024;
    int64_t* plan = realloc(c->plan, more * sizeof *plan);
    if (!plan) return false;
    c->plan = plan, c->room_for = more;
  }
  c->plan[c->length++] = value;
  return true;
}

static bool push_all(counter* c, const TfLiteIntArray* list) {
  if (!push(c, list ? list->size : 0)) return false;
  for (int i = 0; list && i < list->size; i++)
    if (!push(c, list->data[i])) return false;
  return true;
}

static TfLiteStatus count(TfLiteContext* context, TfLiteDelegate* delegate) {
  counter* c = delegate->data_;
  TfLiteIntArray* plan = NULL;
  if (context->GetExecutionPlan(context, &plan) != kTfLiteOk) return kTfLiteError;
  if (c->keeps && (!push(c, (intptr_t)context) || !push(c, plan->size))) return kTfLiteError;
  for (int i = 0; i < plan->size; i++) {
    TfLiteNode* node = NULL;
    TfLiteRegistration* registration = NULL;
    if (context->GetNodeAndRegistration(context, plan->data[i], &node, &registration) != kTfLiteOk) return kTfLiteError;
    bool delegated = registration->builtin_code == kTfLiteBuiltinDelegate;
    c->delegated += delegated;
    if (c->keeps && (!push(c, plan->data[i]) || !push(c, delegated ? (intptr_t)node->delegate : 0) || !push_all(c, node->inputs) || !push_all(c, node->outputs)))
      return kTfLiteError;
  }
  return kTfLiteOk;
}

static void start_counting(counter* c) {
  *c = (counter){.delegate = {.data_ = c, .Prepare = count, .flags = kTfLiteDelegateFlagsAllowDynamicTensors}};
}

TfLiteDelegate* cl_counter(bool keeps) {
  counter* c = malloc(sizeof(counter));
  if (!c) return NULL;
  start_counting(c);
  c->keeps = keeps;
  return &c->delegate;
}

int cl_counter_delegated(TfLiteDelegate* d) { return ((counter*)d->data_)->delegated; }

const int64_t* cl_counter_plan(TfLiteDelegate* d, size_t* length) {
  counter* c = d->data_;
  *length = c->length;
  return c->plan;
}

void cl_counter_delete(TfLiteDelegate* d) {
  free(((counter*)d->data_)->plan);
  free(d->data_);
}

// cl_default_delegate says whether an interpreter of the model hands operators to a delegate of the runtime's own: 1 or
// 0, -1 when that can not be told. given, unless NULL, is a delegate that it is given instead, for the test of this.
int cl_default_delegate(const void* data, size_t size, TfLiteDelegate* given) {
  const cl_functions* f = cl_table();
  if (!f->TfLiteInterpreterModifyGraphWithDelegate) return -1;
  int result = -1;
  counter eye;
  start_counting(&eye);
  TfLiteModel* model = TfLiteModelCreate(data, size);
  TfLiteInterpreterOptions* options = TfLiteInterpreterOptionsCreate();
  TfLiteInterpreterOptionsSetErrorReporter(options, silent, NULL);
  if (given) TfLiteInterpreterOptionsAddDelegate(options, (TfLiteOpaqueDelegate*)given);
  TfLiteInterpreter* interpreter = model ? TfLiteInterpreterCreate(model, options) : NULL;
  if (interpreter && TfLiteInterpreterAllocateTensors(interpreter) == kTfLiteOk &&
      f->TfLiteInterpreterModifyGraphWithDelegate(interpreter, &eye.delegate) == kTfLiteOk)
    result = eye.delegated > 0;
  if (interpreter) TfLiteInterpreterDelete(interpreter);
  TfLiteInterpreterOptionsDelete(options);
  if (model) TfLiteModelDelete(model);
  return result;
}
