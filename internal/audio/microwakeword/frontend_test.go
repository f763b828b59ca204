package microwakeword

import (
	"encoding/binary"
	"flag"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"corallite/pipeline/audio"
)

// golden rewrites the golden values from the peer's output: go test -run Golden -golden.
var golden = flag.Bool("golden", false, "write the golden values anew")

const goldenFeatures = "testdata/features.bin" // of madeSound, 16 bits each, little endian

func readGolden(tb testing.TB) []uint16 {
	tb.Helper()
	b, err := os.ReadFile(goldenFeatures)
	if err != nil {
		tb.Fatal(err)
	}
	values := make([]uint16, len(b)/2)
	for i := range values {
		values[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return values
}

// TestFeatures compares the features with those of pymicro-features for the same sound.
func TestFeatures(t *testing.T) {
	want := readGolden(t)
	if len(want) != ((2*Rate-Window)/Hop+1)*Channels {
		t.Fatalf("%d golden values", len(want))
	}
	got := NewFrontend().Process(nil, madeSound())
	if at := differ(got, want); at >= 0 {
		t.Fatalf("row %d, channel %d differs: %d, not %d", at/Channels, at%Channels, got[at], want[at])
	}
}

// TestGoldenFeatures compares the golden values with the peer.
func TestGoldenFeatures(t *testing.T) {
	usual, want := asThePeer(t), peer(t, "features", [][]int16{madeSound()}).features()
	if !usual {
		if got := NewFrontend().Process(nil, madeSound()); differ(got, want) >= 0 {
			t.Error("the features differ")
		}
		return
	}
	if *golden {
		var b []byte
		for _, v := range want {
			b = binary.LittleEndian.AppendUint16(b, v)
		}
		if err := os.WriteFile(goldenFeatures, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if at := differ(readGolden(t), want); at >= 0 {
		t.Errorf("value %d differs", at)
	}
}

// TestFeaturesAsThePeer compares the features of all recordings, and of sound that is loudest where the window is not,
// bit for bit.
func TestFeaturesAsThePeer(t *testing.T) {
	asThePeer(t)
	names, sounds := speech(t, "wakewords/*.wav")
	more, digits := speech(t, "digits/*.wav")
	names, sounds = append(names, more...), append(sounds, digits...)
	r := rand.New(rand.NewPCG(6, 0))
	for range 20 {
		sound := make([]int16, Rate)
		shift := r.IntN(16)
		for i := range sound {
			sound[i] = int16(r.Uint32()) >> shift
			if r.IntN(3) == 0 {
				sound[i] = int16(32767 - 65535*r.IntN(2))
			}
		}
		names, sounds = append(names, "noise"), append(sounds, sound)
	}
	from := peer(t, "features", sounds)
	f := NewFrontend()
	for i, sound := range sounds {
		f.Reset()
		want, got := from.features(), f.Process(nil, sound)
		if at := differ(got, want); at >= 0 {
			t.Errorf("%s: row %d, channel %d differs", names[i], at/Channels, at%Channels)
		}
	}
}

// TestCuts divides the sound differently: the features are the same.
func TestCuts(t *testing.T) {
	sound, want := madeSound(), readGolden(t)
	for _, size := range []int{1, 7, Hop, Window, 7680} {
		f, got := NewFrontend(), []uint16(nil)
		for part := range slices.Chunk(sound, size) {
			got = f.Process(got, part)
		}
		if !slices.Equal(got, want) {
			t.Errorf("in pieces of %d samples the features are others", size)
		}
	}
}

// TestReset gives the same results after Reset as at first, whatever came before.
func TestReset(t *testing.T) {
	f, want := NewFrontend(), readGolden(t)
	f.Process(nil, madeSound()[5000:9321])
	f.Reset()
	if got := f.Process(nil, madeSound()); !slices.Equal(got, want) {
		t.Error("after Reset the features are others")
	}
}

// TestLoudest has the extremes of every stage: nothing panics, and the features stay within the range of the peer's
// logarithm.
func TestLoudest(t *testing.T) {
	for _, v := range []int16{-32768, -32767, -1, 0, 1, 32767} {
		f := NewFrontend()
		for _, period := range []int{1, 2, 3, 64, 480} {
			sound := make([]int16, Window*3)
			for i := range sound {
				if sound[i] = v; i/period%2 == 1 {
					sound[i] = ^v
				}
			}
			for _, x := range f.Process(nil, sound) {
				if x > 1500 {
					t.Fatalf("a feature of %d", x)
				}
			}
		}
	}
}

func TestStage(t *testing.T) {
	sound, s := madeSound(), NewStage()
	padded := append(slices.Clone(sound), s.quiet[:]...)
	want := NewFrontend().Process(nil, padded)
	for _, size := range []int{100, 8000, len(sound)} {
		for range 2 { // a second recording begins anew
			var got []uint16
			chunks(t, sound, size, s, func(c *audio.Chunk) { got = append(got, c.Micro...) })
			if !slices.Equal(got, want) {
				t.Errorf("in chunks of %d samples the features are others", size)
			}
		}
	}
	if err := s.Process(t.Context(), &audio.Chunk{Rate: 44100, First: true}); err == nil {
		t.Error("44.1 kHz was taken")
	}
}

func TestFrontendAllocates(t *testing.T) {
	f, dst, sound := NewFrontend(), make([]uint16, 0, 8*Channels), madeSound()
	if n := testing.AllocsPerRun(100, func() { dst = f.Process(dst[:0], sound[:5*Hop]) }); n != 0 {
		t.Errorf("%g allocations", n)
	}
}

// BenchmarkFrontend makes a row of features, 10 ms of sound.
func BenchmarkFrontend(b *testing.B) {
	f, dst, sound := NewFrontend(), make([]uint16, 0, 2*Channels), madeSound()
	at := 0
	b.ReportAllocs()
	for b.Loop() {
		dst = f.Process(dst[:0], sound[at:at+Hop])
		if at += Hop; at == len(sound) {
			at = 0
		}
	}
}
