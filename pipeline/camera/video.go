package camera

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"corallite/internal/libav"
	"corallite/internal/regfile"
	"corallite/pipeline"
	"corallite/pipeline/vision"
)

// VideoOptions are the options of OpenVideo.
type VideoOptions struct {
	// ReadAhead is the number of frames that are decoded ahead, besides the one in work, so that decoding and models run in
	// parallel; 0: 1, which is enough when decoding is faster than the models.
	ReadAhead int
	// Hardware is what decodes the video where that is possible, as LiveOptions.Hardware.
	Hardware string
	Logger   *slog.Logger // for why the hardware does not; nil: nothing is logged
}

// defaultFPS is the rate of a video that does not tell.
const defaultFPS = 25

// Video is a source of the frames of a video file, decoded by the system's ffmpeg libraries: upright, with square pixels, in
// the colours that the file says. Damaged frames are dropped or partly decoded, as ffmpeg decides.
type Video struct {
	path    string
	size    [2]int
	fps     float64
	total   int
	missing int64

	reader *libav.Reader
	single atomic.Bool // see SingleUse
	pool   *vision.Pool
	frames chan *vision.Frame // read ahead; closed at the end of the file
	failed error              // why the file ended; valid after frames was closed
	stop   chan struct{}
	once   sync.Once
	done   chan struct{} // closed when the reading goroutine has ended
}

var (
	_ pipeline.Source[*vision.Frame] = (*Video)(nil)
	_ pipeline.StatsReporter         = (*Video)(nil)
)

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
	if err := v.openReader(o); err != nil {
		return err
	}
	s := v.reader.Streams()[v.reader.Best(libav.Video)]
	v.size = [2]int{s.UprightWidth, s.UprightHeight}
	if w, h := v.size[0], v.size[1]; w < 1 || h < 1 || h > vision.MaxPixels/w {
		v.reader.Close()
		return fmt.Errorf("invalid frame size: %d by %d pixels (want at most %d pixels)", w, h, vision.MaxPixels)
	}
	if s.FPS < 1e6 {
		v.fps = s.FPS
	}
	if v.total = s.Frames; v.total == 0 {
		v.total = int(min(math.Round(s.Duration.Seconds()*v.fps), math.MaxInt32))
	}
	ahead := o.ReadAhead
	if ahead <= 0 {
		ahead = 1
	}
	// One more is being decoded and a few are in use by the models; more are allocated as needed.
	v.pool = vision.NewPool(ahead + 4)
	// The frame that waits to be taken is one of those ahead.
	v.frames, v.stop, v.done = make(chan *vision.Frame, ahead-1), make(chan struct{}), make(chan struct{})
	go v.read()
	return nil
}

