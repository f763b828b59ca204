package draw

import (
	"bytes"
	"testing"

	"corallite/pipeline"
)

func TestWhatALabelSays(t *testing.T) {
	p := newPainter(t, Options{})
	st, err := p.style(1280, 720)
	if err != nil {
		t.Fatal(err)
	}
	person := pipeline.Detection{Label: "person", Score: 0.81}
	followed := person
	followed.Track = 12
	known := followed
	known.Classes = []pipeline.Class{{Label: "Ada", Score: 0.92}, {Label: "Grace", Score: 0.3}}
	nameless := pipeline.Detection{Index: 3, Score: 0.5, Classes: []pipeline.Class{{Index: 4, Score: 0.1}}}
	wide := func(text string) float32 { return st.face.measure([]rune(text)) }
	for _, c := range []struct {
		d     pipeline.Detection
		width float32
		want  string
	}{
		{person, 1e4, "person 81%"},
		{followed, 1e4, "person #12 81%"},
		{known, 1e4, "person #12 81% · Ada 92%"},
		{nameless, 1e4, "#3 50% · #4 10%"},
		{known, wide("person #12 81% · Ada 92%") - 1, "person #12 81%"},
		{known, wide("per… #12 81%"), "per… #12 81%"},
		{known, wide("81%"), "81%"},
		{known, wide("81%") - 1, ""},
	} {
		thing := pipeline.Detections{c.d}.Thing(0)
		if got := string(p.appendLabel(nil, st, &thing, c.width)); got != c.want {
			t.Errorf("%d pixels: %q; want %q", int(c.width), got, c.want)
		}
	}
}

// everything is a picture with all there is to draw.
func everything() []pipeline.Event {
	events := append(crowd(), poses(standing(300, 100, 0.9))...)
	return append(events, segment(quarters([4]float32{0, 0, 768, 576}))...)
}

func TestPartsAreLeftOut(t *testing.T) {
	draw := func(hide Parts) *canvas {
		pg := page(768, 576)
		paint(t, newPainter(t, Options{Hide: hide}), pg, everything())
		return pg
	}
	all := draw(0)
	for name, part := range map[string]Parts{"boxes": Boxes, "labels": Labels, "masks": Masks, "skeletons": Skeletons} {
		if bytes.Equal(draw(part).pix, all.pix) {
			t.Errorf("hiding %s changes nothing", name)
		}
		if bytes.Equal(draw(AllParts&^part).pix, page(768, 576).pix) {
			t.Errorf("%s alone are not drawn", name)
		}
	}
	if !bytes.Equal(draw(AllParts).pix, page(768, 576).pix) {
		t.Error("something is drawn with all parts hidden")
	}
	p, pg := newPainter(t, Options{Hide: AllParts}), page(768, 576)
	p.Hide(0)
	paint(t, p, pg, everything())
	if !bytes.Equal(pg.pix, all.pix) {
		t.Error("parts do not come back")
	}
}
