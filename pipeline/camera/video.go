package camera

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"gocv.io/x/gocv"

	"corallite/internal/opencv"
	"corallite/internal/regfile"
	"corallite/pipeline"
	"corallite/pipeline/vision"
)

// VideoOptions are the options of OpenVideo.
type VideoOptions struct {
	// ReadAhead is the number of frames to decode ahead, so that decoding and models run in parallel; 0: 2, which is enough
	// when decoding is faster than the models.
	ReadAhead int
}

// defaultFPS is the rate of a video that does not tell.
const defaultFPS = 25

// Video is a source of the frames of a video file, decoded by OpenCV with ffmpeg. The rotation in the file is applied. Damaged
// frames are dropped or partly decoded, as ffmpeg decides.
type Video struct {
	path    string
	size    [2]int
	fps     float64
	total   int
	missing int64

	upsideDown bool // OpenCV returns the frames upside down
	capture    *gocv.VideoCapture
	pool       *vision.Pool
	frames     chan *vision.Frame // read ahead; closed at the end of the file
	failed     error              // why the file ended; valid after frames was closed
	stop       chan struct{}
	once       sync.Once
	done       chan struct{} // closed when the reading goroutine has ended and freed everything
}

var (
	_ pipeline.Source[*vision.Frame] = (*Video)(nil)
	_ pipeline.StatsReporter         = (*Video)(nil)
)

// OpenCV's CAP_PROP_ORIENTATION_META and CAP_PROP_ORIENTATION_AUTO, which gocv does not name.
const (
	propOrientationMeta gocv.VideoCaptureProperties = 48
	propOrientationAuto gocv.VideoCaptureProperties = 49
)

// turnsWrongWay reports whether OpenCV rotates by this angle in the wrong direction, as version 4.6 does (opencv issue 22088):
// after a quarter turn, the picture is upside down.
func turnsWrongWay(version string, angle float64) bool {
	return strings.HasPrefix(version, "4.6.") && (angle == 90 || angle == 270)
}

// OpenVideo opens a video file and begins to read ahead. Errors have the path. The caller closes the source.
func OpenVideo(path string, o VideoOptions) (*Video, error) {
	v := &Video{path: path}
	if err := v.open(o); err != nil {
		return nil, fmt.Errorf("video %s: %w", path, err)
	}
	return v, nil
}

func (v *Video) open(o VideoOptions) error {
	if err := v.inspect(); err != nil {
		return err
	}
	if err := opencv.LoadVideoio(); err != nil {
		return err
	}
	if err := v.openCapture(); err != nil {
		return err
	}
	v.capture.Set(propOrientationAuto, 1)
	v.upsideDown = turnsWrongWay(gocv.OpenCVVersion(), v.capture.Get(propOrientationMeta))
	v.size = [2]int{int(v.capture.Get(gocv.VideoCaptureFrameWidth)), int(v.capture.Get(gocv.VideoCaptureFrameHeight))}
	if w, h := v.size[0], v.size[1]; w < 1 || h < 1 || h > vision.MaxPixels/w {
		v.capture.Close()
		return fmt.Errorf("invalid frame size: %d by %d pixels (want at most %d pixels)", w, h, vision.MaxPixels)
	}
	if fps := v.capture.Get(gocv.VideoCaptureFPS); fps > 0 && fps < 1e6 {
		v.fps = fps
	}
	if n := v.capture.Get(gocv.VideoCaptureFrameCount); n >= 1 && n < math.MaxInt32 {
		v.total = int(n)
	}
	ahead := o.ReadAhead
	if ahead <= 0 {
		ahead = 2
	}
	// One more is being decoded and a few are in use by the models; more are allocated as needed.
	v.pool = vision.NewPool(ahead + 4)
	v.frames, v.stop, v.done = make(chan *vision.Frame, ahead), make(chan struct{}), make(chan struct{})
	go v.read()
	return nil
}

// inspect checks the file before ffmpeg reads it, for clearer errors and for the size that the container claims.
func (v *Video) inspect() error {
	f, err := regfile.OpenRegular(v.path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return regfile.Cause(err)
	}
	if info.Size() == 0 {
		return errors.New("the file is empty")
	}
	head := make([]byte, 512)
	n, err := f.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("reading: %w", regfile.Cause(err))
	}
	if isText(head[:n]) {
		return errors.New("not a video: the file is text")
	}
	v.missing = missingBytes(f, info.Size())
	return nil
}

