package mic

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"corallite/pipeline"
	"corallite/pipeline/audio"
	"corallite/pipeline/mic/internal/backend"
	"corallite/pipeline/mic/internal/backend/backendtest"
)

// long is a limit that only a hanging test reaches.
const long = 2 * time.Minute

// logged is a log that a test reads while it is written.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logged) count(part string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), part)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// wait waits until a message has been logged that many times.
func (l *logged) wait(t *testing.T, part string, times int) {
	t.Helper()
	for begin := time.Now(); l.count(part) < times; time.Sleep(10 * time.Millisecond) {
		if time.Since(begin) > long {
			t.Fatalf("%q was not logged:\n%s", part, l)
		}
	}
}

func (l *logged) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// microphone opens one whose log is shown when the test fails.
func microphone(t *testing.T, o MicrophoneOptions) (*LiveSource, *logged) {
	t.Helper()
	log := new(logged)
	o.Logger = log.logger()
	if o.Rate == 0 {
		o.Rate = 16000
	}
	s, err := NewMicrophone(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Log(log)
		}
	})
	return s.(*LiveSource), log
}

func nextChunk(t *testing.T, s audio.Source) *audio.Chunk {
	t.Helper()
	if t.Failed() { // in another goroutine
		t.FailNow()
	}
	ctx, cancel := context.WithTimeout(context.Background(), long)
	defer cancel()
	c, err := s.Next(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// reopened returns the first chunk after the next loss.
func reopened(t *testing.T, s audio.Source) *audio.Chunk {
	t.Helper()
	for range 1000 {
		c := nextChunk(t, s)
		if c.First {
			return c
		}
		c.Release()
	}
	t.Fatal("the microphone was not reopened")
	return nil
}

// desk is a microphone of the in-memory sound system.
var desk = backend.Microphone{Name: "Desk Microphone", ID: "desk", Default: true}

// inMemory runs a test on a sound system in memory, whose microphone delivers mono at 16 kHz: in no time, as all of it runs
// in a bubble of synctest, and with the same result each time.
func inMemory(t *testing.T, f func(t *testing.T, system *backendtest.System, o MicrophoneOptions)) {
	synctest.Test(t, func(t *testing.T) {
		system := backendtest.New(16000, 1, desk)
		t.Cleanup(func() {
			if n := system.Open(); n != 0 {
				t.Errorf("%d connections are still open", n)
			}
		})
		f(t, system, MicrophoneOptions{Backends: []backend.Backend{system}})
	})
}

// count is a signal whose samples encode their index.
func count(i int64) int16 { return int16(i % 30000) }

// TestMicrophoneSamples: sound of the wanted rate passes bit for bit, and each chunk has the time of its first sample.
func TestMicrophoneSamples(t *testing.T) {
	inMemory(t, func(t *testing.T, system *backendtest.System, o MicrophoneOptions) {
		system.Play(count)
		begin := time.Now()
		l, log := microphone(t, o)
		for i := range int64(100) {
			c := nextChunk(t, l)
			if c.First != (i == 0) || c.Last || c.Start != 160*i || len(c.Samples) != 160 || c.Meta().Source != "microphone:default" {
				t.Fatalf("chunk %d: %+v, %+v", i, c, c.Meta())
			}
			if age := c.Meta().Time.Sub(begin); age != time.Duration(i)*10*time.Millisecond {
				t.Fatalf("chunk %d has the time %v after the start", i, age)
			}
			for k, sample := range c.Samples {
				if sample != count(c.Start+int64(k)) {
					t.Fatalf("sample %d is %d", c.Start+int64(k), sample)
				}
			}
			c.Release()
		}
		if got := l.Stats(); !l.Live() || got.Reopened != 0 || got.Lost != "" || got.Sound.Seconds != 1 {
			t.Errorf("%+v", got)
		}
		if log.count("level=WARN") > 0 {
			t.Error(log)
		}
	})
}

// TestMicrophoneFormat converts the sound of a microphone with another rate and two channels.
func TestMicrophoneFormat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		system := backendtest.New(48000, 2, desk)
		system.Play(func(int64) int16 { return 8192 })
		l, _ := microphone(t, MicrophoneOptions{Backends: []backend.Backend{system}, Chunk: 100 * time.Millisecond})
		nextChunk(t, l).Release() // the resampler begins with silence
		c := nextChunk(t, l)
		defer c.Release()
		if c.Rate != 16000 || len(c.Samples) != 1600 || c.Start != 1600 {
			t.Fatalf("%d samples of rate %d at %d", len(c.Samples), c.Rate, c.Start)
		}
		for i, sample := range c.Samples {
			if sample < 8190 || sample > 8194 {
				t.Fatalf("sample %d is %d", i, sample)
			}
		}
	})
}

