package camera

import (
	"errors"
	"fmt"
	"image"
	"math"
	"sync"
	"time"

	"gocv.io/x/gocv"

	"corallite/internal/opencv"
	"corallite/pipeline"
	"corallite/pipeline/vision"
)

// MotionOptions say when a picture counts as changed. Start from DefaultMotion; the zero options are invalid.
type MotionOptions struct {
	Area      float64       // the share of the picture that must change, more than 0 and at most 1
	Threshold float64       // a pixel has changed when its squared distance from the background exceeds this many variances
	Hold      time.Duration // how long frames pass after the last change; 0: only changed ones
	Width     int           // pictures are scaled down to this width in pixels for the comparison, at least 16
	WarmUp    time.Duration // how long all frames pass at the start, while the background is learned
	// Masks are areas in which nothing counts as changed: polygons, x and y in turn with commas, as shares of the picture from
	// 0 to 1 or in pixels.
	Masks []string
}

// DefaultMotion notices a person who covers two thousandths of the picture, but no noise of a camera. The threshold is
// OpenCV's.
func DefaultMotion() MotionOptions {
	return MotionOptions{Area: 0.002, Threshold: 16, Hold: 2 * time.Second, Width: 320, WarmUp: time.Second}
}

// Validate checks the options.
func (o MotionOptions) Validate() error {
	switch {
	case !(o.Area > 0 && o.Area <= 1): // NaN too, here and below
		return fmt.Errorf("motion: invalid area %v (want more than 0, at most 1)", o.Area)
	case !(o.Threshold > 0) || math.IsInf(o.Threshold, 0):
		return fmt.Errorf("motion: invalid threshold %v (want more than 0)", o.Threshold)
	case o.Hold < 0:
		return fmt.Errorf("motion: invalid hold %v (want 0 or more)", o.Hold)
	case o.Width < minMotionWidth:
		return fmt.Errorf("motion: invalid width %d (want %d or more)", o.Width, minMotionWidth)
	case o.WarmUp < 0:
		return fmt.Errorf("motion: invalid warm-up %v (want 0 or more)", o.WarmUp)
	}
	_, err := o.masks()
	return err
}

const (
	minMotionWidth = 16

	// backgroundSpan is the time span of the background model. What stands still for a tenth of it becomes background (MOG2
	// uses the most frequent nine tenths), and the light may change by a few levels in it.
	backgroundSpan = 20 * time.Second

	// The background is learned from at least minHistory and at most maxHistory frames, and from defaultHistory when the
	// rate is unknown.
	minHistory, maxHistory, defaultHistory = 100, 1000, 500
)

// motionDetector passes frames while something moves. It compares each picture with a background model learned from earlier
// pictures, with a mixture of Gaussians for each pixel (Zivkovic, "Improved adaptive Gaussian mixture model for background
// subtraction", ICPR 2004; OpenCV's BackgroundSubtractorMOG2), which adapts to slow changes of the light and to the noise
// of the camera. Its methods may be called by several goroutines.
type motionDetector struct {
	o MotionOptions

	mu         sync.Mutex
	closed     bool
	background *gocv.BackgroundSubtractorMOG2 // nil: no picture yet
	small      gocv.Mat
	changed    gocv.Mat      // mask of the scaled picture: 255 where it differs from the background
	masked     []byte        // 0 where changes of the scaled picture do not count, otherwise 255; nil: not made
	size       image.Point   // of the source's pictures
	last       time.Duration // moment of the last picture
	until      time.Duration // frames pass until this moment
	warm       time.Duration // the background is known from this moment on
	sum        pipeline.MotionSummary
	cells      *movedCells // says frames where something moved; nil: nobody asks
	onlyWatch  bool        // all frames pass
}

// newMotionDetector returns a motionDetector, which must be closed.
func newMotionDetector(o MotionOptions) (*motionDetector, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if err := opencv.LoadVideo(); err != nil {
		return nil, fmt.Errorf("motion: %w", err)
	}
	opencv.OneThread()
	return &motionDetector{o: o, small: gocv.NewMat(), changed: gocv.NewMat()}, nil
}

