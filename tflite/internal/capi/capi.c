#define _GNU_SOURCE
#include "capi.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static cl_functions functions;
static pthread_once_t resolved = PTHREAD_ONCE_INIT;

static void resolve(void) {
#define CL_RESOLVE(name, ret, args) functions.name = (ret(*) args)dlsym(RTLD_DEFAULT, #name);
  CL_FUNCTIONS(CL_RESOLVE)
#undef CL_RESOLVE
}

const cl_functions* cl_table(void) {
  pthread_once(&resolved, resolve);
  return &functions;
}

bool cl_has(const char* name) { return dlsym(RTLD_DEFAULT, name) != NULL; }

struct cl_log {
  pthread_mutex_t mutex;
  _Atomic uint32_t count;
  size_t used;
  char text[8192];
};

cl_log* cl_log_new(void) {
  cl_log* log = calloc(1, sizeof *log);
  if (log) pthread_mutex_init(&log->mutex, NULL);
  return log;
}

void cl_log_free(cl_log* log) {
  if (!log) return;
  pthread_mutex_destroy(&log->mutex);
  free(log);
}

const uint32_t* cl_log_count(const cl_log* log) { return (const uint32_t*)&log->count; }

// report keeps a message and a newline. What does not fit is dropped: the first messages name the cause.
static void report(void* user, const char* format, va_list args) {
  cl_log* log = user;
  char line[1024];
  int n = vsnprintf(line, sizeof line, format, args);
  if (n < 0) return;
  if ((size_t)n >= sizeof line) n = sizeof line - 1;
  pthread_mutex_lock(&log->mutex);
  if (log->used + n + 1 <= sizeof log->text) {
    memcpy(log->text + log->used, line, n);
    log->used += n;
    log->text[log->used++] = '\n';
  }
  atomic_fetch_add(&log->count, 1);
  pthread_mutex_unlock(&log->mutex);
}

size_t cl_log_take(cl_log* log, char* to, size_t size) {
  pthread_mutex_lock(&log->mutex);
  size_t n = log->used < size ? log->used : size;
  memcpy(to, log->text, n);
  log->used = 0;
  atomic_store(&log->count, 0);
  pthread_mutex_unlock(&log->mutex);
  return n;
}

TfLiteModel* cl_model(const void* data, size_t size, cl_log* log) {
  return TfLiteModelCreateWithErrorReporter(data, size, report, log);
}

void cl_report(TfLiteInterpreterOptions* options, cl_log* log) {
  TfLiteInterpreterOptionsSetErrorReporter(options, report, log);
}

int cl_tensor_view(const TfLiteTensor* tensor, cl_view* view) {
  if (!tensor) return CL_ABSENT;
  cl_view now = {.name = view->name,
                 .data = TfLiteTensorData(tensor),
                 .bytes = TfLiteTensorByteSize(tensor),
                 .type = TfLiteTensorType(tensor),
                 .rank = TfLiteTensorNumDims(tensor)};
  if (now.rank > (int)(sizeof now.dims / sizeof *now.dims)) return CL_RANK;
  for (int i = 0; i < now.rank; i++) now.dims[i] = TfLiteTensorDim(tensor, i);
  if (!memcmp(&now, view, sizeof now)) return CL_SAME;
  *view = now;
  return CL_CHANGED;
}

int cl_views(TfLiteInterpreter* interpreter, void* runner, cl_view* views, int inputs, int all) {
  int result = CL_SAME;
  for (int i = 0; i < all; i++) {
    bool input = i < inputs;
    const TfLiteTensor* tensor =
        runner ? (input ? functions.TfLiteSignatureRunnerGetInputTensor(runner, views[i].name)
                        : functions.TfLiteSignatureRunnerGetOutputTensor(runner, views[i].name))
               : (input ? TfLiteInterpreterGetInputTensor(interpreter, i)
                        : TfLiteInterpreterGetOutputTensor(interpreter, i - inputs));
    int now = cl_tensor_view(tensor, &views[i]);
    if (now < 0) return now;
    if (now == CL_CHANGED) result = CL_CHANGED;
  }
  return result;
}

// span is the smallest stretch of memory with all that it was given.
typedef struct {
  uintptr_t from, to;
} span;

static void include(span* s, const void* data, size_t bytes) {
  uintptr_t at = (uintptr_t)data;
  if (!s->from || at < s->from) s->from = at;
  if (at + bytes > s->to) s->to = at + bytes;
}

void cl_memory_use(TfLiteInterpreter* interpreter, cl_memory* m) {
  span arena = {0}, persistent = {0};
  *m = (cl_memory){0};
  const TfLiteTensor* tensor;
  for (int i = 0; (tensor = functions.TfLiteInterpreterGetTensor(interpreter, i)); i++) {
    const void* data = TfLiteTensorData(tensor);
    size_t bytes = TfLiteTensorByteSize(tensor);
    if (!data) continue;
    switch (functions.TfLiteOpaqueTensorGetAllocationType(tensor)) {
      case kTfLiteArenaRw: include(&arena, data, bytes), m->tensors += bytes; break;
      case kTfLiteArenaRwPersistent: include(&persistent, data, bytes); break;
      case kTfLiteMmapRo: m->constant += bytes; break;
      default: m->dynamic += bytes;
    }
  }
  m->arena = arena.to - arena.from;
  m->persistent = persistent.to - persistent.from;
}
