package camera

import (
	"context"
	"testing"
	"time"

	"corallite/internal/part"
	"corallite/pipeline/audio"
	"corallite/pipeline/camera/cameratest"
)

const loudDBFS = -30

// loudness is the level of a chunk.
func loudness(t *testing.T, c *audio.Chunk) float32 {
	t.Helper()
	if err := audio.NewLevel().Process(context.Background(), c); err != nil {
		t.Fatal(err)
	}
	return c.Level
}

// TestLiveSoundAndPictures reads both from one camera by one connection. The tone begins when picture 0 is shown, which
// their capture times say.
func TestLiveSoundAndPictures(t *testing.T) {
	sameAfter(t)
	n := cameratest.NewRTSPWithSound(t, 320, 240)
	l, log := opened(t, LiveOptions{URL: n.URL("/yard"), Sound: true})
	sound, err := l.Sound(16000, 0)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), long)
	defer cancel()
	const wanted = 4
	began := make(chan time.Time, 64) // when tones began
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		quiet := 0
		for {
			c, err := sound.Next(ctx)
			if err != nil {
				return
			}
			if c.Rate != 16000 || c.Meta().Source != n.URL("/yard") {
				t.Errorf("%d samples a second from %s", c.Rate, c.Meta().Source)
			}
			if loudness(t, c) < loudDBFS {
				quiet++
			} else {
				if quiet >= 20 {
					select {
					case began <- c.Meta().Time:
					default:
					}
				}
				quiet = 0
			}
			c.Release()
		}
	}()
	var shown []time.Time // when picture 0 was captured, and the last of the film just before
	close := 0
	for last, at := -1, (time.Time{}); close < wanted; {
		f, err := l.Next(ctx)
		if err != nil {
			t.Fatalf("%v: %d tones began with picture 0; it was shown at %v", err, close, shown)
		}
		number, now := cameratest.Marked(f), f.Meta().Time
		f.Release()
		if last == cameratest.SceneFrames-1 && number == 0 && now.Sub(at) < 100*time.Millisecond {
			shown = append(shown, now)
		}
		last, at = number, now
		for more := true; more; {
			select {
			case tone := <-began:
				for _, s := range shown {
					if d := tone.Sub(s).Abs(); d < 200*time.Millisecond {
						close++
						break
					}
				}
			default:
				more = false
			}
		}
	}
	if s := sound.Stats().Sound; s.Seconds < 1 {
		t.Errorf("%+v", s)
	}
	if l.Connection().Attempts != 1 || log.count("level=WARN") != 0 {
		t.Errorf("%+v\n%s", l.Connection(), log)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	<-ended
	if err := sound.Close(); err != nil {
		t.Error(err)
	}
}

// TestLiveSoundReturns loses the camera and gets it back, with sound that begins anew.
func TestLiveSoundReturns(t *testing.T) {
	sameAfter(t)
	n := cameratest.NewRTSPWithSound(t, 320, 240)
	l, log := opened(t, LiveOptions{URL: n.URL("/yard"), Sound: true})
	sound, err := l.Sound(16000, 0)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), long)
	defer cancel()
	pieces, ended := make(chan struct{}, 16), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			c, err := sound.Next(ctx)
			if err != nil {
				return
			}
			if c.First {
				pieces <- struct{}{}
			}
			c.Release()
		}
	}()
	heard := 0
	nextUntil(t, l, "sound begins", func(int, int) bool { heard = len(pieces); return heard > 0 })
	harmed(t, l, log, "killed", n.Kill, n.Start)
	nextUntil(t, l, "sound begins anew", func(int, int) bool { return len(pieces) > heard })
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	<-ended
}

// TestLiveWithoutSound says so, once, and the pictures go on.
func TestLiveWithoutSound(t *testing.T) {
	rtsp, http := cameratest.NewRTSPH264(t, 320, 240), cameratest.NewHTTP(t, 320, 240)
	for _, url := range []string{rtsp.URL("/yard"), http.URL("/stream")} {
		l, log := opened(t, LiveOptions{URL: url, Sound: true})
		nextUntil(t, l, "it is said", func(int, int) bool { return log.count("there is no sound; models on sound wait for it") == 1 })
		nextFrame(t, l)
	}
	l, _ := opened(t, LiveOptions{URL: rtsp.URL("/yard")})
	if _, err := l.Sound(16000, 0); err == nil {
		t.Error("sound of a source that was opened without")
	}
}

// TestLiveSoundAlone reads the sound of a camera whose pictures nobody wants, also after it was lost.
func TestLiveSoundAlone(t *testing.T) {
	sameAfter(t)
	n := cameratest.NewRTSPWithSound(t, 320, 240)
	log := new(journal)
	ctx, cancel := context.WithTimeout(context.Background(), long)
	defer cancel()
	opened, err := (&URLConfig{URL: n.URL("/yard")}).OpenSound(ctx, nil, part.SourceEnv{Rate: 16000, Logger: log.logger()})
	if err != nil {
		t.Fatal(err)
	}
	s := opened.(*LiveSound)
	loud, quiet := 0, 0
	for loud < 100 || quiet < 100 {
		c, err := s.Next(ctx)
		if err != nil {
			t.Fatalf("%v; %+v\n%s", err, s.Connection(), log)
		}
		if loudness(t, c) > loudDBFS {
			loud++
		} else {
			quiet++
		}
		c.Release()
	}
	n.Kill()
	n.Start()
	for first := false; !first || s.Stats().Reopened == 0; {
		c, err := s.Next(ctx)
		if err != nil {
			t.Fatalf("%v; %+v\n%s", err, s.Connection(), log)
		}
		first = first || c.First
		c.Release()
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := s.Next(ctx); err == nil {
		t.Error("sound after Close")
	}
}
