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
