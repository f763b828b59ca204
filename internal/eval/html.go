package eval

import (
	_ "embed"
	"html/template"
	"io"

	"corallite/internal/reportpage"
)

//go:embed page.html
var pageText string

var page = reportpage.New(pageText, template.FuncMap{
	"first": func(f []Figure) []Figure { return f[:min(4, len(f))] },
})

// HTML writes the report as one page, without scripts and with all pictures in it.
func (r *Report) HTML(w io.Writer) error {
	type view struct {
		*Report
		Title string
		Names []string
		Rows  [][]string
	}
	v := view{Report: r, Title: r.title(), Names: r.names()}
	v.Rows = r.figureRows()
	return page.Execute(w, v)
}

// Head is the first row of the table of classes, ClassRows the others.
func (m ModelReport) Head() []string { return m.classHead() }

// Body are the rows of the table of classes.
func (m ModelReport) Body() [][]string { return m.classRows() }
