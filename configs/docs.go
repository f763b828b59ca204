package configs

import (
	"bytes"
	_ "embed"
	"fmt"
	"strings"
	"text/template"
)

//go:generate go test -run ^TestDocs$ -update .

//go:embed configuration.md.tmpl
var docsTemplate string

//go:embed faces-pictures.yaml
var docsExample string

// section is one group of keys in the documentation.
type section struct {
	Title, Doc string
	Rows       []row
}

// row is one key.
type row struct{ Name, Type, Default, Doc, Example string }

// docs makes docs/configuration.md.
func docs() ([]byte, error) {
	t, err := template.New("").Parse(docsTemplate)
	if err != nil {
		return nil, err
	}
	own := make([]string, len(ownVariables))
	for i, v := range ownVariables {
		own[i] = "`" + v + "`"
	}
	var b bytes.Buffer
	err = t.Execute(&b, map[string]any{
		"Example": docsExample, "Own": strings.Join(own, ", "), "Sections": sections(root, ""),
	})
	return b.Bytes(), err
}

// sections gives k's own values as one section, and those of its groups as further ones.
func sections(k *key, title string) []section {
	var below []section
	self := section{Title: "`" + title + "`", Doc: k.doc}
	for _, c := range k.keys {
		place := strings.TrimPrefix(title+"."+c.name, ".")
		switch c.kind {
		case group:
			below = append(below, sections(c, place)...)
		case named:
			below = append(below, sections(c, place+".NAME")...)
		case variants:
			self.Rows = append(self.Rows, row{
				Name: c.name, Type: "list", Default: defaultWords(c), Doc: c.doc,
				Example: fmt.Sprintf("[{%s: {path: found.jsonl}}, {%s: {}}]", SinkJSONL, SinkTable),
			})
			for _, v := range c.keys {
				below = append(below, sections(v, place+"[N]."+v.name)...)
			}
		default:
			self.Rows = append(self.Rows, row{c.name, typeWords(c), defaultWords(c), c.doc, c.example})
		}
	}
	if title == "" {
		return below
	}
	return append([]section{self}, below...)
}

// typeWords is a key's type for the table of the documentation.
func typeWords(k *key) string {
	if len(k.choices) > 0 {
		return "`" + strings.Join(k.choices, "`, `") + "`"
	}
	if k.apart {
		return "a text (a file) or a list of texts"
	}
	return k.expects()
}

func defaultWords(k *key) string {
	switch {
	case k.required:
		return "required"
	case k.defDoc != "":
		return k.defDoc
	case k.def == "":
		return "empty"
	case k.def != nil:
		return fmt.Sprintf("`%v`", k.def)
	default:
		return ""
	}
}