// openCapture opens the file with ffmpeg only, because OpenCV's other backends take a path for a device, a pattern or a
// GStreamer pipeline. "file:" keeps ffmpeg from taking it for an address.
func (v *Video) openCapture() error {
	absolute, err := filepath.Abs(v.path)
	if err != nil {
		return err
	}
	open := func() { v.capture, err = gocv.VideoCaptureFileWithAPI("file:"+absolute, gocv.VideoCaptureFFmpeg) }
	if v.missing > 0 {
		opencv.WithoutCorruptPackets(open)
	} else {
		open()
	}
	if err == nil {
		return nil
	}
	v.capture.Close()
	if v.missing > 0 {
		return fmt.Errorf("the file is truncated (%d bytes are missing), and the rest cannot be read", v.missing)
	}
	return errors.New("not a video that ffmpeg can read, or damaged at its beginning")
}

// read decodes frames until the file or the source ends, and then closes the capture, which must not be closed during a read.
func (v *Video) read() {
	defer close(v.done)
	defer v.capture.Close()
	defer close(v.frames)
	rate := v.fps
	if rate == 0 {
		rate = defaultFPS // a frame without a rate would count as a single picture
	}
	for n := 0; ; n++ {
		f, err := v.pool.Get()
		if err != nil {
			return // unreachable: Close waits for this goroutine before it closes the pool
		}
		f.SetFPS(rate)
		if !v.capture.Read(f.Target()) || f.Target().Empty() {
			f.Release()
			v.failed = v.atEnd(n)
			return
		}
		if v.upsideDown {
			gocv.Rotate(*f.Target(), f.Target(), gocv.Rotate180Clockwise)
		}
		if err := f.Seal(); err != nil {
			f.Release()
			v.failed = &pipeline.ItemError{Source: v.path, Err: fmt.Errorf("frame %d: %w", n, err)}
			return
		}
		meta := f.Meta()
		meta.Source, meta.Time, meta.Position = v.path, time.Now(), v.position(n)
		select {
		case v.frames <- f:
		case <-v.stop:
			f.Release()
			return
		}
	}
}

// position returns the time of frame n, the last one read, in the file: its time stamp, if it has one.
func (v *Video) position(n int) time.Duration {
	ms := v.capture.Get(gocv.VideoCapturePosMsec)
	if n > 0 && !(ms > 0) && v.fps > 0 {
		ms = 1000 * float64(n) / v.fps
	}
	if !(ms > 0 && ms < 1e12) {
		return 0
	}
	return time.Duration(ms * float64(time.Millisecond)).Round(time.Microsecond)
}

// atEnd returns the error of a file that ended after n frames; nil if it seems complete.
func (v *Video) atEnd(n int) error {
	var why error
	switch {
	case v.missing > 0 && v.total > n:
		why = fmt.Errorf("the video is truncated at frame %d of %d: %d bytes are missing at the end of the file", n, v.total, v.missing)
	case v.missing > 0:
		why = fmt.Errorf("the video is truncated after frame %d: %d bytes are missing at the end of the file", n, v.missing)
	case n == 0:
		why = errors.New("no frame of the video can be decoded")
	default:
		return nil
	}
	return &pipeline.ItemError{Source: v.path, Err: why}
}

// Next returns the next frame; Meta.Position is its time in the video. A truncated file gives all complete frames, then one
// *pipeline.ItemError that says where it ends, then io.EOF.
func (v *Video) Next(ctx context.Context) (*vision.Frame, error) {
	select {
	case <-v.stop:
		return nil, ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	default:
	}
	select {
	case f, ok := <-v.frames:
		if ok {
			return f, nil
		}
		if err := v.failed; err != nil {
			v.failed = nil
			return nil, err
		}
		return nil, io.EOF
	case <-v.stop:
		return nil, ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Live is false.
func (v *Video) Live() bool { return false }

// Stats say how many frames the file has, if known; in some formats it is an estimate.
func (v *Video) Stats() pipeline.Stats { return pipeline.Stats{Total: max(v.total, 0)} }

// FPS returns the frame rate of the file; 0: unknown.
func (v *Video) FPS() float64 { return v.fps }

// Size returns the size of the frames in pixels, after the rotation in the file.
func (v *Video) Size() (width, height int) { return v.size[0], v.size[1] }

// Close ends the source after the frame that is being decoded. Frames that were returned stay valid. It may be called twice.
func (v *Video) Close() error {
	v.once.Do(func() { close(v.stop) })
	<-v.done
	for f := range v.frames {
		f.Release()
	}
	return v.pool.Close()
}