// inspect checks the file before ffmpeg reads it, for clearer errors and for the size that the container claims.
func (v *Video) inspect() error {
	f, err := regfile.OpenBare(v.path)
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

// openReader opens the file. "file:" keeps ffmpeg from taking its name for an address, and the list of protocols keeps what
// is in it from naming one.
func (v *Video) openReader(o VideoOptions) error {
	absolute, err := filepath.Abs(v.path)
	if err != nil {
		return err
	}
	options := map[string]string{"protocol_whitelist": "file"}
	if v.missing > 0 {
		// Packets of which ffmpeg knows that a part is missing, such as the last one of a file that was cut off, are left out:
		// otherwise the decoder makes a frame of what there is.
		options["fflags"] = "+discardcorrupt"
	}
	v.reader, err = libav.OpenReader(context.Background(), "file:"+absolute, libav.ReaderOptions{Options: options, Hardware: o.Hardware})
	var library *libav.Error
	switch {
	case err == nil:
		if kind, why := v.reader.Hardware(); kind == "" && why != "" && o.Logger != nil {
			o.Logger.Warn("the video is decoded on the CPU", "video", v.path, "because", why)
		}
		return nil
	case v.missing > 0 && (errors.Is(err, libav.ErrNoVideo) || errors.As(err, &library)):
		return fmt.Errorf("the file is truncated (%d bytes are missing), and the rest cannot be read: %w", v.missing, err)
	case errors.Is(err, libav.ErrNoVideo):
		return errors.New("not a video: the file has no video stream")
	case !errors.As(err, &library):
		return err
	}
	return fmt.Errorf("not a video that ffmpeg can read, or damaged at its beginning: %w", err)
}

// read decodes frames until the file or the source ends.
func (v *Video) read() {
	defer close(v.done)
	defer v.reader.Close()
	defer close(v.frames)
	for n := 0; ; n++ {
		f, err := v.frame(n)
		if err != nil {
			v.failed = err
			return
		}
		if f == nil {
			return
		}
		select {
		case v.frames <- f:
		case <-v.stop:
			f.Release()
			return
		}
	}
}

// frame decodes frame n; nil is the end of the file.
func (v *Video) frame(n int) (*vision.Frame, error) {
	decoded, err := v.reader.Next()
	if err != nil {
		return nil, v.atEnd(n, err)
	}
	defer decoded.Release()
	f, err := v.pool.Get()
	if err != nil {
		return nil, err // unreachable: Close waits for this goroutine before it closes the pool
	}
	rate := v.fps
	if rate == 0 {
		rate = defaultFPS // a frame without a rate would count as a single picture
	}
	f.SetFPS(rate)
	planes, release, err := decoded.Picture()
	if err == nil {
		f.SetPlanes(planes, release)
		if v.single.Load() {
			f.SetSingleUse()
		}
		err = f.Seal()
	}
	if err != nil {
		f.Release()
		return nil, &pipeline.ItemError{Source: v.path, Err: fmt.Errorf("frame %d: %w", n, err)}
	}
	meta := f.Meta()
	meta.Source, meta.Time, meta.Position = v.path, time.Now(), max(decoded.Time, 0)
	return f, nil
}

// atEnd returns the error of a file that ended after n frames with err; nil if it seems complete.
func (v *Video) atEnd(n int, err error) error {
	var why error
	switch {
	case v.missing > 0 && v.total > n:
		why = fmt.Errorf("the video is truncated at frame %d of %d: %d bytes are missing at the end of the file", n, v.total, v.missing)
	case v.missing > 0:
		why = fmt.Errorf("the video is truncated after frame %d: %d bytes are missing at the end of the file", n, v.missing)
	case !errors.Is(err, io.EOF):
		why = fmt.Errorf("after frame %d: %w", n, err)
	case n == 0:
		why = errors.New("no frame of the video can be decoded")
		if _, reason := v.reader.Lost(); reason != nil {
			why = fmt.Errorf("%w: %w", why, reason)
		}
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

// SingleUser is a source of frames whose memory can be given back early.
type SingleUser interface {
	// SingleUse says that each picture is for one model's input and nobody else, so that vision.Frame.SetSingleUse holds.
	SingleUse()
}

var (
	_ SingleUser = (*Video)(nil)
	_ SingleUser = (*Files)(nil)
	_ SingleUser = (*Select)(nil)
)

// SingleUse lets the decoder use the memory of a frame again as soon as a model's input is made of it.
func (v *Video) SingleUse() { v.single.Store(true) }

// Live is false.
func (v *Video) Live() bool { return false }

// Stats say how many frames the file has, if known; in some formats it is an estimate.
func (v *Video) Stats() pipeline.Stats { return pipeline.Stats{Total: max(v.total, 0)} }

// FPS returns the frame rate of the file; 0: unknown.
func (v *Video) FPS() float64 { return v.fps }

// Size returns the size of the frames in pixels: upright and with square pixels, by what the file says.
func (v *Video) Size() (width, height int) { return v.size[0], v.size[1] }

// Close ends the source. Frames that were returned stay valid. It may be called twice.
func (v *Video) Close() error {
	v.once.Do(func() { close(v.stop) })
	v.reader.Close()
	<-v.done
	for f := range v.frames {
		f.Release()
	}
	return v.pool.Close()
}
