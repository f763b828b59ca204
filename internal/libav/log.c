#include "log.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"

static _Thread_local struct libav_log *here;
static int aloud;

void libav_log_into(struct libav_log *l) { here = l; }

// without_pointers removes what changes from run to run: "0x5581e0c3a2c0" and the space before it.
static void without_pointers(char *s) {
  for (char *at = s; (at = strstr(at, "0x"));) {
    size_t n = 2;
    while (isxdigit((unsigned char)at[n])) n++;
    if (n < 10) {
      at += 2;
      continue;
    }
    char *from = at > s && at[-1] == ' ' ? at - 1 : at;
    memmove(from, at + n, strlen(at + n) + 1);
    at = from;
  }
}

void libav_log_add(struct libav_log *l, const char *line) {
  char text[libav_log_line];
  snprintf(text, sizeof text, "%s", line);
  without_pointers(text);
  size_t n = strlen(text);
  while (n > 0 && (isspace((unsigned char)text[n - 1]) || text[n - 1] == '.')) text[--n] = 0;
  if (!n) return;
  for (int i = 0; i < l->count; i++)
    if (!strcmp(l->lines[i], text)) return;
  if (l->count == libav_log_lines) {
    memmove(l->lines[0], l->lines[1], sizeof l->lines - sizeof l->lines[0]);
    l->count--;
  }
  memcpy(l->lines[l->count++], text, sizeof text);
}

static void callback(void *object, int level, const char *format, va_list args) {
  struct libav_log *l = here;
  if (aloud) {
    va_list copy;
    va_copy(copy, args);
    p_av_log_default_callback(object, level, format, copy);
    va_end(copy);
  }
  if (!l || (level & 0xff) > AV_LOG_ERROR) return;
  size_t have = strlen(l->partial);
  vsnprintf(l->partial + have, sizeof l->partial - have, format, args);
  size_t end = strlen(l->partial);
  if (end && (l->partial[end - 1] == '\n' || end == sizeof l->partial - 1)) {
    libav_log_add(l, l->partial);
    l->partial[0] = 0;
  }
}

void libav_log_install(void) {
  aloud = getenv("OPENCV_FFMPEG_DEBUG") != NULL;
  p_av_log_set_callback(callback);
}
