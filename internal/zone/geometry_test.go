package zone

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestParseShape(t *testing.T) {
	for _, c := range []struct {
		text   string
		points int
		pixels bool
		wrong  string
	}{
		{text: "0,0,1,0,1,1", points: 3},
		{text: " 0.1, 0.2 ,0.9,0.2,0.9,0.8,0.1,0.8", points: 4},
		{text: "0,0,640,0,640,480.5", points: 3, pixels: true},
		{text: "0,1,1,0,1,1,2,2", points: 4, pixels: true}, // whole numbers fit both
		{text: "0.5,0.5,640,0,640,480", wrong: "0.5 is a share of the picture and 480 a pixel"},
		{text: "0.1,0.1,1.002,0.1,0.5,0.9", wrong: "1.002 a pixel"},
		{text: "0,0,1,0,1", wrong: "5 numbers"},
		{text: "0,0,1,0", wrong: "expected 3 to 1000 points, not 2"},
		{text: "", wrong: "not 0"},
		{text: "0,0,1,0,1,x", wrong: `"x" is no number`},
		{text: "0,0,1,0,1,", wrong: `"" is no number`},
		{text: "0,0,1,0,1,NaN", wrong: "NaN is outside any picture"},
		{text: "0,0,1,0,1,Inf", wrong: "+Inf is outside"},
		{text: "0,0,1,0,1,-0.1", wrong: "-0.1 is outside"},
		{text: "0,0,1,0,1,1e300", wrong: "1e+300 is outside"},
	} {
		s, err := ParseShape(c.text, 3)
		switch {
		case c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)):
			t.Errorf("%q: %v has no %q", c.text, err, c.wrong)
		case c.wrong == "" && (err != nil || len(s.Points) != c.points || s.Pixels != c.pixels):
			t.Errorf("%q: %+v, %v", c.text, s, err)
		case c.wrong == "":
			if again, err := ParseShape(s.String(), 3); err != nil || again.String() != s.String() {
				t.Errorf("%q: %q, %v", c.text, s, err)
			}
		}
	}
}

func TestShapeInPictures(t *testing.T) {
	share, _ := ParseShape("0,0.5,1,0.5,1,1", 3)
	if got := share.In(640, 480)[1]; got != (Point{640, 240}) {
		t.Errorf("%v", got)
	}
	pixels, _ := ParseShape("700,500,800,500,800,600", 3)
	if got := pixels.In(640, 480)[0]; got != (Point{700, 500}) || !pixels.Outside(640, 480) || pixels.Outside(1280, 720) || share.Outside(1, 1) {
		t.Errorf("%v", got)
	}
	for text, flat := range map[string]bool{"0,0,0.5,0.5,1,1": true, "0,0,0,0,0,0": true, "0,0,0,0,1,0,0,1": false, "0,0,1,1,1,0,0,1": false} {
		if s, err := ParseShape(text, 3); err != nil || s.Flat() != flat {
			t.Errorf("%s: flat %v, %v", text, s.Flat(), err)
		}
	}
}

