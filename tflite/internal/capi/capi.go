// Package capi is what github.com/mattn/go-tflite does not offer of the TensorFlow Lite C API, or offers with a leak.
// It takes and gives raw pointers, owns nothing and checks nothing beyond what its comments say; package tflite is the
// safe one.
package capi

/*
#cgo LDFLAGS: -ltensorflowlite_c -ldl -lpthread
#include "capi.h"

#define CALL(name) cl_table()->name
static TfLiteStatus enable_cancellation(TfLiteInterpreterOptions* o) { return CALL(TfLiteInterpreterOptionsEnableCancellation)(o, true); }
static TfLiteStatus cancel(TfLiteInterpreter* i) { return CALL(TfLiteInterpreterCancel)(i); }
static TfLiteTensor* get_tensor(TfLiteInterpreter* i, int t) { return CALL(TfLiteInterpreterGetTensor)(i, t); }
static TfLiteStatus tensor_realloc(size_t n, TfLiteTensor* t) { return CALL(TfLiteTensorRealloc)(n, t); }
static void* runner_get(TfLiteInterpreter* i, const char* key) { return CALL(TfLiteInterpreterGetSignatureRunner)(i, key); }
static TfLiteStatus runner_resize(void* r, const char* name, const int* dims, int32_t n) { return CALL(TfLiteSignatureRunnerResizeInputTensor)(r, name, dims, n); }
static TfLiteStatus runner_allocate(void* r) { return CALL(TfLiteSignatureRunnerAllocateTensors)(r); }
static TfLiteStatus runner_invoke(void* r) { return CALL(TfLiteSignatureRunnerInvoke)(r); }
static TfLiteStatus runner_cancel(void* r) { return CALL(TfLiteSignatureRunnerCancel)(r); }
static void runner_delete(void* r) { CALL(TfLiteSignatureRunnerDelete)(r); }
*/
import "C"

import (
	"sync/atomic"
	"unsafe"

	tfl "github.com/mattn/go-tflite"
)

// Has says whether the library in this process has a C function of that name.
func Has(function string) bool {
	s := C.CString(function)
	defer C.free(unsafe.Pointer(s))
	return bool(C.cl_has(s))
}

// Version is TfLiteVersion: "2.17.1".
func Version() string { return C.GoString(C.TfLiteVersion()) }

// Memory is n bytes of C memory, aligned to 64 as the runtime wants its tensors, or nil when there is none left. It
// is freed with Free.
func Memory(n int) []byte {
	var p unsafe.Pointer
	if C.posix_memalign(&p, Alignment, C.size_t(max(n, 1))) != 0 {
		return nil
	}
	return unsafe.Slice((*byte)(p), n)
}

// Free frees what Memory gave.
func Free(memory []byte) { C.free(unsafe.Pointer(unsafe.SliceData(memory))) }

// A go-tflite object is a struct of one C pointer, which it does not give out. The arrays have no length 0 and fail
// to compile when that changes.
var (
	_ [1]struct{} = [unsafe.Sizeof(tfl.Model{}) / unsafe.Sizeof(uintptr(0))]struct{}{}
	_ [1]struct{} = [unsafe.Sizeof(tfl.InterpreterOptions{}) / unsafe.Sizeof(uintptr(0))]struct{}{}
	_ [1]struct{} = [unsafe.Sizeof(tfl.Interpreter{}) / unsafe.Sizeof(uintptr(0))]struct{}{}
)

func interpreter(i *tfl.Interpreter) *C.TfLiteInterpreter {
	return *(**C.TfLiteInterpreter)(unsafe.Pointer(i)) // the struct's only field
}

func options(o *tfl.InterpreterOptions) *C.TfLiteInterpreterOptions {
	return *(**C.TfLiteInterpreterOptions)(unsafe.Pointer(o)) // the struct's only field
}

// Log collects the runtime's messages in C memory.
type Log struct {
	log   *C.cl_log
	count *uint32
}

// NewLog makes a Log; it is freed with Delete, after everything that reports to it.
func NewLog() *Log {
	log := C.cl_log_new()
	if log == nil {
		return nil
	}
	return &Log{log, (*uint32)(C.cl_log_count(log))}
}

// Empty says that there is no message since the last Take. It costs no call into C.
func (l *Log) Empty() bool { return atomic.LoadUint32(l.count) == 0 }

