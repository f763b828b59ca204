package draw

import (
	"fmt"
	"testing"

	"corallite/pipeline"
)

func classify(model string, c ...pipeline.Class) pipeline.Event {
	return pipeline.Event{Model: model, Task: "classify", Result: pipeline.Result{Classes: c}}
}

func TestBarsAreAsLongAsScores(t *testing.T) {
	length := map[float32]int{}
	for _, score := range []float32{0, 0.25, 0.5, 1} {
		pg := page(640, 480)
		paint(t, newPainter(t, Options{}), pg, []pipeline.Event{classify("birds", pipeline.Class{Label: "macaw", Score: score})})
		// The bar is the longest run of the label's colour.
		for y := range pg.height {
			n := 0
			for x := range pg.width {
				if pg.at(x, y) == labelColour("macaw") {
					n++
				}
			}
			length[score] = max(length[score], n)
		}
	}
	full := length[1]
	if full < 100 {
		t.Fatalf("the full bar is %d pixels long", full)
	}
	for score, n := range length {
		if want := int(score * float32(full)); n < want-4 || n > want+4 {
			t.Errorf("the bar of %g is %d pixels long, of %d", score, n, full)
		}
	}
}

func TestPanelStaysInThePicture(t *testing.T) {
	var many []pipeline.Class
	for i := range 30 {
		many = append(many, pipeline.Class{Label: fmt.Sprintf("a rather long name of class %d", i), Score: 1 / float32(i+1)})
	}
	events := []pipeline.Event{classify("birds", many...), classify("imagenet", many...)}
	p := newPainter(t, Options{})
	for _, size := range sizes {
		pg := page(size[0], size[1])
		paint(t, p, pg, events)
		for _, r := range p.taken {
			if r.x0 < 0 || r.y0 < 0 || r.x1 > float32(size[0]) || r.y1 > float32(size[1]) {
				t.Errorf("%d×%d: the panel is at %v", size[0], size[1], r)
			}
		}
	}
}

// legend is the rows of the panel.
func legend(hide Parts, events ...pipeline.Event) []legendRow {
	var l layers
	l.collect(page(640, 480), hide, events)
	return l.legend
}

func TestSeveralClassifiersAreNamed(t *testing.T) {
	one := classify("birds", pipeline.Class{Label: "macaw", Score: 0.9})
	two := classify("imagenet", pipeline.Class{Label: "parrot", Score: 0.8})
	if got := legend(0, one); len(got) != 1 || got[0].heading {
		t.Errorf("one classifier: %v; want its class alone", got)
	}
	if got := legend(0, one, two); len(got) != 4 || got[0].name != "birds" || got[2].name != "imagenet" {
		t.Errorf("two classifiers: %v; want a name above each", got)
	}
}

func TestLabelsKeepOffThePanel(t *testing.T) {
	p := newPainter(t, Options{})
	events := append(detect(detection("person", 0.8, 30, 20, 600, 460)), classify("birds", pipeline.Class{Label: "macaw", Score: 0.9}))
	paint(t, p, page(640, 480), events)
	if len(p.taken) != 2 {
		t.Fatalf("%d places are taken; want the panel and a label", len(p.taken))
	}
	if p.taken[0].overlaps(p.taken[1]) {
		t.Errorf("the label at %v lies on the panel at %v", p.taken[1], p.taken[0])
	}
}

func TestLabelsKeepOffEachOther(t *testing.T) {
	p := newPainter(t, Options{})
	paint(t, p, page(640, 480), detect(detection("person", 0.8, 200, 200, 300, 400), detection("person", 0.7, 205, 202, 310, 405),
		detection("person", 0.6, 210, 204, 320, 410)))
	for i, a := range p.rows {
		for _, b := range p.rows[:i] {
			if a.rect.overlaps(b.rect) {
				t.Errorf("the labels at %v and %v overlap", a.rect, b.rect)
			}
		}
	}
	if len(p.rows) != 3 {
		t.Errorf("%d labels; want 3", len(p.rows))
	}
}