// passes checks a frame that was captured at a moment and reports whether it passes. After close all do.
func (m *motionDetector) passes(f *vision.Frame, at time.Duration) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return true
	}
	began := time.Now()
	size := image.Pt(f.Width(), f.Height())
	first := m.background == nil || size != m.size || at < m.last
	if first {
		m.begin(size, f.FPS(), at)
	}
	m.last = at
	share := m.share(f)
	if m.cells != nil && !first {
		m.see(at)
	}
	if share >= m.o.Area && !first { // in the first picture everything is new
		m.until = at + m.o.Hold
	}
	if m.cells != nil && at > m.warm {
		f.SetMoved(m.cells.areas(f.Width(), f.Height(), at)) // not shared yet
	}
	m.count(m.onlyWatch || at <= m.until)
	m.sum.Seconds += time.Since(began).Seconds()
	return m.sum.Open
}

// see notes where the mask has changes.
func (m *motionDetector) see(at time.Duration) {
	mask, err := m.changed.DataPtrUint8()
	if err != nil { // a mask of 8 bits without gaps
		panic("motion: " + err.Error())
	}
	m.cells.see(mask, image.Pt(m.changed.Cols(), m.changed.Rows()), at, m.o.Hold)
}

// begin resets the background, for another picture size or another recording.
func (m *motionDetector) begin(size image.Point, fps float64, at time.Duration) {
	m.forget()
	history := float64(defaultHistory)
	if fps > 0 {
		history = min(max(fps*backgroundSpan.Seconds(), minHistory), maxHistory)
	}
	// Without shadows, because a lamp that goes out looks like one to MOG2.
	b := gocv.NewBackgroundSubtractorMOG2WithParams(int(history), m.o.Threshold, false)
	m.masked = nil
	m.background, m.size, m.until, m.warm = &b, size, at+m.o.WarmUp, at+m.o.WarmUp
	if m.cells != nil {
		m.cells.forget()
	}
}

// share returns the share of the picture that differs from the background, from 0 to 1.
func (m *motionDetector) share(f *vision.Frame) float64 {
	picture, err := m.shrunk(f)
	if err != nil { // a picture in planes that was checked before
		panic("motion: " + err.Error())
	}
	m.background.Apply(picture, &m.changed)
	// Noise changes single pixels, motion changes patches: a pixel counts when most of its neighbours have changed.
	gocv.MedianBlur(m.changed, &m.changed, 3)
	m.mask()
	return float64(gocv.CountNonZero(m.changed)) / float64(m.changed.Total())
}

// shrunk returns the picture, at most o.Width wide. One in planes is not converted for it: frames that are held back stay as
// the decoder gave them.
func (m *motionDetector) shrunk(f *vision.Frame) (gocv.Mat, error) {
	width, height := f.Width(), f.Height()
	if width > m.o.Width {
		width, height = m.o.Width, max(1, int(math.Round(float64(height)*float64(m.o.Width)/float64(width))))
	}
	p, part, ok := f.Planes()
	switch {
	case ok:
		if m.small.Cols() != width || m.small.Rows() != height {
			m.small.Close()
			m.small = gocv.NewMatWithSize(height, width, gocv.MatTypeCV8UC3)
		}
		pixels, err := m.small.DataPtrUint8()
		if err != nil {
			return m.small, err
		}
		return m.small, p.Shrink(pixels, width, height, part)
	case width == f.Width():
		return f.Mat(), nil
	}
	gocv.Resize(f.Mat(), &m.small, image.Pt(width, height), 0, 0, gocv.InterpolationArea)
	return m.small, nil
}

func (m *motionDetector) count(open bool) {
	m.sum.Looked++
	switch {
	case !open:
		m.sum.HeldBack++
	case !m.sum.Open:
		m.sum.Opened++
	}
	m.sum.Open = open
	m.sum.Share = float64(m.sum.HeldBack) / float64(m.sum.Looked)
}

// summary returns the results so far.
func (m *motionDetector) summary() pipeline.MotionSummary {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sum
}

func (m *motionDetector) forget() {
	if m.background != nil {
		m.background.Close()
		m.background = nil
	}
}

// close frees the memory of OpenCV. It may be called twice.
func (m *motionDetector) close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil
	}
	m.closed = true
	m.forget()
	return errors.Join(m.small.Close(), m.changed.Close())
}
