package camera

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"corallite/internal/channels"
	"corallite/internal/environ"
	"corallite/internal/key"
	"corallite/internal/libav"
	"corallite/internal/part"
	"corallite/internal/redact"
	"corallite/pipeline"
	"corallite/pipeline/audio"
	"corallite/pipeline/camera/internal/capture"
	"corallite/pipeline/vision"
)

// DeviceConfig is the configuration of a camera of this machine.
type DeviceConfig struct {
	Camera        string // as in LiveOptions, as the others
	Width, Height int
	FPS           float64
	PixelFormat   string
	Env           []string
	Deadline      time.Duration
}

// About describes the source as part of a configuration.
func (c *DeviceConfig) About() part.AboutSource {
	return part.AboutSource{Kind: "camera", Gives: part.Pictures, Live: true}
}

var pixelFormat = regexp.MustCompile(`^[A-Za-z0-9 ]{4}$`)

// Keys are the keys of the configuration.
func (c *DeviceConfig) Keys() key.Table {
	return key.Table{
		key.String(&c.Camera, "camera").AcceptInt().Example("/dev/v4l/by-id/usb-046d_HD_Pro_Webcam_C920-video-index0").
			Doc("A camera of this machine: its number (0 is /dev/video0), its path, or its name or a part of it, as `corallite devices` prints them. A name or a path in /dev/v4l stays the same when the number changes."),
		key.Int(&c.Width, "width").Needs("height").Min(16).Max(16384).Example("1280").
			Doc("The width to ask the camera for, in pixels, together with `height`; the camera takes the nearest that it has."),
		key.Int(&c.Height, "height").Needs("width").Min(16).Max(16384).Example("720").
			Doc("The height to ask the camera for, in pixels."),
		key.Number(&c.FPS, "fps").Above(0).Max(1000).Example("30").
			Doc("Frames per second to ask the camera for."),
		key.String(&c.PixelFormat, "pixel_format").Pattern(pixelFormat, "four characters such as MJPG or YUYV").
			DefaultDoc("MJPG where the camera has it").Example("YUYV").Doc("The format in which the camera sends its pictures."),
		envKey(&c.Env),
		part.DeadlineKey(&c.Deadline, part.Seconds(cameraDeadline)),
	}
}

// Check reports environment variables that are not set.
func (c *DeviceConfig) Check(in part.Check) { part.CheckEnv(in, "env", c.Env) }

// Open opens the camera.
func (c *DeviceConfig) Open(ctx context.Context, env part.SourceEnv) (pipeline.Source[*vision.Frame], error) {
	return openLive(ctx, env, LiveOptions{
		Camera: c.Camera, Width: c.Width, Height: c.Height, FPS: c.FPS, PixelFormat: c.PixelFormat, Env: c.Env, Deadline: c.Deadline,
	})
}

// URLConfig is the configuration of a camera on the network.
type URLConfig struct {
	URL      string // as in LiveOptions, as the others
	Interval time.Duration

	User                  string
	PasswordEnv, TokenEnv string // environment variables
	PasswordFile          string
	AnyCertificate        bool
	Transport             string
	Timeout               time.Duration
	Options               map[string]string
	Channel               string // of the sound, as in LiveOptions
	Hardware              string // as in LiveOptions
	Env                   []string
	Deadline              time.Duration
}

// About describes the source as part of a configuration.
func (c *URLConfig) About() part.AboutSource {
	return part.AboutSource{Kind: "url", Gives: part.Pictures, Live: true, Sounding: true}
}

