package mic

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"corallite/internal/isolate"
	"corallite/internal/pipetest"
	"corallite/internal/testdata"
	"corallite/pipeline"
	"corallite/pipeline/audio"
)

// heard is the output of a source for one recording.
type heard struct {
	source  string
	samples []int16
	chunks  int
}

// listen reads a source to its end, checks the flags of the chunks, and closes it.
func listen(t *testing.T, s audio.Source) (all []heard, failed []*pipeline.ItemError) {
	t.Helper()
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	over := true
	for {
		c, err := s.Next(context.Background())
		var one *pipeline.ItemError
		switch {
		case err == io.EOF:
			if !over {
				t.Error("the last recording has no last chunk")
			}
			return all, failed
		case errors.As(err, &one):
			failed = append(failed, one)
			continue
		case err != nil:
			t.Fatal(err)
		}
		if c.First != over {
			t.Errorf("%s, chunk at %d: First is %v", c.Meta().Source, c.Start, c.First)
		}
		if c.First {
			all = append(all, heard{source: c.Meta().Source})
		}
		h := &all[len(all)-1]
		if c.Start != int64(len(h.samples)) || c.Meta().Source != h.source || c.Meta().Position != audio.At(c.Start, c.Rate) {
			t.Errorf("%s: chunk at %d, position %v, after %d samples of %s", c.Meta().Source, c.Start, c.Meta().Position, len(h.samples), h.source)
		}
		h.samples = append(h.samples, c.Samples...)
		h.chunks++
		over = c.Last
		c.Release()
	}
}

func open(t *testing.T, rate int, paths ...string) audio.Source {
	t.Helper()
	s, err := NewFiles(FilesOptions{Paths: paths, Rate: rate})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// plain returns a 16-bit WAVE file, written without the code under test.
func plain(rate, channels int, samples ...int16) []byte {
	b := append([]byte("RIFF????WAVEfmt "), 16, 0, 0, 0, 1, 0, byte(channels), 0)
	b = binary.LittleEndian.AppendUint32(b, uint32(rate))
	b = binary.LittleEndian.AppendUint32(b, uint32(rate*channels*2))
	b = append(b, byte(2*channels), 0, 16, 0)
	b = append(b, "data"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(2*len(samples)))
	for _, s := range samples {
		b = binary.LittleEndian.AppendUint16(b, uint16(s))
	}
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-8))
	return b
}

func file(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func tone(n, rate int, hertz, level float64) []int16 {
	samples := make([]int16, n)
	for i := range samples {
		samples[i] = int16(math.Round(32767 * level * math.Sin(2*math.Pi*hertz*float64(i)/float64(rate))))
	}
	return samples
}

// TestSpeechStaysAsItIs: one channel of 16 bits at the wanted rate passes bit for bit.
func TestSpeechStaysAsItIs(t *testing.T) {
	path := testdata.Path(t, "speech/wakewords/alexa-en-us.wav")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	all, failed := listen(t, open(t, 16000, path))
	if len(all) != 1 || len(failed) != 0 || all[0].source != path {
		t.Fatalf("%d recordings, %v", len(all), failed)
	}
	data := content[len(content)-2*len(all[0].samples):]
	for i, s := range all[0].samples {
		if want := int16(binary.LittleEndian.Uint16(data[2*i:])); s != want {
			t.Fatalf("sample %d is %d, not %d", i, s, want)
		}
	}
	if size := int(binary.LittleEndian.Uint32(content[40:])); size != len(data) {
		t.Errorf("%d bytes of samples, not %d", len(data), size)
	}
}

func TestMain(m *testing.M) {
	isolate.Main(Handlers())
	goleak.VerifyTestMain(m)
}

func TestFilesContract(t *testing.T) {
	pool := new(audio.Pool)
	sound := plain(16000, 1, tone(16000*2, 16000, 440, 0.5)...)
	one, two := file(t, "a.wav", sound), file(t, "b.wav", sound)
	pipetest.TestSource(t, pipetest.SourceCase[*audio.Chunk]{
		Open: func() (pipeline.Source[*audio.Chunk], error) {
			return NewFiles(FilesOptions{Paths: []string{one, "not/there.wav", two}, Rate: 16000, Pool: pool})
		},
		Items: 10, Sum: sum, Alive: pool.Out,
	})
}

func sum(c *audio.Chunk) uint64 {
	h := uint64(c.Start)
	for _, s := range c.Samples {
		h = h*31 + uint64(uint16(s))
	}
	return h
}
