package preview

import (
	"testing"
	"time"

	"corallite/internal/clock/clocktest"
	"corallite/internal/draw"
	"corallite/internal/zone"
	"corallite/pipeline"
	"corallite/pipeline/vision"
)

// TestShow passes frames that no model has run on: they are shown, nothing is drawn on them, and they are no reports.
func TestShow(t *testing.T) {
	clock := clocktest.New(noon)
	s := newServer(t, ServerOptions{clock: clock})
	k := newSink(t, s, "door", SinkOptions{})
	show := func(n int) *vision.Frame {
		f := frame(t, 160, 120, n).Item.(*vision.Frame)
		f.Meta().Source = "camera:1"
		k.Show(f)
		return f
	}
	first := show(0)
	if p := k.status(clock.Now()); p.State != "running" || p.Frames != 0 || p.FPS != 0 || p.Width != 160 || !p.Picture || p.Source != "camera:1" {
		t.Errorf("before the first report: %+v", p)
	}
	plain, err := k.picture(0)
	if err != nil {
		t.Fatal(err)
	}
	first.Release()

	consume(t, k, frame(t, 160, 120, 1))
	found, err := k.picture(0)
	if err != nil {
		t.Fatal(err)
	}
	if string(found.jpeg) == string(plain.jpeg) {
		t.Error("nothing is drawn on a report's frame")
	}
	clock.Advance(10 * time.Second)
	if p := k.status(clock.Now()); p.SilentS != 10 {
		t.Errorf("silent for %v s, want 10", p.SilentS)
	}
	last := show(2)
	if p := k.status(clock.Now()); p.SilentS != 0 || p.Frames != 1 {
		t.Errorf("silent for %v s after a frame, %d reports", p.SilentS, p.Frames)
	}
	again, err := k.picture(0)
	if err != nil {
		t.Fatal(err)
	}
	if again.meta.Seq != 2 || string(again.jpeg) != string(plain.jpeg) {
		t.Errorf("frame %d; what was found before is still drawn", again.meta.Seq)
	}
	last.Release()
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	if m := last.Mat(); !m.Empty() {
		t.Error("the sink keeps its last frame after Close")
	}
	late := frame(t, 160, 120, 3).Item.(*vision.Frame)
	k.Show(draw.Frame(late))
	late.Release()
	if m := late.Mat(); !m.Empty() {
		t.Error("a closed sink keeps a frame")
	}
}

// TestShowZones shows a frame that motion held back: the outlines of the zones stay, what was found in the last frame does
// not.
func TestShowZones(t *testing.T) {
	s := newServer(t, ServerOptions{clock: clocktest.New(noon)})
	k := newSink(t, s, "door", SinkOptions{})
	places := func(inside int) *zone.Places {
		return &zone.Places{Zones: []zone.ZoneCount{{Name: "door", Area: zone.Polygon{{X: 20, Y: 60}, {X: 90, Y: 60}, {X: 90, Y: 110}, {X: 20, Y: 110}},
			Now: map[string]int{"person": inside}}}}
	}
	take := func(r pipeline.Report, found bool) string {
		t.Helper()
		for i := range r.Events {
			r.Events[i].Other = append(r.Events[i].Other, places(1))
			if !found {
				r.Events[i].Result = pipeline.Result{Other: []pipeline.Finding{places(1)}}
			}
		}
		consume(t, k, r)
		p, err := k.picture(0)
		if err != nil {
			t.Fatal(err)
		}
		return string(p.jpeg)
	}
	show := func(n int) string {
		t.Helper()
		f := frame(t, 160, 120, n).Item.(*vision.Frame)
		defer f.Release()
		k.Show(f)
		p, err := k.picture(0)
		if err != nil {
			t.Fatal(err)
		}
		return string(p.jpeg)
	}
	plain := show(0)
	zones := take(frame(t, 160, 120, 1), false)
	both := take(frame(t, 160, 120, 2), true)
	if plain == zones || zones == both {
		t.Fatal("zones or detections are not drawn")
	}
	if held := show(3); held != zones {
		t.Errorf("a frame without motion is not drawn with the zones alone; it is plain: %v, as the last report: %v", held == plain, held == both)
	}
	consume(t, k, frame(t, 160, 120, 4))
	if held := show(5); held != plain {
		t.Error("a zone stays after a report without it")
	}
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
}
