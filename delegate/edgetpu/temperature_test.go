package edgetpu

import (
	"errors"
	"maps"
	"os"
	"strings"
	"testing"
)

const apex = "/sys/class/apex/apex_0"

// card are the files of a PCIe device, as the driver shows them when nothing is set: on the sensor's steps.
var card = map[string]string{
	"/dev/apex_0":              "",
	apex + "/temp":             "46050\n",
	apex + "/trip_point0_temp": "84800\n",
	apex + "/trip_point1_temp": "89800\n",
	apex + "/trip_point2_temp": "94800\n",
	apex + "/hw_temp_warn1":    "99800\n",
	apex + "/hw_temp_warn2":    "109800\n",
}

func TestTemperature(t *testing.T) {
	defaults := Reading{Now: 46.05, Trip: [3]float64{85, 90, 95}, Warn: [2]float64{100, 110}}
	shown := Reading{Now: 46.05, Trip: [3]float64{84.8, 89.8, 94.8}, Warn: [2]float64{99.8, 109.8}}
	at := func(r Reading, now float64) Reading { r.Now = now; return r }
	for _, c := range []struct {
		name   string
		change map[string]string // "-": not there
		device Device
		want   Reading
		kind   error
		says   []string // parts of the error; none: no error
	}{
		{name: "as the driver shows it", want: shown},
		{name: "cold", change: map[string]string{apex + "/temp": "-19950\n"}, want: at(shown, -19.95)},
		{name: "hot", change: map[string]string{apex + "/temp": "119800"}, want: at(shown, 119.8)},
		{
			name: "points set by hand", change: map[string]string{apex + "/trip_point0_temp": "60050\n"},
			want: Reading{Now: 46.05, Trip: [3]float64{60.05, 89.8, 94.8}, Warn: shown.Warn},
		},
		{
			name: "only the temperature", want: defaults,
			change: map[string]string{
				apex + "/trip_point0_temp": "-", apex + "/trip_point1_temp": "-", apex + "/trip_point2_temp": "-",
				apex + "/hw_temp_warn1": "-", apex + "/hw_temp_warn2": "-",
			},
		},
		{name: "all ones", change: map[string]string{apex + "/temp": "-89700\n"}, kind: ErrGone, says: []string{"-89.7 °C", apex + "/temp"}},
		{name: "nearly all ones", change: map[string]string{apex + "/temp": "-87900\n"}, kind: ErrGone, says: []string{"-87.9 °C"}},
		{name: "all zeros", change: map[string]string{apex + "/temp": "166050\n"}, says: []string{apex + "/temp", "166.05 °C", "sensor"}},
		{name: "below what the sensor can show", change: map[string]string{apex + "/temp": "-273150\n"}, says: []string{apex + "/temp", "-273.15 °C"}},
		{name: "garbage", change: map[string]string{apex + "/temp": "warm\n"}, says: []string{apex + "/temp", `"warm"`}},
		{name: "nothing in it", change: map[string]string{apex + "/temp": ""}, says: []string{apex + "/temp", `""`}},
		{name: "much garbage", change: map[string]string{apex + "/temp": strings.Repeat("x", 1<<16)}, says: []string{apex + "/temp", "xxx…"}},
		{name: "a number too large", change: map[string]string{apex + "/temp": "99999999999999999999"}, says: []string{apex + "/temp"}},
		{name: "garbage in a trip point", change: map[string]string{apex + "/trip_point1_temp": "high"}, says: []string{apex + "/trip_point1_temp", `"high"`}},
		{name: "garbage in a warning", change: map[string]string{apex + "/hw_temp_warn2": "?"}, says: []string{apex + "/hw_temp_warn2"}},
		{name: "on USB", device: Device{USB, stick}, kind: ErrNoSensor, says: []string{stick}},
		{name: "an old driver", change: map[string]string{apex + "/temp": "-"}, kind: ErrNoSensor, says: []string{apex, "gasket-dkms"}},
		{name: "not in sysfs", device: Device{PCI, "/dev/apex_1"}, change: map[string]string{"/dev/apex_1": ""}, kind: ErrNoSensor, says: []string{"apex_1"}},
		{name: "nowhere", device: Device{PCI, "/dev/apex_2"}, kind: ErrGone, says: []string{"/dev/apex_2", "/sys/class/apex/apex_2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := maps.Clone(card)
			for path, contents := range c.change {
				if files[path] = contents; contents == "-" {
					delete(files, path)
				}
			}
			if c.device == (Device{}) {
				c.device = Device{PCI, "/dev/apex_0"}
			}
			got, err := machine(t, files).Temperature(c.device)
			if got != c.want || (err != nil) != (len(c.says) > 0) {
				t.Fatalf("got %+v, %v, want %+v", got, err, c.want)
			}
			for _, kind := range []error{ErrGone, ErrNoSensor} {
				if errors.Is(err, kind) != (kind == c.kind) {
					t.Errorf("error %v: wrong kind", err)
				}
			}
			for _, part := range c.says {
				if !strings.Contains(err.Error(), part) || len(err.Error()) > 200 {
					t.Errorf("error %q does not say %q in short", err, part)
				}
			}
		})
	}
}

// TestTemperatureUnreadable has a folder where the file should be: the one thing that root cannot read either.
func TestTemperatureUnreadable(t *testing.T) {
	s := machine(t, map[string]string{apex + "/temp/file": ""})
	_, err := s.Temperature(Device{PCI, "/dev/apex_0"})
	var cause *os.PathError
	if !errors.As(err, &cause) || !strings.HasSuffix(cause.Path, apex+"/temp") || errors.Is(err, ErrGone) || errors.Is(err, ErrNoSensor) {
		t.Errorf("got %v", err)
	}
}
