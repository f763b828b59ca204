package plot

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
)

// check parses the SVG, which must be well-formed and must not have numbers that are none.
func check(t *testing.T, svg string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%v in %s", err, svg)
		}
	}
	if strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
		t.Errorf("no number in %s", svg)
	}
}

func TestChart(t *testing.T) {
	c := Chart{Title: "a < b", X: Axis{Name: "x", Min: 0, Max: 1}, Y: Axis{Name: "y"}, Series: []Series{
		{Name: "first & second", X: []float64{0, 0.5, math.NaN(), 1}, Y: []float64{1, 2, 3, math.Inf(1)}, Step: true},
		{X: []float64{0.25}, Y: []float64{5}, Points: true}, {Name: "empty"},
	}}
	svg := c.SVG()
	check(t, svg)
	if !strings.Contains(svg, "<title>a &lt; b</title>") || !strings.Contains(svg, "first &amp; second") {
		t.Error(svg)
	}
	// The y axis goes from 1 to 5, so that the point is at its top, at a quarter of the width.
	if !strings.Contains(svg, `<circle cx="184.0" cy="34.0"`) {
		t.Error(svg)
	}
	check(t, Chart{}.SVG())
	check(t, Chart{X: Axis{Log: true}, Series: []Series{{X: []float64{0.1, 0, 100}, Y: []float64{3, 3, 3}}}}.SVG())
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		axis Axis
		want []float64
	}{
		{Axis{Min: 0, Max: 1}, []float64{0, 0.2, 0.4, 0.6000000000000001, 0.8, 1}},
		{Axis{Min: -3, Max: 42}, []float64{0, 10, 20, 30, 40}},
		{Axis{Min: 0.5, Max: 2000, Log: true}, []float64{1, 10, 100, 1000}},
	} {
		if got := c.axis.ticks(); !slices.Equal(got, c.want) {
			t.Errorf("%+v: %v, want %v", c.axis, got, c.want)
		}
	}
}

func TestTable(t *testing.T) {
	svg := Table{Title: "t", Rows: "true", Columns: "found", Labels: []string{"<a>", "a label that is much too long"}, Counts: [][]int{{3, 1}, {0, 0}}}.SVG()
	check(t, svg)
	for _, want := range []string{`fill="#0072b2" fill-opacity="0.750"`, `fill="#d55e00" fill-opacity="0.250"`, "a label that is m…"} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %s in %s", want, svg)
		}
	}
}