// TestMicrophoneNotThere: a missing microphone is an error when it is required; otherwise it is waited for.
func TestMicrophoneNotThere(t *testing.T) {
	inMemory(t, func(t *testing.T, system *backendtest.System, o MicrophoneOptions) {
		o.Rate, o.Name, o.Required = 16000, "kitchen", true
		if s, err := NewMicrophone(t.Context(), o); err == nil || !strings.Contains(err.Error(), `"kitchen" not found; there are: "Desk Microphone" (desk)`) {
			t.Fatalf("%v, %v", s, err)
		}
		o.Required = false
		l, log := microphone(t, o)
		if lost := l.Stats().Lost; !strings.Contains(lost, `"kitchen" not found`) {
			t.Errorf("it is lost because %q", lost)
		}
		go func() {
			time.Sleep(20 * time.Second)
			system.Plug(backend.Microphone{Name: "Kitchen", ID: "usb-kitchen"})
		}()
		nextChunk(t, l).Release()
		if log.count("no data from the source yet") != 1 || log.count("source is back") != 1 || log.count("level=WARN") != 1 {
			t.Error(log)
		}
	})
}

// TestMicrophoneStart: the end of the context ends the waiting of NewMicrophone, and is no error.
func TestMicrophoneStart(t *testing.T) {
	inMemory(t, func(t *testing.T, system *backendtest.System, o MicrophoneOptions) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		system.Freeze()
		o.Rate = 16000
		begin := time.Now()
		s, err := NewMicrophone(ctx, o)
		if err != nil || time.Since(begin) != time.Second {
			t.Fatalf("%v after %v", err, time.Since(begin))
		}
		system.Thaw()
		nextChunk(t, s).Release()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestMicrophoneBackends: the first sound system that can be used is taken, and no other one later.
func TestMicrophoneBackends(t *testing.T) {
	inMemory(t, func(t *testing.T, system *backendtest.System, o MicrophoneOptions) {
		down := backendtest.New(16000, 1, desk)
		down.Stop()
		o.Backends = []backend.Backend{down, system}
		l, _ := microphone(t, o)
		nextChunk(t, l).Release()
		down.Restart()
		system.Unplug("desk")
		system.Plug(desk)
		reopened(t, l).Release()
		if n := down.Open(); n != 0 {
			t.Errorf("%d connections to the other sound system", n)
		}
		o.Rate, o.Required = 16000, true
		system.Stop()
		down.Stop()
		if s, err := NewMicrophone(t.Context(), o); err == nil || !strings.Contains(err.Error(), "no sound system is available: memory: the server is down") {
			t.Fatalf("%v, %v", s, err)
		}
		system.Restart()
	})
}

// drain reads a source to its end and returns the error that ended it.
func drain(s audio.Source) <-chan error {
	ended := make(chan error)
	go func() {
		for {
			c, err := s.Next(context.Background())
			if err != nil {
				ended <- err
				return
			}
			c.Release()
		}
	}()
	return ended
}

// TestMicrophoneFrozen: a server that hangs blocks every call. The microphone comes back when the server goes on, and
// closes when it does not.
func TestMicrophoneFrozen(t *testing.T) {
	inMemory(t, func(t *testing.T, system *backendtest.System, o MicrophoneOptions) {
		log := new(logged)
		o.Rate, o.Logger = 16000, log.logger()
		s, err := NewMicrophone(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		nextChunk(t, s).Release()
		ended := drain(s)
		system.Freeze()
		log.wait(t, "source lost; reconnecting", 1)
		if log.count("no data for 5s") != 1 {
			t.Error(log)
		}
		system.Thaw()
		log.wait(t, "source is back", 1)
		system.Freeze()
		log.wait(t, "source lost; reconnecting", 2)
		_ = s.Close() // may say that the sound system does not respond
		if err := <-ended; !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
		system.Thaw()
		synctest.Wait() // for the calls that were abandoned
	})
}

// TestMicrophoneSilent: digital silence is logged once, and again only after sound.
func TestMicrophoneSilent(t *testing.T) {
	inMemory(t, func(t *testing.T, system *backendtest.System, o MicrophoneOptions) {
		o.Silence = 200 * time.Millisecond
		l, log := microphone(t, o)
		for i, signal := range []func(int64) int16{nil, count, nil} {
			system.Play(signal)
			for range 100 {
				nextChunk(t, l).Release()
			}
			if warned, returned := log.count("digital silence"), log.count("gives sound again"); warned != i/2+1 || returned != (i+1)/2 {
				t.Errorf("after %d s: %d and %d", i+1, warned, returned)
			}
		}
	})
}

// TestMicrophoneLost: a server that ends and a microphone that is unplugged are found again; the gap is marked, and each
// loss and return is logged once.
func TestMicrophoneLost(t *testing.T) {
	server := func(s *backendtest.System) { s.Stop(); time.Sleep(time.Minute); s.Restart() }
	plug := func(s *backendtest.System) { s.Unplug("desk"); time.Sleep(time.Minute); s.Plug(desk) }
	for name, harm := range map[string]func(*backendtest.System){"server": server, "microphone": plug} {
		t.Run(name, func(t *testing.T) {
			inMemory(t, func(t *testing.T, system *backendtest.System, o MicrophoneOptions) {
				o.Name = "desk"
				l, log := microphone(t, o)
				nextChunk(t, l).Release()
				for round := 1; round <= 3; round++ {
					go harm(system)
					c := reopened(t, l)
					got := l.Stats()
					if got.Reopened != uint64(round) || got.Lost != "" || c.Start != int64(got.Sound.Seconds*16000+0.5)-160 {
						t.Errorf("round %d: Start %d, %+v, %+v", round, c.Start, got, got.Sound)
					}
					c.Release()
					time.Sleep(time.Second)
				}
				if log.count("source lost; reconnecting") != 3 || log.count("source is back") != 3 || log.count("level=WARN") != 3 {
					t.Error(log)
				}
			})
		})
	}
}

// TestMicrophoneOverrun: sound that nobody reads within two seconds is lost, counted, and marked.
func TestMicrophoneOverrun(t *testing.T) {
	inMemory(t, func(t *testing.T, system *backendtest.System, o MicrophoneOptions) {
		system.Play(count)
		l, _ := microphone(t, o)
		nextChunk(t, l).Release() // of 10 ms, at 10 ms
		time.Sleep(5 * time.Second)
		synctest.Wait()
		c := nextChunk(t, l)
		defer c.Release()
		// At 5.01 s the ring holds the last two seconds.
		if want := int64(3.01 * 16000); !c.First || c.Start != want || c.Samples[0] != count(want) {
			t.Errorf("First %v, Start %d, not %d; it begins with %d", c.First, c.Start, want, c.Samples[0])
		}
		want := pipeline.SoundSummary{Seconds: 0.02, LostS: 3, Overruns: 1, LevelDBFS: audio.SilentDBFS, PeakDBFS: audio.SilentDBFS}
		if got := l.Stats(); *got.Sound != want || got.Reopened != 0 {
			t.Errorf("%+v, reopened %d times", *got.Sound, got.Reopened)
		}
	})
}

// TestMicrophoneCloses: closing twice is allowed, and Next says that the source is closed.
func TestMicrophoneCloses(t *testing.T) {
	inMemory(t, func(t *testing.T, system *backendtest.System, o MicrophoneOptions) {
		l, _ := microphone(t, o)
		nextChunk(t, l).Release()
		for range 2 {
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		}
		if _, err := l.Next(t.Context()); !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
	})
}
