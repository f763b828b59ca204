package panicerr

import (
	"errors"
	"io"
	"strings"
	"testing"
)

func TestRecover(t *testing.T) {
	run := func(value any) (err error) {
		defer Recover(&err, "the engine")
		if value != nil {
			panic(value)
		}
		return io.EOF
	}
	if err := run(nil); err != io.EOF || Is(err) {
		t.Errorf("no panic: %v", err)
	}
	err := run("strange")
	var p *Error
	if !errors.As(err, &p) || !Is(err) || err.Error() != "the engine panicked: strange" || !strings.Contains(string(p.Stack), "panicerr_test.go") {
		t.Errorf("%v\n%s", err, p.Stack)
	}
	if err := run(io.ErrClosedPipe); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("the panic's error is not in %v", err)
	}
}
