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
	"corallite/internal/yuv"
	"corallite/pipeline"
	"corallite/pipeline/camera/internal/capture"
	"corallite/pipeline/vision"
)

// LiveOptions are the options of NewLive. Exactly one of Camera, URL, GStreamer and FFmpeg must be set.
type LiveOptions struct {
	// Camera is a V4L2 camera: its number ("0" is /dev/video0), a path ("/dev/v4l/by-id/usb-…"), its name, or a part of
	// the name that only one has. After it was unplugged it is found again even under another number.
	Camera string
	// URL is a network camera: rtsp, rtsps, rtmp, rtmps, srt, rtp, udp, tcp or mms, or http and https for an MJPEG stream,
	// single pictures, or anything else that ffmpeg reads. ${NAME} is replaced by that environment variable.
	URL string
	// GStreamer is a pipeline in the syntax of gst-launch. Without an appsink, one is appended.
	GStreamer string
	// FFmpeg are the arguments of the program ffmpeg without the output: ["-f", "v4l2", "-i", "/dev/video0"].
	FFmpeg []string

	// Env names environment variables for the capture process and what it starts, such as ffmpeg, beyond PATH, HOME, the
	// locale and the proxies. A "*" at the end matches any ending.
	Env []string

	Name string // Meta.Source of the frames; "": "camera:0", the URL without secrets, "gstreamer" or "ffmpeg"

	Width, Height int     // wanted size of a Camera in pixels, both or neither; the driver chooses the closest
	FPS           float64 // wanted rate of a Camera, in frames per second; 0: unchanged
	PixelFormat   string  // wanted pixel format of a Camera, such as "MJPG" or "YUYV"; "": MJPG if supported

	Interval       time.Duration // of a URL, between single pictures; 0: 1 s
	Credentials    Credentials   // of a URL
	AnyCertificate bool          // of a URL: https certificates are not verified
	// Transport of an rtsp URL: "tcp", "udp" or "auto", which tries TCP and then UDP; "": "auto".
	Transport string
	// Options of ffmpeg's libraries for a URL that they read; see StreamOptions. ${NAME} in a value is replaced by that
	// environment variable.
	Options map[string]string
	Timeout time.Duration // of a URL: for connecting and for the first answers; 0: 8 s, for HTTP 5 s for connecting and 10 s for the answer

	// Hardware is what decodes the pictures of a URL that ffmpeg's libraries read, where that is possible: "vaapi", "cuda",
	// "v4l2m2m", "auto" for the first that works, or "" or "none" for the CPU. Where it is not, the CPU does, which is logged.
	Hardware string

	// Sound says that the sound of a URL is wanted as well; see LiveSource.Sound.
	Sound bool
	// Channel is which channel of several the sound is: "left", "right", "1", "2", …; "" or "mix": their mean.
	Channel string
	// Packets, when set, gets the packets of a URL as they came, to be recorded without encoding them again. See PacketSink.
	Packets PacketSink
	// SoundPackets says that those of the sound will be wanted by LiveSource.SoundPackets.
	SoundPackets bool

	// Required makes NewLive fail when the Camera is not there. Otherwise it is waited for like one that was lost.
	Required bool

	Deadline time.Duration  // a source without frames for this long is lost; 0: 5 s for a Camera, 40 s for GStreamer, else 10 s, plus 3 Intervals, or 2 s more than Timeout
	Backoff  backoff.Policy // between attempts; zero: 1 s, doubled up to 30 s, or up to 5 s while the camera is reachable
	Logger   *slog.Logger   // for losses and returns; nil: nothing is logged
	Clock    clock.Clock    // nil: the system clock
	Root     string         // the root of sys and dev when finding a Camera; "": "/"
}

const (
	cameraDeadline = 5 * time.Second
	urlDeadline    = 10 * time.Second

	// gstreamerDeadline is longer because GStreamer scans all its plug-ins the first time.
	gstreamerDeadline = 40 * time.Second

	// minLimit is how long a busy machine may keep a child process from answering.
	minLimit = 2 * time.Second
)

// idleLive is the number of unused frames that a LiveSource keeps.
const idleLive = 8

// LiveSource is a source of frames that come in real time. They are read by a child process, which is killed and restarted
// when it hangs, crashes or loses its stream: with back-off, for as long as it takes. Frames have their capture time as
// precisely as it is known: the time stamp of a V4L2 driver, the arrival of the first bytes of an HTTP picture, otherwise
// the end of decoding.
type LiveSource struct {
	name   string
	pool   *vision.Pool
	input  capture.Options
	finder *finder // of a Camera; else nil
	port   string  // host and port of a URL that connects by TCP; else empty
	clean  redactor
	log    *slog.Logger
	source *reconnect.Source[*vision.Frame]

	// Of the goroutine that calls Next.
	from   time.Time // frames captured before are not wanted
	passed int       // frames that were passed over before the last one

	sound    liveSound
	packets  PacketSink // nil: none are wanted
	copies   copies
	udpFirst bool // the next session of RTSP tries UDP first: by TCP the last one gave nothing at all
}

var _ pipeline.Source[*vision.Frame] = (*LiveSource)(nil)

// Handlers returns what isolate.Main needs so that this program can serve as the capture process.
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
	if err := l.start(ctx); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// start waits for the first frame or sound, as NewLive says.
