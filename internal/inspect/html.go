package inspect

import (
	"bytes"
	_ "embed"
	"html/template"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Parse(pageText))

// pageSection is a section of the page.
type pageSection struct {
	ID, Title, Short string
	Heads            []string
	Rows             [][]string
	Notes            []string
	Wide             bool // folded away at first
}

// HTML is the report as one page, which needs nothing else: no scripts, no other files.
func (r *Report) HTML() ([]byte, error) {
	var data struct {
		Path     string
		Sections []pageSection
		Graph    template.HTML
	}
	data.Path = r.File.Path
	data.Graph = template.HTML(r.SVG()) // all text in it is escaped
	for _, s := range r.sections(true) {
		p := pageSection{ID: s.id, Title: s.title, Short: s.short, Rows: s.rows, Notes: s.notes, Wide: s.id == "operators"}
		if s.heads {
			p.Heads, p.Rows = s.rows[0], s.rows[1:]
		}
		data.Sections = append(data.Sections, p)
	}
	var b bytes.Buffer
	err := page.Execute(&b, data)
	return b.Bytes(), err
}