// Keys are the keys of the configuration.
func (c *URLConfig) Keys() key.Table {
	return key.Table{
		key.String(&c.URL, "url").Example("rtsp://192.168.1.20/stream1").
			Doc("A camera on the network: RTSP, RTMP, SRT, UDP, or HTTP with an MJPEG stream, single pictures, HLS, or a stream in any container that ffmpeg reads. `${NAME}` in it is an environment variable; what is secret belongs there or into the keys below, and is never logged. Models on sound hear the sound of the same stream, by the same connection, with times on the same clock as the pictures'."),
		key.Seconds(&c.Interval, "interval").Above(0).Max(86400).DefaultDoc("1").Example("5").
			Doc("Seconds between two pictures of an address that gives single ones."),
		key.String(&c.User, "user").Example("viewer").Doc("The user name to log in with."),
		key.String(&c.PasswordEnv, "password_env").Example("DOOR_PASSWORD").Doc("The environment variable that holds the password."),
		key.String(&c.PasswordFile, "password_file").Excludes("password_env").Example("/run/secrets/door").
			Doc("The file whose first line is the password."),
		key.String(&c.TokenEnv, "token_env").Example("DOOR_TOKEN").
			Doc("For HTTP: the environment variable that holds a bearer token."),
		key.Bool(&c.AnyCertificate, "any_certificate").Default(false).Example("true").
			Doc("Accept any certificate of an https address: many cameras have a self-signed one. That of an rtsps address is not verified, because ffmpeg's libraries cannot do it."),
		key.String(&c.Transport, "transport").Choices(string(capture.Auto), string(capture.TCP), string(capture.UDP)).Default(string(capture.Auto)).Example("udp").
			Doc("How an RTSP camera sends its pictures: `tcp` loses none, `udp` is what some cameras are limited to, and `auto` tries the one and then the other, and logs when it is UDP."),
		key.Seconds(&c.Timeout, "timeout").Above(0).Max(600).DefaultDoc(part.Seconds(capture.DefaultTimeout)).Example("20").
			Doc("Seconds that opening the stream may take: connecting, logging in, and finding out what is sent. Cameras that sleep need more."),
		key.StringMap(&c.Options, "options").Example("{max_delay: 200000}").
			Doc("Options of ffmpeg's libraries, which read everything but MJPEG and single pictures over HTTP, by name, such as `latency` and `passphrase` of srt, `reorder_queue_size` of rtsp, `live_start_index` of HLS, `probesize`. `${NAME}` in a value is an environment variable. Options that open files or other addresses are refused; the error for an unknown one lists those that the address may have."),
		channels.Key(&c.Channel),
		hardwareKey(&c.Hardware),
		envKey(&c.Env),
		part.DeadlineKey(&c.Deadline, part.Seconds(urlDeadline)+" and three times `interval`, or 2 more than `timeout`"),
	}
}

// Check reports what is wrong with the address, secrets that are written out, and what is to be read and is not there.
func (c *URLConfig) Check(in part.Check) {
	if part.CheckVariables(in, "url", c.URL) {
		if code, message := wrongAddress(c.URL); message != "" {
			in.Report(code, "url", "", message)
		}
	}
	c.checkStream(in)
	part.CheckVariable(in, "password_env", c.PasswordEnv)
	part.CheckVariable(in, "token_env", c.TokenEnv)
	part.CheckEnv(in, "env", c.Env)
	part.CheckFile(in, "password_file", c.PasswordFile)
}

// checkStream reports what the address cannot have, and secrets that are written out.
func (c *URLConfig) checkStream(in part.Check) {
	scheme, _, _ := strings.Cut(strings.ToLower(c.URL), "://")
	if wrong := wrongTransport(scheme, c.Transport); wrong != "" {
		in.Report(key.CodeConflict, "transport", "", wrong)
	}
	if c.Timeout > 0 && c.Deadline > 0 && c.Timeout >= c.Deadline {
		in.Report(key.CodeConflict, "timeout", "", fmt.Sprintf("must be less than deadline (%v seconds)", c.Deadline.Seconds()))
	}
	for _, name := range slices.Sorted(maps.Keys(c.Options)) {
		value := c.Options[name]
		if wrong := wrongOption(scheme, name); wrong != "" {
			in.Report(key.CodeInvalid, "options", name, wrong)
		}
		part.CheckVariables(in, "options", value)
		if what := redact.Written(redact.InArguments([]string{"-" + name, value})); what != "" {
			in.Report(key.CodeSecret, "options", name, redact.InFile(what, redact.Instead))
		}
	}
}

