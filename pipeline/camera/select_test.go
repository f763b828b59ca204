package camera

import (
	"context"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"gocv.io/x/gocv"

	"corallite/pipeline"
	"corallite/pipeline/vision"
)

// clockwork is a source of 4x2 frames whose columns are 0, 1, 2 and 3, so many a second.
type clockwork struct {
	count, next int
	step        time.Duration
	live        bool
	closed      int
}

func (c *clockwork) Next(context.Context) (*vision.Frame, error) {
	if c.next == c.count {
		return nil, io.EOF
	}
	row := []byte{0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3}
	mat, err := gocv.NewMatFromBytes(2, 4, gocv.MatTypeCV8UC3, slices.Concat(row, row))
	if err != nil {
		return nil, err
	}
	f, err := vision.NewFrame(mat)
	if err != nil {
		return nil, err
	}
	at := time.Duration(c.next) * c.step
	if c.live {
		f.Meta().Time = time.Unix(1e9, 0).Add(at)
	} else {
		f.Meta().Position = at
	}
	f.Meta().Seq = uint64(c.next)
	f.SetFPS(10)
	c.next++
	return f, nil
}

func (c *clockwork) Live() bool { return c.live }

func (c *clockwork) Close() error { c.closed++; return nil }

// TestSelect takes what is wanted, of recordings and of cameras.
func TestSelect(t *testing.T) {
	for name, c := range map[string]struct {
		o    SelectOptions
		want []uint64
	}{
		"all":                {SelectOptions{}, []uint64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}},
		"every third":        {SelectOptions{Every: 3}, []uint64{0, 3, 6, 9}},
		"half the rate":      {SelectOptions{FPS: 5}, []uint64{0, 2, 4, 6, 8, 10}},
		"more than there is": {SelectOptions{FPS: 50}, []uint64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}},
		"the same rate":      {SelectOptions{FPS: 10}, []uint64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}},
		"both":               {SelectOptions{Every: 2, FPS: 2.5}, []uint64{0, 4, 8}},
	} {
		for _, live := range []bool{false, true} {
			source := &clockwork{count: 12, step: 100 * time.Millisecond, live: live}
			s, err := NewSelect(source, c.o)
			if err != nil {
				t.Fatal(err)
			}
			var got []uint64
			for {
				f, err := s.Next(t.Context())
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, f.Meta().Seq)
				if rate := 10 * float64(len(c.want)) / 12; math.Abs(f.FPS()-rate) > 0.001 {
					t.Errorf("%s: %v frames a second, want %v", name, f.FPS(), rate)
				}
				f.Release()
			}
			if !slices.Equal(got, c.want) || s.Live() != live || s.Stats().Skipped != uint64(12-len(c.want)) {
				t.Errorf("%s, live %v: frames %v, want %v; %d skipped", name, live, got, c.want, s.Stats().Skipped)
			}
			if err := errors.Join(s.Close(), s.Close()); err != nil || source.closed == 0 {
				t.Errorf("%s: closed %d times, %v", name, source.closed, err)
			}
		}
	}
}

// TestSelectRegion cuts a part out, with what is known of the frame.
func TestSelectRegion(t *testing.T) {
	s, err := NewSelect(&clockwork{count: 2, step: time.Second}, SelectOptions{Region: [4]float64{0.25, 0.5, 0.75, 1}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i := range 2 {
		f, err := s.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		mat := f.Mat()
		if f.Width() != 2 || f.Height() != 1 || !slices.Equal(mat.ToBytes(), []byte{1, 1, 1, 2, 2, 2}) ||
			f.Meta().Position != time.Duration(i)*time.Second || f.Meta().Seq != uint64(i) {
			t.Errorf("%dx%d, %+v", f.Width(), f.Height(), f.Meta())
		}
		f.Release()
	}
	tiny, err := NewSelect(&clockwork{count: 1}, SelectOptions{Region: [4]float64{0, 0, 0.01, 1}})
	if err != nil {
		t.Fatal(err)
	}
	defer tiny.Close()
	var item *pipeline.ItemError
	if _, err := tiny.Next(t.Context()); !errors.As(err, &item) || !strings.Contains(err.Error(), "4x2") {
		t.Errorf("error %v", err)
	}
}

func TestSelectOptions(t *testing.T) {
	for _, o := range []SelectOptions{{Every: -1}, {FPS: -1}, {Region: [4]float64{0, 0, 1, 1.1}}, {Region: [4]float64{0.5, 0, 0.5, 1}}} {
		if _, err := NewSelect(&clockwork{}, o); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
}
