package capture

import (
	"os"
	"path/filepath"
	"time"

	"corallite/internal/isolate"
)

// Input is the kind of what is read.
type Input string

// The inputs; see the package comment.
const (
	Device    Input = "device"
	HTTP      Input = "http"
	Stream    Input = "stream"
	GStreamer Input = "gstreamer"
	Program   Input = "program"
)

// Options say what a child reads. They go to the child over its socket, and are seen nowhere else.
type Options struct {
	Input  Input
	Target string   // a device's node, an address without its user, a pipeline
	Args   []string // of Program: of ffmpeg, without its output
	Shown  string   // what errors call it; without anything secret

	User, Password string // of HTTP and Stream
	Token          string // of HTTP: sent as "Authorization: Bearer …"
	AnyCertificate bool   // of HTTP: https is not checked, for cameras that made their certificate themselves

	Width, Height int           // wanted of a Device; 0: as it is
	FPS           float64       // wanted of a Device; 0: as it is
	FourCC        string        // wanted of a Device: "MJPG"; "": as it is
	Interval      time.Duration // of HTTP, between single pictures; 0: a second

	Direct bool // of Stream: RTSP is read without the relay that sees a new size coming

	Env []string `json:"-"` // further variables of the environment that the child gets, and what it starts; see package environ

	Limit time.Duration // how long the child may be silent, which it never is while it is well; 0: 10 s
}

// sandbox is what the child may reach; see the package comment.
func (o Options) sandbox() isolate.Sandbox {
	switch o.Input {
	case Device:
		return isolate.Sandbox{ReadWrite: []string{o.Target}}
	case HTTP, Stream:
		return isolate.Sandbox{Network: true, Read: network}
	case GStreamer:
		return isolate.Sandbox{Network: true, Read: []string{"/"}, ReadWrite: append(registry(), "/dev", "/run", "/tmp")}
	default:
		return isolate.Sandbox{Off: true}
	}
}

// registry is the folder in which GStreamer keeps what it found out about its plug-ins, which takes it seconds; none
// where there can be none.
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

// network is what Go and the C library read to find a host by its name and to know whom to trust.
var network = []string{
	"/etc/resolv.conf", "/etc/hosts", "/etc/host.conf", "/etc/nsswitch.conf", "/etc/gai.conf", "/etc/services", "/etc/protocols",
	"/run/systemd/resolve", "/etc/ssl", "/etc/pki", "/etc/ca-certificates", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates",
}