// wrongAddress says what is wrong with an address, without what may be secret in it; "" when nothing is.
func wrongAddress(address string) (key.Code, string) {
	u, err := url.Parse(environ.Replace(address, "0"))
	switch {
	case err != nil:
		return key.CodeInvalid, "is not a URL: expected one such as rtsp://192.168.1.20/stream1"
	case u.Scheme == "" || u.Host == "":
		return key.CodeInvalid, "is not a URL: expected one that begins with rtsp://, http:// or the like and has a host"
	}
	if what := redact.Written(redact.InAddress(address)); what != "" {
		return key.CodeSecret, redact.InFile(what, "use user and password_env or password_file, or "+redact.Instead)
	}
	return "", ""
}

// Open opens the address.
func (c *URLConfig) Open(ctx context.Context, env part.SourceEnv) (pipeline.Source[*vision.Frame], error) {
	o, err := c.options()
	if err != nil {
		return nil, err
	}
	o.Sound, o.SoundPackets = env.Sounding, env.Copied
	return openLive(ctx, env, o)
}

// OpenSound opens the sound of the address: of the stream whose pictures are open, or a stream of sound alone.
func (c *URLConfig) OpenSound(ctx context.Context, pictures any, env part.SourceEnv) (audio.Source, error) {
	if pictures != nil {
		l, ok := pictures.(*LiveSource)
		if !ok {
			return nil, fmt.Errorf("url: %T has no sound", pictures)
		}
		return l.Sound(env.Rate, 0)
	}
	o, err := c.options()
	if err != nil {
		return nil, err
	}
	o.Logger, o.Required = env.Logger, env.Required
	s, err := NewLiveSound(ctx, o, env.Rate, 0)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// options are the options with the secrets read.
func (c *URLConfig) options() (LiveOptions, error) {
	o := LiveOptions{
		URL: c.URL, Interval: c.Interval, Credentials: Credentials{User: c.User}, AnyCertificate: c.AnyCertificate,
		Transport: c.Transport, Timeout: c.Timeout, Options: c.Options, Channel: c.Channel, Hardware: c.Hardware, Env: c.Env, Deadline: c.Deadline,
	}
	for _, secret := range []struct {
		key, kind, from string
		to              *string
	}{
		{"password_env", "env:", c.PasswordEnv, &o.Credentials.Password},
		{"password_file", "file:", c.PasswordFile, &o.Credentials.Password},
		{"token_env", "env:", c.TokenEnv, &o.Credentials.Token},
	} {
		if secret.from == "" {
			continue
		}
		value, err := Secret(secret.kind + secret.from)
		if err != nil {
			return o, fmt.Errorf("source: %s: %w", secret.key, err)
		}
		*secret.to = value
	}
	return o, nil
}

// GStreamerConfig is the configuration of a GStreamer pipeline.
type GStreamerConfig struct {
	Pipeline string // as LiveOptions.GStreamer
	Env      []string
	Deadline time.Duration
}

// About describes the source as part of a configuration.
func (c *GStreamerConfig) About() part.AboutSource {
	return part.AboutSource{Kind: "gstreamer", Gives: part.Pictures, Live: true}
}

// Keys are the keys of the configuration.
func (c *GStreamerConfig) Keys() key.Table {
	return key.Table{
		key.String(&c.Pipeline, "gstreamer").Example("libcamerasrc ! video/x-raw,width=1280,height=720 ! videoconvert").
			Doc("A GStreamer pipeline, as gst-launch takes it. `${NAME}` in it is an environment variable, taken as one value (outside of quotation marks) or percent-encoded in an address; what is secret belongs there."),
		envKey(&c.Env),
		part.DeadlineKey(&c.Deadline, part.Seconds(gstreamerDeadline)),
	}
}

// Check reports secrets that are written out, and environment variables that are not set.
func (c *GStreamerConfig) Check(in part.Check) {
	checkText(in, "gstreamer", c.Pipeline, redact.InPipeline(c.Pipeline))
	part.CheckEnv(in, "env", c.Env)
}

// Open opens the pipeline.
func (c *GStreamerConfig) Open(ctx context.Context, env part.SourceEnv) (pipeline.Source[*vision.Frame], error) {
	return openLive(ctx, env, LiveOptions{GStreamer: c.Pipeline, Env: c.Env, Deadline: c.Deadline})
}

// FFmpegConfig is the configuration of what the program ffmpeg reads.
type FFmpegConfig struct {
	Arguments []string // as LiveOptions.FFmpeg
	Env       []string
	Deadline  time.Duration
}

// About describes the source as part of a configuration.
func (c *FFmpegConfig) About() part.AboutSource {
	return part.AboutSource{Kind: "ffmpeg", Gives: part.Pictures, Live: true}
}

// Keys are the keys of the configuration.
func (c *FFmpegConfig) Keys() key.Table {
	return key.Table{
		key.Strings(&c.Arguments, "ffmpeg").Example("[-f, x11grab, -i, ':0']").
			Doc("Arguments of the program ffmpeg up to its output, for what nothing else here opens. `${NAME}` in them is an environment variable, percent-encoded in an address; what is secret belongs there. While ffmpeg runs, the list of processes shows its arguments with their values: where `url` does, it is safer."),
		envKey(&c.Env),
		part.DeadlineKey(&c.Deadline, part.Seconds(urlDeadline)),
	}
}

// Check reports secrets that are written out, and environment variables that are not set.
func (c *FFmpegConfig) Check(in part.Check) {
	checkText(in, "ffmpeg", strings.Join(c.Arguments, " "), redact.InArguments(c.Arguments))
	part.CheckEnv(in, "env", c.Env)
}

// Open starts ffmpeg.
func (c *FFmpegConfig) Open(ctx context.Context, env part.SourceEnv) (pipeline.Source[*vision.Frame], error) {
	return openLive(ctx, env, LiveOptions{FFmpeg: c.Arguments, Env: c.Env, Deadline: c.Deadline})
}

func openLive(ctx context.Context, env part.SourceEnv, o LiveOptions) (pipeline.Source[*vision.Frame], error) {
	o.Logger, o.Required = env.Logger, env.Required
	return asSource(NewLive(ctx, o))
}

// checkText reports secrets that are written out in what tells ffmpeg or GStreamer what to read, and variables in it
// that are not set.
func checkText(in part.Check, name, text string, secrets []redact.Secret) {
	if what := redact.Written(secrets); what != "" {
		in.Report(key.CodeSecret, name, "", redact.InFile(what, redact.Instead))
	}
	part.CheckVariables(in, name, text)
}

func hardwareKey(to *string) *key.Field {
	return key.String(to, "hardware").Choices(slices.Concat([]string{"none", "auto"}, libav.HardwareKinds)...).Default("none").Example("vaapi").
		Doc("What decodes the video, where ffmpeg's libraries and the machine can: `vaapi` (Intel and AMD), `cuda` (NVIDIA), `v4l2m2m` (Raspberry Pi and other boards), or `auto` for the first of these that works. Otherwise the CPU does, and the log says why. Worth it for large videos; decoded pictures are brought back from the device. It is not tested with real devices.")
}

func envKey(to *[]string) *key.Field {
	return key.Strings(to, "env").Example("[LIBVA_DRIVER_NAME]").
		Doc("Further environment variables for the process that reads the source, and for ffmpeg. Without it they get what every program needs, `GST_…`, `OPENCV_…` and the proxies: nothing that is secret.")
}
