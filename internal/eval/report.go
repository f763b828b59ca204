package eval

import (
	"encoding/json"
	"fmt"
	"html/template"
	"math"
	"path/filepath"
	"strings"

	"corallite/internal/eval/paired"
	"corallite/internal/plot"
)

// Report is the outcome, for programs and for people.
type Report struct {
	Task    string        `json:"task"`
	Data    string        `json:"data"`
	Form    string        `json:"form"`
	Samples int           `json:"samples"` // measured
	Missing int           `json:"missing"` // in the set, but without a result
	Models  []ModelReport `json:"models"`
	Compare *Comparison   `json:"compare,omitempty"`
	Notes   []string      `json:"notes,omitempty"` // what to know when reading the figures
}

// ModelReport is the outcome of one model.
type ModelReport struct {
	Name      string    `json:"name"`
	Device    string    `json:"device"`
	Figures   []Figure  `json:"figures"`
	Classes   []Row     `json:"classes,omitempty"`
	Labels    []string  `json:"labels,omitempty"`    // of Confusion: those that occur
	Confusion [][]int   `json:"confusion,omitempty"` // [true][found]
	Mistakes  []Mistake `json:"mistakes,omitempty"`  // the worst first
	YAML      string    `json:"yaml,omitempty"`      // to paste into a configuration

	Charts []Picture `json:"-"`
}

// Picture is a drawing for the page.
type Picture struct {
	Title string
	SVG   template.HTML
}

// Figure is one number.
type Figure struct {
	Key   string   `json:"key"`
	Name  string   `json:"name"`
	Value Number   `json:"value"`
	Low   *float64 `json:"low,omitempty"` // of the 95 % confidence interval
	High  *float64 `json:"high,omitempty"`

	whole bool // a count, without decimals
}

// Number is a number that JSON has no form for when it is none: null.
type Number float64

// MarshalJSON writes NaN and infinities as null.
func (n Number) MarshalJSON() ([]byte, error) {
	if v := float64(n); math.IsNaN(v) || math.IsInf(v, 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

// String gives four decimals, "–" for no number.
func (n Number) String() string {
	if v := float64(n); math.IsNaN(v) || math.IsInf(v, 0) {
		return "–"
	}
	return fmt.Sprintf("%.4f", float64(n))
}

// Row is a class's figures, in the order of all rows.
type Row struct {
	Label   string   `json:"label"`
	Samples int      `json:"samples"`
	Figures []Figure `json:"figures"`
}

// Mistake is a file with what is wrong about it.
type Mistake struct {
	Path  string  `json:"path"`
	Truth string  `json:"truth"`
	Found string  `json:"found"`
	Score float64 `json:"score"`
	Box   *Box    `json:"box,omitempty"` // what the mistake is about; nil: the whole file

	Shown template.URL `json:"-"` // the picture or sound for the page, as data:; "": none
}

// Sounds reports whether Shown is sound.
func (m Mistake) Sounds() bool { return strings.HasPrefix(string(m.Shown), "data:audio") }

// Line says what is wrong.
func (m Mistake) Line() string {
	return fmt.Sprintf("%s: true %s, found %s (%.3f)", filepath.Base(m.Path), orNothing(m.Truth), orNothing(m.Found), m.Score)
}

// Box is xmin, ymin, xmax, ymax in pixels.
type Box [4]float64

// Comparison says how the second model differs from the first.
type Comparison struct {
	First, Second string
	Figures       []Figure           `json:"figures"`
	Difference    *paired.Difference `json:"difference,omitempty"` // of Measure, second minus first
	Measure       string             `json:"measure,omitempty"`
	Verdict       string             `json:"verdict"`
}

// figure makes a Figure.
func figure(key, name string, v float64) Figure {
	return Figure{Key: key, Name: name, Value: Number(v)}
}

// count makes one of a whole number.
func count(key, name string, n int) Figure {
	return Figure{Key: key, Name: name, Value: Number(n), whole: true}
}

// within makes one with an interval.
func within(key, name string, v, low, high float64) Figure {
	return Figure{Key: key, Name: name, Value: Number(v), Low: &low, High: &high}
}

// Report makes the report of all that was taken.
func (g *Gather) Report() *Report {
	r := &Report{Task: g.o.Task, Data: g.o.Data, Form: g.o.Set.Form}
	for i, m := range g.o.Models {
		r.Models = append(r.Models, ModelReport{Name: m.Name, Device: g.device[i]})
	}
	g.measure.report(r)
	r.Missing = len(g.o.Set.Samples) - r.Samples
	return r
}

// verdict says in words whether a difference is more than chance.
func verdict(first, second, measure string, d paired.Difference, p float64) string {
	better, worse := second, first
	if d.Value < 0 {
		better, worse = first, second
	}
	if !math.IsNaN(p) && p >= 0.05 || math.IsNaN(p) && !(d.Low > 0 || d.High < 0) {
		return fmt.Sprintf("no difference in %s that chance would not explain", measure)
	}
	return fmt.Sprintf("%s is better than %s in %s", better, worse, measure)
}

// curveOf draws a curve between 0 and 1.
func curveOf(title, x, y string, series ...plot.Series) Picture {
	c := plot.Chart{Title: title, X: plot.Axis{Name: x, Min: 0, Max: 1}, Y: plot.Axis{Name: y, Min: 0, Max: 1}, Series: series}
	return Picture{Title: title, SVG: template.HTML(c.SVG())}
}
