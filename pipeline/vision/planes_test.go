package vision

import (
	"bytes"
	"image"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gocv.io/x/gocv"

	"corallite/internal/yuv"
)

// inPlanes is a frame of the pool with a picture in planes.
func inPlanes(t testing.TB, p *Pool, picture *yuv.Picture, release func()) *Frame {
	t.Helper()
	f, err := p.Get()
	if err != nil {
		t.Fatal(err)
	}
	f.SetPlanes(*picture, release)
	if err := f.Seal(); err != nil {
		t.Fatal(err)
	}
	return f
}

func colours(t testing.TB, p *yuv.Picture, part image.Rectangle) []byte {
	t.Helper()
	pixels := make([]byte, 3*part.Dx()*part.Dy())
	if err := p.BGR(pixels, part); err != nil {
		t.Fatal(err)
	}
	return pixels
}

func pixels(m gocv.Mat) []byte { return m.ToBytes() }

func TestPlanesAreConvertedOnceAndOnlyWhenAskedFor(t *testing.T) {
	pool := NewPool(2)
	defer pool.Close()
	picture := noise(t, yuv.I420, 65, 48)
	released := 0
	f := inPlanes(t, pool, picture, func() { released++ })
	if f.Width() != 65 || f.Height() != 48 || f.Converted() || f.Reduction() != 1 {
		t.Errorf("%dx%d, converted %v", f.Width(), f.Height(), f.Converted())
	}
	copied := gocv.NewMat()
	defer copied.Close()
	f.CopyTo(&copied)
	want := colours(t, picture, picture.Bounds())
	if !bytes.Equal(pixels(copied), want) || f.Converted() {
		t.Errorf("the copy is wrong, or the frame was converted for it: %v", f.Converted())
	}
	var all sync.WaitGroup
	var at [8]*byte
	for i := range at {
		all.Go(func() {
			m := f.Mat()
			data, err := m.DataPtrUint8()
			if err != nil || !bytes.Equal(data, want) {
				t.Errorf("Mat is not the picture: %v", err)
				return
			}
			at[i] = &data[0]
		})
	}
	all.Wait()
	for _, a := range at {
		if a != at[0] {
			t.Error("Mat was made more than once")
		}
	}
	if !f.Converted() || released != 0 {
		t.Errorf("converted %v, released %d times while it is held", f.Converted(), released)
	}
	f.Retain()
	f.Release()
	f.Release()
	if released != 1 || pool.Outstanding() != 0 {
		t.Errorf("released %d times, %d frames are out", released, pool.Outstanding())
	}
	if _, _, ok := f.Planes(); ok || f.Converted() || f.Width() != 0 {
		t.Error("a frame that was released still has its planes")
	}
}

// TestFrameChangesItsKind: a pooled frame is used for planes, for BGR and for planes of its own in turn.
func TestFrameChangesItsKind(t *testing.T) {
	pool := NewPool(1)
	defer pool.Close()
	for range 2 {
		f := inPlanes(t, pool, noise(t, yuv.NV12, 16, 16), nil)
		f.Mat()
		f.Release()
		f = filled(t, pool, 8, 6)
		if _, _, ok := f.Planes(); ok || f.Width() != 8 || !f.Converted() {
			t.Errorf("a frame of BGR has planes: %v, width %d", ok, f.Width())
		}
		m := f.Mat()
		m.SetTo(gocv.NewScalar(1, 2, 3, 0))
		f.Release()
		f, err := pool.Get()
		if err != nil {
			t.Fatal(err)
		}
		own, err := f.ReservePlanes(yuv.Picture{Layout: yuv.I422, Matrix: yuv.BT709, Full: true}, 8, 6)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range []byte{200, 128, 128} {
			copy(own.Data[i], bytes.Repeat([]byte{v}, len(own.Data[i])))
		}
		if err := f.Seal(); err != nil {
			t.Fatal(err)
		}
		if got := f.Mat(); !bytes.Equal(pixels(got), bytes.Repeat([]byte{200}, 3*8*6)) {
			t.Errorf("planes of the frame's own show %v", pixels(got)[:3])
		}
		f.Release()
	}
}

