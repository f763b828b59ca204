#include "profile.h"

#include <string.h>
#include <time.h>

typedef struct telemetry telemetry;
struct telemetry {
  void* data;
  void (*event)(telemetry*, const char*, uint64_t);
  void (*op_event)(telemetry*, const char*, int64_t, int64_t, uint64_t);
  void (*settings)(telemetry*, const char*, const void*);
  uint32_t (*begin)(telemetry*, const char*, int64_t op, int64_t subgraph);
  void (*end)(telemetry*, uint32_t handle);
  void (*elapsed)(telemetry*, const char*, uint64_t us, int64_t op, int64_t subgraph);
};

enum { OPEN = 256 };  // operators that run inside of one another; more than graphs are nested

struct cl_profile {
  telemetry t;
  cl_op_time* ops;
  int n, room, hint;
  struct {
    int at;
    uint64_t began;
  } open[OPEN];
  uint32_t opened;
  int64_t piece, last;  // which piece of the run has told, and its last operator
};

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

// find gives the place of an operator, which is mostly the one behind the last; -1: no memory.
static int find(cl_profile* p, const char* name, int64_t op, int64_t subgraph, int64_t piece) {
  for (int i = 0; i < p->n; i++) {
    int at = (p->hint + i) % p->n;
    if (p->ops[at].op == op && p->ops[at].subgraph == subgraph && p->ops[at].piece == piece) {
      p->hint = at + 1;
      return at;
    }
  }
  if (p->n == p->room) {
    int room = p->room ? 2 * p->room : 64;
    cl_op_time* more = realloc(p->ops, (size_t)room * sizeof *more);
    if (!more) return -1;
    p->ops = more;
    p->room = room;
  }
  cl_op_time* o = &p->ops[p->n];
  memset(o, 0, sizeof *o);
  o->op = op;
  o->subgraph = subgraph;
  o->piece = piece;
  strncpy(o->name, name ? name : "", sizeof o->name - 1);
  p->hint = p->n + 1;
  return p->n++;
}

static void event(telemetry* t, const char* name, uint64_t status) { (void)t, (void)name, (void)status; }
static void op_event(telemetry* t, const char* name, int64_t op, int64_t subgraph, uint64_t status) {
  (void)t, (void)name, (void)op, (void)subgraph, (void)status;
}
static void settings(telemetry* t, const char* name, const void* s) { (void)t, (void)name, (void)s; }

static uint32_t begin(telemetry* t, const char* name, int64_t op, int64_t subgraph) {
  cl_profile* p = t->data;
  uint32_t slot = p->opened++ % OPEN;
  p->open[slot].at = find(p, name, op, subgraph, -1);
  p->open[slot].began = now();
  return slot;
}

static void end(telemetry* t, uint32_t slot) {
  cl_profile* p = t->data;
  if (slot >= OPEN || p->open[slot].at < 0 || p->open[slot].at >= p->n) return;
  cl_op_time* o = &p->ops[p->open[slot].at];
  o->ns += now() - p->open[slot].began;
  o->runs++;
}

static void elapsed(telemetry* t, const char* name, uint64_t us, int64_t op, int64_t subgraph) {
  cl_profile* p = t->data;
  // A delegate tells the operators of a piece in order when it has run it; with the next piece they begin anew.
  if (op <= p->last) p->piece++;
  p->last = op;
  int at = find(p, name, op, subgraph, p->piece);
  if (at < 0) return;
  p->ops[at].ns += 1000 * us;
  p->ops[at].runs++;
}

cl_profile* cl_profile_new(void) {
  cl_profile* p = calloc(1, sizeof *p);
  if (p) p->t = (telemetry){p, event, op_event, settings, begin, end, elapsed};
  return p;
}

bool cl_profile_set(TfLiteInterpreterOptions* o, cl_profile* p) {
  if (!cl_table()->TfLiteInterpreterOptionsSetTelemetryProfiler) return false;
  cl_table()->TfLiteInterpreterOptionsSetTelemetryProfiler(o, &p->t);
  return true;
}

const cl_op_time* cl_profile_times(const cl_profile* p, int* n) {
  *n = p->n;
  return p->ops;
}

void cl_profile_start(cl_profile* p) {
  p->piece = -1;
  p->last = INT64_MAX;
}

void cl_profile_clear(cl_profile* p) { p->n = p->hint = 0; }

void cl_profile_free(cl_profile* p) {
  if (!p) return;
  free(p->ops);
  free(p);
}
