package models

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"corallite/internal/testdata"
)

func TestReadLabels(t *testing.T) {
	for text, want := range map[string][]string{
		"a\nb\nc":                      {"a", "b", "c"},
		"a\nb\n":                       {"a", "b"},
		"a\r\nb\r\n\r\n":               {"a", "b"},
		"a\rb":                         {"a", "b"},
		"\xef\xbb\xbfa\n  b c \t\n\nd": {"a", "b c", "", "d"},
		"\nbird\n":                     {"", "bird"},
		"Käfer":                        {"Käfer"},
	} {
		path := filepath.Join(t.TempDir(), "labels.txt")
		write(t, path, []byte(text))
		if got, err := ReadLabels(path); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		"": "is empty", "\n\n \n": "is empty", "a\x00b": "not a text file", "\xff\xfe": "not a text file",
	} {
		path := filepath.Join(t.TempDir(), "labels.txt")
		write(t, path, []byte(text))
		_, err := ReadLabels(path)
		wantError(t, err, path, want)
	}
	_, err := ReadLabels(t.TempDir())
	wantError(t, err, "is not a file")
	_, err = ReadLabels("nowhere.txt")
	wantError(t, err, "nowhere.txt")
	big := filepath.Join(t.TempDir(), "big")
	write(t, big, []byte(strings.Repeat("x", maxLabelFile+1)))
	_, err = ReadLabels(big)
	wantError(t, err, big, "no label file")
}

func TestRealLabels(t *testing.T) {
	for name, want := range map[string]struct {
		n       int
		at      int
		label   string
		lastOne string
	}{
		"coco_labels.txt":                    {90, 0, "person", "toothbrush"},
		"ssd_mobilenet_v1_coco_labelmap.txt": {91, 1, "person", "toothbrush"},
		"imagenet_labels.txt":                {1001, 1, "tench, Tinca tinca", "toilet tissue, toilet paper, bathroom tissue"},
		"inat_bird_labels.txt":               {965, 964, "background", "background"},
	} {
		labels, err := ReadLabels(testdata.Path(t, "labels/"+name))
		if err != nil {
			t.Fatal(err)
		}
		if len(labels) != want.n || labels[want.at] != want.label || labels[len(labels)-1] != want.lastOne {
			t.Errorf("%s: %d labels, %q at %d, %q last", name, len(labels), labels[want.at], want.at, labels[len(labels)-1])
		}
	}
}

func TestBytes(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 bytes", 999: "999 bytes", 1000: "1 kB", 229_032: "229 kB", 999_600: "1.0 MB", 1_083_984: "1.1 MB", 2_500_000_000: "2.5 GB",
	} {
		if got := Bytes(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}
