package simtest_test

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"corallite/delegate/edgetpu"
	"corallite/delegate/edgetpu/simtest"
	"corallite/internal/testdata"
	"corallite/tflite"
)

const (
	stick   = "/sys/bus/usb/devices/2-1"
	card    = "/dev/apex_0"
	another = "/sys/bus/usb/devices/3-4"
)

// machine is a simulator in this process with the files that the kernel would show.
type machine struct {
	*simtest.Control
	*edgetpu.Library
	edgetpu.System
	t *testing.T
}

func newMachine(t *testing.T, c simtest.Config) machine {
	t.Helper()
	c.Control = simtest.NewControl(t)
	l, err := edgetpu.Load(simtest.Use(t, c))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return machine{c.Control, l, edgetpu.System{Root: c.Control.Root()}, t}
}

// shows compares the devices that the library lists, and those of the machine's files, with those wanted.
func (m machine) shows(want ...edgetpu.Device) {
	m.t.Helper()
	listed, err := m.List()
	if err != nil || !reflect.DeepEqual(listed, want) {
		m.t.Errorf("listed %v, %v, want %v", listed, err, want)
	}
	inOrder := func(a, b edgetpu.Device) int { return strings.Compare(a.String(), b.String()) }
	seen := m.Devices()
	slices.SortFunc(seen, inOrder)
	sorted := slices.Clone(want)
	slices.SortFunc(sorted, inOrder)
	if !reflect.DeepEqual(seen, sorted) {
		m.t.Errorf("the files show %v, want %v", seen, sorted)
	}
	for _, d := range seen {
		if about := m.Describe(d); !about.Node.There || about.ID == "" {
			m.t.Errorf("the files show %+v", about)
		}
	}
}

// open opens a device with the classifier.
func (m machine) open(d edgetpu.Device) *tflite.Interpreter {
	m.t.Helper()
	return m.openModel(d, "models/"+classifier+"_edgetpu.tflite")
}

func (m machine) openModel(d edgetpu.Device, model string) *tflite.Interpreter {
	m.t.Helper()
	opened, err := m.Open(d, edgetpu.Options{})
	if err != nil {
		m.t.Fatal(err)
	}
	n, err := tflite.Open(testdata.Path(m.t, model), tflite.Options{Delegates: []tflite.Delegate{opened}})
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() { _ = n.Close() })
	return n
}

func (m machine) temperature() int {
	m.t.Helper()
	b, err := os.ReadFile(filepath.Join(m.Control.Root(), "sys/class/apex/apex_0/temp"))
	if err != nil {
		m.t.Fatal(err)
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		m.t.Fatal(err)
	}
	return n
}

// TestMachine unplugs and plugs devices; files and list follow at once.
func TestMachine(t *testing.T) {
	m := newMachine(t, simtest.Config{Devices: []string{"pci", "usb", "usb"}})
	pci, usb1, usb2 := edgetpu.Device{Bus: edgetpu.PCI, Path: card}, edgetpu.Device{Bus: edgetpu.USB, Path: stick},
		edgetpu.Device{Bus: edgetpu.USB, Path: "/sys/bus/usb/devices/2-2"}
	m.shows(pci, usb1, usb2)
	first := m.Describe(usb1).Node.Path
	m.Unplug(stick)
	m.shows(pci, usb2)
	if _, err := os.Stat(m.Control.Root() + first); err == nil {
		t.Errorf("%s is still there", first)
	}
	m.Plug(stick)
	m.shows(pci, usb1, usb2)
	if again := m.Describe(usb1).Node.Path; again == first {
		t.Errorf("after plugging it in again the stick has the device file %s as before", again)
	}
	m.PlugAs(stick, another)
	m.shows(pci, edgetpu.Device{Bus: edgetpu.USB, Path: another}, usb2)
	name := m.StableName(pci)
	m.Unplug(card)
	m.shows(edgetpu.Device{Bus: edgetpu.USB, Path: another}, usb2)
	if cards := m.Cards(); len(cards) != 0 {
		t.Errorf("cards %v are left", cards)
	}
	m.PlugAs(card, "/dev/apex_7")
	moved := edgetpu.Device{Bus: edgetpu.PCI, Path: "/dev/apex_7"}
	m.shows(moved, edgetpu.Device{Bus: edgetpu.USB, Path: another}, usb2)
	if again := m.StableName(moved); again != name || !strings.HasPrefix(name, "apex:") {
		t.Errorf("the card was %s and is %s", name, again)
	}
	if about := m.Describe(moved); about.Driver != "apex" || len(m.Cards()) != 1 {
		t.Errorf("the card is %+v of %+v", about, m.Cards())
	}
}

