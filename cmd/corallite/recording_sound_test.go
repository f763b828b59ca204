package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"corallite/internal/libav"
	"corallite/internal/testdata"
	"corallite/pipeline/camera/cameratest"
)

// seenAndHeard are when a film becomes bright and loud, after it was neither.
func seenAndHeard(t *testing.T, path string) (seen, heard []time.Duration) {
	t.Helper()
	r, err := libav.OpenReader(context.Background(), "file:"+path, libav.ReaderOptions{Choose: func(all []libav.Stream) (choices []libav.Choice, _ error) {
		for _, s := range all {
			choices = append(choices, libav.Choice{Stream: s.Index, Decode: true})
		}
		return choices, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	bright, loud := true, time.Duration(math.MaxInt64) // what is there at the beginning began before
	var samples []float32
	for {
		f, err := r.Next()
		if errors.Is(err, io.EOF) {
			return seen, heard
		}
		if err != nil {
			t.Fatal(err)
		}
		if f.Rate == 0 {
			p, release, err := f.Picture()
			if err != nil {
				t.Fatal(err)
			}
			now := p.Data[0][p.Height/2*p.Stride[0]+p.Width/2] > 128
			if now && !bright {
				seen = append(seen, f.Time)
			}
			bright = now
			release()
		} else {
			if samples, err = f.Floats(samples[:0]); err != nil {
				t.Fatal(err)
			}
			for i := 0; i < len(samples); i += f.Channels {
				at := f.Time + time.Duration(i/f.Channels)*time.Second/time.Duration(f.Rate)
				if math.Abs(float64(samples[i])) < 0.1 {
					continue
				}
				if loud != math.MaxInt64 && at-loud > 500*time.Millisecond || loud == math.MaxInt64 && at > 500*time.Millisecond {
					heard = append(heard, at)
				}
				loud = at
			}
		}
		f.Release()
	}
}

// TestCopyOfACameraHasItsSound records a camera whose picture is bright while its sound is loud: so it is in the copy.
func TestCopyOfACameraHasItsSound(t *testing.T) {
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		testdata.Missing(t, "the program ffmpeg is not installed (package ffmpeg; scripts/test-files installs it)")
	}
	dir := t.TempDir()
	film := filepath.Join(dir, "film.ts")
	out, err := exec.Command("ffmpeg", "-nostdin", "-v", "error",
		"-f", "lavfi", "-i", "color=black:s=320x240:r=25:d=120,drawbox=c=white:t=fill:enable='lt(mod(t,2),0.8)'",
		"-f", "lavfi", "-i", "aevalsrc='0.5*sin(2*PI*1000*t)*lt(mod(t,2),0.8)':s=48000:d=120",
		"-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "25", "-c:a", "aac", "-muxrate", "600k", film).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	data, err := os.ReadFile(film)
	if err != nil {
		t.Fatal(err)
	}
	server := cameratest.NewRaw(t, func(to *cameratest.Response) {
		fmt.Fprint(to, "HTTP/1.1 200 OK\r\nContent-Type: video/mp2t\r\nConnection: close\r\n\r\n")
		_ = to.Slowly(data, 120*time.Second)
	})
	config := writeConfig(t, dir, `
models:
  net: {path: MODELS/`+classifier+`.tflite, task: classify}
pipelines:
  yard:
    source: {url: "`+server.URL("/yard.ts")+`", deadline: 600}
    models: [net]
    sinks: [video: {path: found.mp4}, video: {path: mute.mp4, mute: true}]
`)
	s := start(t, dir, nil, "run", config)
	copied := filepath.Join(dir, "found.mp4")
	for begin := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		if data, err := os.ReadFile(copied); err == nil && bytes.Count(data, []byte("moof")) > 8 {
			break
		}
		if time.Since(begin) > patience {
			t.Fatalf("nothing is recorded:\n%s", s.errors(t))
		}
	}
	s.signal(t, syscall.SIGTERM)
	s.endsWith(t, exitDone)
	seen, heard := seenAndHeard(t, copied)
	near := 0
	for _, a := range seen {
		for _, b := range heard {
			if (a - b).Abs() < 150*time.Millisecond {
				near++
			}
		}
	}
	if near < 2 || near < min(len(seen), len(heard))-1 {
		t.Errorf("seen at %v, heard at %v", seen, heard)
	}
	if _, heard := seenAndHeard(t, filepath.Join(dir, "mute.mp4")); len(heard) != 0 {
		t.Errorf("a mute copy is heard at %v", heard)
	}
}
