// Passing over frames that nobody wants, without the caller being woken for each of their packets.
#include <errno.h>
#include <string.h>
#include <time.h>

#include "internal.h"

// drain frees the frames that are ready, up to one that is due at until, which stays for libav_reader_receive.
static int drain(libav_reader *r, int stream, int64_t until, struct libav_passed *out) {
  for (;;) {
    struct libav_frame f;
    int err = libav_reader_receive(r, stream, &f);
    if (err == AVERROR(EAGAIN)) return 1;
    if (err < 0) {
      out->error = err;
      out->at = libav_receiving;
      return 0;
    }
    if (f.time >= until) {
      r->kept = f;
      r->kept_of = stream;
      return 0;
    }
    libav_frame_free(f.frame);
    out->frames++;
  }
}

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

void libav_reader_pass(libav_reader *r, int stream, int64_t until, struct libav_arrival *arrived, int most, struct libav_passed *out) {
  memset(out, 0, sizeof *out);
  libav_reader_skip(r, stream, 1);
  while (drain(r, stream, until, out) && out->packets < most) {
    struct libav_packet p;
    int err = libav_reader_packet(r, &p);
    if (err < 0) {
      out->error = err;
      out->at = libav_reading;
      break;
    }
    if (p.stream != stream || p.pts == LIBAV_NO_TIME || p.pts >= until) {
      r->held = p;
      r->holds = 1;
      break;
    }
    arrived[out->packets++] = (struct libav_arrival){p.pts, now()};
    if ((err = libav_reader_send(r)) < 0) {
      out->error = err;
      out->at = libav_sending;
      break;
    }
  }
  libav_reader_skip(r, stream, 0);
}
