package zone

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"corallite/pipeline"
)

func shape(t *testing.T, text string, least int) Shape {
	t.Helper()
	s, err := ParseShape(text, least)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// scene feeds a Follower with objects whose foot is somewhere, ten frames a second.
type scene struct {
	t *testing.T
	f *Follower
	n int
}

func newScene(t *testing.T, o Options) *scene {
	t.Helper()
	f, err := NewFollower(o, func(m string) { t.Error(m) })
	if err != nil {
		t.Fatal(err)
	}
	return &scene{t: t, f: f}
}

var began = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// at is the next frame with one object, 20 pixels high and wide.
func (s *scene) at(track uint64, label string, x, y float64) (pipeline.Detection, *Places) {
	d := []pipeline.Detection{{Label: label, Score: 0.9, Track: track, Box: [4]float32{float32(x - 10), float32(y - 20), float32(x + 10), float32(y)}}}
	p := s.f.Update(began.Add(time.Duration(s.n)*100*time.Millisecond), 640, 480, d, nil)
	s.n++
	return d[0], p
}

func (s *scene) end(track uint64) (pipeline.Track, *Places) {
	ended := []pipeline.Track{{Track: track}}
	p := s.f.Update(began.Add(time.Duration(s.n)*100*time.Millisecond), 640, 480, nil, ended)
	s.n++
	return ended[0], p
}

func door(t *testing.T) Zone {
	z := DefaultZone()
	z.Name, z.Shape = "door", shape(t, "100,100,200,100,200,200,100,200", 3)
	return z
}

func TestZone(t *testing.T) {
	s := newScene(t, Options{Zones: []Zone{door(t)}})
	in, out := 150.0, 50.0
	var got []string
	for _, x := range []float64{out, in, in, out, in, in, in, in, out, out, in, out, out, out, out} {
		d, p := s.at(7, "person", x, 150)
		got = append(got, strings.Join(d.Entered, "")+"/"+strings.Join(d.Zones, "")+"/"+strings.Join(d.Left, ""))
		if n := p.Zones[0].Now["person"]; n != len(d.Zones) {
			t.Errorf("%d counted with %v", n, d.Zones)
		}
	}
	want := []string{"//", "//", "//", "//", "//", "//", "door/door/", "/door/", "/door/", "/door/", "/door/", "/door/", "/door/", "//door", "//"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("\n%q\n%q", got, want)
	}
	tr, p := s.end(7)
	if len(tr.Left) != 0 || !reflect.DeepEqual(tr.Zones, []pipeline.Visit{{Zone: "door", Seconds: 0.6}}) { // frames 4 to 10
		t.Errorf("%+v", tr)
	}
	if p.Zones[0].Entered["person"] != 1 || len(p.Zones[0].Now) != 0 || len(s.f.objects) != 0 {
		t.Errorf("%+v, %d objects", p.Zones[0], len(s.f.objects))
	}
}

func TestZoneDwellAndEnd(t *testing.T) {
	s := newScene(t, Options{Zones: []Zone{door(t)}})
	var d pipeline.Detection
	for range 11 {
		d, _ = s.at(1, "person", 150, 150)
	}
	if d.Dwell["door"] != 1 {
		t.Errorf("%v", d.Dwell)
	}
	tr, p := s.end(1)
	if !reflect.DeepEqual(tr.Left, []string{"door"}) || tr.Zones[0].Seconds != 1 || len(p.Zones[0].Now) != 0 {
		t.Errorf("%+v %+v", tr, p.Zones[0])
	}
	if again, _ := s.end(1); again.Left != nil || again.Zones != nil {
		t.Errorf("a track ends once: %+v", again)
	}
}

func TestZoneLoiteringAndLabels(t *testing.T) {
	z := door(t)
	z.Inertia, z.Loitering, z.Objects = 1, time.Second, []string{"person"}
	s := newScene(t, Options{Zones: []Zone{z}})
	for i := range 20 {
		x := 150.0
		if i == 5 {
			x = 50 // begins anew
		}
		d, _ := s.at(1, "person", x, 150)
		if in := len(d.Zones) > 0; in != (i >= 16) {
			t.Errorf("frame %d: %v", i, in)
		}
		if d, _ := s.at(2, "car", 150, 150); d.Zones != nil {
			t.Error("cars do not count")
		}
		s.n-- // both are in one frame
	}
}

func TestZoneAnchors(t *testing.T) {
	for what, want := range map[Anchor][3]bool{Bottom: {true, false, false}, Center: {true, true, false}, Any: {true, true, true}} {
		z := door(t)
		z.Inertia, z.Inside = 1, what
		s := newScene(t, Options{Zones: []Zone{z}})
		for i, y := range []float64{200, 209, 219} { // the foot on the border, the centre inside, a corner inside
			d, _ := s.at(uint64(i+1), "person", 150, y)
			if got := len(d.Zones) > 0; got != want[i] {
				t.Errorf("%s, foot at %v: %v", what, y, got)
			}
		}
	}
}

func gate(t *testing.T) Line {
	l := DefaultLine()
	l.Name, l.Shape, l.AToB, l.BToA = "gate", shape(t, "100,100,300,100", 2), "in", "out"
	return l
}

func TestLine(t *testing.T) {
	for _, c := range []struct {
		name string
		y    []float64
		want string
	}{
		{"down", []float64{50, 90, 110, 150}, "in"},
		{"up", []float64{150, 110, 90, 50}, "out"},
		{"jitter on the line, then down", []float64{90, 101, 99, 101, 99.5, 100, 101.9, 103}, "in"},
		{"jitter on the line, then back", []float64{90, 101, 99, 101, 99.5, 100, 90}, ""},
		{"stands on it", []float64{90, 101, 101, 101, 101}, ""},
		{"there and back", []float64{50, 150, 50}, "in out"},
		{"exactly to the margin", []float64{50, 102}, "in"},
		{"begins on it", []float64{100, 150}, ""},
	} {
		s := newScene(t, Options{Lines: []Line{gate(t)}})
		var got []string
		for _, y := range c.y {
			d, _ := s.at(1, "person", 200, y)
			for _, x := range d.Crossed {
				got = append(got, x.Direction)
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %q", c.name, got)
		}
	}
}

func TestLineRoundItsEnd(t *testing.T) {
	s := newScene(t, Options{Lines: []Line{gate(t)}})
	for _, p := range []Point{{200, 50}, {50, 50}, {50, 150}, {200, 150}, {350, 150}, {350, 50}, {200, 50}} {
		if d, _ := s.at(1, "person", p.X, p.Y); d.Crossed != nil {
			t.Errorf("%v: %v", p, d.Crossed)
		}
	}
	// Through it and back around the end: one crossing.
	var n int
	for _, p := range []Point{{200, 150}, {50, 150}, {50, 50}, {200, 50}} {
		d, _ := s.at(1, "person", p.X, p.Y)
		n += len(d.Crossed)
	}
	if n != 1 {
		t.Errorf("%d", n)
	}
}

func TestLineLabelsAndCounts(t *testing.T) {
	l := gate(t)
	l.Objects = []string{"person", "dog"}
	s := newScene(t, Options{Lines: []Line{l}})
	for i, label := range []string{"person", "person", "dog", "car"} {
		s.at(uint64(i+1), label, 200, 50)
		s.at(uint64(i+1), label, 200, 150)
	}
	s.at(9, "person", 200, 150)
	d, p := s.at(9, "person", 200, 50)
	line, err := json.Marshal(p)
	if want := `{"lines":{"gate":{"in":{"dog":1,"person":2},"out":{"person":1}}}}`; err != nil || string(line) != want {
		t.Errorf("%v\n%s\n%s", err, line, want)
	}
	line, err = json.Marshal(d)
	if want := `"track":9,"crossed":[{"line":"gate","direction":"out"}]}`; err != nil || !strings.HasSuffix(string(line), want) {
		t.Errorf("%v\n%s\n%s", err, line, want)
	}
	s.at(9, "person", 200, 150)
	if p.Lines[0].Crossed[0]["person"] != 2 {
		t.Error("a report changed after it was made")
	}
}

// TestOthersCannotBeMixedUp has many tracks in random order, each of which crosses once and stays once.
func TestOthersCannotBeMixedUp(t *testing.T) {
	s := newScene(t, Options{Zones: []Zone{door(t)}, Lines: []Line{gate(t)}})
	r := rand.New(rand.NewPCG(5, 6))
	crossed, entered := 0, 0
	for round := range 50 {
		tracks := r.Perm(20)
		for step := range 12 {
			var d []pipeline.Detection
			for _, k := range tracks {
				y := float32(40 + 12*step)
				d = append(d, pipeline.Detection{Label: "person", Track: uint64(round*20 + k + 1), Box: [4]float32{140, y - 20, 160, y}})
			}
			r.Shuffle(len(d), func(i, k int) { d[i], d[k] = d[k], d[i] })
			s.f.Update(began.Add(time.Duration(round*12+step)*time.Second), 640, 480, d, nil)
			for _, o := range d {
				crossed += len(o.Crossed)
				entered += len(o.Entered)
			}
		}
		var ended []pipeline.Track
		for _, k := range tracks {
			ended = append(ended, pipeline.Track{Track: uint64(round*20 + k + 1)})
		}
		s.f.Update(began, 640, 480, nil, ended)
		if len(s.f.objects) != 0 {
			t.Fatalf("%d objects are remembered", len(s.f.objects))
		}
	}
	if crossed != 1000 || entered != 1000 {
		t.Errorf("%d crossed, %d entered", crossed, entered)
	}
}

func TestSpeed(t *testing.T) {
	// A road of 4 m by 20 m, seen in perspective: known from a camera that looks down along it.
	see := func(x, y float64) (float64, float64) { // metres to pixels; x -2 to 2, y 0 to 20 away
		depth := 10 + y
		return 320 + 600*x/depth, 100 + 3000/depth
	}
	var numbers []float64
	for _, p := range []Point{{-2, 0}, {2, 0}, {2, 20}, {-2, 20}} {
		x, y := see(p.X, p.Y)
		numbers = append(numbers, x, y)
	}
	z := DefaultZone()
	var err error
	z.Name, z.Distances = "road", []float64{4, 20, 4, 20}
	if z.Shape, err = newShape(numbers, 3); err != nil {
		t.Fatal(err)
	}
	for _, fps := range []int{5, 10, 30, 100} {
		s := newScene(t, Options{Zones: []Zone{z}})
		var last pipeline.Detection
		for i := range 3 * fps { // 5 m/s, from 1 m on
			x, y := see(0.5, 1+5*float64(i)/float64(fps))
			d := []pipeline.Detection{{Label: "car", Track: 1, Box: [4]float32{float32(x - 5), float32(y - 9), float32(x + 5), float32(y)}}}
			s.f.Update(began.Add(time.Duration(i)*time.Second/time.Duration(fps)), 640, 480, d, nil)
			if last = d[0]; last.SpeedMPS != 0 && math.Abs(last.SpeedMPS-5) > 0.01 {
				t.Fatalf("%d frames a second, frame %d: %v m/s", fps, i, last.SpeedMPS)
			}
		}
		if last.SpeedMPS == 0 {
			t.Errorf("%d frames a second: no speed", fps)
		}
		tr, _ := s.end(1)
		if math.Abs(tr.Zones[0].SpeedMPS-5) > 0.01 {
			t.Errorf("%d frames a second: %+v", fps, tr.Zones)
		}
	}
}

func TestGround(t *testing.T) {
	// The corners come out at the distances that were given, for any quadrilateral.
	for _, c := range []struct {
		quad  string
		sides []float64
	}{
		{"100,400,500,400,350,100,250,100", []float64{4, 20, 4, 20}},
		{"0.1,0.9,0.2,0.1,0.8,0.2,0.9,0.8", []float64{5, 6, 7, 8}},
		{"0,0,1,0,1,1,0,1", []float64{1, 1, 1, 1}},
		{"1000000,1000000,1000010,1000000,1000010,1000010,1000000,1000011", []float64{1, 2, 3, 4}},
	} {
		quad := Polygon(shape(t, c.quad, 3).In(640, 480))
		g, err := newGround(quad, c.sides)
		if err != nil {
			t.Error(err)
			continue
		}
		for i := range quad {
			p, ok := g.at(quad[i])
			q, ok2 := g.at(quad[(i+1)%4])
			if d := math.Hypot(p.X-q.X, p.Y-q.Y); !ok || !ok2 || math.Abs(d-c.sides[i]) > 1e-6*c.sides[i] {
				t.Errorf("%s: side %d is %v, not %v", c.quad, i, d, c.sides[i])
			}
		}
	}
	flat, _ := newGround(Polygon(shape(t, "250,100,350,100,500,400,100,400", 3).In(640, 480)), []float64{4, 20, 4, 20})
	if _, ok := flat.at(Point{300, -1000}); ok {
		t.Error("there is no ground in the sky")
	}
}

func TestValidate(t *testing.T) {
	square := shape(t, "0,0,1,0,1,1,0,1", 3)
	for name, c := range map[string]struct {
		change func(*Options)
		want   string
	}{
		"no name":     {func(o *Options) { o.Zones[0].Name = "" }, "it has no name"},
		"same names":  {func(o *Options) { o.Lines[0].Name = "door" }, "line door: there is a zone of this name"},
		"flat":        {func(o *Options) { o.Zones[0].Shape = shape(t, "0,0,0.5,0.5,1,1", 3) }, "zone door: all points lie on one straight line"},
		"two points":  {func(o *Options) { o.Zones[0].Shape.Points = square.Points[:2] }, "expected 3 or more points, not 2"},
		"inside":      {func(o *Options) { o.Zones[0].Inside = "top" }, `inside is "top"`},
		"inertia":     {func(o *Options) { o.Zones[0].Inertia = 0 }, "an inertia of 0 frames"},
		"loitering":   {func(o *Options) { o.Zones[0].Loitering = -1 }, "a loitering time of -1ns"},
		"distances":   {func(o *Options) { o.Zones[0].Distances = []float64{1, 1, 1} }, "four sides, not 3"},
		"no distance": {func(o *Options) { o.Zones[0].Distances = []float64{1, 1, 1, math.NaN()} }, "NaN is no length"},
		"long side":   {func(o *Options) { o.Zones[0].Distances = []float64{1, 1, 1, 3} }, "the length 3 at index 3"},
		"not convex": {func(o *Options) {
			o.Zones[0].Shape, o.Zones[0].Distances = shape(t, "0,0,1,1,1,0,0,1", 3), []float64{1, 1, 1, 1}
		}, "four corners that turn the same way"},
		"one point":     {func(o *Options) { o.Lines[0].Shape.Points = o.Lines[0].Shape.Points[:1] }, "expected 2 or more points"},
		"same points":   {func(o *Options) { o.Lines[0].Shape = shape(t, "0,0,1,1,1,1", 2) }, "the points at index 1 and 2 are the same"},
		"margin":        {func(o *Options) { o.Lines[0].Margin = math.NaN() }, "a margin of NaN"},
		"anchor":        {func(o *Options) { o.Lines[0].Anchor = Any }, `the anchor is "any"`},
		"one direction": {func(o *Options) { o.Lines[0].AToB = "out" }, `the directions are called "out" and "out"`},
	} {
		o := Options{Zones: []Zone{door(t)}, Lines: []Line{gate(t)}}
		c.change(&o)
		if _, err := NewFollower(o, nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPixelsOfAnotherPicture(t *testing.T) {
	z := door(t)
	z.Shape = shape(t, "700,500,900,500,900,700", 3)
	var said []string
	f, err := NewFollower(Options{Zones: []Zone{z}}, func(m string) { said = append(said, m) })
	if err != nil {
		t.Fatal(err)
	}
	f.Update(began, 640, 480, nil, nil)
	f.Update(began, 640, 480, nil, nil)
	if len(said) != 1 || !strings.Contains(said[0], "zone door lies outside the picture of 640x480 pixels") {
		t.Errorf("%q", said)
	}
}

func TestHostileBoxes(t *testing.T) {
	s := newScene(t, Options{Zones: []Zone{door(t)}, Lines: []Line{gate(t)}})
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	d := []pipeline.Detection{
		{Track: 1, Box: [4]float32{nan, 0, 1, 1}}, {Track: 2, Box: [4]float32{0, 0, inf, 1}}, {Track: 3, Box: [4]float32{5, 5, 1, 1}},
		{Track: 4, Box: [4]float32{-3e38, -3e38, 3e38, 3e38}}, {Track: 0, Box: [4]float32{140, 140, 160, 160}},
	}
	for i := range 5 {
		s.f.Update(began.Add(-time.Duration(i)*time.Hour), 640, 480, d, nil) // time goes back as well
	}
	if len(s.f.objects) != 1 {
		t.Errorf("%d objects", len(s.f.objects))
	}
}

// TestDisabledZones leaves out zones that are disabled, and shows others by their title; events have the name.
func TestDisabledZones(t *testing.T) {
	corners := Shape{Points: []Point{{0, 0}, {1, 0}, {1, 1}, {0, 1}}}
	on, off := DefaultZone(), DefaultZone()
	on.Name, on.Shape, on.Title, on.Inertia = "yard", corners, "the back yard", 1
	off.Name, off.Shape, off.Disabled, off.Inertia = "street", corners, true, 1
	f, err := NewFollower(Options{Zones: []Zone{off, on}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	found := []pipeline.Detection{{Label: "cat", Track: 1, Box: [4]float32{10, 10, 20, 20}}}
	p := f.Update(time.Unix(1, 0), 100, 100, found, nil)
	if len(p.Zones) != 1 || p.Zones[0].Name != "yard" || p.Zones[0].Title != "the back yard" || len(found[0].Entered) != 1 || found[0].Entered[0] != "yard" {
		t.Errorf("%+v, entered %v", p.Zones, found[0].Entered)
	}
	off.Inertia = 0
	if _, err := NewFollower(Options{Zones: []Zone{off}}, nil); err == nil {
		t.Error("a disabled zone is not checked")
	}
}
