package heat

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"corallite/delegate/edgetpu"
	"corallite/delegate/edgetpu/simtest"
	"corallite/internal/clock/clocktest"
)

func wantError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || err.Error() != want {
		t.Errorf("got the error %v, want %q", err, want)
	}
}

func TestStartErrors(t *testing.T) {
	r := newRig(t, Options{})
	wantError(t, r.Start(), "heat: there is nothing to read the temperature with (Options.Read)")

	clock := clocktest.New(start)
	r = newRig(t, Options{Read: func() (edgetpu.Reading, error) { return reading(40), nil }, Clock: clock})
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	wantError(t, r.Start(), "heat: the monitor was started already")
	r.Close()
	wantError(t, r.Start(), "heat: the monitor was closed")

	r = newRig(t, Options{Read: func() (edgetpu.Reading, error) { return reading(40), nil }, Clock: clock})
	r.Close()
	wantError(t, r.Start(), "heat: the monitor was closed")
}

// TestWatch reads at once and then every interval, until Close.
func TestWatch(t *testing.T) {
	clock, reads, celsius := clocktest.New(start), atomic.Int32{}, atomic.Int32{}
	celsius.Store(40)
	r := newRig(t, Options{Clock: clock, Interval: 5 * time.Second, Read: func() (edgetpu.Reading, error) {
		reads.Add(1)
		return reading(float64(celsius.Load())), nil
	}})
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	for i, c := range []struct {
		celsius int32 // of the next reading
		told    []string
	}{{90, nil}, {60, []string{"move: the Edge TPU is at 90.0 °C"}}, {60, nil}, {60, nil}, {60, nil}, {60, nil}, {60, nil}, {60, []string{"rest 2.08", "back"}}} {
		wait := clock.Await(1)
		if wait != 5*time.Second || int(reads.Load()) != i+1 {
			t.Errorf("waits %v after %d readings", wait, reads.Load())
		}
		r.told(c.told...)
		celsius.Store(c.celsius)
		clock.Advance(wait)
	}
	clock.Await(1)
	r.Close()
	r.Close()
	if s := r.Stats(); s.Moved != 30*time.Second || s.MaxAt != start.Add(5*time.Second) {
		t.Errorf("%+v", s)
	}
}

// TestCloseWhileReading closes during a reading, which is waited for: its callbacks run before Close returns.
func TestCloseWhileReading(t *testing.T) {
	answer, reads := make(chan struct{}), make(chan struct{})
	r := newRig(t, Options{Clock: clocktest.New(start), Read: func() (edgetpu.Reading, error) {
		close(reads) // a second reading panics
		<-answer
		return reading(90), nil
	}})
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	<-reads
	closed := make(chan struct{})
	go func() {
		r.Close()
		close(closed)
	}()
	select {
	case <-r.stop:
	case <-time.After(time.Minute):
		t.Fatal("Close does not begin")
	}
	select {
	case <-closed:
		t.Error("Close did not wait for the reading")
	default:
	}
	close(answer)
	<-closed
	r.told("move: the Edge TPU is at 90.0 °C")
}

// TestWatchWithoutSensor ends by itself.
func TestWatchWithoutSensor(t *testing.T) {
	r := newRig(t, Options{Clock: clocktest.New(start), Read: func() (edgetpu.Reading, error) {
		return edgetpu.System{Root: t.TempDir()}.Temperature(edgetpu.Device{Bus: edgetpu.USB, Path: "/sys/bus/usb/devices/2-1"})
	}})
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-r.done:
	case <-time.After(time.Minute):
		t.Fatal("it goes on")
	}
	r.told()
	r.logged("level=DEBUG") // nothing that people see
	if s := r.Stats(); s != (Stats{}) && s.Known {
		t.Errorf("%+v", s)
	}
	r.Close()
}

// TestWatchGoesOnWithoutTheDevice continues to read while the device is gone, even if its sensor's file returns late.
func TestWatchGoesOnWithoutTheDevice(t *testing.T) {
	clock := clocktest.New(start)
	answers := make(chan error, 1)
	r := newRig(t, Options{Clock: clock, Read: func() (edgetpu.Reading, error) { return reading(84), <-answers }})
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		answer error
		told   []string
	}{
		{nil, []string{"move: the Edge TPU is at 84.0 °C"}}, {errGone, []string{"gone: " + errGone.Error()}}, {errGone, nil},
		{edgetpu.ErrNoSensor, nil}, {errors.New("other"), nil}, {nil, nil},
	} {
		answers <- c.answer
		wait := clock.Await(1)
		r.told(c.told...)
		clock.Advance(wait)
	}
	answers <- nil
	clock.Await(1)
	if s := r.Stats(); s.Gone || s.State != Moved {
		t.Errorf("%+v", s)
	}
}

// TestWatchAMachine reads the files of a made-up machine, as a card's driver has them, with the code for the real one.
func TestWatchAMachine(t *testing.T) {
	const card = "/dev/apex_0"
	control, clock := simtest.NewControl(t), clocktest.New(start)
	simtest.Use(t, simtest.Config{Devices: []string{"pci"}, Control: control})
	system := edgetpu.System{Root: control.Root()}
	r := newRig(t, Options{Clock: clock, Read: func() (edgetpu.Reading, error) {
		return system.Temperature(edgetpu.Device{Bus: edgetpu.PCI, Path: card})
	}})
	control.Temperature(card, 45050)
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		next   func() // until the next reading
		later  time.Duration
		told   []string
		logged []string
	}{
		{next: func() { control.Temperature(card, 79050) }},
		{
			next: func() { control.Temperature(card, 89800) },
			told: []string{"rest 0.837"}, logged: []string{"it rests between runs"},
		},
		{
			next: func() { control.Temperature(card, -89700) },
			told: []string{"move: the Edge TPU is at 89.8 °C"}, logged: []string{"past trip point", "its models move to the CPU"},
		},
		{
			next: func() { control.Temperature(card, 60050) },
			told: []string{"gone: the Edge TPU is gone: its sensor reads -89.7 °C (/sys/class/apex/apex_0/temp), which is what a card " +
				"reads that does not answer"},
			logged: []string{"the Edge TPU is gone"},
		},
		{next: func() { control.Unplug(card) }, logged: []string{"can be read again", "below trip point 0"}},
		{
			next: func() { control.Plug(card) },
			told: []string{"gone: the Edge TPU is gone: neither /sys/class/apex/apex_0 nor /dev/apex_0 is there"}, logged: []string{"is gone"},
		},
		{next: func() {}, later: DefaultAway, logged: []string{"can be read again"}},
		{next: func() {}, told: []string{"rest 2.08", "back"}, logged: []string{"come back", "it rests"}},
	} {
		wait := clock.Await(1)
		r.told(c.told...)
		r.logged(c.logged...)
		c.next()
		wait += c.later
		clock.Advance(wait)
	}
	clock.Await(1)
	r.Close()
	if s := r.Stats(); s.Now != 60.05 || s.Max != 89.8 || s.Moves != 1 || s.Gone {
		t.Errorf("%+v", s)
	}
}
