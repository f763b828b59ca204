package configs

import (
	"bytes"
	_ "embed"
	"fmt"
	"strings"
	"text/template"

	"corallite/internal/key"
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
		"Example": docsExample, "Own": strings.Join(own, ", "), "Sections": sections(root(), ""),
	})
	return b.Bytes(), err
}

// sections returns k's own values as one section, followed by those of its groups.
func sections(k *key.Key, title string) []section {
	var below []section
	self := section{Title: "`" + title + "`", Doc: k.Doc}
	for _, c := range k.Keys {
		place := strings.TrimPrefix(title+"."+c.Name, ".")
		switch c.Kind {
		case key.KindGroup:
			if c.Switch {
				self.Rows = append(self.Rows, row{c.Name, "`true`, `false`, or a mapping", "`false`", c.Doc, c.Example})
				c = &key.Key{Kind: key.KindGroup, Doc: fmt.Sprintf("The keys of `%s` as a mapping. `%[1]s: true` has all defaults.", c.Name), Keys: c.Keys}
			}
			below = append(below, sections(c, place)...)
		case key.KindGroups:
			self.Rows = append(self.Rows, row{c.Name, "names, each with a mapping", defaultWords(c), c.Doc, c.Example})
			below = append(below, sections(&key.Key{Kind: key.KindGroup, Doc: fmt.Sprintf("One of `%s`.", c.Name), Keys: c.Keys}, place+".NAME")...)
		case key.KindNamed:
			below = append(below, sections(c, place+".NAME")...)
		case key.KindOrdered:
			words := "`" + strings.Join(c.Choices, "`, `") + "`"
			for _, one := range c.Keys {
				words += ", `{" + one.Name + ": …}`"
				if one.Child(one.Name) != nil {
					below = append(below, sections(one, place)...)
				} else {
					below = append(below, sections(one, place+"."+one.Name)...)
				}
			}
			self.Rows = append(self.Rows, row{c.Name, words + ", or a list of these", defaultWords(c), c.Doc, c.Example})
		case key.KindVariants:
			self.Rows = append(self.Rows, row{
				Name: c.Name, Type: "list", Default: defaultWords(c), Doc: c.Doc,
				Example: "[{jsonl: {path: found.jsonl}}, {table: {}}]",
			})
			for _, v := range c.Keys {
				below = append(below, sections(v, place+"[N]."+v.Name)...)
			}
		default:
			doc := c.Doc
			if len(c.Requires) > 0 {
				doc += " Only with " + quotedWords(c.Requires, "and") + "."
			}
			self.Rows = append(self.Rows, row{c.Name, typeWords(c), defaultWords(c), doc, c.Example})
		}
	}
	if title == "" {
		return below
	}
	return append([]section{self}, below...)
}

// typeWords is a key's type in the documentation's table.
func typeWords(k *key.Key) string {
	if len(k.Choices) > 0 && k.Kind == key.KindString {
		return "`" + strings.Join(k.Choices, "`, `") + "`"
	}
	if k.ScalarIsDistinct {
		return "a text (a file) or a list of texts"
	}
	return k.Expects()
}

func defaultWords(k *key.Key) string {
	switch {
	case k.Required:
		return "required"
	case k.DefaultDoc != "":
		return k.DefaultDoc
	case k.Default == "":
		return "empty"
	case k.Default != nil:
		return fmt.Sprintf("`%v`", k.Default)
	default:
		return ""
	}
}
