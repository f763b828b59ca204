package mic

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"math"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gen2brain/malgo"

	"corallite/internal/backoff"
	"corallite/pipeline/audio"
	"corallite/pipeline/mic/pulsetest"
)

// long is a limit that guards against hanging only.
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

// wait waits until something was said so often.
func (l *logged) wait(t *testing.T, part string, times int) {
	t.Helper()
	for begin := time.Now(); l.count(part) < times; time.Sleep(10 * time.Millisecond) {
		if time.Since(begin) > long {
			t.Fatalf("%q was not said:\n%s", part, l)
		}
	}
}

func (l *logged) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

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

// playing plays a recording again and again until stop is called: on a busy machine all of it once may be lost.
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

func TestMicrophone(t *testing.T) {
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

func TestMicrophoneNotThere(t *testing.T) {
	pulsetest.Start(t, "")
	for name, want := range map[string]string{"kitchen": "t.monitor", "T.MONITOR": "is not there", "0": "is not there"} {
		s, err := NewMicrophone(context.Background(), MicrophoneOptions{Name: name, Rate: 16000, Required: true})
		if err == nil {
			_ = s.Close()
			t.Fatalf("%s was found", name)
		}
		if !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Where nobody needs it at once it is waited for.
	s, err := NewMicrophone(t.Context(), MicrophoneOptions{Name: "kitchen", Rate: 16000})
	if err != nil {
		t.Fatal(err)
	}
	if why := s.(*LiveSource).Stats().Lost; !strings.Contains(why, `"kitchen" is not there`) {
		t.Errorf("it is lost because %q", why)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	all, err := Microphones(t.Context())
	if err != nil || len(all) != 1 {
		t.Fatalf("%v, %v", all, err)
	}
	want := Microphone{Name: pulsetest.Name, ID: pulsetest.Microphone, Default: true, Monitor: true, Backend: "pulseaudio", Rates: []int{44100}, Channels: []int{2}, Formats: []string{"s16"}}
	if !reflect.DeepEqual(all[0], want) {
		t.Errorf("%+v, not %+v", all[0], want)
	}
}

// TestMicrophonesFrozen: who asks a server that stands still waits as long as he likes, and nothing of it is left.
func TestMicrophonesFrozen(t *testing.T) {
	server := pulsetest.Start(t, "")
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

// TestMicrophoneFrozen: a server that stands still hangs every call of its library. The microphone comes back when the
// server goes on, and ends when it does not; what it left behind ends with the server.
func TestMicrophoneFrozen(t *testing.T) {
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

// TestMicrophoneVanishes: neither a microphone nor a server that goes just before it is opened ends the program, as
// PulseAudio's library does when it is asked for no channels.
func TestMicrophoneVanishes(t *testing.T) {
	server := pulsetest.Start(t, "")
	s, err := openSystem(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	devices, err := s.devices(false)
	if err != nil || len(devices) != 1 {
		t.Fatalf("%v, %v", devices, err)
	}
	there := devices[0]
	other := there
	other.id = malgo.DeviceID{}
	copy(other.id[:], "not.there")
	if _, err := s.capture(other, false, new(counts)); err == nil || !strings.Contains(err.Error(), "ma_device_init") {
		t.Errorf("a microphone that has gone: %v", err)
	}
	server.Freeze()
	opened := make(chan error)
	go func() {
		_, err := s.capture(there, false, new(counts))
		opened <- err
	}()
	server.Stop()
	if err := <-opened; err == nil {
		t.Error("a microphone was opened on a server that has gone")
	}
}

// TestMicrophoneSilent: zeros are said once, and again after sound.
func TestMicrophoneSilent(t *testing.T) {
	server := pulsetest.Start(t, "")
	path := file(t, "tone.wav", plain(16000, 1, tone(16000, 16000, 1000, 0.5)...))
	l, log := microphone(t, MicrophoneOptions{Silence: 200 * time.Millisecond})
	silences := func() int { return log.count("digital silence") }
	sounds := func() int { return log.count("gives sound again") }
	onceSaid := func() {
		t.Helper()
		for said, heard := -1, 0; said < 0 || heard != sounds(); { // until none comes any more
			for silences() == sounds() {
				nextChunk(t, l).Release()
			}
			said, heard = silences(), sounds()
			for end := l.Stats().Sound.Seconds + 1; l.Stats().Sound.Seconds < end; { // five times as long as it takes to say it
				nextChunk(t, l).Release()
			}
			if heard == sounds() && silences() != said || said != heard+1 {
				t.Fatal("silence was said twice")
			}
		}
	}
	onceSaid()
	stop := playing(server, path)
	for sounds() == 0 {
		nextChunk(t, l).Release()
	}
	stop()
	onceSaid()
}

// TestMicrophoneLost kills the server while it is heard: it comes back, the hole is marked, and both are said once.
func TestMicrophoneLost(t *testing.T) {
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

// TestMicrophoneOverrun: what nobody takes within two seconds is lost, counted, and marked.
func TestMicrophoneOverrun(t *testing.T) {
	pulsetest.Start(t, "")
	l, _ := microphone(t, MicrophoneOptions{})
	c := nextChunk(t, l)
	end := c.Start + int64(len(c.Samples))
	c.Release()
	for begin := time.Now(); l.Stats().Sound.Overruns == 0; time.Sleep(10 * time.Millisecond) {
		if time.Since(begin) > long {
			t.Fatalf("nothing was lost: %+v", l.Stats().Sound)
		}
	}
	for first := false; !first; {
		c = nextChunk(t, l)
		if first = c.First; !first && c.Start != end {
			t.Fatalf("the chunk at %d is not First and does not follow %d", c.Start, end)
		}
		if first && c.Start <= end {
			t.Errorf("the chunk after the hole begins at %d, not after %d", c.Start, end)
		}
		end = c.Start + int64(len(c.Samples))
		c.Release()
	}
	if sum := l.Stats().Sound; sum.Overruns == 0 || sum.LostS <= 0 || l.Stats().Reopened != 0 {
		t.Errorf("%+v, reopened %d times", sum, l.Stats().Reopened)
	}
}

// TestMicrophoneCloses: again and again, and nothing is left open.
func TestMicrophoneCloses(t *testing.T) {
	pulsetest.Start(t, "")
	files := 0
	for round := range 10 {
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

func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}
