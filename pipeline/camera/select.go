package camera

import (
	"cmp"
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

// SelectOptions choose frames of a source, and a part of them. The zero options take everything.
type SelectOptions struct {
	Every int     // take every Nth frame; 0 and 1: all
	FPS   float64 // at most this many frames per second, by capture time; 0: no limit
	// Region is the part of the picture to keep: left, top, right and bottom, from 0 to 1 of its width and height. Zero is
	// the whole picture. Results are in the pixels of the part.
	Region [4]float64
	// Motion holds back frames in which nothing moves; nil: off. It comes last: it sees only frames that Every and FPS take,
	// and only their Region.
	Motion *MotionOptions
	// Moved lets frames say where something moves (vision.Frame.Moved), as Motion sees it; without Motion, as DefaultMotion
	// does, and no frame is held back.
	Moved bool
}

// Validate checks the options.
func (o SelectOptions) Validate() error {
	r := o.Region
	switch {
	case o.Every < 0:
		return fmt.Errorf("camera: invalid Every %d (want 1 or more)", o.Every)
	case !(o.FPS >= 0) || math.IsInf(o.FPS, 0): // NaN too
		return fmt.Errorf("camera: invalid frame rate %v (want more than 0)", o.FPS)
	case r == [4]float64{}:
		return nil
	case !(r[0] >= 0 && r[1] >= 0 && r[0] < r[2] && r[1] < r[3] && r[2] <= 1 && r[3] <= 1):
		return fmt.Errorf("camera: invalid region %v (want left < right and top < bottom, all from 0 to 1)", r)
	}
	return nil
}

// Select is a source that takes some of the frames of another one, or a part of them.
type Select struct {
	source  pipeline.Source[*vision.Frame]
	o       SelectOptions
	pool    *vision.Pool
	seen    uint64        // frames of the source
	due     time.Duration // for FPS: when the next frame is due
	began   time.Time     // time of the first frame
	last    time.Duration // moment of the last frame
	skipped atomic.Uint64
	motion  *motionDetector       // nil: off
	held    []func(*vision.Frame) // called with frames that are held back
}

var _ pipeline.StatsReporter = (*Select)(nil)

// NewSelect returns a Select, which takes ownership of the source.
func NewSelect(source pipeline.Source[*vision.Frame], o SelectOptions) (*Select, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	s := &Select{source: source, o: o}
	if o.Motion != nil || o.Moved {
		usual := DefaultMotion()
		var err error
		if s.motion, err = newMotionDetector(*cmp.Or(o.Motion, &usual)); err != nil {
			return nil, err
		}
		s.motion.onlyWatch = o.Motion == nil
		if o.Moved {
			s.motion.cells = &movedCells{}
		}
	}
	s.pool = vision.NewPool(4)
	return s, nil
}

// OnHeld adds a function that Next calls with each frame that is held back because nothing moves; the function must Retain
// frames that it keeps. It must be called before the first Next.
func (s *Select) OnHeld(f func(*vision.Frame)) { s.held = append(s.held, f) }

// Source returns the underlying source.
func (s *Select) Source() pipeline.Source[*vision.Frame] { return s.source }

// Stats are the source's, with the frames that Every and FPS skipped and with the results of motion detection. Total is
// unknown if some are left out.
func (s *Select) Stats() pipeline.Stats {
	stats := pipeline.StatsOf(s.source)
	if s.o.Every > 1 || s.o.FPS > 0 || s.o.Motion != nil {
		stats.Total = 0
	}
	stats.Skipped += s.skipped.Load()
	if s.o.Motion != nil {
		motion := s.motion.summary()
		stats.Motion = &motion
	}
	return stats
}

// Next returns the next chosen frame. Errors are the source's.
func (s *Select) Next(ctx context.Context) (*vision.Frame, error) {
	for {
		f, err := s.next(ctx)
		if err != nil {
			return nil, err
		}
		at := s.moment(f)
		if !s.wants(at) {
			f.Release()
			s.skipped.Add(1)
			continue
		}
		f.SetFPS(s.rate(f.FPS())) // not shared yet
		if f, err = s.cut(f); err != nil {
			return nil, err
		}
		if s.motion == nil || s.motion.passes(f, at) {
			return f, nil
		}
		for _, held := range s.held {
			held(f)
		}
		f.Release()
	}
}

// next returns the source's next frame. A camera need not decode and convert those that FPS would skip.
func (s *Select) next(ctx context.Context) (*vision.Frame, error) {
	camera, ok := s.source.(interface {
		nextFrom(ctx context.Context, from time.Time) (f *vision.Frame, passed int, err error)
	})
	if !ok || s.o.FPS == 0 || s.o.Every > 1 || s.began.IsZero() {
		return s.source.Next(ctx)
	}
	f, passed, err := camera.nextFrom(ctx, s.began.Add(s.due-s.slack()))
	if err == nil {
		s.skipped.Add(uint64(passed))
	}
	return f, err
}

// slack is how much earlier than due a frame may come: the frames of a camera jitter.
func (s *Select) slack() time.Duration { return s.step() / 8 }

func (s *Select) step() time.Duration { return time.Duration(float64(time.Second) / s.o.FPS) }

// wants reports whether Every and FPS take the next frame, captured at that moment.
func (s *Select) wants(at time.Duration) bool {
	s.seen++
	if s.o.Every > 1 && (s.seen-1)%uint64(s.o.Every) != 0 {
		return false
	}
	if s.o.FPS == 0 {
		return true
	}
	step, slack := s.step(), s.slack()
	if at < s.last { // another file, or the same one again
		s.due = at
	}
	s.last = at
	if at+slack < s.due {
		return false
	}
	// Counted from when the frame was due, so that the rate is right on average, except after a gap.
	s.due = max(s.due+step, at+step-slack)
	return true
}

// rate returns the rate of the chosen frames for a rate of the source.
func (s *Select) rate(fps float64) float64 {
	if s.o.Every > 1 {
		fps /= float64(s.o.Every)
	}
	if s.o.FPS > 0 {
		fps = min(fps, s.o.FPS)
	}
	return fps
}

// moment returns when a frame was captured: its position in the recording, or the time since the first frame for live sources
// and single pictures.
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

// cut returns the Region of a frame and takes ownership of the frame.
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

// area is the Region of a picture of width × height pixels.
func (s *Select) area(width, height int) image.Rectangle {
	r, w, h := s.o.Region, float64(width), float64(height)
	if r == [4]float64{} {
		return image.Rect(0, 0, width, height)
	}
	return image.Rect(int(math.Round(r[0]*w)), int(math.Round(r[1]*h)), int(math.Round(r[2]*w)), int(math.Round(r[3]*h)))
}

// Reduce lets the source decode pictures in a smaller size, as Reducer says; by is asked about the Region. Motion detection
// wants them as they are.
func (s *Select) Reduce(by func(width, height int) float64) {
	if source, ok := s.source.(Reducer); ok && s.motion == nil {
		source.Reduce(func(width, height int) float64 {
			size := s.area(width, height).Size()
			return by(size.X, size.Y)
		})
	}
}

// SingleUse is passed on to the source.
func (s *Select) SingleUse() {
	if source, ok := s.source.(SingleUser); ok {
		source.SingleUse()
	}
}

func (s *Select) copyPart(part, f *vision.Frame) error {
	area := s.area(f.Width(), f.Height())
	if area.Empty() {
		return fmt.Errorf("the region %v of a picture of %dx%d pixels is empty", s.o.Region, f.Width(), f.Height())
	}
	if err := part.Cut(f, area); err != nil {
		return err
	}
	return part.Seal()
}

// Live is that of the source.
func (s *Select) Live() bool { return s.source.Live() }

// Close closes the source. Frames that were returned stay valid. It may be called twice.
func (s *Select) Close() error {
	err := errors.Join(s.source.Close(), s.pool.Close())
	if s.motion != nil {
		err = errors.Join(err, s.motion.close())
	}
	return err
}
