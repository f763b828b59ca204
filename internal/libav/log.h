// What the ffmpeg libraries say of errors, caught for the reader that they concern.
#ifndef CORALLITE_LIBAV_LOG_H
#define CORALLITE_LIBAV_LOG_H

enum { libav_log_lines = 3, libav_log_line = 200 };

// The last different lines, oldest first, without pointers.
struct libav_log {
  char lines[libav_log_lines][libav_log_line];
  int count;
  char partial[libav_log_line];  // a line that has not ended
};

// libav_log_into sends what the libraries say on this thread to l from now on; NULL: nowhere. Decoders' own threads are
// not heard.
void libav_log_into(struct libav_log *l);

// libav_log_install makes the libraries tell us. OpenCV may have replaced it meanwhile, so each open calls it.
void libav_log_install(void);

// libav_log_add adds a line of our own.
void libav_log_add(struct libav_log *l, const char *line);

#endif