func (l *LiveSource) start(ctx context.Context) error {
	if err := l.source.Start(ctx); err != nil && ctx.Err() == nil {
		return fmt.Errorf("%s: %w", l.name, err)
	}
	return nil
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
		o.Deadline = max(o.Deadline+3*o.Interval, o.Timeout+minLimit)
	}
	l.input.Limit = max(minLimit, min(o.Deadline, urlDeadline))
	present := l.present
	if l.input.Input == capture.GStreamer || l.input.Input == capture.Program {
		present = nil // only an attempt can tell
	}
	l.source = reconnect.New(reconnect.Options[*vision.Frame]{
		Open: l.open, Present: present, Discard: releaseFrame, Deadline: o.Deadline, Backoff: o.Backoff, Clock: o.Clock, Logger: l.log,
	})
	return l, nil
}

// releaseFrame releases a frame; nil stands for sound alone.
func releaseFrame(f *vision.Frame) {
	if f != nil {
		f.Release()
	}
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
	input.UDPFirst, l.udpFirst = l.udpFirst, false
	session, err := capture.Start(ctx, input, l.log, l.take)
	if err != nil {
		return nil, l.clean.error(err)
	}
	l.sound.begin()
	l.log.Debug("capturing", "pid", session.PID(), "confinement", fmt.Sprintf("%+v", session.Confinement()))
	return &liveSession{source: l, capture: session, udpFirst: input.UDPFirst}, nil
}

// Next returns the newest frame, unless it was returned already, or waits for one, however often the source has to be
// reopened for that. Its errors are ctx's and ErrClosed.
func (l *LiveSource) Next(ctx context.Context) (*vision.Frame, error) {
	f, err := l.source.Next(ctx)
	if errors.Is(err, reconnect.ErrClosed) {
		err = ErrClosed
	}
	return f, err
}

// nextFrom is Next for a frame that was captured at from or later. Earlier ones are neither converted nor copied; passed is
// how many.
func (l *LiveSource) nextFrom(ctx context.Context, from time.Time) (f *vision.Frame, passed int, err error) {
	l.from = from
	f, err = l.Next(ctx)
	l.from = time.Time{}
	return f, l.passed, err
}

// Live is true.
func (l *LiveSource) Live() bool { return true }

// Name is Meta.Source of the frames, without secrets.
func (l *LiveSource) Name() string { return l.name }

// Connection returns the state of the connection and its history. LastError contains no secrets.
func (l *LiveSource) Connection() reconnect.Stats { return l.source.Stats() }

// Stats say whether the source is lost, and how often it came back.
func (l *LiveSource) Stats() pipeline.Stats {
	c := l.Connection()
	return pipeline.Stats{Name: l.name, Reopened: c.Reopened, Lost: c.Lost()}
}

// Close ends the source, its child process and any waiting Next. Frames that were returned stay valid. It may be called
// twice.
func (l *LiveSource) Close() error {
	err := l.source.Close()
	l.sound.end()
	return errors.Join(err, l.pool.Close())
}

// liveSession is one capture process.
type liveSession struct {
	source   *LiveSource
	capture  *capture.Session
	udpFirst bool
	width    int // of the last frame
	height   int
}

func (s *liveSession) Next(ctx context.Context) (*vision.Frame, error) {
	if s.source.input.NoPictures {
		return nil, s.listen(ctx)
	}
	f, err := s.source.pool.Get()
	if err != nil {
		return nil, err
	}
	p, err := s.capture.Next(ctx, s.source.from, func(form capture.Form) ([][]byte, error) { return room(f, form) })
	if err == nil {
		err = f.Seal()
	}
	if err != nil {
		f.Release()
		return nil, s.source.clean.error(err)
	}
	s.source.passed = p.Passed
	f.SetFPS(p.FPS)
	if p.FPS <= 0 {
		f.SetFPS(defaultFPS)
	}
	meta := f.Meta()
	meta.Time, meta.Source = p.Captured, s.source.name
	if p.Width != s.width || p.Height != s.height {
		s.resized(p)
	}
	return f, nil
}

// room returns a frame's memory for a picture.
func room(f *vision.Frame, form capture.Form) ([][]byte, error) {
	if !form.Planes {
		pixels, err := f.Reserve(form.Width, form.Height)
		return [][]byte{pixels}, err
	}
	p, err := f.ReservePlanes(yuv.Picture{Layout: form.Layout, Matrix: form.Matrix, Full: form.Full}, form.Width, form.Height)
	return p.Data[:form.Layout.Planes()], err
}

// resized logs the size of the frames, once for each size.
func (s *liveSession) resized(p capture.Picture) {
	first := s.width == 0
	s.width, s.height = p.Width, p.Height
	o := s.source.input
	switch {
	case !first:
		s.source.log.Info("the size of the frames has changed", "width", p.Width, "height", p.Height)
	case o.Width > 0 && (o.Width != p.Width || o.Height != p.Height):
		attrs := []any{"width", p.Width, "height", p.Height, "wanted", fmt.Sprintf("%dx%d", o.Width, o.Height)}
		if known := s.source.finder.known; known != nil {
			attrs = append(attrs, "possible", sizesText(*known, ""))
		}
		s.source.log.Warn("the camera does not support the wanted size", attrs...)
	default:
		s.source.log.Debug("first frame", "width", p.Width, "height", p.Height, "fps", p.FPS)
	}
}

func (s *liveSession) Note() string { return s.source.clean.text(s.capture.Note()) }

// Close ends the child. After a session of RTSP that gave nothing at all, the next one tries the other transport first,
// because some cameras agree to one by which they send nothing.
func (s *liveSession) Close(hung bool) error {
	s.source.udpFirst = (hung || s.capture.Silent()) && s.width == 0 && !s.udpFirst
	return s.source.clean.error(s.capture.Close(hung))
}
