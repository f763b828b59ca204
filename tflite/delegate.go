package tflite

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
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

type xnnpack struct {
	delegate unsafe.Pointer
	threads  int
	weights  *Weights // nil: its own
}

func (x *xnnpack) Name() string { return "cpu:xnnpack" }

// mayBeIdle says whether it is worth knowing if the first of so many delegates takes any operator.
func mayBeIdle(d Delegate, of int) bool {
	if _, ok := d.(*xnnpack); ok {
		return of == 1
	}
	_, ok := d.(interface{ MayBeIdle() })
	return ok
}

func (x *xnnpack) Ptr() unsafe.Pointer { return x.delegate }

func (x *xnnpack) Delete() {
	if x.delegate != nil {
		capi.DeleteXNNPACK(x.delegate)
		x.delegate = nil
		x.weights.release()
	}
}

// NewXNNPACK makes an XNNPACK delegate with its operators on signed and unsigned 8-bit tensors switched on, beside
// the float ones. threads must be at least 0; 0 is 1.
func NewXNNPACK(threads int) (Delegate, error) { return newXNNPACK(threads, nil) }

func newXNNPACK(threads int, weights *Weights) (Delegate, error) {
	if threads < 0 {
		return nil, fmt.Errorf("tflite: invalid thread count %d for XNNPACK (want 0 for one thread, or more)", threads)
	}
	for _, f := range []string{"TfLiteXNNPackDelegateOptionsDefault", "TfLiteXNNPackDelegateCreate", "TfLiteXNNPackDelegateDelete"} {
		if err := need(f); err != nil {
			return nil, err
		}
	}
	const flags = xnnpackQS8 | xnnpackQU8
	word, sure := xnnpackLayout()
	var cache unsafe.Pointer
	if weights != nil && sure { // a pointer in the wrong place would crash
		cache = weights.cache
	}
	d, got := capi.XNNPACK(max(threads, 1), word, flags, cache)
	if d == nil {
		return nil, &Error{Op: "TfLiteXNNPackDelegateCreate", Status: Failed}
	}
	if got&flags != flags {
		capi.DeleteXNNPACK(d)
		return nil, fmt.Errorf("the TensorFlow Lite library %s does not support XNNPACK's 8-bit operators", RuntimeVersion())
	}
	x := &xnnpack{delegate: d, threads: threads}
	if cache != nil {
		x.weights, weights.used = weights, true
		weights.users.Add(1)
	}
	return x, nil
}

// counter stands behind a delegate and tells whether that has taken anything: XNNPACK takes no operator of some models
// (int8 softmax alone, 16-bit activations) and says nothing, and an external delegate may know none of a model's.
type counter struct {
	*capi.Counter
	keeps bool
}

func newCounter(keeps bool) (counter, error) {
	if c := capi.NewCounter(keeps); c != nil {
		return counter{c, keeps}, nil
	}
	return counter{}, errNoMemory
}

func (c counter) Name() string             { return "counter" }
func (c counter) renew() (Delegate, error) { return newCounter(c.keeps) }

// xnnpackLayout is the place of the flags in TfLiteXNNPackDelegateOptions, 2 or 3, behind which the pointer to the
// weights stands. A bit that no version knows is set in the second word: it comes back where that is the flags, and
// is not looked at, for want of a model, where it is runtime_flags. A library that cannot be asked is not sure.
var xnnpackLayout = sync.OnceValues(func() (word int, sure bool) {
	if !capi.Has("TfLiteXNNPackDelegateGetFlags") {
		return xnnpackFlagsWord(RuntimeVersion()), false
	}
	const mark = 1 << 30
	d, got := capi.XNNPACK(1, 2, mark, nil)
	if d == nil {
		return xnnpackFlagsWord(RuntimeVersion()), false
	}
	capi.DeleteXNNPACK(d)
	if got&mark != 0 {
		return 2, true
	}
	return 3, true
})

// xnnpackFlagsWord is the place of the flags in TfLiteXNNPackDelegateOptions: versions after 2.18 have runtime_flags
// before them, and some builds of 2.18. It is a guess, for a library that has no TfLiteXNNPackDelegateGetFlags. A
// version that cannot be read counts as new.
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
