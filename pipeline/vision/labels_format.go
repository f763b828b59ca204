package vision

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// structured reads labels from a text that has a structure of its own: a label map in protobuf text (TensorFlow's object
// detection: item { id name display_name }), CSV or TSV with a header, a list or a map in JSON or YAML (also below a key
// "names", as in Ultralytics' data files). known is false for a text that has none of these; one that looks like one
// and cannot be read is an error: read as lines, every label would be another's.
func structured(text []byte) (labels []string, known bool, err error) {
	trimmed := bytes.TrimSpace(bytes.TrimPrefix(text, []byte("\uFEFF")))
	switch {
	case itemStart.Match(trimmed):
		labels, err = labelMap(string(trimmed))
	case bytes.HasPrefix(trimmed, []byte("<")):
		err = errors.New("this is XML or HTML (want one label per line)")
	case bytes.HasPrefix(trimmed, []byte("{")), bytes.HasPrefix(trimmed, []byte("[")), yamlStart.Match(trimmed):
		labels, err = yamlLabels(trimmed)
	default:
		return tableLabels(trimmed)
	}
	return labels, true, err
}

var (
	itemStart = regexp.MustCompile(`^(#[^\n]*\s+)*item\s*:?\s*\{`)
	// A list from its first line on, or a document with the key names.
	yamlStart = regexp.MustCompile(`^(---\s|- \S)|(^|\n)names\s*:\s*(\n|\[|\{)`)
)

// setLabel sets the label of an index.
func setLabel(labels []string, index int, label string) ([]string, error) {
	if index < 0 || index >= maxLabelIndex {
		return nil, fmt.Errorf("invalid index %d (want 0 to %d)", index, maxLabelIndex-1)
	}
	for len(labels) <= index {
		labels = append(labels, "")
	}
	if labels[index] != "" && labels[index] != label {
		return nil, fmt.Errorf("index %d has two labels, %q and %q", index, labels[index], label)
	}
	labels[index] = label
	return labels, nil
}

