package edgetpu

// The C side: libedgetpu's functions as edgetpu_c.h declares them, found with dlsym and called through pointers. The
// header is not included, so that building needs nothing of libedgetpu.

/*
#cgo linux LDFLAGS: -ldl
#include <dlfcn.h>
#include <stddef.h>
#include <stdlib.h>

struct edgetpu_device { int type; const char *path; };
struct edgetpu_option { const char *name; const char *value; };

typedef struct {
	struct edgetpu_device *(*list_devices)(size_t *);
	void (*free_devices)(struct edgetpu_device *);
	void *(*create_delegate)(int, const char *, const struct edgetpu_option *, size_t);
	void (*free_delegate)(void *);
	void (*verbosity)(int);
	const char *(*version)(void);
} edgetpu_api;

// edgetpu_resolve fills api; it returns the name of the first function that is missing, or NULL.
static const char *edgetpu_resolve(void *handle, edgetpu_api *api) {
	struct { const char *name; void **at; } want[] = {
		{"edgetpu_list_devices", (void **)&api->list_devices},
		{"edgetpu_free_devices", (void **)&api->free_devices},
		{"edgetpu_create_delegate", (void **)&api->create_delegate},
		{"edgetpu_free_delegate", (void **)&api->free_delegate},
		{"edgetpu_verbosity", (void **)&api->verbosity},
		{"edgetpu_version", (void **)&api->version},
	};
	for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
		*want[i].at = dlsym(handle, want[i].name);
		if (*want[i].at == NULL) return want[i].name;
	}
	return NULL;
}

static struct edgetpu_device *edgetpu_call_list(edgetpu_api *api, size_t *n) { return api->list_devices(n); }
static void edgetpu_call_free_list(edgetpu_api *api, struct edgetpu_device *d) { api->free_devices(d); }
static void *edgetpu_call_create(edgetpu_api *api, int type, const char *path, struct edgetpu_option *o, size_t n) {
	return api->create_delegate(type, path, o, n);
}
static void edgetpu_call_free(edgetpu_api *api, void *delegate) { api->free_delegate(delegate); }
static void edgetpu_call_verbosity(edgetpu_api *api, int level) { api->verbosity(level); }
static const char *edgetpu_call_version(edgetpu_api *api) { return api->version(); }
*/
import "C"

import (
	"unsafe"

	"corallite/internal/dynlib"
)

// clib is an opened libedgetpu. It guards nothing; Library does.
type clib struct {
	handle dynlib.Handle
	api    C.edgetpu_api
}

func (c *clib) dlclose() { c.handle.Close() }

// resolve finds the functions; it returns the name of one that is missing, or "".
func (c *clib) resolve() string {
	if missing := C.edgetpu_resolve(c.handle.Ptr(), &c.api); missing != nil {
		return C.GoString(missing)
	}
	return ""
}

func (c *clib) version() string {
	if v := C.edgetpu_call_version(&c.api); v != nil {
		return C.GoString(v)
	}
	return ""
}

func (c *clib) verbosity(level int) { C.edgetpu_call_verbosity(&c.api, C.int(level)) }

func (c *clib) list() []Device {
	var n C.size_t
	list := C.edgetpu_call_list(&c.api, &n)
	if list == nil {
		return nil
	}
	defer C.edgetpu_call_free_list(&c.api, list)
	devices := make([]Device, n)
	for i, d := range unsafe.Slice(list, n) { // libedgetpu's own array of n, valid until it is freed below
		devices[i] = Device{Bus: Bus(d._type), Path: C.GoString(d.path)}
	}
	return devices
}

// create opens a device; nil when libedgetpu refuses. libedgetpu copies the path and the options
// (tflite/edgetpu_c.cc), so that they are freed at once.
func (c *clib) create(d Device, options []option) unsafe.Pointer {
	path := C.CString(d.Path)
	defer C.free(unsafe.Pointer(path))
	if len(options) == 0 {
		return C.edgetpu_call_create(&c.api, C.int(d.Bus), path, nil, 0)
	}
	// The array lies in C memory because C may not hold a Go array that holds C pointers for it to walk.
	list := (*C.struct_edgetpu_option)(C.calloc(C.size_t(len(options)), C.sizeof_struct_edgetpu_option))
	defer C.free(unsafe.Pointer(list))
	for i, o := range options {
		name, value := C.CString(o.name), C.CString(o.value)
		defer C.free(unsafe.Pointer(name))
		defer C.free(unsafe.Pointer(value))
		unsafe.Slice(list, len(options))[i] = C.struct_edgetpu_option{name: name, value: value}
	}
	return C.edgetpu_call_create(&c.api, C.int(d.Bus), path, list, C.size_t(len(options)))
}

func (c *clib) free(delegate unsafe.Pointer) { C.edgetpu_call_free(&c.api, delegate) }
