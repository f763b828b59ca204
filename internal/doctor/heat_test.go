package doctor

import (
	"strings"
	"testing"
)

func TestHeat(t *testing.T) {
	const folder = "/sys/class/apex/apex_0"
	for _, c := range []struct {
		name    string
		change  files
		check   Check
		state   State
		id      ID
		found   string
		advice  string
		blocked bool // nothing more is tried on it
	}{
		{name: "cool", check: Heat, state: OK, found: "41.0 °C; the driver slows the chip down from 85 °C on"},
		{name: "as hot as is right", change: files{folder + "/temp": "79800"}, check: Heat, state: OK, found: "79.8 °C"},
		{name: "near the trip point", change: files{folder + "/temp": "80050"}, check: Heat, state: Warning, id: Hot, found: "80.0 °C: from 85 °C on", advice: "edgetpu.heat"},
		{name: "near a trip point of one's own", change: files{folder + "/temp": "57000", folder + "/trip_point0_temp": "60050"}, check: Heat,
			state: Warning, id: Hot, found: "57.0 °C: from 60 °C on", advice: "edgetpu.heat"},
		{name: "past the point that holds where none is shown", change: files{folder + "/temp": "91000", folder + "/trip_point0_temp": "absent"},
			check: Heat, state: Warning, id: Hot, found: "91.0 °C: from 85 °C on", advice: "edgetpu.heat"},
		{name: "gone, not cold", change: files{folder + "/temp": "-89700"}, check: Devices, state: Problem, id: DeviceGone,
			found: "the Edge TPU is gone: its sensor reads -89.7 °C", advice: "pcie_aspm=off", blocked: true},
		{name: "nearly all ones is gone too", change: files{folder + "/temp": "-87900"}, check: Devices, state: Problem, id: DeviceGone,
			found: "-87.9 °C", advice: "pcie_aspm=off", blocked: true},
		{name: "cold", change: files{folder + "/temp": "-19950"}, check: Heat, state: OK, found: "-19.9 °C"},
		{name: "an old driver", change: files{folder + "/temp": "absent"}, check: Heat, state: Skipped, found: "the driver of gasket-dkms has"},
		{name: "a sensor that is off", change: files{folder + "/temp": "166050"}, check: Heat, state: Skipped, found: "its sensor does not work"},
		{name: "no number", change: files{folder + "/temp": "warm"}, check: Heat, state: Skipped, found: `"warm" is no temperature`},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := &library{}
			r := examine(t, withCard.with(c.change), nil, l, Options{})
			found := Finding{}
			for _, f := range r.Findings {
				if len(f.Looked) == 1 && f.Looked[0] == folder+"/temp" {
					found = f
				}
			}
			if found.Check != c.check || found.State != c.state || found.ID != c.id {
				t.Errorf("%s: %s %q, want %s: %s %q", found.Check, found.State, found.ID, c.check, c.state, c.id)
			}
			if !strings.Contains(found.Found, c.found) || !strings.Contains(found.Advice, c.advice) {
				t.Errorf("found %q, advice %q; want in them %q, %q", found.Found, found.Advice, c.found, c.advice)
			}
			opened := false
			for _, a := range l.attempts {
				opened = opened || a.Device != nil
			}
			if opened == c.blocked {
				t.Errorf("opened %v", opened)
			}
		})
	}
	r := examine(t, withStick, nil, nil, Options{})
	for _, f := range r.Findings {
		if f.Check == Heat {
			t.Errorf("of a stick: %+v", f)
		}
	}
}