func TestContains(t *testing.T) {
	square := Polygon{{0, 0}, {10, 0}, {10, 10}, {0, 10}}
	bowTie := Polygon{{0, 0}, {10, 10}, {10, 0}, {0, 10}}
	horseshoe := Polygon{{0, 0}, {10, 0}, {10, 10}, {7, 10}, {7, 3}, {3, 3}, {3, 10}, {0, 10}}
	twice := append(append(Polygon{}, square...), Polygon{{0, 0}, {5, 0}, {5, 5}, {0, 5}}...) // even-odd: a hole
	for _, c := range []struct {
		name string
		g    Polygon
		p    Point
		in   bool
	}{
		{"middle", square, Point{5, 5}, true},
		{"corner", square, Point{0, 0}, true},
		{"far corner", square, Point{10, 10}, true},
		{"edges", square, Point{0, 5}, true},
		{"lower edge", square, Point{5, 10}, true},
		{"on an edge's line, beside it", square, Point{11, 10}, false},
		{"left of a corner's height", square, Point{-1, 10}, false},
		{"left of the upper corner's height", square, Point{-1, 0}, false},
		{"just outside", square, Point{math.Nextafter(10, 11), 5}, false},
		{"just inside", square, Point{math.Nextafter(10, 9), 5}, true},
		{"bow tie, right", bowTie, Point{9, 5}, true},
		{"bow tie, above the knot", bowTie, Point{5, 1}, false},
		{"bow tie, knot", bowTie, Point{5, 5}, true},
		{"horseshoe, arm", horseshoe, Point{8, 9}, true},
		{"horseshoe, gap", horseshoe, Point{5, 9}, false},
		{"horseshoe, on the gap's edge", horseshoe, Point{3, 5}, true},
		{"surrounded twice", twice, Point{2, 2}, false},
		{"surrounded once", twice, Point{7, 7}, true},
		{"a level point in the ray", Polygon{{0, 0}, {5, 5}, {10, 0}, {10, 10}, {0, 10}}, Point{1, 5}, true},
		{"a peak in the ray", Polygon{{0, 0}, {5, 5}, {10, 0}, {10, 10}, {0, 10}}, Point{2, 1}, false},
		{"NaN", square, Point{math.NaN(), 5}, false},
		{"nothing", Polygon{}, Point{0, 0}, false},
		{"one point", Polygon{{1, 1}}, Point{1, 1}, true},
	} {
		if c.g.Contains(c.p) != c.in {
			t.Errorf("%s: %v", c.name, !c.in)
		}
		back := Polygon{}
		for i := range c.g {
			back = append(back, c.g[len(c.g)-1-i])
		}
		if back.Contains(c.p) != c.in {
			t.Errorf("%s, drawn the other way: %v", c.name, !c.in)
		}
	}
}

// TestContainsAsWinding compares with triangles: a fan over a convex polygon holds the same points.
func TestContainsAsWinding(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		n := 3 + r.IntN(8)
		g := make(Polygon, n)
		for i := range g { // on a circle in order: convex
			a := (float64(i) + r.Float64()*0.9) / float64(n) * 2 * math.Pi
			g[i] = Point{100 + 80*math.Cos(a), 100 + 80*math.Sin(a)}
		}
		for range 100 {
			p := Point{r.Float64() * 200, r.Float64() * 200}
			want := true
			for i := range g {
				want = want && side(g[i], g[(i+1)%n], p) >= 0
			}
			if g.Contains(p) != want {
				t.Fatalf("%v in %v: %v", p, g, !want)
			}
		}
		if !g.Convex() {
			t.Errorf("%v is convex", g)
		}
	}
}

func TestOverlaps(t *testing.T) {
	triangle := Polygon{{10, 10}, {30, 10}, {20, 30}}
	for _, c := range []struct {
		name string
		b    Box
		want bool
	}{
		{"around", Box{0, 0, 100, 100}, true},
		{"inside", Box{19, 15, 21, 17}, true},
		{"across, no corner in either", Box{0, 14, 100, 16}, true},
		{"touches a corner", Box{0, 0, 10, 10}, true},
		{"touches the edge", Box{12, 0, 14, 10}, true},
		{"beside", Box{31, 0, 50, 50}, false},
		{"in the box around it", Box{10, 25, 12, 30}, false},
		{"a point", Box{20, 15, 20, 15}, true},
	} {
		if triangle.Overlaps(c.b) != c.want {
			t.Errorf("%s: %v", c.name, !c.want)
		}
	}
}

func TestOutside(t *testing.T) {
	s := []Shape{{Points: []Point{{0, 0}, {0.5, 0}, {0.5, 1}, {0, 1}}}, {Points: []Point{{0.75, 0}, {1, 0}, {1, 0.5}, {0.75, 0.5}}}}
	if got := string(Outside(s, 4, 2)); got != "\x00\x00\xff\x00\x00\x00\xff\xff" {
		t.Errorf("%q", got)
	}
}

func TestConvex(t *testing.T) {
	for text, want := range map[string]bool{
		"0,0,10,0,10,10,0,10": true, "0,0,0,10,10,10,10,0": true, "0,0,10,10,10,0,0,10": false, "0,0,10,0,3,3,0,10": false,
		"0,0,5,0,10,0,10,10": false,
	} {
		s, err := ParseShape(text, 3)
		if err != nil || Polygon(s.Points).Convex() != want {
			t.Errorf("%s: %v, %v", text, !want, err)
		}
	}
	star := Polygon{}
	for i := range 5 {
		a := float64(i) * 4 * math.Pi / 5
		star = append(star, Point{math.Cos(a), math.Sin(a)})
	}
	if star.Convex() {
		t.Error("a star turns twice around")
	}
}