// Take returns the messages since the last Take, one a line.
func (l *Log) Take() string {
	if l.Empty() {
		return ""
	}
	text := make([]byte, 8192)
	n := C.cl_log_take(l.log, (*C.char)(unsafe.Pointer(&text[0])), C.size_t(len(text)))
	return string(text[:n])
}

// Delete frees the log.
func (l *Log) Delete() { C.cl_log_free(l.log) }

// NewModel makes a model of bytes in C memory, which must outlive it. go-tflite's own copies the bytes and loses the
// copy. It is nil when the runtime refuses them.
func NewModel(memory []byte, log *Log) *tfl.Model {
	m := C.cl_model(unsafe.Pointer(unsafe.SliceData(memory)), C.size_t(len(memory)), log.log)
	if m == nil {
		return nil
	}
	model := new(tfl.Model)
	*(**C.TfLiteModel)(unsafe.Pointer(model)) = m // the struct's only field
	return model
}

// SetLog makes interpreters of these options report to log. go-tflite's own reporter keeps a Go handle for ever.
func SetLog(o *tfl.InterpreterOptions, log *Log) { C.cl_report(options(o), log.log) }

// EnableCancellation prepares interpreters of these options for Cancel; it does nothing where the library cannot.
func EnableCancellation(o *tfl.InterpreterOptions) {
	if C.cl_table().TfLiteInterpreterOptionsEnableCancellation != nil {
		C.enable_cancellation(options(o))
	}
}

// Cancel asks a running Invoke to stop after the operator at hand. A Cancel before Invoke has begun is lost.
func Cancel(i *tfl.Interpreter) {
	if C.cl_table().TfLiteInterpreterCancel != nil {
		C.cancel(interpreter(i))
	}
}

// Tensor is the tensor of that index in the main subgraph, or nil. It needs TfLiteInterpreterGetTensor.
func Tensor(i *tfl.Interpreter, index int) unsafe.Pointer {
	return unsafe.Pointer(C.get_tensor(interpreter(i), C.int(index)))
}

// InputTensor is an input's tensor, or nil.
func InputTensor(i *tfl.Interpreter, index int) unsafe.Pointer {
	return unsafe.Pointer(C.TfLiteInterpreterGetInputTensor(interpreter(i), C.int32_t(index)))
}

// Realloc gives a dynamic tensor a new size in bytes. It needs TfLiteTensorRealloc.
func Realloc(tensor unsafe.Pointer, size int) int {
	return int(C.tensor_realloc(C.size_t(size), (*C.TfLiteTensor)(tensor)))
}

// CopyFrom fills a tensor, whose size must be that of data.
func CopyFrom(tensor unsafe.Pointer, data []byte) int {
	return int(C.TfLiteTensorCopyFromBuffer((*C.TfLiteTensor)(tensor), unsafe.Pointer(unsafe.SliceData(data)), C.size_t(len(data))))
}

// Runner is a signature's runner.
type Runner struct{ runner unsafe.Pointer }

// NewRunner is nil when there is no such signature. It needs the TfLiteSignatureRunner functions.
func NewRunner(i *tfl.Interpreter, key string) *Runner {
	s := C.CString(key)
	defer C.free(unsafe.Pointer(s))
	if r := C.runner_get(interpreter(i), s); r != nil {
		return &Runner{r}
	}
	return nil
}

// Resize changes the shape of the input of that name; Allocate must follow.
func (r *Runner) Resize(name string, shape []int32) int {
	s := C.CString(name)
	defer C.free(unsafe.Pointer(s))
	return int(C.runner_resize(r.runner, s, (*C.int)(unsafe.Pointer(unsafe.SliceData(shape))), C.int32_t(len(shape))))
}

// Allocate, Invoke, Cancel and Delete are the C functions of these names.
func (r *Runner) Allocate() int { return int(C.runner_allocate(r.runner)) }

// Invoke runs the signature's subgraph.
func (r *Runner) Invoke() int { return int(C.runner_invoke(r.runner)) }

// Cancel is as the interpreter's.
func (r *Runner) Cancel() {
	if C.cl_table().TfLiteSignatureRunnerCancel != nil {
		C.runner_cancel(r.runner)
	}
}

// Delete frees the runner, before its interpreter.
func (r *Runner) Delete() { C.runner_delete(r.runner) }
