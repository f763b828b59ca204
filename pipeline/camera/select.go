package camera

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"sync/atomic"
	"time"

	"corallite/pipeline"
	"corallite/pipeline/vision"
)

// SelectOptions say which frames of a source, and what part of them, go on. The zero options take everything.
type SelectOptions struct {
	Every int     // each Every-th frame; 0 and 1: each
	FPS   float64 // at most so many frames a second, by the times at which they were taken; 0: no limit
	// Region is the part that goes on: left, top, right and bottom, 0 to 1 of the width and height. The zero Region is the
	// whole picture. What goes on is a picture of its own: results are given in its pixels.
	Region [4]float64
	// Motion holds back the frames in which nothing moves; nil: none. It comes last: it looks at the frames that Every and
	// FPS take, and at the Region of them only.
	Motion *MotionOptions
}

// Validate says what is wrong with the options.
func (o SelectOptions) Validate() error {
	r := o.Region
	switch {
	case o.Every < 0:
		return fmt.Errorf("every %d frames: want 1 or more", o.Every)
	case !(o.FPS >= 0) || math.IsInf(o.FPS, 0): // NaN too
		return fmt.Errorf("%v frames a second: want more than 0", o.FPS)
	case r == [4]float64{}:
		return nil
	case !(r[0] >= 0 && r[1] >= 0 && r[0] < r[2] && r[1] < r[3] && r[2] <= 1 && r[3] <= 1):
		return fmt.Errorf("region %v: want left, top, right and bottom, from 0 to 1 of the picture, left below right and top below bottom", r)
	}
	return nil
}

// Select is a source that passes on a part of what another one gives.
type Select struct {
	source  pipeline.Source[*vision.Frame]
	o       SelectOptions
	pool    *vision.Pool
	seen    uint64        // frames of the source
	due     time.Duration // FPS: the moment from which the next frame is taken
	began   time.Time     // of the first frame
	last    time.Duration // the moment of the last frame
	skipped atomic.Uint64
	gate    *gate                 // nil: frames go on whether something moves or not
	held    []func(*vision.Frame) // get what the gate holds back
}

var _ pipeline.StatsReporter = (*Select)(nil)

// NewSelect makes a Select, which owns the source from then on.
func NewSelect(source pipeline.Source[*vision.Frame], o SelectOptions) (*Select, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	s := &Select{source: source, o: o}
	if o.Motion != nil {
		var err error
		if s.gate, err = newGate(*o.Motion); err != nil {
			return nil, err
		}
	}
	s.pool = vision.NewPool(4)
	return s, nil
}

// OnHeld adds a function that is called with each frame that is held back because nothing moves, on the goroutine that called
// Next, which waits for it; it must Retain what it keeps. Before the first Next.
func (s *Select) OnHeld(f func(*vision.Frame)) { s.held = append(s.held, f) }

// Source is the source that Select takes from.
func (s *Select) Source() pipeline.Source[*vision.Frame] { return s.source }

// Stats are the source's, with the frames that Every and FPS left out and what looking for motion did so far. Total is
// not known: how many frames will be left out is not.
func (s *Select) Stats() pipeline.Stats {
	stats := pipeline.StatsOf(s.source)
	stats.Total = 0
	stats.Skipped += s.skipped.Load()
	if s.gate != nil {
		motion := s.gate.summary()
		stats.Motion = &motion
	}
	return stats
}

// Next gives the next frame that is wanted. Errors are the source's.
func (s *Select) Next(ctx context.Context) (*vision.Frame, error) {
	for {
		f, err := s.source.Next(ctx)
		if err != nil {
			return nil, err
		}
		at := s.moment(f)
		if !s.wants(at) {
			f.Release()
			s.skipped.Add(1)
			continue
		}
		f.SetFPS(s.rate(f.FPS())) // nobody else has it yet
		if f, err = s.cut(f); err != nil {
			return nil, err
		}
		if s.gate == nil || s.gate.passes(f, at) {
			return f, nil
		}
		for _, held := range s.held {
			held(f)
		}
		f.Release()
	}
}

// wants says whether the next frame, taken at a moment, is one of those that Every and FPS take.
func (s *Select) wants(at time.Duration) bool {
	s.seen++
	if s.o.Every > 1 && (s.seen-1)%uint64(s.o.Every) != 0 {
		return false
	}
	if s.o.FPS == 0 {
		return true
	}
	step := time.Duration(float64(time.Second) / s.o.FPS)
	if at < s.last { // another file, or the same one again
		s.due = at
	}
	s.last = at
	// A camera's frames come a little early or late; half a frame of the source's rate is no reason to leave one out.
	slack := step / 8
	if at+slack < s.due {
		return false
	}
	// Counted on from when it was due, so that the rate is kept on average; but not where frames were missing.
	s.due = max(s.due+step, at+step-slack)
	return true
}

// rate is how many frames a second go on, of so many that come.
func (s *Select) rate(fps float64) float64 {
	if s.o.Every > 1 {
		fps /= float64(s.o.Every)
	}
	if s.o.FPS > 0 {
		fps = min(fps, s.o.FPS)
	}
	return fps
}

// moment is when a frame was taken: in its recording, or since the first frame. Pictures that stand alone have no
// place in a recording.
func (s *Select) moment(f *vision.Frame) time.Duration {
	m := f.Meta()
	if m.Position > 0 || !s.source.Live() && f.FPS() > 0 {
		return m.Position
	}
	if s.began.IsZero() {
		s.began = m.Time
	}
	return m.Time.Sub(s.began)
}

// cut gives the wanted part of a frame, which it takes over.
func (s *Select) cut(f *vision.Frame) (*vision.Frame, error) {
	if s.o.Region == ([4]float64{}) {
		return f, nil
	}
	defer f.Release()
	part, err := s.pool.Get()
	if err != nil {
		return nil, err
	}
	if err := s.copyPart(part, f); err != nil {
		part.Release()
		return nil, &pipeline.ItemError{Source: f.Meta().Source, Err: err}
	}
	return part, nil
}

func (s *Select) copyPart(part, f *vision.Frame) error {
	r := s.o.Region
	w, h := float64(f.Width()), float64(f.Height())
	area := image.Rect(int(math.Round(r[0]*w)), int(math.Round(r[1]*h)), int(math.Round(r[2]*w)), int(math.Round(r[3]*h)))
	if area.Empty() {
		return fmt.Errorf("the region %v of a picture of %dx%d pixels has none", r, f.Width(), f.Height())
	}
	mat := f.Mat()
	region := mat.Region(area)
	defer region.Close()
	region.CopyTo(part.Target())
	part.SetFPS(f.FPS())
	*part.Meta() = *f.Meta()
	return part.Seal()
}

// Live is the source's.
func (s *Select) Live() bool { return s.source.Live() }

// Close closes the source. Frames that are out stay valid. Twice is safe.
func (s *Select) Close() error {
	err := errors.Join(s.source.Close(), s.pool.Close())
	if s.gate != nil {
		err = errors.Join(err, s.gate.close())
	}
	return err
}
