package tflite

import (
	"fmt"
	"strconv"
	"strings"
	"unsafe"

	"github.com/mattn/go-tflite/delegates"

	"corallite/tflite/internal/capi"
)

// Delegate is something that runs operators in the runtime's place. Delete is called once, after the interpreter is
// gone.
type Delegate interface {
	delegates.Delegater // Ptr: the TfLiteDelegate; Delete
	// Name is what Device of an interpreter with this delegate says: "cpu:xnnpack".
	Name() string
}

// XNNPACK's flags (tensorflow/lite/delegates/xnnpack/xnnpack_delegate.h): signed and unsigned 8-bit operators.
const (
	xnnpackQS8 = 1
	xnnpackQU8 = 2
)

type xnnpack struct{ delegate unsafe.Pointer }

func (x *xnnpack) Name() string        { return "cpu:xnnpack" }
func (x *xnnpack) Ptr() unsafe.Pointer { return x.delegate }

func (x *xnnpack) Delete() {
	if x.delegate != nil {
		capi.DeleteXNNPACK(x.delegate)
		x.delegate = nil
	}
}

// NewXNNPACK makes an XNNPACK delegate with its operators on signed and unsigned 8-bit tensors switched on, beside
// the float ones. threads of 0 is 1.
func NewXNNPACK(threads int) (Delegate, error) {
	if threads < 0 {
		return nil, fmt.Errorf("%d threads for XNNPACK", threads)
	}
	for _, f := range []string{"TfLiteXNNPackDelegateOptionsDefault", "TfLiteXNNPackDelegateCreate", "TfLiteXNNPackDelegateDelete"} {
		if err := need(f); err != nil {
			return nil, err
		}
	}
	const flags = xnnpackQS8 | xnnpackQU8
	first := xnnpackFlagsWord(RuntimeVersion())
	for _, word := range []int{first, 5 - first} { // the other of 2 and 3
		d, got := capi.XNNPACK(max(threads, 1), word, flags)
		if d == nil {
			return nil, &Error{Op: "TfLiteXNNPackDelegateCreate", Status: Failed}
		}
		if got&flags == flags {
			return &xnnpack{d}, nil
		}
		capi.DeleteXNNPACK(d)
	}
	return nil, fmt.Errorf("the TensorFlow Lite library %s does not take XNNPACK's 8-bit flags", RuntimeVersion())
}

// xnnpackFlagsWord is the place of the flags in TfLiteXNNPackDelegateOptions: versions after 2.18 have runtime_flags
// before them, and some builds of 2.18. It is a guess, to be checked with TfLiteXNNPackDelegateGetFlags where the
// library has it. A version that can not be read counts as new.
func xnnpackFlagsWord(version string) int {
	parts := strings.SplitN(version, ".", 3)
	if len(parts) >= 2 {
		major, err1 := strconv.Atoi(parts[0])
		minor, err2 := strconv.Atoi(parts[1])
		if err1 == nil && err2 == nil && (major < 2 || major == 2 && minor < 18) {
			return 2
		}
	}
	return 3
}

// RuntimeVersion is the version of the TensorFlow Lite library in use: "2.17.1".
func RuntimeVersion() string { return capi.Version() }

// need says that the library lacks a function.
func need(function string) error {
	if capi.Has(function) {
		return nil
	}
	return fmt.Errorf("the TensorFlow Lite library %s has no function %s: use a build that has it, such as the 2.17.1 that scripts/setup brings",
		RuntimeVersion(), function)
}
