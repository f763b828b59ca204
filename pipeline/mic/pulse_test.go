package mic

import (
	"context"
	"errors"
	"math"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"corallite/internal/backoff"
	"corallite/pipeline/audio"
	"corallite/pipeline/mic/pulsetest"
)

// playing repeats a recording until stop is called: on a busy machine one whole pass may be lost.
func playing(server *pulsetest.Server, path string) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var player sync.WaitGroup
	player.Go(func() {
		for ctx.Err() == nil {
			server.Play(path)
		}
	})
	return func() {
		cancel()
		player.Wait()
	}
}

// hearTone takes chunks until one second in a row is the tone, and gives how loud that was, in parts of full scale.
func hearTone(t *testing.T, s audio.Source, rate int, hertz float64) float64 {
	t.Helper()
	var window []float64
	for {
		c := nextChunk(t, s)
		if c.First {
			window = window[:0]
		}
		for _, x := range c.Samples {
			window = append(window, float64(x)/32768)
		}
		c.Release()
		if len(window) < rate/2 {
			continue
		}
		var all, sin, cos float64
		for i, x := range window {
			all += x * x
			phase := 2 * math.Pi * hertz * float64(i) / float64(rate)
			sin += x * math.Sin(phase)
			cos += x * math.Cos(phase)
		}
		n := float64(len(window))
		amplitude := 2 * math.Hypot(sin, cos) / n
		if all > 0 && amplitude*amplitude/2 > 0.99*all/n {
			return amplitude
		}
		window = window[:0]
	}
}

// TestPulseMicrophone: a tone that is played at half of full scale arrives so.
func TestPulseMicrophone(t *testing.T) {
	server := pulsetest.Start(t, "rate=48000 channels=2")
	path := file(t, "tone.wav", plain(16000, 1, tone(16000*3, 16000, 1000, 0.5)...))
	l, log := microphone(t, MicrophoneOptions{})
	defer playing(server, path)()
	if got := hearTone(t, l, 16000, 1000); math.Abs(got-0.5) > 0.01 {
		t.Errorf("the tone has %.3f of full scale, not 0.5", got)
	}
	if strings.Contains(log.String(), "WARN") {
		t.Error(log)
	}
	if !l.Live() || l.Stats().Reopened != 0 || l.Stats().Sound.Seconds <= 0.5 {
		t.Errorf("%v %d %+v", l.Live(), l.Stats().Reopened, l.Stats().Sound)
	}
}

// TestPulseChannel: the channels of a microphone are its own, not a mix of the server.
func TestPulseChannel(t *testing.T) {
	server := pulsetest.Start(t, "rate=48000 channels=2")
	left, right := tone(16000*3, 16000, 1000, 0.5), tone(16000*3, 16000, 400, 0.25)
	path := file(t, "tones.wav", plain(16000, 2, turns(left, right)...))
	defer playing(server, path)()
	for channel, want := range map[string]struct{ hertz, level float64 }{"left": {1000, 0.5}, "2": {400, 0.25}} {
		l, _ := microphone(t, MicrophoneOptions{Channel: channel})
		if got := hearTone(t, l, 16000, want.hertz); math.Abs(got-want.level) > 0.01 {
			t.Errorf("%s: the tone has %.3f of full scale, not %g", channel, got, want.level)
		}
	}
}

// TestPulseMicrophones: the list has what the server says, and who asks a server that hangs waits as long as he likes.
func TestPulseMicrophones(t *testing.T) {
	server := pulsetest.Start(t, "")
	all, err := Microphones(t.Context())
	want := []Microphone{{Name: pulsetest.Name, ID: pulsetest.Microphone, Default: true, Monitor: true, Backend: "pulseaudio", Rates: []int{44100}, Channels: []int{2}, Formats: []string{"s16"}}}
	if err != nil || !reflect.DeepEqual(all, want) {
		t.Errorf("%+v, %v; want %+v", all, err, want)
	}
	server.Freeze()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if all, err := Microphones(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, %v", all, err)
	}
	server.Thaw()
	if all, err := Microphones(t.Context()); err != nil || len(all) != 1 {
		t.Errorf("%v, %v", all, err)
	}
}

// TestPulseLost kills the server while it is heard: it comes back, the hole is marked, and both are said once.
func TestPulseLost(t *testing.T) {
	server := pulsetest.Start(t, "")
	l, log := microphone(t, MicrophoneOptions{Name: pulsetest.Microphone, Backoff: backoff.Policy{First: 50 * time.Millisecond, Max: 200 * time.Millisecond}})
	nextChunk(t, l).Release()
	files := 0
	for round := uint64(1); round <= 3; round++ {
		server.Stop()
		for end := time.Now().Add(long); log.count("source lost") < int(round); {
			if time.Now().After(end) {
				t.Fatal("the loss was not seen")
			}
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			if c, err := l.Next(ctx); err == nil {
				c.Release()
			}
			cancel()
		}
		heard := int64(l.Stats().Sound.Seconds*16000 + 0.5)
		server.Restart()
		c := nextChunk(t, l)
		if !c.First || c.Start < heard || l.Stats().Reopened != round {
			t.Errorf("round %d: First %v, Start %d after %d, reopened %d times", round, c.First, c.Start, heard, l.Stats().Reopened)
		}
		c.Release()
		nextChunk(t, l).Release()
		if now := descriptors(t); round == 1 {
			files = now
		} else if now > files {
			t.Errorf("round %d: %d file descriptors, %d before", round, now, files)
		}
	}
	if log.count("source lost") != 3 || log.count("source is back") != 3 || log.count("level=WARN") != 3 {
		t.Error(log)
	}
}

// TestPulseCloses: again and again, and nothing is left open.
func TestPulseCloses(t *testing.T) {
	pulsetest.Start(t, "")
	files := 0
	for round := range 3 {
		s, err := NewMicrophone(context.Background(), MicrophoneOptions{Name: pulsetest.Name, Rate: 16000})
		if err != nil {
			t.Fatal(err)
		}
		nextChunk(t, s).Release()
		for range 2 {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Next(context.Background()); !errors.Is(err, ErrClosed) {
			t.Fatal(err)
		}
		if now := descriptors(t); round == 0 {
			files = now
		} else if now > files {
			t.Errorf("round %d: %d file descriptors, %d before", round, now, files)
		}
	}
}

// TestPulseFrozen: a server that stands still hangs every call of its library. The microphone comes back when the
// server goes on, and ends when it does not; what it left behind ends with the server.
func TestPulseFrozen(t *testing.T) {
	server := pulsetest.Start(t, "")
	log := new(logged)
	s, err := NewMicrophone(context.Background(), MicrophoneOptions{
		Rate: 16000, Deadline: 500 * time.Millisecond, Logger: log.logger(),
		Backoff: backoff.Policy{First: 50 * time.Millisecond, Max: 200 * time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	nextChunk(t, s).Release()
	ended := drain(s)
	server.Freeze()
	log.wait(t, "source lost", 1)
	server.Thaw()
	log.wait(t, "source is back", 1)
	server.Freeze()
	lost := log.count("source lost")
	log.wait(t, "source lost", lost+1)
	_ = s.Close() // may say that the sound system does not answer
	if err := <-ended; !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	server.Thaw()
}

func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}