var (
	mapToken = regexp.MustCompile(`#[^\n]*|\{|\}|[A-Za-z_]\w*|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|-?\d+|[:,;<>]`)
	unescape = strings.NewReplacer(`\'`, `'`, `\"`, `"`, `\\`, `\`)
)

// labelMap reads items of StringIntLabelMap (object_detection/protos/string_int_label_map.proto). Where no item has the
// id 0, which stands for the background, that is "???".
func labelMap(text string) ([]string, error) {
	var labels []string
	id, name, shown, key, depth := -1, "", "", "", 0
	for _, token := range mapToken.FindAllString(text, -1) {
		switch {
		case strings.HasPrefix(token, "#"), strings.ContainsAny(token, ":,;<>") && len(token) == 1:
		case token == "{":
			depth++
			if depth == 1 {
				id, name, shown = -1, "", ""
			}
		case token == "}":
			depth--
			if depth < 0 {
				return nil, errors.New("unmatched }")
			}
			if depth > 0 {
				continue
			}
			if shown == "" {
				shown = name
			}
			if id < 0 || shown == "" {
				return nil, fmt.Errorf("item without an id or a name (id %d, name %q)", id, name)
			}
			var err error
			if labels, err = setLabel(labels, id, shown); err != nil {
				return nil, err
			}
		case depth != 1: // item, and what is nested in it
		case token[0] == '"' || token[0] == '\'':
			switch value := unescape.Replace(token[1 : len(token)-1]); key {
			case "name":
				name = value
			case "display_name":
				shown = value
			}
		case token[0] == '-' || token[0] >= '0' && token[0] <= '9':
			if n, err := strconv.Atoi(token); key == "id" && err == nil {
				id = n
			}
		default:
			key = token
		}
	}
	if depth != 0 {
		return nil, errors.New("unclosed item: a } is missing, or the file is truncated")
	}
	if len(labels) > 0 && labels[0] == "" {
		labels[0] = "???"
	}
	return labels, nil
}

// yamlLabels reads a list of labels, or a map from indices to labels or from labels to indices.
func yamlLabels(text []byte) ([]string, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil || len(doc.Content) != 1 {
		return nil, errors.New("it looks like JSON or YAML but cannot be parsed (want a list of labels, or a map from indices to labels)")
	}
	n := doc.Content[0]
	if n.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == "names" {
				n = n.Content[i+1]
				break
			}
		}
	}
	switch n.Kind {
	case yaml.SequenceNode:
		return yamlList(n)
	case yaml.MappingNode:
		return yamlMap(n)
	}
	return nil, errors.New("expected a list of labels, or a map from indices to labels")
}

func yamlList(n *yaml.Node) ([]string, error) {
	labels := make([]string, len(n.Content))
	for i, c := range n.Content {
		if c.Kind == yaml.MappingNode { // [{"id": 0, "name": "person"}, …]
			return yamlObjects(n)
		}
		if c.Kind != yaml.ScalarNode {
			return nil, fmt.Errorf("line %d: expected a label", c.Line)
		}
		if c.ShortTag() != "!!null" {
			labels[i] = c.Value
		}
	}
	return labels, nil
}

func yamlObjects(n *yaml.Node) (labels []string, err error) {
	for i, c := range n.Content {
		index, name := i, ""
		for k := 0; c.Kind == yaml.MappingNode && k+1 < len(c.Content); k += 2 {
			key, value := strings.ToLower(c.Content[k].Value), c.Content[k+1].Value
			switch {
			case slices.Contains(indexColumns, key):
				if index, err = strconv.Atoi(value); err != nil {
					return nil, fmt.Errorf("line %d: %s %q is not an integer", c.Line, key, value)
				}
			case slices.Contains(labelColumns, key) && name == "":
				name = value
			}
		}
		if name == "" {
			return nil, fmt.Errorf("line %d: expected an object with a name", c.Line)
		}
		if labels, err = setLabel(labels, index, name); err != nil {
			return nil, fmt.Errorf("line %d: %w", c.Line, err)
		}
	}
	return labels, nil
}

func yamlMap(n *yaml.Node) (labels []string, err error) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		index, byIndex := strconv.Atoi(key.Value)
		label := value.Value
		if byIndex != nil {
			if index, err = strconv.Atoi(value.Value); err != nil {
				return nil, fmt.Errorf("line %d: neither %q nor %q is an index: expected a map from indices to labels, or from labels to indices", key.Line, key.Value, value.Value)
			}
			label = key.Value
		}
		if labels, err = setLabel(labels, index, label); err != nil {
			return nil, fmt.Errorf("line %d: %w", key.Line, err)
		}
	}
	return labels, nil
}

// The names that columns of tables, and keys of objects, have: best first.
var (
	indexColumns = []string{"index", "id", "class_id", "class_index", "idx", "class"}
	labelColumns = []string{"display_name", "label", "name", "class_name", "category", "common_name", "labels", "names", "title"}
)

// tableLabels reads CSV or TSV with a header. Lines of numbers, commas and more than one text behind them have columns of
// which nobody says which has the label, and are refused.
func tableLabels(text []byte) (labels []string, known bool, err error) {
	first, _, _ := bytes.Cut(text, []byte("\n"))
	comma := ','
	if bytes.ContainsRune(first, '\t') {
		comma = '\t'
	} else if bytes.ContainsRune(first, ';') {
		comma = ';'
	}
	r := csv.NewReader(bytes.NewReader(text))
	r.Comma, r.FieldsPerRecord, r.LazyQuotes, r.TrimLeadingSpace = comma, -1, true, true
	rows, err := r.ReadAll()
	if err != nil || len(rows) == 0 || len(rows[0]) < 2 {
		return nil, false, nil // lines
	}
	column := func(names []string) int {
		for _, name := range names {
			if i := slices.IndexFunc(rows[0], func(s string) bool { return strings.EqualFold(strings.TrimSpace(s), name) }); i >= 0 {
				return i
			}
		}
		return -1
	}
	label, index := column(labelColumns), column(indexColumns)
	if label < 0 || index == label || index < 0 && len(rows[0]) < 2 {
		return numberedTable(rows, comma)
	}
	for n, row := range rows[1:] {
		i := n
		if index >= 0 {
			if index >= len(row) {
				return nil, true, fmt.Errorf("row %d has %d columns, but the index is in column %d", n+2, len(row), index+1)
			}
			if i, err = strconv.Atoi(strings.TrimSpace(row[index])); err != nil {
				return nil, true, fmt.Errorf("row %d: %q in column %s is not an integer", n+2, row[index], rows[0][index])
			}
		}
		if label >= len(row) {
			return nil, true, fmt.Errorf("row %d has %d columns, but the label is in column %d", n+2, len(row), label+1)
		}
		if labels, err = setLabel(labels, i, strings.TrimSpace(row[label])); err != nil {
			return nil, true, fmt.Errorf("row %d: %w", n+2, err)
		}
	}
	return labels, true, nil
}

// numberedTable is rows without a header, each with an index in its first column. Anything else is lines of text with
// commas in them.
func numberedTable(rows [][]string, comma rune) (labels []string, known bool, err error) {
	columns := len(rows[0])
	for _, row := range rows {
		if _, err := strconv.Atoi(row[0]); err != nil || len(row) != columns {
			return nil, false, nil
		}
	}
	if columns > 2 {
		return nil, true, fmt.Errorf("%d columns without a header that says which one has the labels: add a first line such as %s",
			columns, strings.Join([]string{"index", "mid", "display_name"}, string(comma)))
	}
	for n, row := range rows {
		i, _ := strconv.Atoi(row[0])
		if labels, err = setLabel(labels, i, strings.TrimSpace(row[1])); err != nil {
			return nil, true, fmt.Errorf("row %d: %w", n+1, err)
		}
	}
	return labels, true, nil
}
