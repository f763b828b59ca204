package tflite

import (
	"errors"
	"fmt"
	"strings"

	"corallite/internal/schema"
)

// ErrClosed is what every use of a closed interpreter gives.
var ErrClosed = errors.New("the interpreter is closed")

var errNoMemory = errors.New("tflite: out of memory")

// Status is TfLiteStatus, as the C functions return it.
type Status int

// The statuses of TensorFlow Lite 2.17.
const (
	OK Status = iota
	Failed
	DelegateFailed
	ApplicationFailed // a delegate that does not fit the runtime or the graph
	DelegateDataNotFound
	DelegateDataWriteFailed
	DelegateDataReadFailed
	UnresolvedOps
	Cancelled
	OutputShapeNotKnown
)

var statusNames = [...]string{
	"ok", "error", "delegate error", "application error", "delegate data not found", "delegate data not written",
	"delegate data not read", "unresolved operators", "cancelled", "output shape not known",
}

func (s Status) String() string {
	if s < 0 || int(s) >= len(statusNames) {
		return fmt.Sprintf("status %d", int(s))
	}
	return statusNames[s]
}

// Error is a call of the C library that failed.
type Error struct {
	Op     string // the C function: "TfLiteInterpreterInvoke"
	Status Status
	Detail string // the runtime's own messages during the call, joined by "; "; empty when it gave none
}

func (e *Error) Error() string {
	if e.Detail == "" {
		return fmt.Sprintf("%s: %s", e.Op, e.Status)
	}
	said := fmt.Sprintf("%s: %s: %s", e.Op, e.Status, e.Detail)
	if e.newerOperator() {
		return fmt.Sprintf("%v: an operator, or a version of one, is newer than %s; export the model with an older version of the tool that made it (%s)",
			schema.ErrUnsupported, schema.Runtime, said)
	}
	return said
}

// Is says whether the model is one that only a newer runtime can run.
func (e *Error) Is(target error) bool { return target == schema.ErrUnsupported && e.newerOperator() }

// newerOperator knows the words with which the runtime looks for an operator's kernel (op_resolver.cc).
func (e *Error) newerOperator() bool {
	return strings.Contains(e.Detail, "Didn't find op for builtin opcode")
}

// lines are the non-empty lines of the runtime's messages.
func lines(messages string) []string {
	var kept []string
	for line := range strings.Lines(messages) {
		if line = strings.TrimSpace(line); line != "" {
			kept = append(kept, line)
		}
	}
	return kept
}
