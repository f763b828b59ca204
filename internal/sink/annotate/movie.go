package annotate

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
	"math"
	"os"
	"sync"
	"syscall"
	"time"

	"gocv.io/x/gocv"

	"corallite/internal/libav"
)

// defaultRate is the frame rate of a video whose source has none.
const defaultRate = 25

// codecs are the codecs that are tried in turn: H.264 plays everywhere; MPEG-4 part 2 also works with an ffmpeg without
// libx264.
var codecs = []string{"avc1", "mp4v"}

// encoders are their ffmpeg encoders.
var encoders = map[string][]string{"avc1": {libav.X264, libav.OpenH264}, "mp4v": {libav.MPEG4}}

// fragment is how much of a video may be lost if the process dies: anything older is in the file and can be played.
const fragment = time.Second

// syncEvery is how much may be lost on a power loss.
const syncEvery = 5 * time.Second

// movie is one MP4 file being written.
type movie struct {
	*target
	video   *libav.Movie
	fps     float64
	width   int // of every frame of the file; even, as 4:2:0 chroma needs it
	height  int
	start   time.Time // of the first frame, when frames are written by their time
	frames  int
	waiting int       // frames since the last fragment
	flushed time.Time // when it was
	good    int64     // bytes of the file that can be played
	last    int64     // of the last fragment among them
	synced  time.Time
	syncing sync.WaitGroup
	fitted  gocv.Mat // a frame of another size, scaled to this one
	inner   gocv.Mat
	yuv     gocv.Mat // the frame in the encoder's pixel format
	times   *times   // of a recording's frames; nil: each frame is shown for as long

	sound     *soundtrack // of the recording; nil: none
	heard     *liveTrack  // of a live source; nil: none
	recording string      // its path
	notice    func(text string)
}

// newMovie starts a video of frames of that size in t, which then belongs to the movie; after an error it stays with
// the caller. room is how many bytes must be free on the disk, in addition to a minimum.
func newMovie(t *target, codec string, fps float64, timed bool, sound *libav.Parameters, width, height int, room int64) (*movie, error) {
	if err := spaceLeft(t.Name(), room); err != nil {
		return nil, fmt.Errorf("writing %s: %w", t.path, err)
	}
	now := time.Now()
	m := &movie{target: t, fps: validRate(fps), width: width + width%2, height: height + height%2, flushed: now, synced: now}
	try := codecs
	if codec != "" {
		try = []string{codec}
	}
	if timed {
		m.times = &times{step: int64(math.Round(libav.Ticks / m.fps))}
	}
	o := libav.Options{Width: m.width, Height: m.height, Timed: timed}
	o.Rate, o.Base = fraction(m.fps)
	o.Sound = sound
	var errs []error
	for _, c := range try {
		for _, o.Encoder = range encoders[c] {
			v, err := libav.Open(t.File, o)
			var system syscall.Errno
			switch {
			case err == nil:
				m.video, m.fitted, m.inner, m.yuv = v, gocv.NewMat(), gocv.NewMat(), gocv.NewMat()
				return m, nil
			case errors.As(err, &system):
				return nil, fmt.Errorf("writing %s: %w", t.path, err)
			}
			errs = append(errs, fmt.Errorf("%s: %w", o.Encoder, err))
			if err := errors.Join(t.Truncate(0), rewind(t.File)); err != nil {
				return nil, fmt.Errorf("writing %s: %w", t.path, cause(err))
			}
		}
	}
	return nil, fmt.Errorf("writing %s: no encoder can write %d×%d pixels: %w", t.path, m.width, m.height, errors.Join(errs...))
}

func rewind(f *os.File) error {
	_, err := f.Seek(0, io.SeekStart)
	return err
}

// fraction is a rate as a fraction whose numerator is at most 65535, the limit of MPEG-4.
func fraction(fps float64) (rate, base int) {
	for base = 1000; base > 1; base /= 10 {
		scaled := fps * float64(base)
		smaller := float64(fps * float64(base/10))
		if scaled < 65536 && math.Abs(smaller-math.Round(smaller)) > 1e-6 {
			break // a smaller base would not do
		}
	}
	return int(math.Round(fps * float64(base))), base
}

func validRate(fps float64) float64 {
	if !(fps >= 0.01 && fps <= 1000) { // NaN and infinity too
		return defaultRate
	}
	return math.Round(fps*1000) / 1000
}

// write adds a frame behind the last one.
func (m *movie) write(frame *gocv.Mat) error { return m.show(frame, 1) }

