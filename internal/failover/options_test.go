package failover

import (
	"errors"
	"strings"
	"testing"
	"time"

	"corallite/internal/clock/clocktest"
	"corallite/tflite/tensor"
)

func TestNew(t *testing.T) {
	m := &model{}
	d := &fakeDevice{model: m, clock: clocktest.New(time.Unix(1e9, 0))}
	other := m.engine(fallbackName)
	other.inputs[0].Shape = []int{1, 4, 4}
	fewer := m.engine(fallbackName)
	fewer.outputs = fewer.outputs[:1]
	typed := m.engine(fallbackName)
	typed.outputs[0].Type = tensor.Int8
	shaped := m.engine(fallbackName) // known after a run
	shaped.outputs[1].Shape = []int{3}
	for _, c := range []struct {
		name    string
		primary tensor.Engine
		o       Options
		want    string // "": no error
	}{
		{"no Open", d.engine(), Options{Fallback: m.engine(fallbackName)}, "Options.Open is nil"},
		{"nothing", nil, Options{Open: d.open}, "model x: no Edge TPU found; and it has no fallback to run on the CPU"},
		{"another input", d.engine(), Options{Open: d.open, Fallback: other}, "input 0 is picture uint8[1,16] scale 0.5 zero 128, not picture uint8[1,4,4]"},
		{"fewer outputs", d.engine(), Options{Open: d.open, Fallback: fewer}, "2 inputs and 2 outputs, not 2 and 1"},
		{"another type", d.engine(), Options{Open: d.open, Fallback: typed}, "output 0 is scores uint8[1,8], not scores int8[1,8]"},
		{"another size", d.engine(), Options{Open: d.open, Fallback: shaped}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.o.Name = "x"
			e, err := New(c.primary, errNoDevice, c.o)
			switch {
			case c.want == "" && err == nil:
				if err := e.Close(); err != nil {
					t.Error(err)
				}
			case err == nil || c.want == "" || !strings.Contains(err.Error(), c.want):
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

func TestReasons(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"plain", "plain"},
		{"two\n\n  lines\t of \x1b[31m it\n", "two; lines of [31m it"},
		{"", "no reason was given"},
		{"bad \xff byte", "bad � byte"},
		{strings.Repeat("é", 300), strings.Repeat("é", 199) + "…"},
	} {
		if got := reasonOf(errors.New(c.text)); got != c.want {
			t.Errorf("%q gives %q, want %q", c.text, got, c.want)
		}
	}
	wrapped := errors.Join(errors.New("model x on usb:2-1"), knownReason{})
	if got := reasonOf(wrapped); got != "the Edge TPU process died" {
		t.Errorf("reason %q", got)
	}
}

type knownReason struct{}

func (knownReason) Error() string  { return "isolate: pid 12: signal 6" }
func (knownReason) Reason() string { return "the Edge TPU process died" }
