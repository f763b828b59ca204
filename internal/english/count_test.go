package english

import (
	"bufio"
	"os"
	"strings"
	"testing"

	"corallite/internal/testdata"
)

func TestCount(t *testing.T) {
	for one, many := range map[string]string{
		"car": "cars", "person": "people", "woman": "women", "fireman": "firemen", "human": "humans",
		"ottoman": "ottomans", "bus": "buses", "bench": "benches", "wine glass": "wine glasses",
		"toothbrush": "toothbrushes", "box": "boxes", "knife": "knives", "sheep": "sheep", "stop sign": "stop signs", "teddy bear": "teddy bears",
		"puppy": "puppies", "donkey": "donkeys", "couch": "couches", "broccoli": "broccoli", "mouse": "mice",
		"giraffe": "giraffes", "t-shirt": "t-shirts", "hair drier": "hair driers", "child": "children",
		"grandchild": "grandchildren", "lens": "lenses", "leaf": "leaves", "chef": "chefs", "stomach": "stomachs",
	} {
		for n, want := range map[int]string{0: "0 " + many, 1: "1 " + one, 8: "8 " + many} {
			if got := Count(n, one); got != want {
				t.Errorf("%d of %q: %q; want %q", n, one, got, want)
			}
		}
	}
	for n, want := range map[int]string{0: "0 pairs of skis", 1: "1 pair of skis", 2: "2 pairs of skis"} {
		if got := Count(n, "skis"); got != want {
			t.Errorf("got %q; want %q", got, want)
		}
	}
	for label, want := range map[string]string{
		"Ada": "2 × Ada", "n01440764": "2 × n01440764", "#7": "2 × #7", "cat, tabby": "2 × cat, tabby", "traffic_light": "2 × traffic_light",
		"Fußgänger": "2 × Fußgänger", "人": "2 × 人", "": "2 × ",
	} {
		if got := Count(2, label); got != want {
			t.Errorf("2 of %q: %q; want %q", label, got, want)
		}
		if got := Count(1, label); got != label {
			t.Errorf("1 of %q: %q; want %[1]q", label, got)
		}
	}
}

// TestEveryLabelOfCOCO has the plural of each label of a real file: a noun of its own, no English one is taken for a name.
func TestEveryLabelOfCOCO(t *testing.T) {
	f, err := os.Open(testdata.Path(t, "labels/coco_labels.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unchanged := map[string]bool{"sheep": true, "skis": true, "scissors": true, "broccoli": true}
	labels := 0
	for in := bufio.NewScanner(f); in.Scan(); {
		label := strings.TrimSpace(in.Text())
		if label == "" || label == "n/a" {
			continue
		}
		labels++
		many := Plural(label)
		if (many == label) != unchanged[label] || strings.Contains(Count(2, label), "×") {
			t.Errorf("several of %q are %q", label, Count(2, label))
		}
	}
	if labels < 80 {
		t.Errorf("only %d labels", labels)
	}
}
