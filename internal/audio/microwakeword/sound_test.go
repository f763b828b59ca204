package microwakeword

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"corallite/internal/testdata"
	"corallite/pipeline/audio"
)

// madeSound is the sound of the golden values, 2 s: noise of four levels, a rising tone, a full-scale square wave, the
// loudest possible noise, and silence. It is computed from integers alone, so that it is the same on every machine.
func madeSound() []int16 {
	sound := make([]int16, 2*Rate)
	state, phase := uint32(1), uint32(0)
	for i := range sound {
		state = state*1664525 + 1013904223
		noise := int32(int16(state >> 16))
		at := uint32(i) * 8 / uint32(len(sound)) // eight parts
		phase += (100 + uint32(i)) << 12
		tone := int32(phase>>16) - 32768 // a saw
		v := int32(0)
		switch at {
		case 0:
			v = noise >> 12
		case 1:
			v = tone>>3 + noise>>8
		case 2:
			v = tone + noise>>4
		case 3:
			v = 32767 - 65535*int32(i/37%2)
		case 4:
			v = noise
		case 5:
			v = noise >> 5
		case 6:
			v = tone >> 9
		}
		sound[i] = int16(max(min(v, 32767), -32768))
	}
	return sound
}

// wave reads a mono 16-bit recording of the test data, converted to Rate: one of half the rate with values halfway
// between its samples.
func wave(tb testing.TB, path string) []int16 {
	tb.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	if len(b) < 44 || string(b[36:40]) != "data" || binary.LittleEndian.Uint16(b[22:]) != 1 || binary.LittleEndian.Uint16(b[34:]) != 16 {
		tb.Fatalf("%s is no plain recording of one channel and 16 bits", path)
	}
	rate, data := binary.LittleEndian.Uint32(b[24:]), b[44:]
	data = data[:min(len(data), int(binary.LittleEndian.Uint32(b[40:])))]
	sound := make([]int16, len(data)/2)
	for i := range sound {
		sound[i] = int16(binary.LittleEndian.Uint16(data[2*i:]))
	}
	switch rate {
	case Rate:
		return sound
	case Rate / 2:
		double := make([]int16, 0, 2*len(sound))
		for i, v := range sound {
			next := sound[min(i+1, len(sound)-1)]
			double = append(double, v, int16((int32(v)+int32(next))/2))
		}
		return double
	}
	tb.Fatalf("%s has %d samples a second", path, rate)
	return nil
}

// speech are the recordings of a folder of the test data whose names fit.
func speech(tb testing.TB, pattern string) (names []string, sounds [][]int16) {
	tb.Helper()
	folder := testdata.Path(tb, "speech/"+filepath.Dir(pattern))
	names, err := filepath.Glob(filepath.Join(folder, filepath.Base(pattern)))
	if err != nil || len(names) == 0 {
		tb.Fatalf("no recordings %s: %v", pattern, err)
	}
	for i, name := range names {
		sounds = append(sounds, wave(tb, name))
		names[i] = strings.TrimSuffix(filepath.Base(name), ".wav")
	}
	return names, sounds
}

// peer is the output of testdata/peer.py for sounds.
func peer(tb testing.TB, what string, sounds [][]int16) *reader {
	tb.Helper()
	var b []byte
	for _, s := range sounds {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(s)))
		for _, v := range s {
			b = binary.LittleEndian.AppendUint16(b, uint16(v))
		}
	}
	path := filepath.Join(tb.TempDir(), "sounds")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		tb.Fatal(err)
	}
	return &reader{testdata.Oracle(tb, filepath.Join("testdata", "peer.py"), what, path)}
}

// asThePeer gives the filters the logarithm that the peer has from this machine's C library, during the test. It
// reports whether that is the usual one.
func asThePeer(tb testing.TB) (usual bool) {
	tb.Helper()
	log := math.Float32frombits(binary.LittleEndian.Uint32(testdata.Oracle(tb, filepath.Join("testdata", "peer.py"), "log")))
	if log == highestLog {
		return true
	}
	tb.Logf("the peer's filters are others here: log1pf gives %x, not %x", log, highestLog)
	before := filters
	tb.Cleanup(func() { filters = before })
	filters = newBank(log)
	return false
}

// reader reads numbers from the peer's output.
type reader struct{ b []byte }

func (r *reader) count() int {
	n := binary.LittleEndian.Uint32(r.b)
	r.b = r.b[4:]
	return int(n)
}

func (r *reader) features() []uint16 {
	values := make([]uint16, r.count())
	for i := range values {
		values[i] = binary.LittleEndian.Uint16(r.b[2*i:])
	}
	r.b = r.b[2*len(values):]
	return values
}

// runs are the probabilities and their means.
func (r *reader) runs() (all [][2]float64) {
	all = make([][2]float64, r.count())
	for i := range all {
		for k := range all[i] {
			all[i][k] = math.Float64frombits(binary.LittleEndian.Uint64(r.b[16*i+8*k:]))
		}
	}
	r.b = r.b[16*len(all):]
	return all
}

// chunks divides a recording into chunks of this many samples and passes each, after the stage, to take.
func chunks(tb testing.TB, sound []int16, size int, stage *Stage, take func(c *audio.Chunk)) {
	tb.Helper()
	var pool audio.Pool
	for at := 0; at == 0 || at < len(sound); at += size {
		c := pool.Get(size)
		c.Rate, c.Start, c.First, c.Last = Rate, int64(at), at == 0, at+size >= len(sound)
		c.Samples = append(c.Samples, sound[at:min(at+size, len(sound))]...)
		c.Level = -20
		if err := stage.Process(tb.Context(), c); err != nil {
			tb.Fatal(err)
		}
		take(c)
		c.Release()
	}
}

// differ is the first index where two rows of values differ, or -1.
func differ[T comparable](a, b []T) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	if len(a) != len(b) {
		return min(len(a), len(b))
	}
	return -1
}
