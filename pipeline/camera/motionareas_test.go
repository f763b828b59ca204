package camera

import (
	"errors"
	"image"
	"io"
	"slices"
	"testing"
)

// TestFramesSayWhereItMoves has a square that walks through the left upper quarter of a noisy picture, between seconds 3 and
// 6 of 12: frames say nothing while the background is learned, then that nothing moves, then where, and go on saying so for
// the two seconds of hold. No frame is held back.
func TestFramesSayWhereItMoves(t *testing.T) {
	camera, blank := newSensor(2), make([]byte, 3*160*120)
	for i := range blank {
		blank[i] = 100
	}
	at := func(i int) image.Rectangle { return image.Rect(i, 20, i+16, 36) } // frame 30: 30, frame 59: 59
	source := &tape{count: 120, width: 160, height: 120, draw: func(i int, pixels []byte) {
		scene := slices.Clone(blank)
		if i >= 30 && i < 60 {
			square(scene, at(i).Min.X, at(i).Min.Y, 16, 200)
		}
		camera.expose(pixels, scene, 0)
	}}
	s, err := NewSelect(source, SelectOptions{Moved: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i := 0; ; i++ {
		f, err := s.Next(t.Context())
		if errors.Is(err, io.EOF) {
			if i != source.count {
				t.Errorf("%d frames went on of %d", i, source.count)
			}
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		areas, known := f.Moved()
		size := 0
		for _, a := range areas {
			size += a.Dx() * a.Dy()
			if a.Empty() || !a.In(image.Rect(0, 0, 160, 120)) {
				t.Errorf("frame %d: the area %v is not in the picture", i, a)
			}
		}
		covers := func(r image.Rectangle) bool {
			c := r.Min.Add(r.Size().Div(2))
			return slices.ContainsFunc(areas, func(a image.Rectangle) bool { return c.In(a) })
		}
		switch {
		case known != (i > 10): // the second of warm-up
			t.Errorf("frame %d: known is %v", i, known)
		case i > 10 && i < 30 && size != 0:
			t.Errorf("frame %d: moved in %v, where nothing does", i, areas)
		case i > 32 && i < 60 && (!covers(at(i)) || size > 160*120/2):
			t.Errorf("frame %d: moved in %v, the square is at %v", i, areas, at(i))
		case i >= 60 && i < 78 && size == 0:
			t.Errorf("frame %d: nothing is said to move less than 2 seconds after it did", i)
		case i > 85 && size != 0:
			t.Errorf("frame %d: moved in %v, 2.5 seconds after", i, areas)
		}
		f.Release()
	}
	if s.Stats().Motion != nil {
		t.Error("statistics of motion detection that nobody asked for")
	}
}