// TestFirmware opens a stick that has none: it changes its id and its number, and moves in the list.
func TestFirmware(t *testing.T) {
	m := newMachine(t, simtest.Config{Devices: []string{"usb", "usb"}, DFU: true, USBSpeed: 480})
	one, two := edgetpu.Device{Bus: edgetpu.USB, Path: stick}, edgetpu.Device{Bus: edgetpu.USB, Path: "/sys/bus/usb/devices/2-2"}
	m.shows(one, two)
	before := m.Describe(one)
	d, err := m.Open(one, edgetpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	after := m.Describe(one)
	if before.ID != "1a6e:089a" || after.ID != "18d1:9302" || before.Node.Path == after.Node.Path || after.Speed != 480 {
		t.Errorf("the stick was %+v and is %+v", before, after)
	}
	m.shows(two, one)
	d.Delete()
	m.shows(two, one)
	m.Unplug(stick)
	m.Plug(stick)
	m.shows(one, two)
	if again := m.Describe(one); again.ID != before.ID {
		t.Errorf("plugged in again the stick is %+v", again)
	}
}

// TestGone takes a device away from under an engine. What has it open has lost it, even when it is back; who opens it
// anew, and has no part in what was opened before, has it.
func TestGone(t *testing.T) {
	m := newMachine(t, simtest.Config{GoneRun: simtest.Error, Compute: simtest.Fixed})
	d := edgetpu.Device{Bus: edgetpu.USB, Path: stick}
	n := m.open(d)
	if err := n.Invoke(t.Context()); err != nil {
		t.Fatal(err)
	}
	id := m.Fault(simtest.Fault{Kind: simtest.Gone, Device: stick})
	if err := n.Invoke(t.Context()); err == nil || !strings.Contains(err.Error(), "simulated Edge TPU: Failed to execute request. The device is gone.") {
		t.Errorf("a run on a device that is gone: %v", err)
	}
	m.shows()
	if by := m.State().Devices[stick].GoneBy; by != id {
		t.Errorf("it was taken by %q, want %q", by, id)
	}
	if _, err := m.Open(d, edgetpu.Options{System: m.System}); err == nil || !strings.Contains(err.Error(), "not there any more") {
		t.Errorf("opening it: %v", err)
	}
	m.Plug(stick)
	m.shows(d)
	if err := n.Invoke(t.Context()); err == nil {
		t.Error("what was opened before runs")
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	again := m.open(d)
	if err := again.Invoke(t.Context()); err != nil {
		t.Error(err)
	}
	if s := m.State(); s.Fired != 1 || s.Faults[id] != 1 {
		t.Errorf("state %+v", s)
	}
}

// TestGoneForAWhile comes back by itself, under another path; the files show it without a call of the library.
func TestGoneForAWhile(t *testing.T) {
	m := newMachine(t, simtest.Config{GoneRun: simtest.Error, Compute: simtest.Fixed})
	n := m.open(edgetpu.Device{Bus: edgetpu.USB, Path: stick})
	m.Fault(simtest.Fault{Kind: simtest.Gone, For: 50 * time.Millisecond, As: another})
	if err := n.Invoke(t.Context()); err == nil {
		t.Error("a run on a device that is gone does not fail")
	}
	ctx := soon(t)
	for len(m.Devices()) == 0 && ctx.Err() == nil {
		time.Sleep(time.Millisecond)
	}
	m.shows(edgetpu.Device{Bus: edgetpu.USB, Path: another})
	if err := m.Wait(ctx, func(s simtest.State) bool { return s.Devices[stick].Present }); err != nil {
		t.Error(err)
	}
}

// TestTemperature sets it, lets runs lift it past the trip points, and sees it fall again.
func TestTemperature(t *testing.T) {
	m := newMachine(t, simtest.Config{Devices: []string{"pci"}, Compute: simtest.Fixed, RunTime: 2 * time.Millisecond,
		Heat: simtest.Heat{Ambient: 40000, Run: 10000, Cooling: 200 * time.Millisecond}})
	if got := m.temperature(); got != 40000 {
		t.Errorf("%d m°C before any run", got)
	}
	for _, milli := range []int{-89700, 84999, 105000} {
		m.Control.Temperature(card, milli)
		if got := m.temperature(); got != milli {
			t.Errorf("%d m°C, set to %d", got, milli)
		}
	}
	m.FreeTemperature(card)
	n := m.open(edgetpu.Device{Bus: edgetpu.PCI, Path: card})
	ctx := soon(t)
	for m.temperature() < 95000 && ctx.Err() == nil {
		if err := n.Invoke(ctx); err != nil {
			t.Fatal(err)
		}
	}
	for m.temperature() > 41000 && ctx.Err() == nil {
		time.Sleep(time.Millisecond)
	}
	if err := ctx.Err(); err != nil {
		t.Errorf("at %d m°C: %v", m.temperature(), err)
	}
}
