package camera

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"corallite/internal/part"
	"corallite/internal/testdata"
	"corallite/pipeline/audio"
	"corallite/pipeline/camera/cameratest"
)

// opposite is a video with a tone in its left channel and its opposite in the right one, so that their mix is silent.
func opposite(t *testing.T, name string) string {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		testdata.Missing(t, "the program ffmpeg is not installed (package ffmpeg; scripts/test-files installs it)")
	}
	path := filepath.Join(t.TempDir(), name)
	command := exec.Command("ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc=s=160x120:r=25:d=8", "-f", "lavfi",
		"-i", "aevalsrc=0.4*sin(2*PI*500*t)|-0.4*sin(2*PI*500*t):s=48000:d=8", "-c:v", "mpeg2video", "-c:a", "mp2", "-b:a", "256k", path)
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

// loudest is the level of the loudest of some chunks, the first of which is left out: decoders begin softly.
func loudest(t *testing.T, ctx context.Context, sound audio.Source, chunks int) (level float32) {
	t.Helper()
	level = audio.SilentDBFS
	for i := range chunks {
		c, err := sound.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			level = max(level, loudness(t, c))
		}
		c.Release()
	}
	return level
}

// TestChannelsOfAStream hears the channels of a stream one by one, and together.
func TestChannelsOfAStream(t *testing.T) {
	film, err := os.ReadFile(opposite(t, "film.ts"))
	if err != nil {
		t.Fatal(err)
	}
	server := cameratest.NewRaw(t, func(to *cameratest.Response) {
		fmt.Fprint(to, "HTTP/1.1 200 OK\r\nContent-Type: video/mp2t\r\nConnection: close\r\n\r\n")
		_ = to.Slowly(film, 8*time.Second)
	})
	for channel, loud := range map[string]bool{"": false, "mix": false, "left": true, "right": true, "2": true} {
		t.Run("channel "+channel, func(t *testing.T) {
			sameAfter(t)
			log := new(journal)
			ctx, cancel := context.WithTimeout(context.Background(), long)
			defer cancel()
			c := &URLConfig{URL: server.URL("/film.ts"), Channel: channel}
			sound, err := c.OpenSound(ctx, nil, part.SourceEnv{Rate: 16000, Logger: log.logger()})
			if err != nil {
				t.Fatal(err)
			}
			if level := loudest(t, ctx, sound, 400); level > loudDBFS != loud { // 4 seconds
				t.Errorf("%v dBFS", level)
			}
			if err := sound.Close(); err != nil {
				t.Error(err)
			}
			if n := log.count("the channels cancel each other out"); (n == 0) != loud || n > 1 {
				t.Errorf("said %d times:\n%s", n, log)
			}
		})
	}
	l, log := opened(t, LiveOptions{URL: server.URL("/film.ts"), Sound: true, Channel: "3"})
	if _, err := l.Sound(16000, 0); err != nil {
		t.Fatal(err)
	}
	nextUntil(t, l, "it is said", func(int, int) bool { return log.count("channel 3 is wanted, but the sound has 2 channels") == 1 })
	if _, err := NewLive(context.Background(), LiveOptions{URL: server.URL("/film.ts"), Channel: "middle"}); err == nil {
		t.Error("channel middle")
	}
}

// TestChannelsOfAVideo hears the channels of a video file.
func TestChannelsOfAVideo(t *testing.T) {
	path := opposite(t, "film.mp4")
	for channel, loud := range map[string]bool{"": false, "left": true, "2": true} {
		sound, err := (&VideoConfig{Video: []string{path}, Channel: channel}).OpenSound(t.Context(), nil, part.SourceEnv{Rate: 16000})
		if err != nil {
			t.Fatal(err)
		}
		if level := loudest(t, t.Context(), sound, 3); level > loudDBFS != loud {
			t.Errorf("channel %q: %v dBFS", channel, level)
		}
		sound.Close()
	}
}
