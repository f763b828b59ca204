package mic

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"corallite/internal/pipetest"
	"corallite/pipeline"
	"corallite/pipeline/audio"
)

func pcm(t *testing.T, o PCMOptions) audio.Source {
	t.Helper()
	if o.Rate == 0 {
		o.Rate = 16000
	}
	s, err := NewPCM(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func raw(samples ...int16) []byte {
	var b []byte
	for _, s := range samples {
		b = binary.LittleEndian.AppendUint16(b, uint16(s))
	}
	return b
}

func TestPCM(t *testing.T) {
	sound := tone(16000*3+77, 16000, 440, 0.7)
	b := raw(sound...)
	for name, r := range map[string]io.Reader{
		"at once":         strings.NewReader(string(b)),
		"in single bytes": iotest.OneByteReader(strings.NewReader(string(b))),
		"halves":          iotest.HalfReader(strings.NewReader(string(b))),
		"end with data":   iotest.DataErrReader(strings.NewReader(string(b))),
		"half a sample":   strings.NewReader(string(b) + "x"),
		"a WAVE stream":   strings.NewReader(string(plain(16000, 1, sound...))),
	} {
		s := pcm(t, PCMOptions{Reader: r})
		all, failed := listen(t, s)
		if len(failed) != 0 || len(all) != 1 || all[0].source != "-" || !slices.Equal(all[0].samples, sound) {
			t.Errorf("%s: %d recordings, %v", name, len(all), failed)
		}
		if got := s.Stats().Sound; s.Live() || got.Overruns != 0 || got.LostS != 0 || math.Abs(got.Seconds-3.0048) > 0.001 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestPCMFormats(t *testing.T) {
	for format, b := range map[string]string{
		"s16le": "\x00\x40\x00\xc0", "s16be": "\x40\x00\xc0\x00", "u8": "\xc0\x40", "s8": "\x40\xc0", "s24le": "\x00\x00\x40\x00\x00\xc0", "s24be": "\x40\x00\x00\xc0\x00\x00",
		"s32le": "\x00\x00\x00\x40\x00\x00\x00\xc0", "s32be": "\x40\x00\x00\x00\xc0\x00\x00\x00", "f32le": "\x00\x00\x00\x3f\x00\x00\x00\xbf", "f32be": "\x3f\x00\x00\x00\xbf\x00\x00\x00",
		"f64le": "\x00\x00\x00\x00\x00\x00\xe0\x3f\x00\x00\x00\x00\x00\x00\xe0\xbf", "f64be": "\x3f\xe0\x00\x00\x00\x00\x00\x00\xbf\xe0\x00\x00\x00\x00\x00\x00",
	} {
		for channels, want := range map[int]string{1: "[16384 -16384]", 2: "[0]"} {
			all, failed := listen(t, pcm(t, PCMOptions{Reader: strings.NewReader(b), Format: format, Channels: channels}))
			if len(failed) != 0 || len(all) != 1 || fmt.Sprint(all[0].samples) != want {
				t.Errorf("%s, %d channels: %v %v, not %s", format, channels, all, failed, want)
			}
		}
	}
	if len(Formats()) != 12 {
		t.Errorf("%v: a format is not tested", Formats())
	}
}

func TestPCMBad(t *testing.T) {
	broken := errors.New("the cable was pulled")
	for name, c := range map[string]struct {
		o    PCMOptions
		want string
		n    int
	}{
		"nothing": {PCMOptions{Reader: strings.NewReader("")}, "without a sample", 0},
		"NaN":     {PCMOptions{Reader: strings.NewReader("\x00\x00\x00\x3f\x00\x00\xc0\x7f\x00\x00\x00\x3f"), Format: "f32le"}, "sample 1 (at 0.000 s) is NaN", 1},
		"broken":  {PCMOptions{Reader: io.MultiReader(strings.NewReader("abcd"), iotest.ErrReader(broken))}, broken.Error(), 2},
		"head":    {PCMOptions{Reader: strings.NewReader("RIFF\x00\x00\x00\x00WAVEjunk")}, "before the samples", 0},
	} {
		all, failed := listen(t, pcm(t, c.o))
		if len(failed) != 1 || failed[0].Source != "-" || !strings.Contains(failed[0].Err.Error(), c.want) {
			t.Errorf("%s: %v", name, failed)
		}
		n := 0
		for _, h := range all {
			n += len(h.samples)
		}
		if n != c.n {
			t.Errorf("%s: %d samples, not %d", name, n, c.n)
		}
	}
	for want, o := range map[string]PCMOptions{
		`format "mp3"`: {Format: "mp3"}, "invalid channel count -1": {Channels: -1}, "invalid sample rate 5 ": {SourceRate: 5}, "mic: invalid sample rate 3": {Rate: 3},
	} {
		o.Reader = strings.NewReader("")
		if o.Rate == 0 {
			o.Rate = 16000
		}
		if _, err := NewPCM(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

// TestPCMLive: what is not taken in time is lost, the oldest first, and the chunk after the hole is First and says where
// it is.
func TestPCMLive(t *testing.T) {
	r, w := io.Pipe()
	s := pcm(t, PCMOptions{Reader: r, Live: true})
	write := func(samples ...int16) {
		if _, err := w.Write(raw(samples...)); err != nil {
			t.Error(err)
		}
	}
	count := make([]int16, 16000)
	for i := range count {
		count[i] = int16(i)
	}
	go write(count[:160]...)
	c := nextChunk(t, s)
	if !c.First || c.Start != 0 || len(c.Samples) != 160 || c.Meta().Position != 0 || c.Meta().Time.IsZero() || !s.Live() {
		t.Errorf("%+v %+v", c, c.Meta())
	}
	c.Release()
	for range 4 { // four seconds into a ring of two
		write(count...)
	}
	write(count[:1]...) // is read when all before it lies in the ring, or is about to
	c = nextChunk(t, s)
	lost := 160 + 2*16000
	if !c.First || c.Start < int64(lost) || c.Start > int64(lost)+1 || int(c.Samples[0]) != (int(c.Start)-160)%16000 {
		t.Errorf("after the hole: First %v, Start %d, %d; want true, about %d", c.First, c.Start, c.Samples[0], lost)
	}
	c.Release()
	if got := s.Stats().Sound; got.Overruns != 1 || math.Abs(got.LostS-2) > 0.001 {
		t.Errorf("%+v", got)
	}
	_ = w.Close() // always nil
	total := 160
	for {
		c, err := s.Next(context.Background())
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if c.First {
			t.Error("a second hole")
		}
		total += len(c.Samples)
		last := c.Last
		c.Release()
		if last && total != 32000 && total != 32001 {
			t.Errorf("%d samples came after the hole", total)
		}
	}
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Error(err)
	}
}

func TestPCMContract(t *testing.T) {
	pool := new(audio.Pool)
	b := raw(tone(16000*2, 16000, 440, 0.5)...)
	pipetest.TestSource(t, pipetest.SourceCase[*audio.Chunk]{
		Open: func() (pipeline.Source[*audio.Chunk], error) {
			return NewPCM(PCMOptions{Reader: strings.NewReader(string(b)), Rate: 16000, Pool: pool})
		},
		Items: 5, Sum: sum, Alive: pool.Out,
	})
}

// TestPCMClosed: Close ends a Next that waits for a pipe, and the reader ends when the pipe is closed.
func TestPCMClosed(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	s := pcm(t, PCMOptions{Reader: r})
	ended := make(chan error)
	go func() {
		_, err := s.Next(context.Background())
		ended <- err
	}()
	time.Sleep(10 * time.Millisecond) // so that it waits, most of the time
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if err := errors.Join(r.Close(), w.Close()); err != nil {
		t.Error(err)
	}
}

func TestPCMAllocatesNothing(t *testing.T) {
	r := newRing(48000, new(counts))
	in := reader{chunker: chunker{pool: new(audio.Pool), name: "x", rate: 16000, size: 160}, inspect: func([]float32) {}}
	if err := in.use(r); err != nil {
		t.Fatal(err)
	}
	piece := make([]float32, 480)
	step := func() {
		r.put(piece, time.Time{})
		if err := in.pull(); err != nil {
			t.Fatal(err)
		}
		if in.full() {
			in.next().Release()
		}
	}
	for range 10 {
		step()
	}
	if n := testing.AllocsPerRun(1000, step); n != 0 {
		t.Errorf("%v allocations for 10 ms", n)
	}
}
