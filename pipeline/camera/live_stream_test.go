package camera

import (
	"context"
	"fmt"
	"os/exec"
	"path"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"corallite/internal/testdata"
	"corallite/pipeline/camera/cameratest"
)

var toH264 = []string{"-c:v", "libx264", "-preset", "ultrafast", "-g", "12", "-pix_fmt", "yuv420p"}

// Containers over HTTP are read whatever type the server states. The frames come in their order, also where it is not that of
// the packets, and their times are as far apart as those of the stream.
func TestLiveContainersOverHTTP(t *testing.T) {
	reordered := []string{"-c:v", "libx264", "-preset", "veryfast", "-bf", "3", "-b_strategy", "0", "-x264-params", "scenecut=0", "-g", "24", "-pix_fmt", "yuv420p"}
	for _, c := range []struct {
		name, stated string
		arguments    []string
	}{
		{"MPEG-TS as text/html", "text/html", append(toH264[:len(toH264):len(toH264)], "-f", "mpegts")},
		{"MPEG-TS with B-frames", "video/mp2t", append(reordered[:len(reordered):len(reordered)], "-f", "mpegts")},
		{"fragmented MP4 without type", "", append(toH264[:len(toH264):len(toH264)], "-movflags", "frag_every_frame+empty_moov+default_base_moof", "-f", "mp4")},
		{"FLV as application/octet-stream", "application/octet-stream", append(toH264[:len(toH264):len(toH264)], "-f", "flv")},
		{"Matroska as image/jpeg", "image/x-unknown", append(toH264[:len(toH264):len(toH264)], "-f", "matroska", "-live", "1")},
	} {
		t.Run(c.name, func(t *testing.T) {
			sameAfter(t)
			const loops = 20
			data := cameratest.Encoded(t, 320, 240, append([]string{"-vf", fmt.Sprintf("loop=%d:size=%d", loops-1, cameratest.SceneFrames)}, c.arguments...)...)
			server := cameratest.NewRaw(t, func(to *cameratest.Response) {
				fmt.Fprintf(to, "HTTP/1.0 200 OK\r\nContent-Type: %s\r\n\r\n", c.stated)
				_ = to.Slowly(data, loops*960*time.Millisecond) // the client or the test has ended
			})
			l, log := opened(t, LiveOptions{URL: server.URL("/live")})
			inOrder(t, l, 20)
			if s := l.Connection(); s.Attempts != 1 || s.LastError != "" || log.count("level=WARN") != 0 {
				t.Errorf("%+v\n%s", s, log)
			}
		})
	}
}

// inOrder takes frames, whose numbers must rise with their times, 25 a second.
func inOrder(t *testing.T, l *LiveSource, frames int) {
	t.Helper()
	last, lastTime := -1, time.Time{}
	for range frames {
		ctx, cancel := context.WithTimeout(context.Background(), long)
		f, err := l.Next(ctx)
		cancel()
		if err != nil {
			t.Fatalf("%v; %+v", err, l.Connection())
		}
		number, at := cameratest.Marked(f), f.Meta().Time
		f.Release()
		if last >= 0 {
			steps := (number - last + cameratest.SceneFrames) % cameratest.SceneFrames
			// The clock is adjusted when a packet was faster than all before, by no more than a test machine is late.
			if gap := at.Sub(lastTime); steps == 0 || gap < 0 || gap > time.Duration(steps+cameratest.SceneFrames)*40*time.Millisecond {
				t.Errorf("frame %d comes %v after frame %d", number, gap, last)
			}
		}
		last, lastTime = number, at
	}
}

// hls is a live stream in segments: a new one each 0.96 s, four in the list.
type hls struct {
	segments [][]byte
	began    time.Time
	list     func(first, last int) string // nil: the usual list
	once     sync.Once
}

