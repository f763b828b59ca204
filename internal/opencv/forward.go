package opencv

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"

	"github.com/ebitengine/purego"
)

// forwarder is the library of forward/imgcodecs.cc, beside the binary's other library. A binary that go build or go
// test makes has none.
const forwarder = "../lib/libcorallite_imgcodecs.so"

// forward loads the forwarder, so that libopencv_videoio, which is loaded next, does without the real
// libopencv_imgcodecs. It gives the handle, 0 when there is no forwarder or the real one is loaded already.
func forward(imgcodecs string) uintptr {
	self, err := os.Executable()
	if err != nil || mapped(imgcodecs) != "" {
		return 0
	}
	handle, err := purego.Dlopen(filepath.Join(filepath.Dir(self), forwarder), purego.RTLD_LAZY|purego.RTLD_LOCAL)
	if err != nil {
		return 0
	}
	return handle
}

// mapped is the path of a library that this process has loaded, by its file's name up to the version ("" when it has
// not): "libopencv_core.so.406" finds /usr/lib/…/libopencv_core.so.4.6.0 as well.
func mapped(soname string) string {
	stem, _, _ := strings.Cut(soname, ".so")
	f, err := os.Open("/proc/self/maps")
	if err != nil {
		return ""
	}
	defer f.Close()
	for scan := bufio.NewScanner(f); scan.Scan(); {
		if _, path, ok := strings.Cut(scan.Text(), "/"); ok && strings.HasPrefix(filepath.Base(path), stem+".so") {
			return "/" + path
		}
	}
	return ""
}

// beside is the path of a library in the folder of one that is loaded; only its name when that is not known. A path
// finds the file even when the forwarder, which has the same soname, is loaded.
func beside(loaded, soname string) string {
	path := mapped(loaded)
	if path == "" {
		return soname
	}
	return filepath.Join(filepath.Dir(path), soname)
}
