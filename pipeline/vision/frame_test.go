package vision

import (
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	"gocv.io/x/gocv"

	"corallite/pipeline"
)

var _ pipeline.Item = (*Frame)(nil)

// filled is a frame from the pool with width × height pixels.
func filled(tb testing.TB, p *Pool, width, height int) *Frame {
	tb.Helper()
	f, err := p.Get()
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := f.Reserve(width, height); err != nil {
		tb.Fatal(err)
	}
	if err := f.Seal(); err != nil {
		tb.Fatal(err)
	}
	return f
}

func TestFrameIsReusedAfterItsLastRelease(t *testing.T) {
	p := NewPool(2)
	defer p.Close()
	f := filled(t, p, 40, 30)
	f.Meta().Source, f.Meta().Seq, f.Meta().Time = "a.png", 7, time.Now()
	m := f.Mat()
	if f.Width() != 40 || f.Height() != 30 || m.Cols() != 40 || m.Rows() != 30 || m.Type() != gocv.MatTypeCV8UC3 {
		t.Fatalf("a frame of 40x30 says %dx%d, its Mat %dx%d of type %v", f.Width(), f.Height(), m.Cols(), m.Rows(), m.Type())
	}
	f.Retain()
	f.Release()
	if f.Width() != 40 || p.Outstanding() != 1 {
		t.Fatalf("the frame went back while it was still held (outstanding %d)", p.Outstanding())
	}
	f.Release()
	if p.Outstanding() != 0 {
		t.Fatalf("%d frames are out after the last Release", p.Outstanding())
	}
	again, err := p.Get()
	if err != nil {
		t.Fatal(err)
	}
	defer again.Release()
	if again != f {
		t.Error("the released frame was not taken again")
	}
	if *again.Meta() != (pipeline.Meta{}) {
		t.Errorf("the frame still has the last picture's Meta: %+v", *again.Meta())
	}
	if again.Width() != 0 {
		t.Error("a frame that is not sealed has a width")
	}
}

func TestFrameAfterLastReleaseIsEmpty(t *testing.T) {
	for name, p := range map[string]*Pool{"kept": NewPool(1), "freed": NewPool(0)} {
		f := filled(t, p, 4, 3)
		f.Release()
		f.Release()
		f.Retain()
		f.Release()
		m := f.Mat()
		if f.Width() != 0 || f.Height() != 0 || !m.Empty() {
			t.Errorf("%s: a released frame shows a picture", name)
		}
		if p.Misuses() != 3 || p.Outstanding() != 0 {
			t.Errorf("%s: misuses %d, want 3; outstanding %d, want 0", name, p.Misuses(), p.Outstanding())
		}
		p.Close()
	}
}

func TestPoolClose(t *testing.T) {
	p := NewPool(3)
	out, back := filled(t, p, 8, 8), filled(t, p, 8, 8)
	back.Release()
	p.Close()
	p.Close()
	if m := out.Mat(); m.Cols() != 8 {
		t.Error("a frame that was out is not valid after Close of its pool")
	}
	out.Release()
	if _, err := p.Get(); !errors.Is(err, ErrPoolClosed) {
		t.Errorf("Get after Close: got %v, want ErrPoolClosed", err)
	}
}

func TestFrameRefusesOtherPictures(t *testing.T) {
	for name, mat := range map[string]gocv.Mat{
		"empty": gocv.NewMat(), "grey": gocv.NewMatWithSize(2, 2, gocv.MatTypeCV8UC1),
		"16 bits": gocv.NewMatWithSize(2, 2, gocv.MatTypeCV16UC3),
	} {
		if f, err := NewFrame(mat); err == nil {
			t.Errorf("%s: taken as a frame", name)
			f.Release()
		}
	}
	p := NewPool(1)
	defer p.Close()
	f, err := p.Get()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Release()
	for _, size := range [][2]int{{0, 1}, {1, -1}, {1 << 20, 1 << 20}, {MaxPixels, 2}} {
		if _, err := f.Reserve(size[0], size[1]); err == nil {
			t.Errorf("Reserve(%d, %d) gave memory", size[0], size[1])
		}
	}
}

func TestFrameFromMat(t *testing.T) {
	f, err := NewFrame(gocv.NewMatWithSizeFromScalar(gocv.NewScalar(1, 2, 3, 0), 5, 6, gocv.MatTypeCV8UC3))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Release()
	m := f.Mat()
	if f.Width() != 6 || f.Height() != 5 || m.GetUCharAt(4, 5*3+2) != 3 {
		t.Errorf("the frame is %dx%d, its last byte %d", f.Width(), f.Height(), m.GetUCharAt(4, 5*3+2))
	}
}

func TestLeakIsCountedAndFreed(t *testing.T) {
	p := NewPool(1)
	defer p.Close()
	func() { filled(t, p, 10, 10) }()
	for deadline := time.Now().Add(10 * time.Second); p.Leaks() == 0 && time.Now().Before(deadline); {
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
	if p.Leaks() != 1 || p.Outstanding() != 0 {
		t.Errorf("leaks %d, want 1; outstanding %d, want 0", p.Leaks(), p.Outstanding())
	}
}

func TestFrameByManyGoroutines(t *testing.T) {
	p := NewPool(4)
	defer p.Close()
	var wg sync.WaitGroup
	for range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range 200 {
				f := filled(t, p, 16, 16)
				var inner sync.WaitGroup
				for range 3 {
					f.Retain()
					inner.Add(1)
					go func() {
						defer inner.Done()
						defer f.Release()
						if m := f.Mat(); m.Cols() != 16 {
							t.Error("a held frame is empty")
						}
					}()
				}
				f.Release()
				inner.Wait()
			}
		}()
	}
	wg.Wait()
	if p.Outstanding() != 0 || p.Misuses() != 0 {
		t.Errorf("outstanding %d, misuses %d, want 0 of both", p.Outstanding(), p.Misuses())
	}
}

func TestFrameAllocatesNothing(t *testing.T) {
	p := NewPool(2)
	defer p.Close()
	filled(t, p, 64, 48).Release()
	if n := testing.AllocsPerRun(100, func() { filled(t, p, 64, 48).Release() }); n != 0 {
		t.Errorf("a frame from the pool costs %v allocations, want 0", n)
	}
}
