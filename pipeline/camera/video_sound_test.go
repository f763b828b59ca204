package camera

import (
	"context"
	"errors"
	"io"
	"math"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"corallite/internal/part"
	"corallite/internal/testdata"
)

// TestSoundOfAVideo compares when a flash is seen and a beep is heard, which begin together 1.52 s into the file.
func TestSoundOfAVideo(t *testing.T) {
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		testdata.Missing(t, "the program ffmpeg is not installed (package ffmpeg; scripts/test-files installs it)")
	}
	const begins = 1.52
	for name, args := range map[string][]string{
		"a.mp4": {"-c:v", "libx264", "-c:a", "aac"}, "a.mkv": {"-c:v", "libx264", "-c:a", "pcm_s16le"}, "a.ts": {"-c:v", "mpeg2video", "-c:a", "mp2"},
		"a.webm": {"-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus"}, "a.avi": {"-c:v", "mpeg4", "-c:a", "libmp3lame"},
	} {
		path := filepath.Join(t.TempDir(), name)
		command := exec.Command("ffmpeg", append(append([]string{
			"-nostdin", "-v", "error", "-f", "lavfi", "-i", "color=black:s=64x48:r=25:d=3,drawbox=c=white:t=fill:enable='between(t,1.519,1.75)'",
			"-f", "lavfi", "-i", "aevalsrc='0.5*sin(2*PI*1000*t)*between(t,1.52,1.76)':s=48000:d=3",
		}, args...), path)...)
		if out, err := command.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		c := &VideoConfig{Video: []string{path}}
		pictures, err := c.Open(context.Background(), part.SourceEnv{})
		if err != nil {
			t.Fatal(err)
		}
		seen := math.NaN()
		for {
			f, err := pictures.Next(context.Background())
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			m := f.Mat()
			if m.GetUCharAt(24, 96) > 128 && math.IsNaN(seen) {
				seen = f.Meta().Position.Seconds()
			}
			f.Release()
		}
		pictures.Close()
		sound, err := c.OpenSound(context.Background(), nil, part.SourceEnv{Rate: 16000})
		if err != nil {
			t.Fatal(err)
		}
		heard := math.NaN()
		for {
			c, err := sound.Next(context.Background())
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			for i, s := range c.Samples {
				if (s > 3000 || s < -3000) && math.IsNaN(heard) {
					heard = (c.Meta().Position + time.Duration(i)*time.Second/time.Duration(c.Rate)).Seconds()
				}
			}
			c.Release()
		}
		sound.Close()
		if !(math.Abs(seen-begins) < 0.021 && math.Abs(heard-begins) < 0.01) && !(math.Abs(seen-heard) < 0.021) {
			t.Errorf("%s: seen at %.4f s, heard at %.4f s; want %.2f", name, seen, heard, begins)
		}
	}
	if _, err := (&VideoConfig{Video: []string{"x.png"}}).OpenSound(context.Background(), nil, part.SourceEnv{Rate: 16000}); err == nil {
		t.Error("a picture has sound")
	}
}
