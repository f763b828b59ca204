// Package plot draws charts as SVG: curves, bars and tables of colours. They are plain pictures without scripts, take
// their colours from the page they stand in (currentColor), and can be read in grey.
package plot

import (
	"cmp"
	"fmt"
	"html"
	"math"
	"strconv"
	"strings"
)

// Axis is one of two. Equal Min and Max are taken from the series.
type Axis struct {
	Name     string
	Min, Max float64
	Log      bool // decades; all values must be above 0
}

// Series is one curve, or a row of points.
type Series struct {
	Name   string
	X, Y   []float64 // the same number of each
	Step   bool      // y stays until the next x
	Points bool      // marks instead of a line
	Dashed bool
}

// Chart is curves in one pair of axes. Series beyond the sixth have the colours of those before.
type Chart struct {
	Title  string
	X, Y   Axis
	Series []Series
}

// Sizes in pixels of the SVG: the whole, and the margins around the axes.
const (
	width, height            = 560, 380
	left, right, top, bottom = 64, 16, 34, 50
)

// colours are told apart with red-green blindness too (Okabe and Ito 2008).
var colours = []string{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"}

// SVG draws the chart. Points that are no numbers interrupt a curve.
func (c Chart) SVG() string {
	x, y := c.X, c.Y
	for _, s := range c.Series {
		if c.X.Min == c.X.Max {
			x.widen(s.X)
		}
		if c.Y.Min == c.Y.Max {
			y.widen(s.Y)
		}
	}
	var b strings.Builder
	open(&b, width, height, c.Title)
	px := func(v float64) float64 { return left + float64(x.share(v)*(width-left-right)) }
	py := func(v float64) float64 { return height - bottom - float64(y.share(v)*(height-top-bottom)) }
	for _, t := range x.ticks() {
		at := px(t)
		fmt.Fprintf(&b, `<line x1="%.1f" x2="%.1f" y1="%d" y2="%d" stroke="currentColor" stroke-opacity=".15"/>`, at, at, top, height-bottom)
		text(&b, at, height-bottom+16, "middle", number(t))
	}
	for _, t := range y.ticks() {
		at := py(t)
		fmt.Fprintf(&b, `<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="currentColor" stroke-opacity=".15"/>`, left, width-right, at, at)
		text(&b, left-6, at+4, "end", number(t))
	}
	text(&b, (left+width-right)/2, height-12, "middle", x.Name)
	fmt.Fprintf(&b, `<text transform="translate(15 %d) rotate(-90)" text-anchor="middle">%s</text>`, (top+height-bottom)/2, html.EscapeString(y.Name))
	for i, s := range c.Series {
		s.draw(&b, colours[i%len(colours)], px, py)
	}
	c.legend(&b)
	b.WriteString("</svg>")
	return b.String()
}

func (s Series) draw(b *strings.Builder, colour string, px, py func(float64) float64) {
	var path strings.Builder
	pen := "M"
	last := 0.0
	for i := range s.X {
		x, y := px(s.X[i]), py(s.Y[i])
		if math.IsNaN(x) || math.IsNaN(y) || math.IsInf(x, 0) || math.IsInf(y, 0) {
			pen = "M"
			continue
		}
		if s.Points {
			fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>`, x, y, colour)
			continue
		}
		if s.Step && pen == "L" {
			fmt.Fprintf(&path, "L%.1f %.1f", x, last)
		}
		fmt.Fprintf(&path, "%s%.1f %.1f", pen, x, y)
		pen, last = "L", y
	}
	if path.Len() > 0 {
		dash := ""
		if s.Dashed {
			dash = ` stroke-dasharray="5 4"`
		}
		fmt.Fprintf(b, `<path d="%s" fill="none" stroke="%s" stroke-width="2"%s/>`, &path, colour, dash)
	}
}

func (c Chart) legend(b *strings.Builder) {
	n := 0
	for _, s := range c.Series {
		if s.Name != "" {
			n++
		}
	}
	if n > 0 {
		fmt.Fprintf(b, `<rect x="%d" y="%d" width="160" height="%d" fill="Canvas" fill-opacity=".8"/>`, width-right-166, top+4, 16*n+4)
	}
	n = 0
	for i, s := range c.Series {
		if s.Name == "" {
			continue
		}
		y := float64(top + 16 + 16*n)
		n++
		fmt.Fprintf(b, `<rect x="%d" y="%.0f" width="12" height="4" fill="%s"/>`, width-right-160, y-6, colours[i%len(colours)])
		text(b, width-right-144, y, "start", s.Name)
	}
}

// widen makes room for values.
func (a *Axis) widen(values []float64) {
	for _, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) || a.Log && v <= 0 {
			continue
		}
		if a.Min == a.Max && a.Min == 0 {
			a.Min, a.Max = v, math.Nextafter(v, math.Inf(1))
		}
		a.Min, a.Max = math.Min(a.Min, v), math.Max(a.Max, v)
	}
}

// share is where a value lies on the axis, from 0 to 1.
func (a Axis) share(v float64) float64 {
	low, high := a.Min, a.Max
	if a.Log {
		low, high, v = math.Log10(low), math.Log10(high), math.Log10(v)
	}
	if high <= low {
		return 0.5
	}
	return (v - low) / (high - low)
}

// ticks are round values on the axis, four to ten of them.
func (a Axis) ticks() []float64 {
	if a.Log {
		var all []float64
		for d := math.Ceil(float64(math.Log10(a.Min)) - 1e-9); d <= float64(math.Log10(a.Max))+1e-9; d++ {
			all = append(all, math.Pow(10, d))
		}
		return all
	}
	step := math.Pow(10, math.Floor(math.Log10(cmp.Or(a.Max-a.Min, 1))))
	for _, smaller := range []float64{1, 2, 5, 10} {
		if n := (a.Max - a.Min) / (step / smaller); n >= 4 {
			step /= smaller
			break
		}
	}
	var all []float64
	for k := math.Ceil(a.Min/step - 1e-9); k <= a.Max/step+1e-9 && len(all) < 20; k++ {
		all = append(all, float64(k*step)+0) // -0 becomes 0
	}
	return all
}

// number is short: 0.25, 1500, 2e+06.
func number(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }

func open(b *strings.Builder, w, h float64, title string) {
	fmt.Fprintf(b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" width="%g" height="%g" role="img" font-family="sans-serif" font-size="12" fill="currentColor"><title>%s</title>`,
		w, h, w, h, html.EscapeString(title))
	fmt.Fprintf(b, `<text x="%g" y="18" text-anchor="middle" font-size="14">%s</text>`, w/2, html.EscapeString(title))
}

func text(b *strings.Builder, x, y float64, anchor, s string) {
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="%s">%s</text>`, x, y, anchor, html.EscapeString(s))
}
