package inspect

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"corallite/internal/schema"
	"corallite/internal/tflitemeta"
)

const (
	mostNote   = 1 << 20 // bytes of a file of text that an exporter packs
	mostPacked = 1000    // files that are listed
	mostSaid   = 200     // characters of a line
)

// converter is TensorFlow's version in CONVERSION_METADATA (tensorflow/compiler/mlir/lite/schema/conversion_metadata.fbs: field 0 of
// the root is the environment, whose field 0 is the version).
func converter(data []byte) string {
	root, err := schema.ReadRaw(data, "")
	if err != nil {
		return ""
	}
	return printable([]byte(root.Sub(0).Text(0)))
}

// saidBy is what a file says of the model. The error is that of metadata that are damaged.
func saidBy(file []byte, m *schema.Model) (said []Said, packed []Packed, meta *tflitemeta.Model, err error) {
	sizes := map[string]int{}
	if archive, zipErr := zip.NewReader(bytes.NewReader(file), int64(len(file))); zipErr == nil {
		for _, f := range archive.File[:min(mostPacked, len(archive.File))] {
			packed = append(packed, Packed{f.Name, int64(f.UncompressedSize64)})
			sizes[f.Name] = int(min(f.UncompressedSize64, 1<<31-1))
			if slices.Contains([]string{".json", ".yaml", ".txt"}, path.Ext(f.Name)) {
				said = append(said, note(f.Name, unpacked(f))...)
			}
		}
	}
	for _, e := range m.Metadata {
		if e.Name != tflitemeta.Entry {
			said = append(said, note(e.Name, e.Data)...)
			continue
		}
		if meta, err = tflitemeta.Read(e.Data); err != nil {
			return said, packed, nil, err
		}
		for _, l := range meta.Lines(func(name string) int {
			if n, ok := sizes[name]; ok {
				return n
			}
			return -1
		}) {
			said = append(said, Said{l.Name, l.Text, "metadata"})
		}
	}
	return said, packed, meta, nil
}

// unpacked is a small packed file; nil where it is large or damaged.
func unpacked(f *zip.File) []byte {
	if f.UncompressedSize64 > mostNote {
		return nil
	}
	r, err := f.Open()
	if err != nil {
		return nil
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, mostNote))
	if err != nil {
		return nil
	}
	return b
}

// note is what a text in JSON or YAML, or a dictionary as Python writes it, says: its first level. Exporters describe a model so:
// Ultralytics' task, names, imgsz, stride and more.
func note(name string, text []byte) []Said {
	text = bytes.TrimRight(text, "\x00")
	if len(text) == 0 || len(text) > mostNote || !utf8.Valid(text) {
		return nil
	}
	var doc yaml.Node
	if yaml.Unmarshal(text, &doc) != nil || len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return nil
	}
	var all []Said
	pairs := doc.Content[0].Content
	for i := 0; i+1 < len(pairs) && len(all) < 100; i += 2 {
		all = append(all, Said{pairs[i].Value, shorten(value(pairs[i+1])), name})
	}
	return all
}

// value is a node in a line.
func value(n *yaml.Node) string {
	var parts []string
	switch n.Kind {
	case yaml.ScalarNode:
		return n.Value
	case yaml.SequenceNode:
		for _, c := range n.Content[:min(len(n.Content), 40)] {
			parts = append(parts, shorten(leaf(c)))
		}
		return fmt.Sprintf("%s%s", strings.Join(parts, ", "), more(len(n.Content), 40))
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content) && i < 80; i += 2 {
			parts = append(parts, n.Content[i].Value+": "+shorten(leaf(n.Content[i+1])))
		}
		return strings.Join(parts, ", ") + more(len(n.Content)/2, 40)
	}
	return "…"
}

// leaf is a value within another one: deeper levels are left out.
func leaf(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.ScalarNode:
		return n.Value
	case n.Kind == yaml.SequenceNode && len(n.Content) <= 8:
		var parts []string
		for _, c := range n.Content {
			if c.Kind != yaml.ScalarNode {
				return "…"
			}
			parts = append(parts, c.Value)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return "…"
}

func more(n, shown int) string {
	if n <= shown {
		return ""
	}
	return fmt.Sprintf(", … (%d)", n)
}

func shorten(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) <= mostSaid {
		return s
	}
	return string([]rune(s)[:mostSaid]) + "…"
}
