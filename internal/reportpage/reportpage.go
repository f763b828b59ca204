// Package reportpage makes pages of HTML that stand for themselves: without scripts, with all pictures in them.
package reportpage

import (
	_ "embed"
	"html/template"
)

//go:embed style.css
var style string

// New parses a page. Its {{style}} is what all pages look like.
func New(text string, functions template.FuncMap) *template.Template {
	look := template.FuncMap{"style": func() template.CSS { return template.CSS(style) }}
	return template.Must(template.New("page").Funcs(look).Funcs(functions).Parse(text))
}
