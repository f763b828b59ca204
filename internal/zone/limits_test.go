package zone

import (
	"strings"
	"testing"

	"corallite/pipeline"
)

// TestSpeedThreshold drives over a stretch of road of 10 × 10 m, 100 × 100 pixels.
func TestSpeedThreshold(t *testing.T) {
	z := door(t)
	z.Distances, z.MinSpeed, z.Inertia = []float64{10, 10, 10, 10}, "18 km/h", 1 // 5 m/s, 50 pixels a second
	s := newScene(t, Options{Zones: []Zone{z}})
	var in []bool
	x := 90.0
	for n := range 60 {
		if n < 30 {
			x += 2 // 2 m/s
		} else if n == 30 {
			x = 90
		} else {
			x += 6 // 6 m/s, until 200 in frame 48
		}
		track := uint64(1 + n/30)
		d, p := s.at(track, "car", x, 150)
		in = append(in, len(d.Zones) > 0)
		if p.Zones[0].Now["car"] != len(d.Zones) {
			t.Errorf("frame %d: %d counted with %v", n, p.Zones[0].Now["car"], d.Zones)
		}
	}
	for n, is := range in {
		// A speed is known 0.4 s after the car has come: in frame 36, at 126, with 4 frames since 32.
		if want := n >= 36 && n <= 48; is != want {
			t.Errorf("frame %d: in the zone %v, want %v", n, is, want)
		}
	}
}

// TestSpeedThresholdSlowingDown leaves the zone without moving out of it.
func TestSpeedThresholdSlowingDown(t *testing.T) {
	z := door(t)
	z.Distances, z.MinSpeed, z.Inertia = []float64{10, 10, 10, 10}, "2 m/s", 2
	s := newScene(t, Options{Zones: []Zone{z}})
	x, entered, left := 95.0, -1, -1
	for n := range 60 {
		if n < 16 {
			x += 4
		}
		d, _ := s.at(1, "car", x, 150)
		if len(d.Entered) > 0 {
			entered = n
		}
		if len(d.Left) > 0 {
			left = n
		}
	}
	if entered != 6 || left < 17 || left > 28 {
		t.Errorf("entered in frame %d, left in %d: want 6, and a second after 16", entered, left)
	}
	if tr, _ := s.end(1); len(tr.Zones) != 1 || tr.Zones[0].SpeedMPS <= 0 {
		t.Errorf("%+v", tr)
	}
}

func TestParseSpeed(t *testing.T) {
	for text, want := range map[string]float64{"": 0, "36 km/h": 10, "36kph": 10, "10 mph": 4.4704, " 1.5 m/s ": 1.5} {
		if got, err := parseSpeed(text); err != nil || got < want-1e-12 || got > want+1e-12 {
			t.Errorf("%q: %g, %v, want %g", text, got, err, want)
		}
	}
	for _, text := range []string{"30", "fast", "-3 m/s", "0 m/s", "1e9 m/s", "99999 m/s", "3 m/s or so", "km/h", "NaN m/s"} {
		if got, err := parseSpeed(text); err == nil {
			t.Errorf("%q is %g", text, got)
		}
	}
}

func TestZoneFilters(t *testing.T) {
	z := door(t)
	z.Inertia = 1
	z.Filters = []Filter{{Label: "person", MinArea: 300, Threshold: 0.6, Masks: []Shape{shape(t, "100,100,120,100,120,200,100,200", 3)}}, {Label: "car", MaxRatio: 0.5}}
	if err := (Options{Zones: []Zone{z}}).Validate(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		label     string
		score     float32
		box       [4]float32
		predicted bool
		want      bool
	}{
		{"person", 0.9, [4]float32{140, 130, 160, 150}, false, true},
		{"person", 0.9, [4]float32{145, 140, 155, 150}, false, false}, // small
		{"person", 0.5, [4]float32{140, 130, 160, 150}, false, false},
		{"person", 0.5, [4]float32{140, 130, 160, 150}, true, true},   // the score of another time
		{"person", 0.9, [4]float32{100, 130, 120, 150}, false, false}, // under the mask
		{"car", 0.9, [4]float32{140, 130, 160, 150}, false, false},    // wide
		{"dog", 0.1, [4]float32{145, 140, 155, 150}, false, true},     // has no filter
		{"person", 0.9, [4]float32{340, 130, 360, 150}, false, false}, // elsewhere
		{"car", 0.9, [4]float32{145, 100, 155, 150}, false, true},     // narrow
	} {
		f, err := NewFollower(Options{Zones: []Zone{z}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		d := []pipeline.Detection{{Label: c.label, Score: c.score, Track: 1, Box: c.box, Predicted: c.predicted}}
		f.Update(began, 640, 480, d, nil)
		if got := len(d[0].Zones) > 0; got != c.want {
			t.Errorf("%+v: in the zone %v", c, got)
		}
	}
}

func TestValidateLimits(t *testing.T) {
	for want, change := range map[string]func(*Zone){
		"needs distances":       func(z *Zone) { z.MinSpeed = "30 km/h" },
		"a speed with its unit": func(z *Zone) { z.MinSpeed, z.Distances = "30", []float64{1, 1, 1, 1} },
		"min_area 5 is above":   func(z *Zone) { z.Filters = []Filter{{Label: "a", MinArea: 5, MaxArea: 4}} },
		"it is there twice":     func(z *Zone) { z.Filters = []Filter{{Label: "a"}, {Label: "a"}} },
		"a threshold of 2":      func(z *Zone) { z.Filters = []Filter{{Label: "a", Threshold: 2}} },
		"mask at index 0":       func(z *Zone) { z.Filters = []Filter{{Label: "a", Masks: []Shape{{}}}} },
		"expected 4":            func(z *Zone) { z.Distances = []float64{1} },
	} {
		z := door(t)
		change(&z)
		if err := (Options{Zones: []Zone{z}}).Validate(); err == nil || want != "expected 4" && !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want an error about %q", err, want)
		}
	}
}
