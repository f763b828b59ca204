package heat

import (
	"bytes"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"corallite/delegate/edgetpu"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start is the time at which the tests begin.
var start = time.Unix(1e9, 0)

// reading is a reading with the driver's default trip points.
func reading(celsius float64) edgetpu.Reading {
	return edgetpu.Reading{Now: celsius, Trip: [3]float64{85, 90, 95}, Warn: [2]float64{100, 110}}
}

// rig is a Monitor that gets a reading every two seconds, and everything that it reports.
type rig struct {
	*Monitor
	t     *testing.T
	now   time.Time
	calls []string // what was told
	lines bytes.Buffer
}

func newRig(t *testing.T, o Options) *rig {
	t.Helper()
	r := &rig{t: t, now: start}
	o.OnRest = func(rest float64) { r.calls = append(r.calls, fmt.Sprintf("rest %.3g", rest)) }
	o.OnMove = func(reason string) { r.calls = append(r.calls, "move: "+reason) }
	o.OnBack = func() { r.calls = append(r.calls, "back") }
	o.OnGone = func(err error) { r.calls = append(r.calls, "gone: "+err.Error()) }
	o.Logger = slog.New(slog.NewTextHandler(&r.lines, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: plain}))
	m, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	r.Monitor = m
	return r
}

// plain removes from a record what differs between runs.
func plain(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

// feed passes temperatures, two seconds apart.
func (r *rig) feed(celsius ...float64) {
	for _, c := range celsius {
		r.Feed(r.now, reading(c), nil)
		r.now = r.now.Add(DefaultInterval)
	}
}

// fail passes a failed reading.
func (r *rig) fail(err error) {
	r.Feed(r.now, edgetpu.Reading{}, err)
	r.now = r.now.Add(DefaultInterval)
}

// told checks which callbacks ran since the last check.
func (r *rig) told(want ...string) {
	r.t.Helper()
	if !slices.Equal(r.calls, want) {
		r.t.Errorf("told %q, want %q", r.calls, want)
	}
	r.calls = nil
}

// logged checks for one log line each since the last check, with these words.
func (r *rig) logged(want ...string) {
	r.t.Helper()
	lines := strings.FieldsFunc(r.lines.String(), func(c rune) bool { return c == '\n' })
	good := len(lines) == len(want)
	for i := 0; good && i < len(want); i++ {
		good = strings.Contains(lines[i], want[i])
	}
	if !good {
		r.t.Errorf("logged\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
	r.lines.Reset()
}
