package camera

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"

	"corallite/internal/channels"
	"corallite/internal/didyoumean"
	"corallite/internal/environ"
	"corallite/internal/redact"
	"corallite/pipeline/camera/internal/capture"
)

// schemes are those of a URL, the most frequent ones first.
var schemes = []string{"rtsp", "http", "https", "rtsps", "rtmp", "rtmps", "srt", "rtp", "udp", "tcp", "mms"}

// setInput sets the input from the options.
func (l *LiveSource) setInput(o LiveOptions) error {
	given := 0
	for _, one := range []bool{o.Camera != "", o.URL != "", o.GStreamer != "", len(o.FFmpeg) > 0} {
		if one {
			given++
		}
	}
	if given != 1 {
		return fmt.Errorf("camera: %d inputs are set (want exactly one of Camera, URL, GStreamer and FFmpeg)", given)
	}
	if o.URL == "" && (o.Transport != "" || o.Timeout != 0 || len(o.Options) > 0) {
		return errors.New("camera: transport, timeout and options can only be set for a URL")
	}
	if o.URL == "" && (o.Sound || o.Packets != nil || o.SoundPackets) {
		return errors.New("camera: only a URL has sound and packets; the sound of another camera is that of a microphone")
	}
	channel, err := channels.Parse(o.Channel)
	if err != nil {
		return err
	}
	l.packets = o.Packets
	l.input = capture.Options{Sound: o.Sound, Channel: channel, Packets: o.Packets != nil || o.SoundPackets, SoundOnly: o.Packets == nil, Hardware: o.Hardware, AnyCertificate: o.AnyCertificate, Interval: o.Interval, Env: slices.Clone(o.Env)}
	l.clean = newRedactor(o.Credentials, nil)
	switch {
	case o.Camera != "":
		return l.setCamera(o)
	case o.URL != "":
		return l.setURL(o)
	case o.GStreamer != "":
		return l.setGStreamer(o)
	default:
		return l.setFFmpeg(o)
	}
}

func (l *LiveSource) setGStreamer(o LiveOptions) error {
	pipeline, err := environ.Expand(o.GStreamer, func(before, value string) string {
		if inAddress(before) {
			return escaped(value)
		}
		return special.ReplaceAllString(value, `\$0`)
	})
	if err != nil {
		return err
	}
	l.name, l.input.Input, l.input.Target = "gstreamer", capture.GStreamer, pipeline
	l.input.Shown, l.clean = l.name, redactorOf(redact.InPipeline(pipeline), o.GStreamer)
	return l.onlyOfCamera(o)
}

func (l *LiveSource) setFFmpeg(o LiveOptions) error {
	l.name, l.input.Input, l.input.Args = "ffmpeg", capture.Program, make([]string, len(o.FFmpeg))
	for i, arg := range o.FFmpeg {
		var err error
		l.input.Args[i], err = environ.Expand(arg, func(before, value string) string {
			if inAddress(before) {
				return escaped(value)
			}
			return value
		})
		if err != nil {
			return err
		}
	}
	l.input.Shown, l.clean = l.name, redactorOf(redact.InArguments(l.input.Args), o.FFmpeg...)
	return l.onlyOfCamera(o)
}

// special matches characters that have a meaning for GStreamer unless a backslash precedes them.
var special = regexp.MustCompile(`[^A-Za-z0-9_.-]`)

// inAddress reports whether text that follows before is part of an address.
func inAddress(before string) bool {
	return strings.Contains(before[strings.LastIndexAny(before, " \t\n\"'|")+1:], "://")
}

// redactorOf returns a redactor of those secrets and of the environment variables in texts.
func redactorOf(secrets []redact.Secret, texts ...string) redactor {
	var all []string
	for _, s := range secrets {
		all = append(all, s.Value)
		if plain, err := url.PathUnescape(s.Value); err == nil {
			all = append(all, plain)
		}
	}
	for _, text := range texts {
		for _, name := range environ.Variables(text) {
			all = append(all, os.Getenv(name))
		}
	}
	return redactorFor(all)
}

func (l *LiveSource) setCamera(o LiveOptions) error {
	l.name = "camera:" + o.Camera
	l.finder = &finder{wanted: o.Camera, root: o.Root, required: o.Required, open: openDriver}
	l.input.Input, l.input.Shown = capture.Device, l.name
	l.input.Width, l.input.Height, l.input.FPS, l.input.FourCC = o.Width, o.Height, o.FPS, o.PixelFormat
	switch {
	case o.Width < 0 || o.Height < 0 || (o.Width == 0) != (o.Height == 0):
		return fmt.Errorf("%s: invalid size %dx%d (want both width and height, or neither)", l.name, o.Width, o.Height)
	case o.FPS < 0:
		return fmt.Errorf("%s: invalid frame rate %v (want 0 or more)", l.name, o.FPS)
	}
	return nil
}

func (l *LiveSource) setURL(o LiveOptions) error {
	a, err := parseAddress(o.URL, o.Credentials)
	if err != nil {
		return err
	}
	scheme, input := strings.ToLower(a.url.Scheme), capture.Stream
	if !slices.Contains(schemes, scheme) {
		text := fmt.Sprintf("%s: unknown URL scheme %s", a.shown, scheme)
		if near := didyoumean.Suggest(scheme, schemes); near != "" {
			text += fmt.Sprintf(" (did you mean %s?)", near)
		}
		return fmt.Errorf("%s; supported: %s", text, strings.Join(schemes, ", "))
	}
	if scheme == "http" || scheme == "https" {
		input = capture.HTTP
	}
	secrets, err := l.setStream(o, scheme)
	if err != nil {
		return fmt.Errorf("%s: %w", a.shown, err)
	}
	a.url.Scheme = scheme
	l.name, l.clean, l.port = a.shown, a.clean.and(secrets...), portOf(a.url)
	l.input.Input, l.input.Target, l.input.Shown = input, a.url.String(), a.shown
	l.input.User, l.input.Password, l.input.Token = a.User, a.Password, a.Token
	if a.Token != "" && input != capture.HTTP {
		return fmt.Errorf("%s: a token only works over HTTP; set a user and a password instead", l.name)
	}
	return l.onlyOfCamera(o)
}

// onlyOfCamera rejects options that only a Camera has.
func (l *LiveSource) onlyOfCamera(o LiveOptions) error {
	if o.Width != 0 || o.Height != 0 || o.FPS != 0 || o.PixelFormat != "" {
		return errors.New(l.name + ": size, frame rate and pixel format can only be set for a camera of this machine")
	}
	return nil
}
