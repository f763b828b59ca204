package camera

import (
	"context"
	"strings"
	"testing"
	"time"

	"corallite/pipeline/camera/cameratest"
)

// Options that could open something else, or that a key is for, are refused with what to do instead; unknown ones with those
// that are possible.
func TestWrongOption(t *testing.T) {
	for _, c := range []struct{ scheme, name, want string }{
		{"rtsp", "reorder_queue_size", ""},
		{"srt", "latency", ""},
		{"https", "live_start_index", ""},
		{"udp", "probesize", ""},
		{"rtsp", "rtsp_transport", "use the key transport"},
		{"rtsp", "stimeout", "use the key timeout"},
		{"https", "tls_verify", "use the key any_certificate"},
		{"https", "ca_file", "it would open a file"},
		{"http", "protocol_whitelist", "so that a stream cannot open files"},
		{"http", "seg_format_options", "so that a stream cannot open files"},
		{"rtmp", "rtmp_swfverify", "it would open another address"},
		{"tcp", "listen", "does not listen"},
		{"srt", "latancy", "unknown option latancy of srt (did you mean latency?); possible: "},
		{"rtsp", "latency", "unknown option latency of rtsp; possible: "},
	} {
		got := wrongOption(c.scheme, c.name)
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s of %s: %q, want %q", c.name, c.scheme, got, c.want)
		}
	}
}

func TestLiveOptionsAreChecked(t *testing.T) {
	t.Setenv("CAM_AGENT", "seen by the camera")
	for _, c := range []struct {
		want string
		o    LiveOptions
	}{
		{`unknown transport "quic" (want auto, tcp or udp)`, LiveOptions{URL: "rtsp://127.0.0.1/", Transport: "quic"}},
		{"rtsps, which is always tcp", LiveOptions{URL: "rtsps://127.0.0.1/", Transport: "udp"}},
		{"transport is only for rtsp addresses, not for http", LiveOptions{URL: "http://127.0.0.1/", Transport: "udp"}},
		{"transport, timeout and options can only be set for a URL", LiveOptions{Camera: "0", Timeout: time.Second}},
		{"option ca_file is refused", LiveOptions{URL: "https://127.0.0.1/", Options: map[string]string{"ca_file": "/etc/passwd"}}},
		{"NO_SUCH_VARIABLE", LiveOptions{URL: "http://127.0.0.1/", Options: map[string]string{"user_agent": "${NO_SUCH_VARIABLE}"}}},
	} {
		l, err := NewLive(context.Background(), c.o)
		if err == nil {
			l.Close()
			t.Fatalf("%+v: opened", c.o)
		}
		contains(t, err.Error(), c.want)
	}
}

// What MJPEG over HTTP can have of the options it has, and the others are refused.
func TestLiveOptionsOfHTTP(t *testing.T) {
	t.Setenv("CAM_AGENT", "seen by the camera")
	seen := make(chan [2]string, 10)
	scene := cameratest.Scene(t, 320, 240)
	server := cameratest.NewRaw(t, func(to *cameratest.Response) {
		seen <- [2]string{to.Request.UserAgent(), to.Request.Header.Get("X-Room")}
		to.Pictures(scene, func(int) string { return "\r\n--f\r\n\r\n" })
	})
	l, _ := opened(t, LiveOptions{URL: server.URL("/"), Options: map[string]string{"user_agent": "${CAM_AGENT}", "headers": "X-Room: yard"}})
	nextFrame(t, l)
	if got := <-seen; got != [2]string{"seen by the camera", "yard"} {
		t.Errorf("the server saw %q", got)
	}
	_, err := NewLive(context.Background(), LiveOptions{URL: server.URL("/"), Options: map[string]string{"live_start_index": "-1"}})
	if err == nil {
		t.Fatal("opened with an option of HLS")
	}
	contains(t, err.Error(), "option live_start_index is of no use")
}

// An option that the stream's container does not have is an error, and not ignored.
func TestLiveOptionOfAnotherContainer(t *testing.T) {
	data := cameratest.Encoded(t, 320, 240, append(toH264[:len(toH264):len(toH264)], "-f", "mpegts")...)
	server := cameratest.NewRaw(t, func(to *cameratest.Response) {
		_, _ = to.Write(append([]byte("HTTP/1.0 200 OK\r\n\r\n"), data...)) // the client may have gone
	})
	_, err := NewLive(context.Background(), LiveOptions{URL: server.URL("/"), Options: map[string]string{"live_start_index": "-1"}})
	if err == nil {
		t.Fatal("opened")
	}
	contains(t, err.Error(), `mpegts does not know the option "live_start_index"`)
}
