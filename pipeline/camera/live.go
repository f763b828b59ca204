package camera

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"corallite/internal/backoff"
	"corallite/internal/clock"
	"corallite/internal/isolate"
	"corallite/internal/reconnect"
	"corallite/pipeline"
	"corallite/pipeline/camera/capture"
	"corallite/pipeline/vision"
)

// LiveOptions say what a Live source reads, by exactly one of Camera, URL, GStreamer and FFmpeg, and how.
type LiveOptions struct {
	// Camera is a V4L2 camera: its number ("0" is /dev/video0), a path ("/dev/v4l/by-id/usb-…"), its name, or a part of
	// it that only one has. It is found again under another number when it was unplugged.
	Camera string
	// URL is a camera on the network: rtsp, rtsps, rtmp, rtmps, srt, rtp, udp, tcp, mms; http and https, which may be an
	// MJPEG stream, single pictures, or what else ffmpeg reads. ${NAME} in it is an environment variable.
	URL string
	// GStreamer is a pipeline in gst-launch's words. Without an appsink one is put at its end.
	GStreamer string
	// FFmpeg are arguments of the program ffmpeg up to its output, which is added: ["-f", "v4l2", "-i", "/dev/video0"].
	FFmpeg []string

	// Env are further environment variables that the process that captures gets, and what it starts, such as ffmpeg. It
	// gets those of package environ, proxies included, and no others. A "*" at the end stands for any ending.
	Env []string

	Name string // Meta.Source of the frames; "": "camera:0", the URL without what is secret, "gstreamer", "ffmpeg"

	Width, Height int     // wanted of a Camera, both or none; the driver takes the nearest that it has
	FPS           float64 // wanted of a Camera, frames a second; 0: as it is
	PixelFormat   string  // wanted of a Camera: "MJPG", "YUYV"; "": MJPG where it has that

	Interval       time.Duration // of a URL that gives single pictures, between two of them; 0: a second
	Credentials    Credentials   // of a URL
	AnyCertificate bool          // of a URL: https is taken whatever its certificate

	// Required makes NewLive fail when the Camera is not there. Otherwise it is waited for like one that was lost.
	Required bool

	Deadline time.Duration  // no frame for so long: it stalled; 0: 5 s for a Camera, 40 s for GStreamer, else 10 s, and 3 intervals more
	Backoff  backoff.Policy // between tries; the zero one: 1 s, doubled up to 30 s, at most 5 s while something is there
	Logger   *slog.Logger   // gets what is lost and what is back; nil: nothing is logged
	Clock    clock.Clock    // of Deadline and Backoff; nil: the machine's
	Root     string         // what stands for "/" in finding a Camera; "": "/"
}

const (
	cameraDeadline = 5 * time.Second
	urlDeadline    = 10 * time.Second

	// gstreamerDeadline is longer because GStreamer looks at all its plug-ins the first time.
	gstreamerDeadline = 40 * time.Second

	// leastLimit is how long a child process may be kept from answering by a machine that is busy.
	leastLimit = 2 * time.Second
)

// idleLive is how many frames that are not in use a Live source keeps the memory of.
const idleLive = 8

// Live is a source of frames that come in their own time. What reads them is a child process, which is ended and started
// again when it hangs, crashes or loses its stream: with back-off, for as long as it takes. Frames are stamped with the
// time of their capture, as near as it is known: a V4L2 driver's stamp, the arrival of an HTTP picture's first bytes,
// for everything else the end of its decoding.
type LiveSource struct {
	name   string
	pool   *vision.Pool
	input  capture.Options
	finder *finder // of a Camera; nil: none
	port   string  // of a URL that connects by TCP: host and port; "": none
	clean  redactor
	log    *slog.Logger
	source *reconnect.Source[*vision.Frame]
	direct bool // the next session bypasses the RTSP proxy: the last one gave nothing at all
}

var _ pipeline.Source[*vision.Frame] = (*LiveSource)(nil)

// Handlers are what isolate.Main needs to know so that this program can be the child that captures.
func Handlers() map[string]isolate.Handler { return capture.Handlers() }

// NewLive opens a live source and waits for its first frame, for about LiveOptions.Deadline at most. ctx limits only this
// wait: when it ends, NewLive returns the source, and Next goes on waiting.
//
// What retrying cannot mend is an error: options that contradict each other, a name that several cameras have, missing
// permission for a camera, a rejected password. A source that is absent, unreachable or silent is logged, and Next waits
// for it. The caller closes the source.
func NewLive(ctx context.Context, o LiveOptions) (*LiveSource, error) {
	l, err := newLive(o)
	if err != nil {
		return nil, err
	}
	if err := l.source.Start(ctx); err != nil && ctx.Err() == nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", l.name, err), l.Close())
	}
	return l, nil
}

