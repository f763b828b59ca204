package plugin

// The C side: the plug-in interface as tensorflow/lite/delegates/external/external_delegate.cc looks it up.

/*
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef void *(*plugin_create)(char **keys, char **values, size_t n, void (*report_error)(const char *));
typedef void (*plugin_destroy)(void *delegate);

// The library's words during plugin_call_create, and from any thread at any time after: the function that it is given has no
// argument of ours, so there is one buffer for the process.
static pthread_mutex_t plugin_mutex = PTHREAD_MUTEX_INITIALIZER;
static char plugin_words[4096];

static void plugin_report(const char *message) {
	if (message == NULL) return;
	pthread_mutex_lock(&plugin_mutex);
	size_t used = strlen(plugin_words), room = sizeof plugin_words - 1 - used;
	if (used > 0 && room > 1) {
		strcpy(plugin_words + used, "\n");
		used++, room--;
	}
	strncpy(plugin_words + used, message, room);
	plugin_words[sizeof plugin_words - 1] = 0;
	pthread_mutex_unlock(&plugin_mutex);
}

// plugin_take gives what was reported since the last time, for the caller to free.
static char *plugin_take(void) {
	pthread_mutex_lock(&plugin_mutex);
	char *words = strdup(plugin_words);
	plugin_words[0] = 0;
	pthread_mutex_unlock(&plugin_mutex);
	return words;
}

static void *plugin_call_create(void *create, char **keys, char **values, size_t n) {
	return ((plugin_create)create)(keys, values, n, plugin_report);
}
static void plugin_call_destroy(void *destroy, void *delegate) { ((plugin_destroy)destroy)(delegate); }
*/
import "C"

import (
	"strings"
	"sync"
	"unsafe"
)

// creating is held while a delegate is made, so that what the library reports belongs to it.
var creating sync.Mutex

// stringList is strings in C memory, which C may keep: nothing of it moves or is freed until free.
type stringList struct {
	array *(*C.char) // NULL when there is none
	n     int
}

func newStringList(n int) stringList {
	if n == 0 {
		return stringList{}
	}
	return stringList{(**C.char)(C.calloc(C.size_t(n), C.size_t(unsafe.Sizeof((*C.char)(nil))))), n}
}

func (l stringList) items() []*C.char { return unsafe.Slice(l.array, l.n) } // as calloc gave it

func (l stringList) free() {
	for _, s := range l.items() {
		C.free(unsafe.Pointer(s))
	}
	C.free(unsafe.Pointer(l.array))
}

// create calls the library's function; words is what it reported meanwhile.
func create(function unsafe.Pointer, keys, values stringList) (delegate unsafe.Pointer, words string) {
	creating.Lock()
	defer creating.Unlock()
	take() // what another delegate said late
	delegate = C.plugin_call_create(function, keys.array, values.array, C.size_t(keys.n))
	return delegate, take()
}

func take() string {
	words := C.plugin_take()
	defer C.free(unsafe.Pointer(words))
	return strings.TrimSpace(strings.ToValidUTF8(C.GoString(words), "�"))
}

func destroy(function, delegate unsafe.Pointer) { C.plugin_call_destroy(function, delegate) }

// cString is a copy in C memory, for a stringList.
func cString(s string) *C.char { return C.CString(s) }
