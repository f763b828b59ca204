package edgetpu

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestParseSpec(t *testing.T) {
	devices := []Device{
		{USB, "/sys/bus/usb/devices/2-1"}, {PCI, "/dev/apex_0"}, {USB, "/sys/bus/usb/devices/2-2"}, {PCI, "/dev/apex_1"},
	}
	for _, c := range []struct {
		spec string
		want []int // indices into devices; nil: no device
	}{
		{"", []int{0, 1, 2, 3}},
		{"usb", []int{0, 2}},
		{"pci", []int{1, 3}},
		{":0", []int{0}},
		{":3", []int{3}},
		{":4", nil},
		{"usb:1", []int{2}},
		{"usb:2", nil},
		{"pci:0", []int{1}},
		{"/dev/apex_1", []int{3}},
		{"pci:/dev/apex_1", []int{3}},
		{"usb:/dev/apex_1", nil},
		{"/dev/apex_7", nil},
		{"usb:2-2", []int{2}},
		{"usb:1-1.4", nil},
	} {
		t.Run(c.spec, func(t *testing.T) {
			s, err := ParseSpec(c.spec)
			if err != nil {
				t.Fatal(err)
			}
			if again, err := ParseSpec(s.String()); err != nil || again != s {
				t.Errorf("it reads %q afterwards, which is %+v (%v)", s, again, err)
			}
			var want []Device
			for _, i := range c.want {
				want = append(want, devices[i])
			}
			got, err := s.Select(devices)
			if !reflect.DeepEqual(got, want) {
				t.Errorf("selects %v, want %v", got, want)
			}
			if (err != nil) != (want == nil) {
				t.Errorf("error %v", err)
			}
			if err != nil && (!errors.Is(err, ErrNoDevice) || !strings.Contains(err.Error(), devices[0].String())) {
				t.Errorf("error %q does not name what there is", err)
			}
			if _, err := s.Select(nil); !errors.Is(err, ErrNoDevice) || err.Error() != "no Edge TPU found" {
				t.Errorf("without devices: %v", err)
			}
		})
	}
}

func TestParseSpecRefuses(t *testing.T) {
	for _, s := range []string{"tpu", "usb0", "usb:", ":", "pci:-1", "usb:+1", ":1x", "usb:0:1", "USB", "usb:a", "99",
		":99999999999999999999", "dev/apex_0", ":/dev/apex_0", "usb:2-", "pci:01:00.0", "pci:0000:01:00.8", "apex:"} {
		if spec, err := ParseSpec(s); err == nil {
			t.Errorf("%q: no error, but %q", s, spec)
		} else if !strings.Contains(err.Error(), "want") {
			t.Errorf("%q: error %q does not say what is wanted", s, err)
		}
	}
}

func TestParseVersion(t *testing.T) {
	const raw = "BuildLabel(COMPILER=9.3.0,DATE=redacted,CL_NUMBER=317268237), RuntimeVersion(13)"
	v, err := ParseVersion(raw)
	if err != nil {
		t.Fatal(err)
	}
	if want := (Version{raw, "COMPILER=9.3.0,DATE=redacted,CL_NUMBER=317268237", 13}); v != want {
		t.Errorf("got %+v, want %+v", v, want)
	}
	if want := "runtime 13 (COMPILER=9.3.0,DATE=redacted,CL_NUMBER=317268237)"; v.String() != want {
		t.Errorf("reads %q, want %q", v, want)
	}
	for _, bad := range []string{"", "13", "RuntimeVersion", "RuntimeVersion(", "RuntimeVersion()", "RuntimeVersion(x)",
		"RuntimeVersion(-1)", "RuntimeVersion(99999999999)"} {
		if v, err := ParseVersion(bad); err == nil {
			t.Errorf("%q: no error, but %+v", bad, v)
		}
	}
}

func TestCheckRuntime(t *testing.T) {
	p := &Package{MinRuntimeVersion: 13}
	if err := CheckRuntime(Version{RuntimeVersion: 13}, p); err != nil {
		t.Error(err)
	}
	err := CheckRuntime(Version{RuntimeVersion: 12}, p)
	if !errors.Is(err, ErrTooOld) || !strings.Contains(err.Error(), "12") || !strings.Contains(err.Error(), "13") {
		t.Errorf("error %v", err)
	}
}

func TestOptions(t *testing.T) {
	n := 8
	got := Options{Performance: Max, AlwaysDFU: true, MaxBulkInQueueLength: &n}.list()
	want := []option{{"Performance", "Max"}, {"Usb.AlwaysDfu", "True"}, {"Usb.MaxBulkInQueueLength", "8"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := (Options{}).list(); got != nil {
		t.Errorf("the zero Options set %v", got)
	}
	for _, bad := range []int{-1, 256} {
		if err := (Options{MaxBulkInQueueLength: &bad}).Validate(); err == nil {
			t.Errorf("a queue of %d is taken", bad)
		}
	}
	if err := (Options{Performance: "max"}).Validate(); err == nil {
		t.Error("a performance of \"max\" is taken, which libedgetpu does not know")
	}
	for s, want := range map[string]Performance{"": "", "low": Low, "MAX": Max, "Medium": Medium} {
		if p, err := ParsePerformance(s); err != nil || p != want {
			t.Errorf("%q: %q, %v", s, p, err)
		}
	}
	if _, err := ParsePerformance("turbo"); err == nil {
		t.Error("turbo is taken")
	}
}
