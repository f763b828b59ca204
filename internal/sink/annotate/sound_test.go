package annotate

import (
	"context"
	"errors"
	"io"
	"math"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"corallite/internal/libav"
	"corallite/internal/testdata"
)

// packetsOf are the packets of a file's sound; none if it has none.
func packetsOf(t *testing.T, path string) (all []libav.Packet) {
	t.Helper()
	r, err := libav.OpenReader(context.Background(), "file:"+path, libav.ReaderOptions{
		Choose: func(streams []libav.Stream) ([]libav.Choice, error) {
			choices, err := libav.OnlySound(streams)
			for i := range choices {
				choices[i].Decode = false
			}
			return choices, err
		},
		Packets: func(p libav.Packet) {
			p.Data = append([]byte(nil), p.Data...)
			all = append(all, p)
		},
	})
	if errors.Is(err, libav.ErrNoSound) {
		return nil
	}
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
	return all
}

// soundOf is the first channel of a file's sound from 0 on, and its rate.
func soundOf(t *testing.T, path string) (samples []float64, rate int) {
	t.Helper()
	r, err := libav.OpenReader(context.Background(), "file:"+path, libav.ReaderOptions{Choose: libav.OnlySound})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var turns []float32
	next := 0
	for {
		f, err := r.Next()
		if errors.Is(err, io.EOF) {
			return samples, rate
		}
		if err != nil {
			t.Fatal(err)
		}
		rate = f.Rate
		if turns, err = f.Floats(turns[:0]); err != nil {
			t.Fatal(err)
		}
		at := int(math.Round(f.Time.Seconds() * float64(f.Rate)))
		if d := at - next; next != 0 && d > -f.Rate/50 && d < f.Rate/50 { // Matroska has milliseconds
			at = next
		}
		next = at + f.Len
		for i := 0; i < len(turns); i += f.Channels {
			k := at + i/f.Channels
			for len(samples) <= k {
				samples = append(samples, 0)
			}
			if k >= 0 {
				samples[k] = float64(turns[i])
			}
		}
		f.Release()
	}
}

// likeness fails unless the sound of two files is alike, at the same times.
func likeness(t *testing.T, a, b string) {
	t.Helper()
	x, rate := soundOf(t, a)
	y, other := soundOf(t, b)
	if rate != other || len(x) < 2*rate || len(y) < len(x)-rate/4*3 || len(y) > len(x)+rate/4 {
		t.Fatalf("%d samples at %d Hz; want %d at %d", len(y), other, len(x), rate)
	}
	alike := func(lag int) float64 {
		var xy, xx, yy float64
		for i := rate / 4; i < min(len(x), len(y))-rate/4; i++ {
			xy += x[i] * y[i+lag]
			xx += x[i] * x[i]
			yy += y[i+lag] * y[i+lag]
		}
		return xy / math.Sqrt(xx*yy)
	}
	best, at := 0.0, 0
	for lag := -rate / 50; lag <= rate/50; lag++ {
		if c := alike(lag); c > best {
			best, at = c, lag
		}
	}
	if best < 0.95 || at < -rate/500 || at > rate/500 {
		t.Errorf("the sound is like the original by %.3f, %.1f ms late", best, 1000*float64(at)/float64(rate))
	}
}