func newLive(o LiveOptions) (*LiveSource, error) {
	l := &LiveSource{pool: vision.NewPool(idleLive)}
	if err := l.setInput(o); err != nil {
		return nil, err
	}
	if o.Name != "" {
		l.name = o.Name
	}
	log := o.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	l.log = l.clean.logger(log).With("source", l.name)
	if o.Deadline <= 0 {
		o.Deadline = urlDeadline
		switch l.input.Input {
		case capture.Device:
			o.Deadline = cameraDeadline
		case capture.GStreamer:
			o.Deadline = gstreamerDeadline
		}
		o.Deadline += 3 * o.Interval
	}
	l.input.Limit = max(leastLimit, min(o.Deadline, urlDeadline))
	present := l.present
	if l.input.Input == capture.GStreamer || l.input.Input == capture.Program {
		present = nil // only a try tells
	}
	l.source = reconnect.New(reconnect.Options[*vision.Frame]{
		Open: l.open, Present: present, Discard: (*vision.Frame).Release, Deadline: o.Deadline, Backoff: o.Backoff, Clock: o.Clock, Logger: l.log,
	})
	return l, nil
}

// open starts a capture process.
func (l *LiveSource) open(ctx context.Context) (reconnect.Session[*vision.Frame], error) {
	input := l.input
	if l.finder != nil {
		c, err := l.finder.find()
		if err == nil {
			input.Target = c.Node
			input.FourCC, err = chooseFormat(c, l.input.FourCC, input.Width, input.Height)
		}
		if err != nil {
			return nil, err
		}
		l.log.Debug("camera found", "camera", c.String(), "node", c.Node, "pixel_format", input.FourCC)
	}
	input.Direct, l.direct = l.direct, false
	session, err := capture.Start(ctx, input, l.log)
	if err != nil {
		return nil, l.clean.error(err)
	}
	l.log.Debug("capturing", "pid", session.PID(), "confinement", fmt.Sprintf("%+v", session.Confinement()))
	return &liveSession{source: l, capture: session, direct: input.Direct}, nil
}

// Next gives the newest frame that was not given yet, or waits for one, however often the source must be opened anew for
// that. Its errors are ctx's and ErrClosed.
func (l *LiveSource) Next(ctx context.Context) (*vision.Frame, error) {
	f, err := l.source.Next(ctx)
	if errors.Is(err, reconnect.ErrClosed) {
		err = ErrClosed
	}
	return f, err
}

// Live is true.
func (l *LiveSource) Live() bool { return true }

// Name is Meta.Source of the frames; without anything secret.
func (l *LiveSource) Name() string { return l.name }

// Connection is the state of the connection and its history. LastError has nothing secret.
func (l *LiveSource) Connection() reconnect.Stats { return l.source.Stats() }

// Stats say whether the source is lost, and how often it came back.
func (l *LiveSource) Stats() pipeline.Stats {
	c := l.Connection()
	return pipeline.Stats{Name: l.name, Reopened: c.Reopened, Lost: c.Lost()}
}

// Close ends the source, its child process and a Next that waits. Frames that are out stay valid. Twice is safe.
func (l *LiveSource) Close() error { return errors.Join(l.source.Close(), l.pool.Close()) }

// liveSession is one capture process.
type liveSession struct {
	source  *LiveSource
	capture *capture.Session
	direct  bool // without the RTSP proxy
	width   int  // of the last frame
	height  int
}

func (s *liveSession) Next(ctx context.Context) (*vision.Frame, error) {
	f, err := s.source.pool.Get()
	if err != nil {
		return nil, err
	}
	p, err := s.capture.Next(ctx, f.Reserve)
	if err == nil {
		err = f.Seal()
	}
	if err != nil {
		f.Release()
		return nil, s.source.clean.error(err)
	}
	f.SetFPS(p.FPS)
	if p.FPS <= 0 {
		f.SetFPS(usualFPS)
	}
	meta := f.Meta()
	meta.Time, meta.Source = p.Captured, s.source.name
	if p.Width != s.width || p.Height != s.height {
		s.resized(p)
	}
	return f, nil
}

// resized says in which size frames come, once for each.
func (s *liveSession) resized(p capture.Picture) {
	first := s.width == 0
	s.width, s.height = p.Width, p.Height
	o := s.source.input
	switch {
	case !first:
		s.source.log.Info("the frames have another size now", "width", p.Width, "height", p.Height)
	case o.Width > 0 && (o.Width != p.Width || o.Height != p.Height):
		attrs := []any{"width", p.Width, "height", p.Height, "wanted", fmt.Sprintf("%dx%d", o.Width, o.Height)}
		if known := s.source.finder.known; known != nil {
			attrs = append(attrs, "possible", sizesText(*known, ""))
		}
		s.source.log.Warn("the camera does not give the size that is wanted", attrs...)
	default:
		s.source.log.Debug("first frame", "width", p.Width, "height", p.Height, "fps", p.FPS)
	}
}

func (s *liveSession) Note() string { return s.source.clean.text(s.capture.Note()) }

// Close ends the child. Where one that was relayed gave nothing at all, the next is not: some cameras may not bear it.
func (s *liveSession) Close(hung bool) error {
	s.source.direct = hung && s.width == 0 && !s.direct
	return s.source.clean.error(s.capture.Close(hung))
}
