package camera

import (
	"context"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// dialLimit limits the check whether a camera accepts connections.
const dialLimit = time.Second

// ports are the default ports of the schemes that connect by TCP; "": the address must have one.
var ports = map[string]string{
	"rtsp": "554", "rtsps": "322", "http": "80", "https": "443", "rtmp": "1935", "rtmps": "443", "mms": "1755", "tcp": "",
}

// portOf returns the host and port that an address connects to; empty if it does not use TCP, or listens.
func portOf(u *url.URL) string {
	port, connects := ports[u.Scheme]
	if !connects || u.Query().Has("listen") || u.Hostname() == "" {
		return ""
	}
	if u.Port() != "" {
		port = u.Port()
	}
	if port == "" {
		return ""
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// present is a cheap check whether there is something to open.
func (l *LiveSource) present(ctx context.Context) bool {
	switch {
	case l.finder != nil:
		return l.finder.present()
	case l.port == "":
		return true // nothing can be checked: UDP, or an address to listen on
	}
	dialer := net.Dialer{Timeout: dialLimit}
	c, err := dialer.DialContext(ctx, "tcp", l.port)
	if err != nil {
		return false
	}
	_ = c.Close() // nothing was sent
	return true
}

// Present reports whether the kernel shows a camera with that number, path or name (see Find), without opening it. root is
// as for Cameras.
func Present(root, wanted string) bool { return (&finder{wanted: wanted, root: root}).present() }

// present reports whether the kernel shows the camera, or any with its name.
func (f *finder) present() bool {
	root := f.root
	if root == "" {
		root = "/"
	}
	if f.known != nil {
		if _, err := os.Stat(f.known.ID); err == nil {
			return true
		}
		return shows(root, func(name string) bool { return name == f.known.Name })
	}
	path := f.wanted
	if _, err := strconv.Atoi(path); err == nil {
		path = "/dev/video" + path
	}
	if strings.Contains(path, "/") {
		_, err := os.Stat(filepath.Join(root, path))
		return err == nil
	}
	folded := strings.ToLower(path)
	return shows(root, func(name string) bool { return strings.Contains(strings.ToLower(name), folded) })
}

// shows reports whether the kernel shows a video device whose name fits.
func shows(root string, fits func(name string) bool) bool {
	files, _ := filepath.Glob(filepath.Join(root, "sys/class/video4linux/*/name")) // cannot fail: the pattern is valid
	for _, file := range files {
		if name, err := os.ReadFile(file); err == nil && fits(strings.TrimSpace(string(name))) {
			return true
		}
	}
	return false
}
