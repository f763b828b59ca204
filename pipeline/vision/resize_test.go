package vision

import (
	"image"
	"testing"

	"corallite/pipeline"
)

func TestFitting(t *testing.T) {
	for _, c := range []struct {
		name          string
		how           Resize
		width, height int
		w, h          int
		from, to      image.Rectangle
		place         pipeline.Placement
	}{
		{"stretch", Stretch, 768, 576, 300, 300, image.Rect(0, 0, 768, 576), image.Rect(0, 0, 300, 300),
			pipeline.Placement{ScaleX: 2.56, ScaleY: 1.92, Width: 768, Height: 576}},
		{"wide letterbox", Letterbox, 800, 400, 100, 100, image.Rect(0, 0, 800, 400), image.Rect(0, 25, 100, 75),
			pipeline.Placement{OffsetY: -200, ScaleX: 8, ScaleY: 8, Width: 800, Height: 400}},
		{"high letterbox", Letterbox, 30, 60, 20, 20, image.Rect(0, 0, 30, 60), image.Rect(5, 0, 15, 20),
			pipeline.Placement{OffsetX: -15, ScaleX: 3, ScaleY: 3, Width: 30, Height: 60}},
		{"letterbox that fits", Letterbox, 50, 50, 10, 10, image.Rect(0, 0, 50, 50), image.Rect(0, 0, 10, 10),
			pipeline.Placement{ScaleX: 5, ScaleY: 5, Width: 50, Height: 50}},
		{"thin letterbox", Letterbox, 10000, 1, 100, 100, image.Rect(0, 0, 10000, 1), image.Rect(0, 49, 100, 50),
			pipeline.Placement{OffsetY: -49, ScaleX: 100, ScaleY: 1, Width: 10000, Height: 1}},
		{"wide crop", CenterCrop, 800, 400, 100, 100, image.Rect(200, 0, 600, 400), image.Rect(0, 0, 100, 100),
			pipeline.Placement{OffsetX: 200, ScaleX: 4, ScaleY: 4, Width: 800, Height: 400}},
		{"high crop for a wide input", CenterCrop, 90, 200, 60, 20, image.Rect(0, 85, 90, 115), image.Rect(0, 0, 60, 20),
			pipeline.Placement{OffsetY: 85, ScaleX: 1.5, ScaleY: 1.5, Width: 90, Height: 200}},
		{"one pixel", CenterCrop, 1, 1, 224, 224, image.Rect(0, 0, 1, 1), image.Rect(0, 0, 224, 224),
			pipeline.Placement{ScaleX: 1. / 224, ScaleY: 1. / 224, Width: 1, Height: 1}},
	} {
		f := fitInto(c.how, c.width, c.height, c.w, c.h)
		if f.from != c.from || f.to != c.to {
			t.Errorf("%s: %v to %v, want %v to %v", c.name, f.from, f.to, c.from, c.to)
		}
		if p := f.placement(c.width, c.height); p != c.place {
			t.Errorf("%s: placement %+v, want %+v", c.name, p, c.place)
		}
	}
}

func TestParseResize(t *testing.T) {
	for _, r := range []Resize{Stretch, Letterbox, CenterCrop} {
		if got, err := ParseResize(r.String()); err != nil || got != r {
			t.Errorf("%v is read as %v, %v", r, got, err)
		}
	}
	for want, name := range []string{"stretch", "letterbox", "crop"} { // the words of the configuration
		if got, err := ParseResize(name); err != nil || int(got) != want {
			t.Errorf("%q is %v, %v", name, got, err)
		}
	}
	if got, err := ParseResize(""); err != nil || got != Stretch {
		t.Errorf("nothing is read as %v, %v", got, err)
	}
	if _, err := ParseResize("zoom"); err == nil {
		t.Error("zoom is a way to resize")
	}
}
