package capture

import (
	"os"
	"path/filepath"
	"slices"
	"time"

	"corallite/internal/isolate"
)

// Input is a kind of input.
type Input string

// The inputs; see the package comment.
const (
	Device    Input = "device"
	HTTP      Input = "http"
	Stream    Input = "stream"
	GStreamer Input = "gstreamer"
	Program   Input = "program"
)

// Transport is how an RTSP server sends its packets.
type Transport string

// The transports.
const (
	Auto Transport = "auto" // TCP, which loses no packets, and UDP where the server refuses that
	TCP  Transport = "tcp"
	UDP  Transport = "udp"
)

// Options say what a child reads. They are sent to the child over its socket and are visible nowhere else.
type Options struct {
	Input  Input
	Target string   // a device node, an address without user and password, a pipeline
	Args   []string // of Program: arguments of ffmpeg, without the output
	Shown  string   // the name in errors and logs, without secrets

	User, Password string // of HTTP and Stream
	Token          string // of HTTP: sent as "Authorization: Bearer …"
	AnyCertificate bool   // of HTTP: certificates are not verified, for cameras with a self-signed one

	Transport Transport         // of Stream with rtsp; "": Auto
	UDPFirst  bool              // of Auto: UDP is tried first, because a session by TCP gave nothing
	Options   map[string]string // of Stream, and of HTTP what is not MJPEG or single pictures: options of ffmpeg's libraries
	Timeout   time.Duration     // of HTTP and Stream: for connecting and for the first answers; 0: DefaultTimeout, and the limits of HTTP

	Width, Height int           // wanted size of a Device, in pixels; 0: unchanged
	FPS           float64       // wanted rate of a Device; 0: unchanged
	FourCC        string        // wanted pixel format of a Device, such as "MJPG"; "": unchanged
	Interval      time.Duration // of HTTP, between single pictures; 0: 1 s

	Hardware   string // of Stream: what decodes the pictures, as libav.ReaderOptions.Hardware
	Sound      bool   // the sound of the stream is wanted as well
	Channel    int    // of the sound, from 1; 0: the mean of all
	Packets    bool   // the packets of the stream are wanted as they came
	SoundOnly  bool   // of Packets: only those of the sound
	NoPictures bool   // with Sound: nothing else is wanted

	Env []string `json:"-"` // further environment variables of the child and its children; see package environ

	Limit time.Duration // a child that does not answer for this long is hung; 0: 10 s
}

// DefaultTimeout is the Options.Timeout of 0. It leaves the parent, which gives up after ten seconds, time to hear why.
const DefaultTimeout = 8 * time.Second

func (o Options) timeout() time.Duration {
	if o.Timeout > 0 {
		return o.Timeout
	}
	return DefaultTimeout
}

// sandbox is what the child may access; see the package comment.
func (o Options) sandbox() isolate.Sandbox {
	switch o.Input {
	case Device:
		return isolate.Sandbox{ReadWrite: []string{o.Target}}
	case HTTP, Stream:
		s := isolate.Sandbox{Network: true, Read: network}
		if o.Hardware != "" && o.Hardware != "none" {
			s.Read, s.ReadWrite = append(slices.Clone(network), hardwareFiles...), hardwareNodes()
		}
		return s
	case GStreamer:
		return isolate.Sandbox{Network: true, Read: []string{"/"}, ReadWrite: append(registry(), "/dev", "/run", "/tmp")}
	default:
		return isolate.Sandbox{Off: true}
	}
}

// registry returns the folder in which GStreamer caches its list of plug-ins, which takes seconds to make; none where there
// can be none.
func registry() []string {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil
	}
	folder := filepath.Join(cache, "gstreamer-1.0")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil
	}
	return []string{folder}
}

// hardwareFiles are what the drivers of video decoders read.
var hardwareFiles = []string{"/sys/dev/char", "/sys/devices", "/sys/class/drm", "/proc/driver/nvidia", "/etc/libva.conf", "/usr/share/drirc.d", "/usr/share/libdrm"}

// hardwareNodes are the devices that may decode videos.
func hardwareNodes() []string {
	var all []string
	for _, pattern := range []string{"/dev/dri", "/dev/nvidia*", "/dev/video*", "/dev/media*", "/dev/dma_heap"} {
		found, _ := filepath.Glob(pattern) // the patterns are right
		all = append(all, found...)
	}
	return all
}

// network lists what Go and the C library read for name resolution and certificates.
var network = []string{
	"/etc/resolv.conf", "/etc/hosts", "/etc/host.conf", "/etc/nsswitch.conf", "/etc/gai.conf", "/etc/services", "/etc/protocols",
	"/run/systemd/resolve", "/etc/ssl", "/etc/pki", "/etc/ca-certificates", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates",
}
