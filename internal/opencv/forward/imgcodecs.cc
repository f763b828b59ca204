// A library that stands for libopencv_imgcodecs while a video is read or written.
//
// libopencv_videoio names libopencv_imgcodecs as a library it needs, but calls it only for sequences of pictures and
// for cameras that send JPEG. Loading the real one brings GDAL and some 75 more libraries, 28 MB and a third of the
// time. This one has the same soname, so the dynamic linker takes it as the one that is needed; each of the functions
// that libopencv_videoio calls is handed on to the real one, which is loaded then. scripts/build makes it.
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include <opencv2/imgcodecs.hpp>

namespace {

// real is a function of the library that this one stands for. It is beside libopencv_core, and loaded by its path:
// by its soname this library would be found.
void *real(const char *symbol) {
  static void *library = [] {
    Dl_info core;
    void *handle = nullptr;
    if (dladdr(reinterpret_cast<void *>(static_cast<void (*)(void *)>(cv::fastFree)), &core) && core.dli_fname) {
      std::string path = core.dli_fname;
      path = path.substr(0, path.rfind('/') + 1) + CORALLITE_IMGCODECS;
      handle = dlopen(path.c_str(), RTLD_LAZY | RTLD_GLOBAL);
    }
    return handle;
  }();
  void *found = library ? dlsym(library, symbol) : nullptr;
  if (!found) {
    // There is no way to report this through the functions' results, and nothing else may be done without them.
    std::fprintf(stderr, "corallite: OpenCV's %s cannot be loaded: %s\n", CORALLITE_IMGCODECS, dlerror());
    std::abort();
  }
  return found;
}

template <typename Function> Function *as(const char *symbol) { return reinterpret_cast<Function *>(real(symbol)); }

}  // namespace

namespace cv {

bool haveImageReader(const String &filename) {
  return as<bool(const String &)>("_ZN2cv15haveImageReaderERKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE")(filename);
}

bool haveImageWriter(const String &filename) {
  return as<bool(const String &)>("_ZN2cv15haveImageWriterERKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE")(filename);
}

Mat imread(const String &filename, int flags) {
  return as<Mat(const String &, int)>("_ZN2cv6imreadERKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEEi")(filename, flags);
}

bool imwrite(const String &filename, InputArray img, const std::vector<int> &params) {
  return as<bool(const String &, InputArray, const std::vector<int> &)>(
      "_ZN2cv7imwriteERKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEERKNS_11_InputArrayERKSt6vectorIiSaIiEE")(
      filename, img, params);
}

Mat imdecode(InputArray buf, int flags) {
  return as<Mat(InputArray, int)>("_ZN2cv8imdecodeERKNS_11_InputArrayEi")(buf, flags);
}

Mat imdecode(InputArray buf, int flags, Mat *dst) {
  return as<Mat(InputArray, int, Mat *)>("_ZN2cv8imdecodeERKNS_11_InputArrayEiPNS_3MatE")(buf, flags, dst);
}

}  // namespace cv
