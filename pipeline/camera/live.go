package camera

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

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

	// Required makes a Camera that is not there an error of NewLive: nobody is to wait for it. Otherwise it is waited for
	// as one that was lost.
	Required bool

	Deadline time.Duration     // no frame for so long: it stalled; 0: 5 s for a Camera, 40 s for GStreamer, else 10 s, and 3 intervals more
	Backoff  reconnect.Backoff // between tries; the zero one: 1 s, doubled up to 30 s, at most 5 s while something is there
	Logger   *slog.Logger      // gets what is lost and what is back; nil: nothing is logged
	Clock    clock.Clock       // of Deadline and Backoff; nil: the machine's
	Patience context.Context   // when it ends, NewLive waits for the first frame no longer, and Next does; nil: it does not end
	Root     string            // what stands for "/" in finding a Camera; "": "/"
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
type Live struct {
	name   string
	pool   *vision.Pool
	input  capture.Options
	finder *finder // of a Camera; nil: none
	port   string  // of a URL that connects by TCP: host and port; "": none
	clean  redactor
	log    *slog.Logger
	source *reconnect.Source[*vision.Frame]
	direct bool // the next life reads the camera itself: the last one was silent from its beginning
}

var _ pipeline.Source[*vision.Frame] = (*Live)(nil)

// Handlers are what isolate.Main needs to know so that this program can be the child that captures.
func Handlers() map[string]isolate.Handler { return capture.Handlers() }

// NewLive opens a live source and waits for its first frame, at most for about the Deadline. What cannot come right by
// itself is an error: options that do not fit together, a name that several cameras have, a camera that may not be opened,
// a password that is refused. A source that is not there, cannot be reached or gives nothing is logged, and Next waits for
// it. Whoever makes the source closes it.
func NewLive(ctx context.Context, o LiveOptions) (*Live, error) {
	l, err := newLive(o)
	if err != nil {
		return nil, err
	}
	waiting, stop := context.WithCancel(ctx)
	defer stop()
	if o.Patience != nil {
		defer context.AfterFunc(o.Patience, stop)()
	}
	err = l.source.Start(waiting)
	if ctx.Err() == nil && errors.Is(err, context.Canceled) {
		return l, nil
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", l.name, err), l.Close())
	}
	return l, nil
}

func newLive(o LiveOptions) (*Live, error) {
	l := &Live{pool: vision.NewPool(idleLive)}
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
	there := l.there
	if l.input.Input == capture.GStreamer || l.input.Input == capture.Program {
		there = nil // only a try tells
	}
	l.source = reconnect.New(reconnect.Options[*vision.Frame]{
		Open: l.open, There: there, Discard: (*vision.Frame).Release, Deadline: o.Deadline, Backoff: o.Backoff, Clock: o.Clock, Logger: l.log,
	})
	return l, nil
}

// open begins a life: a child process.
func (l *Live) open(ctx context.Context) (reconnect.Life[*vision.Frame], error) {
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
	return &life{live: l, session: session, direct: input.Direct}, nil
}

// Next gives the newest frame that was not given yet, or waits for one, however often the source must be opened anew for
// that. Its errors are ctx's and ErrClosed.
func (l *Live) Next(ctx context.Context) (*vision.Frame, error) {
	f, err := l.source.Next(ctx)
	if errors.Is(err, reconnect.ErrClosed) {
		err = ErrClosed
	}
	return f, err
}

// Live is true.
func (l *Live) Live() bool { return true }

// Name is Meta.Source of the frames; without anything secret.
func (l *Live) Name() string { return l.name }

// Connection is the state of the connection and its history. LastError has nothing secret.
func (l *Live) Connection() reconnect.Stats { return l.source.Stats() }

// Stats say whether the source is lost, and how often it came back.
func (l *Live) Stats() pipeline.Stats {
	c := l.Connection()
	return pipeline.Stats{Name: l.name, Reopened: c.Reopened, Lost: c.Lost()}
}

// Close ends the source, its child process and a Next that waits. Frames that are out stay valid. Twice is safe.
func (l *Live) Close() error { return errors.Join(l.source.Close(), l.pool.Close()) }

// life is one child process.
type life struct {
	live    *Live
	session *capture.Session
	direct  bool // no relay
	width   int  // of the last frame
	height  int
}

func (e *life) Next(ctx context.Context) (*vision.Frame, error) {
	f, err := e.live.pool.Get()
	if err != nil {
		return nil, err
	}
	p, err := e.session.Next(ctx, f.Reserve)
	if err == nil {
		err = f.Seal()
	}
	if err != nil {
		f.Release()
		return nil, e.live.clean.error(err)
	}
	f.SetFPS(p.FPS)
	if p.FPS <= 0 {
		f.SetFPS(usualFPS)
	}
	meta := f.Meta()
	meta.Time, meta.Source = p.Captured, e.live.name
	if p.Width != e.width || p.Height != e.height {
		e.resized(p)
	}
	return f, nil
}

// resized says in which size frames come, once for each.
func (e *life) resized(p capture.Picture) {
	first := e.width == 0
	e.width, e.height = p.Width, p.Height
	o := e.live.input
	switch {
	case !first:
		e.live.log.Info("the frames have another size now", "width", p.Width, "height", p.Height)
	case o.Width > 0 && (o.Width != p.Width || o.Height != p.Height):
		attrs := []any{"width", p.Width, "height", p.Height, "wanted", fmt.Sprintf("%dx%d", o.Width, o.Height)}
		if known := e.live.finder.known; known != nil {
			attrs = append(attrs, "possible", sizesText(*known, ""))
		}
		e.live.log.Warn("the camera does not give the size that is wanted", attrs...)
	default:
		e.live.log.Debug("first frame", "width", p.Width, "height", p.Height, "fps", p.FPS)
	}
}

func (e *life) Note() string { return e.live.clean.text(e.session.Note()) }

// Close ends the child. Where one that was relayed gave nothing at all, the next is not: some cameras may not bear it.
func (e *life) Close(hung bool) error {
	e.live.direct = hung && e.width == 0 && !e.direct
	return e.live.clean.error(e.session.Close(hung))
}