// writeLive adds a frame that was captured at that time, so that the video plays in real time: a frame that comes
// too early is skipped, and before one that comes late the last one is repeated to fill the gap.
func (m *movie) writeLive(frame *gocv.Mat, at time.Time) error {
	if m.frames == 0 {
		m.start = at
	}
	due := int(math.Round(at.Sub(m.start).Seconds()*m.fps)) + 1
	n := due - m.frames
	if limit := int(maxGap.Seconds()*m.fps) + 1; n > limit {
		// The camera was lost, or the clock was set: continue from here instead of showing a still picture for hours.
		m.start = m.start.Add(time.Duration(float64(n-limit) / m.fps * float64(time.Second)))
		n = limit
	}
	if n < -int(m.fps) { // the clock was set back
		m.start, n = at.Add(-time.Duration(float64(m.frames)/m.fps*float64(time.Second))), 1
	}
	if err := m.copyLive(time.Duration(float64(max(n, 0)+m.frames) / m.fps * float64(time.Second))); err != nil {
		return m.failed(err)
	}
	if n > 1 && m.frames > 0 {
		last, err := m.yuv.DataPtrUint8()
		if err != nil {
			return m.failed(err)
		}
		if err := m.repeat(last, n-1); err != nil {
			return err
		}
		n = 1
	}
	return m.show(frame, n)
}

// maxGap is how long a live source's last frame may be repeated in its video.
const maxGap = 10 * time.Second

// show writes a frame n times.
func (m *movie) show(frame *gocv.Mat, n int) error {
	if n <= 0 {
		return nil
	}
	i420, err := m.convert(frame)
	if err != nil {
		return err
	}
	return m.repeat(i420, n)
}

func (m *movie) repeat(i420 []byte, n int) error {
	for range n {
		if err := m.wrote(m.video.Write(i420)); err != nil {
			return err
		}
	}
	return nil
}

// convert is the frame in the size and the pixel format of the video.
func (m *movie) convert(frame *gocv.Mat) ([]byte, error) {
	gocv.CvtColor(*m.fit(frame), &m.yuv, gocv.ColorBGRToYUVI420)
	i420, err := m.yuv.DataPtrUint8()
	if err != nil {
		return nil, fmt.Errorf("writing %s: %w", m.path, err)
	}
	return i420, nil
}

// wrote counts a frame, and ends the fragment after a second of the video or of the clock, whichever comes first.
func (m *movie) wrote(err error) error {
	if err != nil {
		return m.failed(err)
	}
	m.frames++
	m.waiting++
	if float64(m.waiting) >= m.fps*fragment.Seconds() || time.Since(m.flushed) >= fragment {
		if err := m.flush(); err != nil {
			return m.failed(err)
		}
	}
	return nil
}

// failed adds the file and the loss to an error.
func (m *movie) failed(err error) error {
	err = fmt.Errorf("writing %s: %w", m.path, cause(err))
	if m.live && m.frames > m.waiting {
		return fmt.Errorf("%w (the file keeps its first %d frames; the last %d are lost)", err, m.frames-m.waiting, m.waiting)
	}
	return err
}

// flush ends a fragment, so that everything so far can be played.
func (m *movie) flush() error {
	if err := m.video.Flush(); err != nil {
		return err
	}
	info, err := m.Stat()
	if err != nil {
		return err
	}
	m.last, m.good, m.waiting, m.flushed = info.Size()-m.good, info.Size(), 0, time.Now()
	if !m.live {
		return nil
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Nlink == 0 {
		return fmt.Errorf("the file was removed: %w", syscall.ENOENT)
	}
	if m.flushed.Sub(m.synced) >= syncEvery {
		m.synced = m.flushed
		m.syncing.Wait() // a slower disk blocks the video
		m.syncing.Add(1)
		go func() {
			defer m.syncing.Done()
			_ = m.Sync() // the next write reports the same error
		}()
	}
	return nil
}

// fit scales a frame to the size of the video: an odd last row or column is repeated, otherwise the frame is scaled and
// centred with black bars.
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
	size := image.Pt(max(1, int(float64(float64(w)*scale)+0.5)), max(1, int(float64(float64(h)*scale)+0.5)))
	how := gocv.InterpolationLinear
	if scale < 1 {
		how = gocv.InterpolationArea
	}
	gocv.Resize(*frame, &m.inner, size, 0, 0, how)
	left, top := (m.width-size.X)/2, (m.height-size.Y)/2
	gocv.CopyMakeBorder(m.inner, &m.fitted, top, m.height-size.Y-top, left, m.width-size.X-left, gocv.BorderConstant, color.RGBA{})
	return &m.fitted
}

// finish completes the file and renames it. After an error the video of a live source keeps its playable part; any
// other is removed.
func (m *movie) finish() error {
	err := m.writeLast()
	if err == nil {
		err = m.copyLive(time.Duration(float64(m.frames) / m.fps * float64(time.Second)))
	}
	if err == nil {
		err = m.video.Finish()
	}
	if err == nil {
		m.release()
		if err = m.complete(); err == nil {
			return nil
		}
		if m.live {
			return fmt.Errorf("writing %s: %w", m.path, cause(err))
		}
		os.Remove(m.Name())
		return fmt.Errorf("writing %s: %w", m.path, cause(err))
	}
	err = m.failed(err)
	_, end := m.abandon()
	return errors.Join(err, end)
}

// abandon ends the movie after a failure. It reports whether a part of it is kept.
func (m *movie) abandon() (kept bool, err error) {
	m.release()
	if m.live && m.good > 0 {
		return true, m.keep(m.good)
	}
	return false, m.remove()
}

func (m *movie) release() {
	m.syncing.Wait()
	m.sound.close()
	m.video.Close()
	m.fitted.Close()
	m.inner.Close()
	m.yuv.Close()
}
