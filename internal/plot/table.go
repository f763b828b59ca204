package plot

import (
	"fmt"
	"html"
	"strings"
)

// Table is a table of counts whose cells are the darker the higher their share of the row: a confusion matrix.
type Table struct {
	Title   string
	Rows    string // what the rows are: "true"
	Columns string
	Labels  []string // of rows and columns
	Counts  [][]int
}

// SVG draws the table.
func (t Table) SVG() string {
	const cell, edge = 34, 140
	n := len(t.Labels)
	w, h := float64(edge+cell*n+16), float64(edge+cell*n+30)
	var b strings.Builder
	open(&b, max(w, 300), h, t.Title)
	text(&b, 8, float64(edge)+22, "start", t.Rows+" ↓  "+t.Columns+" →")
	for i, label := range t.Labels {
		at := float64(edge + 30 + cell*i)
		text(&b, edge-6, at+22, "end", shorten(label))
		fmt.Fprintf(&b, `<text transform="translate(%.1f %d) rotate(-60)">%s</text>`, float64(edge+cell*i)+cell/2, edge+24, html.EscapeString(shorten(label)))
		sum := 0
		for _, c := range t.Counts[i] {
			sum += c
		}
		for k, c := range t.Counts[i] {
			share := 0.0
			if sum > 0 {
				share = float64(c) / float64(sum)
			}
			colour := "#d55e00"
			if i == k {
				colour = "#0072b2"
			}
			x := float64(edge + cell*k)
			fmt.Fprintf(&b, `<rect x="%.1f" y="%.1f" width="%d" height="%d" fill="%s" fill-opacity="%.3f" stroke="currentColor" stroke-opacity=".15"/>`, x, at, cell, cell, colour, share)
			if c > 0 {
				text(&b, x+cell/2, at+21, "middle", fmt.Sprint(c))
			}
		}
	}
	b.WriteString("</svg>")
	return b.String()
}

// shorten keeps the beginning of a label that is too long for its place.
func shorten(label string) string {
	const most = 18
	if r := []rune(label); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return label
}
