package camera

import (
	"errors"
	"fmt"
	"image"
	"math"
	"sync"
	"time"

	"gocv.io/x/gocv"

	"corallite/pipeline"
	"corallite/pipeline/internal/opencv"
	"corallite/pipeline/vision"
)

// MotionOptions say when a picture counts as changed. DefaultMotion has good ones; the zero options are not valid.
type MotionOptions struct {
	Area      float64       // the share of the picture that must have changed, above 0 and up to 1
	Threshold float64       // a pixel has changed when its squared distance from the background is above so many variances
	Hold      time.Duration // how long frames go on after the last change; 0: only those that changed
	Width     int           // pictures are looked at in this width in pixels, narrower ones in their own
	WarmUp    time.Duration // how long all frames go on at the beginning, when the background is not known yet
}

// DefaultMotion notices a person who takes up two thousandths of the picture, and no camera's noise. The threshold is
// that of OpenCV.
func DefaultMotion() MotionOptions {
	return MotionOptions{Area: 0.002, Threshold: 16, Hold: 2 * time.Second, Width: 320, WarmUp: time.Second}
}

// Validate says what is wrong with the options.
func (o MotionOptions) Validate() error {
	switch {
	case !(o.Area > 0 && o.Area <= 1): // NaN too, here and below
		return fmt.Errorf("motion: area %v: want a share of the picture, above 0 and up to 1", o.Area)
	case !(o.Threshold > 0) || math.IsInf(o.Threshold, 0):
		return fmt.Errorf("motion: threshold %v: want more than 0", o.Threshold)
	case o.Hold < 0:
		return fmt.Errorf("motion: hold %v: want 0 or more", o.Hold)
	case o.Width < leastMotionWidth:
		return fmt.Errorf("motion: width %d: want %d or more", o.Width, leastMotionWidth)
	case o.WarmUp < 0:
		return fmt.Errorf("motion: warm-up %v: want 0 or more", o.WarmUp)
	}
	return nil
}

const (
	leastMotionWidth = 16

	// backgroundSpan is the time that makes the background. What stands still for a tenth of it becomes a part of the
	// background (MOG2 takes as that the most frequent nine tenths), and light may change by a few levels in it.
	backgroundSpan = 20 * time.Second

	// The background is made of so many frames at least and at most, whatever the rate, and of usualHistory where the
	// rate is not known.
	leastHistory, mostHistory, usualHistory = 100, 1000, 500
)

// gate is open while something moves. It compares each picture with a background that it learns from the pictures
// before: each pixel as a mixture of Gaussians (Zivkovic, "Improved adaptive Gaussian mixture model for background
// subtraction", ICPR 2004; OpenCV's BackgroundSubtractorMOG2), which takes on slow changes of the light and the
// strength of the camera's noise. Its methods may be called by several goroutines.
type gate struct {
	o MotionOptions

	mu         sync.Mutex
	closed     bool
	background *gocv.BackgroundSubtractorMOG2 // nil: no picture came yet
	small      gocv.Mat
	changed    gocv.Mat      // of the small picture's pixels: 255 where it differs from the background
	size       image.Point   // the source's pictures
	last       time.Duration // of the last picture
	until      time.Duration // the last change holds the gate open up to here
	sum        pipeline.MotionSummary
}

// newGate makes a gate, which must be closed.
func newGate(o MotionOptions) (*gate, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if err := opencv.LoadVideo(); err != nil {
		return nil, fmt.Errorf("motion: %w", err)
	}
	opencv.OneThread()
	return &gate{o: o, small: gocv.NewMat(), changed: gocv.NewMat()}, nil
}

// passes looks at a frame that was taken at a moment and says whether it goes on. After close all do.
func (g *gate) passes(f *vision.Frame, at time.Duration) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return true
	}
	began := time.Now()
	size := image.Pt(f.Width(), f.Height())
	first := g.background == nil || size != g.size || at < g.last
	if first {
		g.begin(size, f.FPS(), at)
	}
	g.last = at
	if share := g.share(f); share >= g.o.Area && !first { // everything is new in the first picture
		g.until = at + g.o.Hold
	}
	g.count(at <= g.until)
	g.sum.Seconds += time.Since(began).Seconds()
	return g.sum.Open
}

// begin forgets the background: the camera sends another size, or another recording begins.
func (g *gate) begin(size image.Point, fps float64, at time.Duration) {
	g.forget()
	history := float64(usualHistory)
	if fps > 0 {
		history = min(max(fps*backgroundSpan.Seconds(), leastHistory), mostHistory)
	}
	// Without shadows: what MOG2 calls one is also a lamp that goes out.
	b := gocv.NewBackgroundSubtractorMOG2WithParams(int(history), g.o.Threshold, false)
	g.background, g.size, g.until = &b, size, at+g.o.WarmUp
}

// share is how much of the picture differs from the background, 0 to 1.
func (g *gate) share(f *vision.Frame) float64 {
	picture := f.Mat()
	if f.Width() > g.o.Width {
		height := max(1, int(math.Round(float64(f.Height())*float64(g.o.Width)/float64(f.Width()))))
		gocv.Resize(picture, &g.small, image.Pt(g.o.Width, height), 0, 0, gocv.InterpolationArea)
		picture = g.small
	}
	g.background.Apply(picture, &g.changed)
	// Noise changes single pixels, what moves whole patches: a pixel counts when most of its neighbours have changed.
	gocv.MedianBlur(g.changed, &g.changed, 3)
	return float64(gocv.CountNonZero(g.changed)) / float64(g.changed.Total())
}

func (g *gate) count(open bool) {
	g.sum.Looked++
	switch {
	case !open:
		g.sum.HeldBack++
	case !g.sum.Open:
		g.sum.Opened++
	}
	g.sum.Open = open
	g.sum.Share = float64(g.sum.HeldBack) / float64(g.sum.Looked)
}

// summary is what came of it so far.
func (g *gate) summary() pipeline.MotionSummary {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.sum
}

func (g *gate) forget() {
	if g.background != nil {
		g.background.Close()
		g.background = nil
	}
}

// close frees what C holds. Twice is safe.
func (g *gate) close() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return nil
	}
	g.closed = true
	g.forget()
	return errors.Join(g.small.Close(), g.changed.Close())
}
