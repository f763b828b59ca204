package camera

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"corallite/internal/backoff"
)

func TestPortOf(t *testing.T) {
	for address, want := range map[string]string{
		"rtsp://door/stream": "door:554", "rtsps://door/s": "door:322", "http://door:8080/": "door:8080", "https://door/": "door:443",
		"rtmp://[::1]/live": "[::1]:1935", "tcp://door:9000": "door:9000", "tcp://0.0.0.0:9000?listen": "", "tcp://door": "",
		"udp://239.0.0.1:5000": "", "srt://door:9000": "", "rtp://door:5004": "",
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if got := portOf(u); got != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
}

func TestThere(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l, err := newLive(LiveOptions{URL: "rtsp://" + listener.Addr().String() + "/stream"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if !l.present(t.Context()) {
		t.Error("a port that answers is not there")
	}
	listener.Close()
	if l.present(t.Context()) {
		t.Error("a port that is closed is there")
	}
}

func TestPresent(t *testing.T) {
	m := newMachine(t)
	for _, wanted := range []string{"0", "/dev/video0", "C920"} {
		if Present(m.root, wanted) {
			t.Errorf("%s is there, and there is no camera", wanted)
		}
	}
	m.plug(0, "usb-C920-video-index0", &fakeCamera{card: "HD Pro Webcam C920"})
	for wanted, want := range map[string]bool{
		"0": true, "1": false, "/dev/video0": true, "/dev/v4l/by-id/usb-C920-video-index0": true, "c920": true, "C922": false,
	} {
		if got := Present(m.root, wanted); got != want {
			t.Errorf("%s is there: %t", wanted, got)
		}
	}
	f := finder{wanted: "0", root: m.root, open: m.open}
	if _, err := f.find(); err != nil || !f.present() {
		t.Fatalf("%v; present %t", err, f.present())
	}
	m.unplug(0, "usb-C920-video-index0")
	if f.present() {
		t.Error("an unplugged camera is there")
	}
	m.plug(3, "usb-C920-video-index0", &fakeCamera{card: "HD Pro Webcam C920"})
	if !f.present() {
		t.Error("the camera under another number is not there")
	}
}

// TestAbsentAtTheStart makes a source of a camera that is not there: it is said once, and waited for.
func TestAbsentAtTheStart(t *testing.T) {
	m := newMachine(t)
	var log bytes.Buffer
	l, err := NewLive(t.Context(), LiveOptions{
		Camera: "0", Root: m.root, Logger: slog.New(slog.NewTextHandler(&log, nil)),
		Backoff: backoff.Policy{First: time.Millisecond, Max: time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for l.Connection().Attempts < 3 {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	if f, err := l.Next(ctx); err == nil {
		f.Release()
		t.Error("it gave a frame")
	}
	const why = `no camera found (looked for "0")`
	if s := l.Connection(); s.Up || l.Stats().Lost != why {
		t.Errorf("%+v, lost %q", s, l.Stats().Lost)
	}
	if text := log.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "level=WARN") || !strings.Contains(text, "no camera found") {
		t.Errorf("it was logged:\n%s", text)
	}
}
