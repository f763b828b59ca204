#include "load.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define DEFINE(name) __typeof__(name) *p_##name;
LIBAV_FUNCTIONS(DEFINE, DEFINE, DEFINE)
LIBAV_SCALE_FUNCTIONS(DEFINE)

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)
#define SONAME(library, major) "lib" library ".so." TEXT(major)

// loaded opens a library and checks that it is of the version that its name says: struct layouts depend on it.
static void *loaded(const char *soname, const char *version_name, unsigned want, char *words, size_t size) {
  void *handle = dlopen(soname, RTLD_LAZY | RTLD_LOCAL);
  if (!handle) {
    snprintf(words, size, "%s", dlerror());
    return NULL;
  }
  unsigned (*version)(void) = (unsigned (*)(void))dlsym(handle, version_name);
  if (!version || version() >> 16 != want) {
    snprintf(words, size, "%s is of version %u; this program was built for version %u", soname, version ? version() >> 16 : 0, want);
    return NULL;
  }
  return handle;
}

#define FIND(handle, name) \
  if (!(p_##name = (__typeof__(p_##name))dlsym(handle, #name))) return dlerror();
#define FIND_FORMAT(name) FIND(format, name)
#define FIND_CODEC(name) FIND(codec, name)
#define FIND_UTIL(name) FIND(util, name)
#define FIND_SCALE(name) FIND(scale, name)

const char *libav_load(void) {
  static char words[512];
  void *format = loaded(SONAME("avformat", LIBAVFORMAT_VERSION_MAJOR), "avformat_version", LIBAVFORMAT_VERSION_MAJOR, words, sizeof words);
  void *codec = format ? loaded(SONAME("avcodec", LIBAVCODEC_VERSION_MAJOR), "avcodec_version", LIBAVCODEC_VERSION_MAJOR, words, sizeof words) : NULL;
  void *util = codec ? loaded(SONAME("avutil", LIBAVUTIL_VERSION_MAJOR), "avutil_version", LIBAVUTIL_VERSION_MAJOR, words, sizeof words) : NULL;
  if (!util) return words;
  LIBAV_FUNCTIONS(FIND_FORMAT, FIND_CODEC, FIND_UTIL)
  // Errors are told to the caller. Who wants ffmpeg's own words sets the variable, as for OpenCV.
  if (!getenv("OPENCV_FFMPEG_DEBUG")) p_av_log_set_level(AV_LOG_QUIET);
  return NULL;
}

static const char *load_scale(void) {
  static char words[512];
  void *scale = loaded(SONAME("swscale", LIBSWSCALE_VERSION_MAJOR), "swscale_version", LIBSWSCALE_VERSION_MAJOR, words, sizeof words);
  if (!scale) return words;
  LIBAV_SCALE_FUNCTIONS(FIND_SCALE)
  return NULL;
}

static const char *scale_words;
static void load_scale_once(void) { scale_words = load_scale(); }

const char *libav_load_scale(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, load_scale_once);
  return scale_words;
}
