package dynlib

/*
#cgo linux LDFLAGS: -ldl
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

// dynlib_open opens a library. dlerror belongs to the thread, and Go may change threads between two calls, so both stand
// in one; the message is for the caller to free.
static void *dynlib_open(const char *path, char **message) {
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (handle == NULL) {
		const char *m = dlerror();
		*message = strdup(m != NULL ? m : "dlopen failed without a message");
	}
	return handle;
}
*/
import "C"

import "unsafe"

// Handle is a loaded library, as dlopen gives it.
type Handle struct{ ptr unsafe.Pointer }

// TryOpen is dlopen with RTLD_NOW and RTLD_LOCAL: path is a file, or a name that the loader looks for. message is dlerror's
// where ok is false.
func TryOpen(path string) (h Handle, message string, ok bool) {
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))
	var said *C.char
	if h.ptr = C.dynlib_open(name, &said); h.ptr != nil {
		return h, "", true
	}
	defer C.free(unsafe.Pointer(said))
	return h, C.GoString(said), false
}

// Symbol is the address of a function or variable, nil where the library has none of that name.
func (h Handle) Symbol(name string) unsafe.Pointer {
	s := C.CString(name)
	defer C.free(unsafe.Pointer(s))
	return C.dlsym(h.ptr, s)
}

// Ptr is the handle as C takes it.
func (h Handle) Ptr() unsafe.Pointer { return h.ptr }

// Close is dlclose. Nothing of the library may be in use.
func (h Handle) Close() { C.dlclose(h.ptr) }
