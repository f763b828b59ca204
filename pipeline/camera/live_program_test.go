package camera

import (
	"context"
	"os"
	"os/exec"
	"testing"

	"corallite/internal/testdata"
)

func ffmpeg(tb testing.TB) {
	tb.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		testdata.Missing(tb, "the program ffmpeg is not installed (package ffmpeg)")
	}
}

func TestLiveFFmpeg(t *testing.T) {
	ffmpeg(t)
	sameAfter(t)
	// 322 pixels a row: BMP pads the rows.
	l, log := opened(t, LiveOptions{FFmpeg: []string{"-re", "-f", "lavfi", "-i", "color=c=red:size=322x200:rate=25,drawbox=w=322:h=100:color=blue:t=fill"}})
	for range 10 {
		ctx, cancel := context.WithTimeout(context.Background(), long)
		f, err := l.Next(ctx)
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		if f.Width() != 322 || f.Height() != 200 || !near(at(f, 321, 10), [3]int{0, 0, 255}, 12) || !near(at(f, 321, 190), [3]int{255, 0, 0}, 12) {
			t.Fatalf("%dx%d, above %v, below %v", f.Width(), f.Height(), at(f, 321, 10), at(f, 321, 190))
		}
		f.Release()
	}
	if log.count("level=WARN") != 0 {
		t.Errorf("log:\n%s", log)
	}
}

func TestLiveFFmpegErrors(t *testing.T) {
	ffmpeg(t)
	for want, arguments := range map[string][]string{
		"Unrecognized option": {"-no_such_option", "1", "-i", "x"},
		"No such file":        {"-i", "/not/there.avi"},
	} {
		l, err := NewLive(context.Background(), LiveOptions{FFmpeg: arguments, Deadline: long})
		if err == nil {
			l.Close()
			t.Fatalf("%v: opened", arguments)
		}
		contains(t, err.Error(), want)
	}
	t.Setenv("PATH", t.TempDir())
	l, err := NewLive(context.Background(), LiveOptions{FFmpeg: []string{"-i", "x"}, Deadline: long})
	if err == nil {
		l.Close()
		t.Fatal("opened without ffmpeg")
	}
	contains(t, err.Error(), "is not installed")
}

func TestLiveGStreamer(t *testing.T) {
	if _, err := os.Stat("/usr/lib/x86_64-linux-gnu/gstreamer-1.0/libgstvideotestsrc.so"); err != nil {
		testdata.Missing(t, "GStreamer's base plug-ins are not installed (package gstreamer1.0-plugins-base)")
	}
	t.Setenv("CAM_NAME", `a b!c"d\e'f`) // one value, whatever it has in it
	l, _ := opened(t, LiveOptions{GStreamer: "videotestsrc is-live=true name=${CAM_NAME} ! video/x-raw,width=320,height=240,framerate=25/1"})
	for range 5 {
		if _, w, h := nextFrame(t, l); w != 320 || h != 240 {
			t.Errorf("%dx%d", w, h)
		}
	}
}