func (h *hls) respond(to *cameratest.Response) {
	h.once.Do(func() { h.began = time.Now() })
	name := path.Base(to.Request.URL.Path)
	number, err := strconv.Atoi(strings.TrimSuffix(name, ".ts"))
	if err == nil && number < len(h.segments) {
		fmt.Fprintf(to, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", len(h.segments[number]), h.segments[number])
		return
	}
	last := min(3+int(time.Since(h.began)/(960*time.Millisecond)), len(h.segments)-1)
	list := fmt.Sprintf("#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:%d\n", last-3)
	for i := last - 3; i <= last; i++ {
		list += fmt.Sprintf("#EXTINF:0.96,\n%d.ts\n", i)
	}
	if h.list != nil {
		list = h.list(last-3, last)
	}
	fmt.Fprintf(to, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", len(list), list)
}

// The segments of HLS come in bursts, but their pictures are given when they are due.
func TestLiveHLS(t *testing.T) {
	sameAfter(t)
	stream := &hls{segments: cameratest.Segments(t, 320, 240, 24, append(toH264[:len(toH264):len(toH264)], "-f", "mpegts")...)}
	server := cameratest.NewRaw(t, stream.respond)
	l, log := opened(t, LiveOptions{URL: server.URL("/live/list.m3u8")})
	numbers(t, l, 16)
	if s := l.Connection(); s.Attempts != 1 || s.LastError != "" {
		t.Errorf("%+v\n%s", s, log)
	}
}

// A list of HLS cannot have files or other protocols opened.
func TestLiveHLSOpensNoFiles(t *testing.T) {
	for target, want := range map[string]string{"file:///etc/passwd": "Protocol 'file' not on whitelist", "subfile,,start,0,end,100,,:/etc/passwd": "loading first segment", "concat:/etc/passwd|/etc/hosts": "loading first segment", "gopher://127.0.0.1:9/x.ts": "loading first segment"} {
		t.Run(target, func(t *testing.T) {
			stream := &hls{list: func(first, _ int) string {
				return fmt.Sprintf("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:%d\n#EXTINF:1,\n%s\n#EXT-X-ENDLIST\n", first, target)
			}}
			server := cameratest.NewRaw(t, stream.respond)
			l, log := opened(t, LiveOptions{URL: server.URL("/list.m3u8"), Options: map[string]string{"extension_picky": "0", "allowed_extensions": "ALL", "allowed_segment_extensions": "ALL"}, Timeout: 2 * time.Second})
			if s := l.Connection(); s.Up || !strings.Contains(s.LastError, want) {
				t.Errorf("%+v, want …%s…\n%s", s, want, log)
			}
		})
	}
}

// Other protocols of the network, sent by the program ffmpeg.
func TestLiveProtocols(t *testing.T) {
	for _, c := range []struct {
		scheme, network  string
		format           string
		send, receive    string // of the port
		receiverIsServer bool
	}{
		{"udp", "udp", "mpegts", "udp://127.0.0.1:%s?pkt_size=1316", "udp://127.0.0.1:%s", true},
		{"srt", "udp", "mpegts", "srt://127.0.0.1:%s?mode=listener", "srt://127.0.0.1:%s", false},
		{"tcp", "tcp", "mpegts", "tcp://127.0.0.1:%s?listen=1", "tcp://127.0.0.1:%s", false},
		{"rtmp", "tcp", "flv", "rtmp://127.0.0.1:%s/live/yard", "rtmp://127.0.0.1:%s/live/yard", false},
	} {
		t.Run(c.scheme, func(t *testing.T) {
			needsProtocol(t, c.scheme)
			port := cameratest.FreePort(t, c.network)
			arguments := []string{"-f", c.format, fmt.Sprintf(c.send, port)}
			if c.scheme == "rtmp" {
				arguments = []string{"-listen", "1", "-f", c.format, fmt.Sprintf(c.send, port)}
			}
			cameratest.Send(t, 320, 240, arguments...)
			l, _ := opened(t, LiveOptions{URL: fmt.Sprintf(c.receive, port), Timeout: 20 * time.Second})
			numbers(t, l, 8)
		})
	}
}

func needsProtocol(t *testing.T, scheme string) {
	t.Helper()
	out, err := exec.Command("ffmpeg", "-hide_banner", "-protocols").Output()
	if err != nil {
		testdata.Missing(t, "the program ffmpeg is not installed: run scripts/test-files")
	}
	if !strings.Contains(string(out), " "+scheme+"\n") {
		t.Skipf("this ffmpeg does not have %s", scheme)
	}
}
