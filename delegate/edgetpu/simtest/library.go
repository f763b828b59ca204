package simtest

/*
#cgo linux LDFLAGS: -ldl
#include <dlfcn.h>
#include <stdlib.h>

typedef struct {
	void *handle;
	void (*environment)(const char *);
	void (*update)(void);
} simtest_library;

// simtest_open loads a simulator; it says whether that went well.
static int simtest_open(const char *path, simtest_library *l) {
	l->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (l->handle == NULL) return 0;
	l->environment = (void (*)(const char *))dlsym(l->handle, "corallite_sim_environment");
	l->update = (void (*)(void))dlsym(l->handle, "corallite_sim_update");
	return l->environment != NULL && l->update != NULL;
}

static void simtest_environment(simtest_library *l, const char *list) { l->environment(list); }
static void simtest_update(simtest_library *l) { l->update(); }

// simtest_live asks a simulator that this process has loaded how much it has made and not freed; -1: not loaded.
static long simtest_live(const char *path) {
	void *handle = dlopen(path, RTLD_NOW | RTLD_NOLOAD);
	if (handle == NULL) return -1;
	long (*live)(void) = (long (*)(void))dlsym(handle, "corallite_sim_live");
	long n = live != NULL ? live() : -2;
	dlclose(handle);
	return n;
}
*/
import "C"

import (
	"fmt"
	"testing"
	"unsafe"
)

// library is a simulator that a Control has loaded for itself.
type library struct{ c C.simtest_library }

func openLibrary(path string) (*library, error) {
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))
	var l library
	if C.simtest_open(name, &l.c) == 0 {
		return nil, fmt.Errorf("dlopen of the simulator %s failed", path)
	}
	l.environment("") // it must not take this process's, which is the test's
	return &l, nil
}

func (l *library) environment(list string) {
	if l.c.handle == nil {
		return
	}
	text := C.CString(list)
	defer C.free(unsafe.Pointer(text))
	C.simtest_environment(&l.c, text)
}

func (l *library) update() {
	if l.c.handle != nil {
		C.simtest_update(&l.c)
	}
}

func (l *library) close() {
	if l.c.handle != nil {
		C.dlclose(l.c.handle)
		l.c.handle = nil
	}
}

// Live is how many device lists, delegates, kernels and CPU models of a loaded simulator were made and not freed.
func Live(tb testing.TB, path string) int {
	tb.Helper()
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))
	n := int(C.simtest_live(name))
	if n < 0 {
		tb.Fatalf("%s is not loaded", path)
	}
	return n
}