func TestSealRefusesPlanes(t *testing.T) {
	pool := NewPool(1)
	defer pool.Close()
	for _, c := range []struct {
		want  string
		spoil func(f *Frame, p *yuv.Picture)
	}{
		{"plane 1", func(_ *Frame, p *yuv.Picture) { p.Data[1] = p.Data[1][:3] }},
		{"invalid picture size 0x8", func(_ *Frame, p *yuv.Picture) { p.Width = 0 }},
		{"cannot be reduced", func(f *Frame, _ *yuv.Picture) { f.SetReduction(2, 8, 8, image.Point{}) }},
	} {
		f, err := pool.Get()
		if err != nil {
			t.Fatal(err)
		}
		picture, released := *noise(t, yuv.I420, 8, 8), 0
		c.spoil(f, &picture)
		f.SetPlanes(picture, func() { released++ })
		if err := f.Seal(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Seal says %v, want %q", err, c.want)
		}
		if m := f.Mat(); !m.Empty() {
			t.Error("a frame that is not sealed has a picture")
		}
		f.Release()
		if released != 1 {
			t.Errorf("%s: released %d times", c.want, released)
		}
	}
	f, err := pool.Get()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Release()
	for _, size := range [][2]int{{0, 1}, {1, 0}, {1 << 20, 1 << 20}} {
		if _, err := f.ReservePlanes(yuv.Picture{}, size[0], size[1]); err == nil {
			t.Errorf("ReservePlanes takes %v", size)
		}
	}
	if _, err := f.ReservePlanes(yuv.Picture{Layout: 99}, 4, 4); err == nil {
		t.Error("ReservePlanes takes a layout that does not exist")
	}
}

func TestCut(t *testing.T) {
	pool := NewPool(3)
	defer pool.Close()
	area := image.Rect(3, 5, 40, 41)
	picture := noise(t, yuv.I420, 64, 48)
	released := 0
	whole := inPlanes(t, pool, picture, func() { released++ })
	whole.SetFPS(12)
	whole.Meta().Source = "a.mp4"
	part, err := pool.Get()
	if err != nil {
		t.Fatal(err)
	}
	if err := part.Cut(whole, area); err != nil {
		t.Fatal(err)
	}
	if err := part.Seal(); err != nil {
		t.Fatal(err)
	}
	whole.Release()
	again, err := pool.Get()
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Cut(part, image.Rect(1, 2, 20, 22)); err != nil {
		t.Fatal(err)
	}
	if err := again.Seal(); err != nil {
		t.Fatal(err)
	}
	part.Release()
	if released != 0 || again.Width() != 19 || again.Height() != 20 || again.FPS() != 12 || again.Meta().Source != "a.mp4" || again.Converted() {
		t.Errorf("released %d, %dx%d, %v", released, again.Width(), again.Height(), again.Converted())
	}
	if !bytes.Equal(pixels(again.Mat()), colours(t, picture, image.Rect(4, 7, 23, 27))) {
		t.Error("the part of the part shows another place")
	}
	again.Release()
	if released != 1 || pool.Outstanding() != 0 || pool.Misuses() != 0 {
		t.Errorf("released %d times, %d are out, %d misuses", released, pool.Outstanding(), pool.Misuses())
	}

	bgr := filled(t, pool, 64, 48)
	defer bgr.Release()
	other, err := pool.Get()
	if err != nil {
		t.Fatal(err)
	}
	defer other.Release()
	for _, bad := range []image.Rectangle{{}, image.Rect(0, 0, 65, 48), image.Rect(-1, 0, 3, 3)} {
		if err := other.Cut(bgr, bad); err == nil {
			t.Errorf("Cut takes %v", bad)
		}
	}
	if err := other.Cut(bgr, area); err != nil {
		t.Fatal(err)
	}
	if err := other.Seal(); err != nil || other.Width() != 37 {
		t.Errorf("%v, width %d", err, other.Width())
	}
}

// TestForgottenPlanesAreGivenBack: the garbage collector finds a frame that nobody released, and its memory goes back.
func TestForgottenPlanesAreGivenBack(t *testing.T) {
	pool := NewPool(1)
	defer pool.Close()
	var released atomic.Int32
	func() { inPlanes(t, pool, noise(t, yuv.I420, 8, 8), func() { released.Add(1) }) }()
	for range 200 {
		runtime.GC()
		if released.Load() > 0 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if released.Load() != 1 || pool.Leaks() != 1 || pool.Outstanding() != 0 {
		t.Errorf("released %d times, %d leaks, %d out", released.Load(), pool.Leaks(), pool.Outstanding())
	}
}
