package annotate

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gocv.io/x/gocv"

	"corallite/pipeline/internal/opencv"
)

// defaultRate is the frames per second of a video whose source does not say.
const defaultRate = 25

// codecs are the kinds of video that are tried in turn: H.264 plays everywhere; MPEG-4 part 2 is what an ffmpeg
// without libx264 has.
var codecs = []string{"avc1", "mp4v"}

// movie is one mp4 file on its way.
type movie struct {
	path   string // the final name
	part   string // the temporary one, which ends in .mp4 because that is how ffmpeg knows the format
	writer *gocv.VideoWriter
	fps    float64
	width  int // of every frame of the file; even, as 4:2:0 chroma needs it
	height int
	start  time.Time // of the first frame, when frames are written by their time
	frames int
	fitted gocv.Mat // a frame of another size, brought to this one
	inner  gocv.Mat
}

// newMovie opens the temporary file for a video of frames of that size.
func newMovie(path, codec string, fps float64, width, height int) (*movie, error) {
	if err := opencv.LoadVideoio(); err != nil {
		return nil, err
	}
	// ffmpeg takes "camera:0.mp4" for a protocol named camera; an absolute path is a path.
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("writing %s: %w", path, err)
	}
	m := &movie{path: path, part: partName(abs), fps: validRate(fps), width: width + width%2, height: height + height%2}
	if err := creatable(m.part); err != nil {
		return nil, fmt.Errorf("writing %s: %w", path, cause(err))
	}
	try := codecs
	if codec != "" {
		try = []string{codec}
	}
	for _, c := range try {
		w, err := gocv.VideoWriterFile(m.part, c, m.fps, m.width, m.height, true)
		if err != nil {
			os.Remove(m.part)
			return nil, fmt.Errorf("writing %s: %w", path, err)
		}
		if w.IsOpened() {
			m.writer, m.fitted, m.inner = w, gocv.NewMat(), gocv.NewMat()
			return m, nil
		}
		w.Close()
	}
	// OpenCV does not say why: ask the disk.
	defer os.Remove(m.part)
	if err := errors.Join(creatable(m.part), appendable(m.part)); err != nil {
		return nil, fmt.Errorf("writing %s: %w", path, cause(err))
	}
	return nil, fmt.Errorf("writing %s: OpenCV's VideoWriter opens no mp4 of %d×%d pixels with the codecs %s",
		path, m.width, m.height, strings.Join(try, ", "))
}

// partName is "DIR/walk.part.mp4" for "DIR/walk.mp4".
func partName(path string) string {
	ext := filepath.Ext(path)
	return strings.TrimSuffix(path, ext) + partSuffix + ext
}

// creatable makes an empty file, because OpenCV does not say why it could not.
func creatable(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return err
	}
	return f.Close()
}

func validRate(fps float64) float64 {
	if !(fps >= 0.01 && fps <= 1000) { // NaN and infinity too
		return defaultRate
	}
	return math.Round(fps*1000) / 1000
}

// write adds a frame.
func (m *movie) write(frame *gocv.Mat) error { return m.repeat(frame, 1) }

// writeAt adds a frame that was captured at that time, so that the video runs as fast as what it shows: a frame that
// comes before its turn is left out, and one that comes late is shown as often as frames are missing.
func (m *movie) writeAt(frame *gocv.Mat, at time.Time) error {
	if m.frames == 0 {
		m.start = at
	}
	due := int(math.Round(at.Sub(m.start).Seconds()*m.fps)) + 1
	n := due - m.frames
	if limit := int(maxGap.Seconds()*m.fps) + 1; n > limit {
		// The camera was away, or the clock was set: go on from here instead of showing a still for hours.
		m.start = m.start.Add(time.Duration(float64(n-limit) / m.fps * float64(time.Second)))
		n = limit
	}
	if n < -int(m.fps) { // the clock was set back
		m.start, n = at.Add(-time.Duration(float64(m.frames)/m.fps*float64(time.Second))), 1
	}
	return m.repeat(frame, n)
}

// maxGap is how long the last picture of a live source stands still in its video.
const maxGap = 10 * time.Second

func (m *movie) repeat(frame *gocv.Mat, n int) error {
	if n <= 0 {
		return nil
	}
	if err := spaceLeft(m.part); err != nil {
		return fmt.Errorf("writing %s: %w", m.path, err)
	}
	frame = m.fit(frame)
	for range n {
		if err := m.writer.Write(*frame); err != nil {
			return fmt.Errorf("writing %s: %w", m.path, err)
		}
		m.frames++
	}
	return nil
}

// fit brings a frame to the size of the video: an odd last row or column is doubled, anything else is scaled into the
// middle with black bars.
func (m *movie) fit(frame *gocv.Mat) *gocv.Mat {
	w, h := frame.Cols(), frame.Rows()
	if w == m.width && h == m.height {
		return frame
	}
	if w == m.width || w == m.width-1 {
		if h == m.height || h == m.height-1 {
			gocv.CopyMakeBorder(*frame, &m.fitted, 0, m.height-h, 0, m.width-w, gocv.BorderReplicate, color.RGBA{})
			return &m.fitted
		}
	}
	scale := math.Min(float64(m.width)/float64(w), float64(m.height)/float64(h))
	size := image.Pt(max(1, int(float64(w)*scale+0.5)), max(1, int(float64(h)*scale+0.5)))
	how := gocv.InterpolationLinear
	if scale < 1 {
		how = gocv.InterpolationArea
	}
	gocv.Resize(*frame, &m.inner, size, 0, 0, how)
	left, top := (m.width-size.X)/2, (m.height-size.Y)/2
	gocv.CopyMakeBorder(m.inner, &m.fitted, top, m.height-size.Y-top, left, m.width-size.X-left, gocv.BorderConstant, color.RGBA{})
	return &m.fitted
}

// finish completes the file, checks it and gives it its name. On an error nothing is left of it.
func (m *movie) finish() error {
	m.release()
	err := checkMovie(m.part, m.frames)
	if err == nil {
		err = os.Rename(m.part, m.path)
	}
	if err != nil {
		if disk := appendable(m.part); disk != nil {
			err = disk // the disk's own words say more than what is missing in the file
		}
		os.Remove(m.part)
		return fmt.Errorf("writing %s: %w", m.path, cause(err))
	}
	return nil
}

// abandon removes the file.
func (m *movie) abandon() error {
	m.release()
	if err := os.Remove(m.part); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("removing %s: %w", m.part, cause(err))
	}
	return nil
}

func (m *movie) release() {
	m.writer.Close() // always nil
	m.fitted.Close()
	m.inner.Close()
}
