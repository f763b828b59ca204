package libav

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"time"
)

// packetsOfSound are the packets of a file's sound, and what it is.
func packetsOfSound(t *testing.T, path string) (all []Packet, p Parameters) {
	t.Helper()
	r, err := OpenReader(context.Background(), "file:"+path, ReaderOptions{
		Choose: func(all []Stream) ([]Choice, error) {
			choices, err := OnlySound(all)
			for i := range choices {
				choices[i].Decode = false
			}
			return choices, err
		},
		Packets: func(p Packet) { p.Data = bytes.Clone(p.Data); all = append(all, p) },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for err == nil {
		err = r.Step()
	}
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	return all, r.Chosen()[0]
}

// TestTranscoder encodes G.711 and PCM as AAC: packets follow each other, and go on where the times of the original do.
func TestTranscoder(t *testing.T) {
	for name, args := range map[string]string{"a.mkv": "-ar 8000 -c:a pcm_mulaw", "b.mkv": "-ar 44100 -ac 2 -c:a pcm_s16le", "c.wav": "-ar 22050 -c:a adpcm_ima_wav"} {
		path := made{name: name, input: "sine=f=440:d=3", args: args}.write(t)
		packets, in := packetsOfSound(t, path)
		tr, err := NewTranscoder(in)
		if err != nil {
			t.Fatal(err)
		}
		out := tr.Parameters()
		if out.Codec != "aac" || out.Rate != in.Rate || out.Channels != in.Channels || !out.Holds(MP4) || len(out.Extradata) == 0 {
			t.Errorf("%s: %+v", name, out)
		}
		var got []Packet
		give := func(p Packet) { p.Data = bytes.Clone(p.Data); got = append(got, p) }
		const pause = 5 * time.Second
		cut := 0
		for _, p := range packets {
			if p.PTS >= time.Second { // a second is missing, and then comes a pause
				if p.PTS < 2*time.Second {
					continue
				}
				p.PTS += pause
			}
			if err := tr.Put(p, give); err != nil {
				t.Fatal(err)
			}
		}
		if err := tr.Put(Packet{PTS: 8900 * time.Millisecond, Data: []byte{1}}, give); err != nil { // half a sample of some
			t.Error(err)
		}
		if err := tr.End(give); err != nil {
			t.Fatal(err)
		}
		length := 1024 * time.Second / time.Duration(in.Rate)
		for i, p := range got {
			if i == 0 {
				if d := (p.PTS + length).Abs(); d > time.Millisecond {
					t.Errorf("%s: it begins at %v", name, p.PTS)
				}
				continue
			}
			d := p.PTS - got[i-1].PTS - length
			if d > pause && cut == 0 && d < pause+1500*time.Millisecond {
				cut = i
			} else if d.Abs() > time.Millisecond {
				t.Errorf("%s: packet %d is %v after the last", name, i, p.PTS-got[i-1].PTS)
			}
		}
		if end := got[len(got)-1].PTS + length; cut == 0 || end < 7900*time.Millisecond || end > 8200*time.Millisecond+length {
			t.Errorf("%s: %d packets, the pause before %d, the end at %v", name, len(got), cut, end)
		}
		tr.Close()
		tr.Close()
		if tr.Put(packets[0], give) == nil || tr.End(give) == nil {
			t.Errorf("%s: it works after Close", name)
		}
	}
}

// TestNotTranscoded has sound that AAC cannot be made of.
func TestNotTranscoded(t *testing.T) {
	for name, args := range map[string]string{"six.mkv": "-ac 6 -c:a pcm_s16le", "rate.wav": "-ar 9000 -c:a pcm_s16le"} {
		_, in := packetsOfSound(t, made{name: name, input: "sine=f=440:d=1", args: args}.write(t))
		if _, err := NewTranscoder(in); !errors.Is(err, ErrNotTranscoded) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