// TestCopiesKeepTheSound copies videos: each packet of their sound is in the copy, as it was and at its time.
func TestCopiesKeepTheSound(t *testing.T) {
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		testdata.Missing(t, "the program ffmpeg is not installed (package ffmpeg; scripts/test-files installs it)")
	}
	for name, c := range map[string]struct {
		args []string
		said string
	}{
		"aac.mp4":   {[]string{"-c:v", "libx264", "-c:a", "aac"}, ""},
		"late.mkv":  {[]string{"-c:v", "libx264", "-c:a", "libopus"}, ""},
		"later.mp4": {[]string{"-c:v", "libx264", "-c:a", "aac"}, ""},
		"hole.mkv":  {[]string{"-af", "aselect='lt(t,0.4)+gt(t,2.3)'", "-c:v", "libx264", "-c:a", "libmp3lame"}, ""},
		"adts.ts":   {[]string{"-c:v", "libx264", "-c:a", "aac"}, ""},
		"mp3.avi":   {[]string{"-c:v", "mpeg4", "-c:a", "libmp3lame"}, ""},
		"flac.mkv":  {[]string{"-c:v", "mpeg4", "-c:a", "flac"}, ""},
		"g711.mkv":  {[]string{"-c:v", "mpeg4", "-c:a", "pcm_mulaw", "-ar", "8000"}, "is encoded as AAC in its annotated copy: MP4 does not hold pcm_mulaw"},
		"pcm.avi":   {[]string{"-c:v", "mpeg4", "-c:a", "pcm_s16le", "-ac", "2"}, "is encoded as AAC in its annotated copy: MP4 does not hold pcm_s16le"},
		"six.mkv":   {[]string{"-c:v", "mpeg4", "-c:a", "pcm_s16le", "-ac", "6"}, "is without its sound: MP4 does not hold pcm_s16le, and it cannot be encoded as AAC"},
		"mute.mp4":  {[]string{"-c:v", "libx264", "-an"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			in, out := filepath.Join(dir, name), filepath.Join(dir, "out.mp4")
			offset := "0"
			switch name {
			case "late.mkv":
				offset = "0.3"
			case "later.mp4":
				offset = "1.7"
			}
			command := exec.Command("ffmpeg", append(append([]string{
				"-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc=s=64x48:r=25:d=3", "-itsoffset", offset,
				"-f", "lavfi", "-i", "aevalsrc='0.4*sin(2*PI*(300*t+200*t*t))':s=48000:d=2.9",
			}, c.args...), in)...)
			if text, err := command.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, text)
			}
			said := ""
			s := newVideo(t, VideoOptions{Path: out, Tell: func(text string) { said += text }})
			frames := timesOf(t, in)
			for i, at := range frames {
				r := report(t, grey(64, 48), in, i, 25)
				r.Item.Meta().Position = at
				consume(t, s, r)
			}
			closeSink(t, s)
			if (said != "") != (c.said != "") || !strings.Contains(said, c.said) {
				t.Errorf("said %q; want %q", said, c.said)
			}
			if got := timesOf(t, out); len(got) != len(frames) || !sameTimes(got, frames) {
				t.Errorf("the frames' times are %v", got)
			}
			if strings.Contains(c.said, "encoded as AAC in") {
				likeness(t, in, out)
				return
			}
			got, want := packetsOf(t, out), packetsOf(t, in)
			if c.said != "" {
				want = nil
			}
			end := frames[len(frames)-1] + 40*time.Millisecond
			for len(want) > 0 && want[len(want)-1].PTS >= end {
				want = want[:len(want)-1]
			}
			for len(want) > 0 && frames[0] > 0 && want[0].PTS+want[0].Duration <= frames[0] {
				want = want[1:]
			}
			if len(got) != len(want) {
				t.Fatalf("%d packets of sound, %d in the original", len(got), len(want))
			}
			for i := range want {
				data := want[i].Data
				if name == "adts.ts" { // MP4 has what the header of each packet says in its own
					data = data[len(data)-len(got[i].Data):]
				}
				if name == "later.mp4" && i == 0 {
					continue // it is put at the beginning, and lasts until the second one
				}
				if d := (got[i].PTS - want[i].PTS + frames[0]).Abs(); d > 2*time.Millisecond || string(got[i].Data) != string(data) {
					t.Errorf("packet %d: %d bytes at %v; want %d at %v", i, len(got[i].Data), got[i].PTS, len(want[i].Data), want[i].PTS)
				}
			}
		})
	}
}
