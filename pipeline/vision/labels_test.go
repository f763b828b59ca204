package vision

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"corallite/internal/testdata"
)

func TestParseLabels(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"plain":              {"person\nbicycle\n", []string{"person", "bicycle"}},
		"no end of line":     {"a\nb", []string{"a", "b"}},
		"blank at the end":   {"a\nb\n\n  \n\n", []string{"a", "b"}},
		"blank in between":   {"a\n\nc\n", []string{"a", "", "c"}},
		"Windows":            {"\uFEFFa\r\nb\r\n", []string{"a", "b"}},
		"background":         {"???\nperson\n", []string{"???", "person"}},
		"numbered":           {"0  person\n1  bicycle\n", []string{"person", "bicycle"}},
		"numbered with gaps": {"0: person\n2: car\n\n", []string{"person", "", "car"}},
		"numbered commas":    {"1,tench\n2,goldfish", []string{"", "tench", "goldfish"}},
		"numbers in names":   {"7 of hearts\nace\n", []string{"7 of hearts", "ace"}},
		"commas in names":    {"tench, Tinca tinca\n", []string{"tench, Tinca tinca"}},
		"digits":             {"0\n1\n2\n", []string{"0", "1", "2"}},
		"other scripts":      {"кошка\n犬\n", []string{"кошка", "犬"}},
	} {
		got, err := ParseLabels(strings.NewReader(c.text))
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, %v; want %q", name, got, err, c.want)
		}
	}
}

func TestParseLabelsRefuses(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"empty":      {"", "no labels"},
		"only blank": {"\n \n\n", "no labels"},
		"binary":     {"a\nb\x00c\n", "line 2"},
		"not UTF-8":  {"a\nb\nc\xff\n", "line 3"},
		"falling":    {"0 a\n2 b\n1 c\n", "line 3"},
		"twice":      {"0 a\n0 b\n", "line 2"},
		"huge":       {"0 a\n999999999999999999999 b\n", "line 2"},
		"large":      {"0 a\n99999999 b\n", "line 2"},
		"long line":  {strings.Repeat("x", 1<<17), "line 1"},
	} {
		if got, err := ParseLabels(strings.NewReader(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %d labels, %v; want an error that says %s", name, len(got), err, c.want)
		}
	}
}

func TestReadLabels(t *testing.T) {
	for file, c := range map[string]struct {
		count  int
		offset int
	}{
		"coco_labels.txt": {90, 0}, "imagenet_labels.txt": {1001, 1}, "inat_bird_labels.txt": {965, 0},
		"ssd_mobilenet_v1_coco_labelmap.txt": {91, 1},
	} {
		got, err := ReadLabels(testdata.Path(t, "labels/"+file))
		if err != nil || len(got) != c.count || BackgroundOffset(got) != c.offset {
			t.Errorf("%s: %d labels (%v), background offset %d; want %d, %d", file, len(got), err, BackgroundOffset(got), c.count, c.offset)
		}
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "empty.txt")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{path, filepath.Join(dir, "missing.txt"), dir} {
		if _, err := ReadLabels(p); err == nil || !strings.Contains(err.Error(), p) {
			t.Errorf("%s: %v does not name the file", p, err)
		}
	}
}

// TestStructuredLabels reads labels that have a structure, each index with its own label.
func TestStructuredLabels(t *testing.T) {
	read := func(name string) string {
		text, err := os.ReadFile(testdata.Case(t, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for _, c := range []struct {
		name, text string
		want       map[int]string // some of them
		count      int
	}{
		{"label map", read("pbtxt.pbtxt"), map[int]string{0: "???", 1: "person", 12: "???", 17: "cat", 18: "dog"}, 19},
		{"class map", read("class_map.csv"), map[int]string{0: "Speech", 1: "Child speech, kid speaking", 2: "Conversation"}, -1},
		{"label map of names", "# made\nitem{ id:2 name:'b \\'c\\'' } item { name: \"a\", id: 1 }", map[int]string{1: "a", 2: "b 'c'"}, 3},
		{"nested in an item", `item { id: 1 display_name: "hand" keypoints { id: 7 label: "TIP" } }`, map[int]string{1: "hand"}, 2},
		{"TSV", "id\tname\n1\tcat\n0\tdog\n", map[int]string{0: "dog", 1: "cat"}, 2},
		{"semicolons, no index", "species;common_name\nTurdus merula;Blackbird\nParus major;Great Tit\n", map[int]string{0: "Blackbird", 1: "Great Tit"}, 2},
		{"numbers and quotes", "0,\"tench, Tinca\"\n1,goldfish\n", map[int]string{0: "tench, Tinca", 1: "goldfish"}, 2},
		{"JSON list", `["a", "b: c"]`, map[int]string{0: "a", 1: "b: c"}, 2},
		{"JSON map", `{"1": "b", "0": "a"}`, map[int]string{0: "a", 1: "b"}, 2},
		{"JSON map the other way", `{"b": 1, "a": 0}`, map[int]string{0: "a", 1: "b"}, 2},
		{"JSON objects", `[{"id": 1, "name": "b"}, {"id": 0, "name": "a", "color": [1, 2]}]`, map[int]string{0: "a", 1: "b"}, 2},
		{"Ultralytics", "path: ../x\nnames:\n  0: a\n  1: b\n", map[int]string{0: "a", 1: "b"}, 2},
		{"YAML list", "- a\n- b\n", map[int]string{0: "a", 1: "b"}, 2},
		{"lines with commas", "tench, Tinca tinca\ngoldfish, Carassius\n", map[int]string{0: "tench, Tinca tinca", 1: "goldfish, Carassius"}, 2},
		{"numbered lines with commas", "0 tench, Tinca\n1 goldfish, Carassius\n", map[int]string{0: "tench, Tinca", 1: "goldfish, Carassius"}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			labels, err := ParseLabels(strings.NewReader(c.text))
			if err != nil {
				t.Fatal(err)
			}
			for i, want := range c.want {
				if i >= len(labels) || labels[i] != want {
					t.Errorf("label %d of %q is not %q", i, labels, want)
				}
			}
			if c.count >= 0 && len(labels) != c.count {
				t.Errorf("%d labels, want %d: %q", len(labels), c.count, labels)
			}
		})
	}
	for name, c := range map[string]struct{ text, want string }{
		"columns without a header": {"0,/m/0,Speech\n1,/m/1,Child\n", "without a header"},
		"cut off":                  {"item {\n id: 1\n name: 'a'\n", "unclosed item"},
		"without an id":            {"item { name: 'a' }", "without an id"},
		"twice":                    {"id,name\n1,a\n1,b\n", `index 1 has two labels, "a" and "b"`},
		"no number":                {"index,label\nx,a\n", `"x" in column index`},
		"short row":                {"index,label\n3\n", "row 2 has 1 columns"},
		"HTML":                     {"<html><body>404</body></html>", "XML or HTML"},
		"JSON of another kind":     {`{"model": "x", "version": "y"}`, "expected a map"},
		"broken JSON":              {`["a", "b"`, "cannot be parsed"},
		"far too large":            {"id,name\n9999999,a\n", "invalid index 9999999"},
		"an empty list":            {"[]", "no labels"},
	} {
		t.Run(name, func(t *testing.T) {
			if labels, err := ParseLabels(strings.NewReader(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%q, error %v, want %q", labels, err, c.want)
			}
		})
	}
}
