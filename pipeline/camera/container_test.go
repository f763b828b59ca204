package camera

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

func TestMissingBytes(t *testing.T) {
	le := func(n uint32) string { return string(binary.LittleEndian.AppendUint32(nil, n)) }
	be := func(n uint32) string { return string(binary.BigEndian.AppendUint32(nil, n)) }
	zeros := func(n int) string { return string(make([]byte, n)) }
	avi := "RIFF" + le(104) + "AVI " + zeros(100)
	mp4 := be(16) + "ftypisom" + zeros(4) + be(1) + "mdat" + be(0) + be(116) + zeros(100)
	ebml := "\x1a\x45\xdf\xa3\x84" + zeros(4)
	mkv := ebml + "\x18\x53\x80\x67\x01\x00\x00\x00\x00\x00\x00\x64" + zeros(100)
	for name, c := range map[string]struct {
		data string
		want int64
	}{
		"whole AVI":              {avi, 0},
		"cut AVI":                {avi[:70], 42},
		"AVI with bytes behind":  {avi + "xxxxxxxxxxxxx", 0},
		"AVI not finished":       {"RIFF" + le(0) + "AVI " + zeros(50), 0},
		"AVI of unknown size":    {"RIFF" + le(1<<32-1) + "AVI " + zeros(50), 0},
		"whole AVI of two":       {avi + avi, 0},
		"cut AVI of two":         {(avi + avi)[:200], 24},
		"whole MP4":              {mp4, 0},
		"cut MP4":                {mp4[:80], 52},
		"MP4 to the end of file": {be(16) + "ftypisom" + zeros(4) + be(0) + "mdat" + zeros(9), 0},
		"MP4 of strange boxes":   {be(16) + "ftypisom" + zeros(4) + be(3) + "mdat" + zeros(9), 0},
		"whole Matroska":         {mkv, 0},
		"cut Matroska":           {mkv[:50], 71},
		"Matroska without size":  {ebml + "\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff" + zeros(20), 0},
		"Matroska short":         {"\x1a\x45\xdf\xa3", 0},
		"Matroska in pieces":     {ebml + "\x18\x53", 0},
		"another container":      {"FLV\x01" + zeros(100), 0},
		"WAV":                    {"RIFF" + le(1000) + "WAVE" + zeros(100), 0},
		"nothing":                {"", 0},
	} {
		if got := missingBytes(bytes.NewReader([]byte(c.data)), int64(len(c.data))); got != c.want {
			t.Errorf("%s: %d bytes are missing, want %d", name, got, c.want)
		}
	}
}

func TestIsText(t *testing.T) {
	for text, want := range map[string]bool{
		"": true, "hello\n\tworld\r\n": true, "größer": true, "größer"[:3]: true, "a\x00b": false, "\xff\xfe\x00": false, "RIFF\x10\x02\x00\x00AVI ": false,
	} {
		if isText([]byte(text)) != want {
			t.Errorf("%q is text: %v, want %v", text, !want, want)
		}
	}
	random := make([]byte, 512)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range random {
		random[i] = byte(r.Uint32())
	}
	if isText(random) {
		t.Error("random bytes are text")
	}
}
