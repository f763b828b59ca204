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

	"corallite/internal/regfile"
	"corallite/pipeline"
	"corallite/pipeline/internal/opencv"
	"corallite/pipeline/vision"
)

// VideoOptions say how a video file is read.
type VideoOptions struct {
	// ReadAhead is how many frames are decoded before they are asked for, so that decoding and the models run side
	// by side; 0: 2, which is enough where decoding is quicker than the models.
	ReadAhead int
}

// usualFPS is the rate of a video that does not say one.
const usualFPS = 25

// Video is a source of the frames of a video file, decoded by OpenCV with ffmpeg. The rotation that the file asks for
// is applied. Frames that are damaged are left out or shown as far as they can be, as ffmpeg decides.
type Video struct {
	path    string
	size    [2]int
	fps     float64
	total   int
	missing int64

	upsideDown bool // as OpenCV gives the frames
	capture    *gocv.VideoCapture
	pool       *vision.Pool
	frames     chan *vision.Frame // what is read ahead; closed at the end of the file
	failed     error              // why the file ended, to be read after frames was closed
	stop       chan struct{}
	once       sync.Once
	done       chan struct{} // the reading goroutine has ended and freed everything
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

// turnsWrongWay says whether OpenCV turns by this angle into the wrong direction, as version 4.6 does (opencv issue
// 22088): upside down, where it is a quarter of a turn.
func turnsWrongWay(version string, angle float64) bool {
	return strings.HasPrefix(version, "4.6.") && (angle == 90 || angle == 270)
}

// OpenVideo opens a video file and begins to read ahead. Errors name the file. Whoever opens the source closes it.
func OpenVideo(path string, o VideoOptions) (*Video, error) {
	v := &Video{path: path}
	if err := v.open(o); err != nil {
		return nil, fmt.Errorf("video %s: %w", path, err)
	}
	return v, nil
}

func (v *Video) open(o VideoOptions) error {
	if err := v.look(); err != nil {
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
		return fmt.Errorf("frames of %dx%d pixels are not possible: up to %d pixels are", w, h, vision.MaxPixels)
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
	// One more is being decoded and a few are with the models; frames beyond these are made and freed as needed.
	v.pool = vision.NewPool(ahead + 4)
	v.frames, v.stop, v.done = make(chan *vision.Frame, ahead), make(chan struct{}), make(chan struct{})
	go v.read()
	return nil
}

// look looks at the file before ffmpeg does: for clearer errors, and for what the container says of its size.
func (v *Video) look() error {
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

// openCapture opens the file with ffmpeg and nothing else: OpenCV's other ways take a path for a device, a pattern or
// a GStreamer pipeline. "file:" keeps ffmpeg from taking one for an address.
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
		return fmt.Errorf("the file ends too early (%d bytes are missing), and what is there cannot be read", v.missing)
	}
	return errors.New("not a video that ffmpeg can read, or it is damaged at its beginning")
}

// read decodes frames until the file or the source ends, and then frees what only it uses: OpenCV may not be closed
// while it reads.
func (v *Video) read() {
	defer close(v.done)
	defer v.capture.Close()
	defer close(v.frames)
	rate := v.fps
	if rate == 0 {
		rate = usualFPS // a frame of no rate would be taken for a picture
	}
	for n := 0; ; n++ {
		f, err := v.pool.Get()
		if err != nil {
			return // cannot be: Close closes the pool only when this goroutine has ended
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

// position is where in the file frame n was, which is the last one that was read: by the frame's own time stamp
// where it has one.
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

// atEnd is what is wrong with a file that ended after n frames; nil: nothing, as far as can be told.
func (v *Video) atEnd(n int) error {
	var why error
	switch {
	case v.missing > 0 && v.total > n:
		why = fmt.Errorf("the video ends early, at frame %d of %d: %d bytes are missing at the end of the file", n, v.total, v.missing)
	case v.missing > 0:
		why = fmt.Errorf("the video ends early, after frame %d: %d bytes are missing at the end of the file", n, v.missing)
	case n == 0:
		why = errors.New("no frame of the video can be decoded")
	default:
		return nil
	}
	return &pipeline.ItemError{Source: v.path, Err: why}
}

// Next gives the next frame; Meta.Position is its time in the video. A file that was cut off gives all its whole
// frames, then once an *pipeline.ItemError that says where it ends, then io.EOF.
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

// Stats say how many frames the file has, where it tells. Some formats only let it be estimated.
func (v *Video) Stats() pipeline.Stats { return pipeline.Stats{Total: max(v.total, 0)} }

// FPS is how many frames of the file make a second; 0: it does not say.
func (v *Video) FPS() float64 { return v.fps }

// Size is the width and height of the frames in pixels, as they are given: after a rotation that the file asks for.
func (v *Video) Size() (width, height int) { return v.size[0], v.size[1] }

// Close ends the source after the frame that is being decoded. Frames that are out stay valid. Twice is safe.
func (v *Video) Close() error {
	v.once.Do(func() { close(v.stop) })
	<-v.done
	for f := range v.frames {
		f.Release()
	}
	return v.pool.Close()
}