func TestPassed(t *testing.T) {
	l := Path{{0, 10}, {10, 10}, {20, 20}} // A above, B below
	for _, c := range []struct {
		name     string
		from, to Point
		want     int
	}{
		{"down", Point{5, 0}, Point{5, 20}, 1},
		{"up", Point{5, 20}, Point{5, 0}, -1},
		{"down through the corner", Point{10, 0}, Point{10, 20}, 1},
		{"up through the corner", Point{10, 20}, Point{10, 0}, -1},
		{"beside the end", Point{-1, 0}, Point{-1, 20}, 0},
		{"onto it", Point{5, 0}, Point{5, 10}, 1},
		{"from it, down", Point{5, 10}, Point{5, 20}, 0},
		{"from it, up", Point{5, 10}, Point{5, 0}, -1},
		{"along it", Point{2, 10}, Point{8, 10}, 0},
		{"not at all", Point{5, 5}, Point{5, 5}, 0},
		{"across both segments", Point{5, 20}, Point{18, 10}, -1},
		{"in and out behind the corner", Point{0, 12}, Point{30, 12}, -1},
	} {
		if got := l.passed(c.from, c.to); got != c.want {
			t.Errorf("%s: %d", c.name, got)
		}
		if got := l.passed(c.to, c.from); c.from != c.to && got != -c.want && !strings.Contains(c.name, "it") {
			t.Errorf("%s, back: %d", c.name, got)
		}
	}
}

// TestPassedRoundTrips walks around without passing a ray beyond the ends: what goes through comes back.
func TestPassedRoundTrips(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	wall := Path{{-1000, 50}, {40, 50}, {60, 70}, {1000, 60}} // longer than the walks
	for range 300 {
		at := Point{50, 0}
		net, corners := 0, []Point{{40, 50}, {50, 60}, {60, 70}, {0, 50}, {45, 55}}
		for range 30 {
			to := Point{r.Float64() * 100, r.Float64() * 120}
			if r.IntN(3) == 0 {
				to = corners[r.IntN(len(corners))]
			}
			net += wall.passed(at, to)
			if net < 0 || net > 1 {
				t.Fatalf("net %d at %v", net, to)
			}
			at = to
		}
		if net += wall.passed(at, Point{50, 0}); net != 0 {
			t.Fatalf("net %d back at the start, from %v", net, at)
		}
	}
}

func TestDistance(t *testing.T) {
	l := Path{{0, 0}, {10, 0}}
	for p, want := range map[Point]float64{{5, 3}: 3, {-3, 4}: 5, {13, 4}: 5, {10, 0}: 0} {
		if got := l.distance(p); got != want {
			t.Errorf("%v: %v", p, got)
		}
	}
}

func FuzzShape(f *testing.F) {
	f.Add("0,0,1,0,1,1", 5.0, 5.0, float32(1), float32(2))
	f.Add("0,0,1e-300,0,1e-300,1e-300", math.NaN(), math.Inf(1), float32(math.NaN()), float32(0))
	f.Add("0,0,0,0,0,0,0,0", 0.0, 0.0, float32(0), float32(0))
	f.Add("1048576,0,0,1048576,1048576,1048576", 1e308, -1e308, float32(3e38), float32(-3e38))
	f.Fuzz(func(t *testing.T, text string, x, y float64, w, h float32) {
		s, err := ParseShape(text, 3)
		if err != nil {
			return
		}
		g := Polygon(s.In(640, 480))
		for _, p := range g {
			if !g.Contains(p) {
				t.Errorf("%v does not contain its corner %v", g, p)
			}
		}
		_ = g.Contains(Point{x, y})
		Path(g).distance(Point{x, y})
		Path(g).passed(Point{x, y}, Point{y, x})
		if b, ok := NewBox([4]float32{float32(x), float32(y), float32(x) + w, float32(y) + h}); ok {
			if g.Contains(b.Foot()) && !g.Overlaps(b) {
				t.Errorf("%v contains the foot of %v, and does not overlap", g, b)
			}
		}
		if len(g) == 4 {
			if m, err := newGround(g, []float64{4, 3, 4, 3}); err == nil {
				m.at(Point{x, y})
			}
		}
	})
}
