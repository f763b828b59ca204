package annotate

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"corallite/internal/libav"
	"corallite/internal/testdata"
	"corallite/pipeline/camera"
)

// spoken is a camera's sound: a real file's.
type spoken struct {
	path       string
	parameters libav.Parameters
	packets    []libav.Packet
	to         camera.PacketSink
	stopped    int
	sent       int
	shift      time.Duration // of the camera's clock
}

func (s *spoken) SoundPackets(to camera.PacketSink) (stop func()) {
	s.to = to
	return func() { s.stopped++ }
}

// begin begins a session.
func (s *spoken) begin() { s.to.Streams([]camera.PacketStream{camera.PacketStreamOf(s.parameters)}) }

// until sends the packets before a time.
func (s *spoken) until(began time.Time, at time.Duration) {
	for ; s.sent < len(s.packets) && s.packets[s.sent].PTS < at; s.sent++ {
		p := s.packets[s.sent]
		s.to.Packet(camera.Packet{
			Stream: s.parameters.Stream, Key: true, PTS: p.PTS + s.shift, DTS: p.DTS + s.shift, Duration: p.Duration, Data: p.Data,
			Captured: began.Add(p.PTS + time.Duration(s.sent%7)*time.Millisecond), // packets come unevenly
		})
	}
}

// newSpoken makes sound of that length.
func newSpoken(t *testing.T, name string, seconds string, args ...string) *spoken {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		testdata.Missing(t, "the program ffmpeg is not installed (package ffmpeg; scripts/test-files installs it)")
	}
	path := filepath.Join(t.TempDir(), name)
	command := exec.Command("ffmpeg", append(append([]string{"-nostdin", "-v", "error", "-f", "lavfi", "-i", "sine=f=440:r=48000:d=" + seconds}, args...), path)...)
	if text, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	s := &spoken{path: path, packets: packetsOf(t, path), shift: 1234 * time.Second}
	r, err := libav.OpenReader(context.Background(), "file:"+path, libav.ReaderOptions{Choose: libav.OnlySound})
	if err != nil {
		t.Fatal(err)
	}
	s.parameters = r.Chosen()[0]
	r.Close()
	return s
}

// recordLive is a recording of a camera with sound: pictures at those times.
func recordLive(t *testing.T, s *spoken, mute bool, at ...time.Duration) (path, said string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "v.mp4")
	v, err := NewVideo(VideoOptions{Path: path, Live: true, Mute: mute, Tell: func(text string) { said += text + "\n" }})
	if err != nil {
		t.Fatal(err)
	}
	v.writer.listen(s)
	s.begin()
	began := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for n, d := range at {
		s.until(began, d+150*time.Millisecond) // the pictures come later than their sound
		r := report(t, grey(64, 48), "rtsp://yard", n, 10)
		r.Item.Meta().Time = began.Add(d)
		consume(t, v, r)
	}
	closeSink(t, v)
	closeSink(t, v)
	if s.stopped != 1 {
		t.Errorf("the sound was given back %d times", s.stopped)
	}
	return path, said
}

func tenths(from, to int) (all []time.Duration) {
	for i := from; i < to; i++ {
		all = append(all, time.Duration(i)*100*time.Millisecond)
	}
	return all
}

// TestLiveCopiesHaveSound records pictures with sound of several codecs: each packet from the first picture on is there, at its
// time.
func TestLiveCopiesHaveSound(t *testing.T) {
	for name, args := range map[string][]string{
		"a.m4a": {"-c:a", "aac"}, "a.ts": {"-c:a", "aac"}, "a.mp3": {"-c:a", "libmp3lame"}, "a.ogg": {"-c:a", "libopus"}, "a.flac": {"-c:a", "flac"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSpoken(t, name, "5", args...)
			path, said := recordLive(t, s, false, tenths(5, 40)...)
			if said != "" {
				t.Errorf("said %q", said)
			}
			var want []libav.Packet
			for _, p := range s.packets {
				if p.PTS >= 499*time.Millisecond && p.PTS < 3990*time.Millisecond {
					want = append(want, p)
				}
			}
			got := packetsOf(t, path)
			if d := len(got) - len(want); d < -1 || d > 1 {
				t.Fatalf("%d packets of sound; want %d", len(got), len(want))
			}
			for len(want) > 0 && !strings.HasSuffix(string(want[0].Data), string(got[0].Data)) {
				want = want[1:]
			}
			for i := range min(len(got), len(want)) {
				data := want[i].Data[len(want[i].Data)-len(got[i].Data):] // without its ADTS header
				if d := (got[i].PTS - (want[i].PTS - 500*time.Millisecond)).Abs(); d > 15*time.Millisecond || string(got[i].Data) != string(data) {
					t.Errorf("packet %d is at %v; want %v", i, got[i].PTS, want[i].PTS-500*time.Millisecond)
				}
			}
			if n := len(readFilm(t, path).shots); n != 35 {
				t.Errorf("%d frames", n)
			}
		})
	}
}

// TestLiveCopiesWithPauses: where pictures stop for long, their last one is shown for ten seconds, and the sound goes on with the
// ten before the next one.
func TestLiveCopiesWithPauses(t *testing.T) {
	s := newSpoken(t, "a.m4a", "40", "-c:a", "aac")
	path, said := recordLive(t, s, false, append(tenths(0, 10), tenths(300, 320)...)...)
	if said != "" {
		t.Errorf("said %q", said)
	}
	got := packetsOf(t, path)
	cut := 19 * time.Second // of the 29 seconds between the pictures
	for i, p := range got {
		d := p.Duration
		if i+1 < len(got) {
			d = got[i+1].PTS - p.PTS
		}
		if d.Abs() > 60*time.Millisecond {
			t.Errorf("packet %d at %v lasts %v", i, p.PTS, d)
		}
	}
	last := got[len(got)-1]
	for _, p := range s.packets {
		if string(p.Data) == string(last.Data) && (p.PTS-cut-last.PTS).Abs() < 20*time.Millisecond {
			if end := last.PTS + last.Duration; end < 12700*time.Millisecond || end > 13100*time.Millisecond {
				t.Errorf("the sound ends at %v", end)
			}
			return
		}
	}
	t.Errorf("the last packet, at %v, is none of that time", last.PTS)
}

// TestLiveCopiesWithG711: what most cameras send MP4 does not hold.
func TestLiveCopiesWithG711(t *testing.T) {
	s := newSpoken(t, "a.mkv", "5", "-af", "aeval='0.4*sin(2*PI*(300*t+100*t*t))'", "-ar", "8000", "-c:a", "pcm_alaw")
	path, said := recordLive(t, s, false, tenths(0, 48)...)
	if want := "the sound of rtsp://yard is encoded as AAC in its annotated copy: MP4 does not hold pcm_alaw\n"; said != want {
		t.Errorf("said %q; want %q", said, want)
	}
	likeness(t, s.path, path)
}

// TestLiveCopiesWithoutSound: what cannot be in an MP4 is said, and what is not wanted is not.
func TestLiveCopiesWithoutSound(t *testing.T) {
	path, said := recordLive(t, newSpoken(t, "a.wav", "2", "-c:a", "pcm_s16le", "-ac", "6"), false, tenths(0, 15)...)
	if want := "the annotated copy of rtsp://yard is without its sound: MP4 does not hold pcm_s16le, and it cannot be encoded as AAC\n"; said != want || len(packetsOf(t, path)) != 0 {
		t.Errorf("said %q; want %q", said, want)
	}
	path, said = recordLive(t, newSpoken(t, "a.m4a", "2", "-c:a", "aac"), true, tenths(0, 15)...)
	if said != "" || len(packetsOf(t, path)) != 0 || len(readFilm(t, path).shots) != 15 {
		t.Errorf("mute: said %q", said)
	}
}

// TestLiveCopiesOfChangedSound: a camera that comes back with other sound, and with the same.
func TestLiveCopiesOfChangedSound(t *testing.T) {
	s, other := newSpoken(t, "a.m4a", "9", "-c:a", "aac"), newSpoken(t, "b.m4a", "9", "-c:a", "aac", "-ar", "16000")
	path := filepath.Join(t.TempDir(), "v.mp4")
	said := ""
	v, err := NewVideo(VideoOptions{Path: path, Live: true, Tell: func(text string) { said += text + "\n" }})
	if err != nil {
		t.Fatal(err)
	}
	v.writer.listen(s)
	other.to = s.to
	began := time.Now()
	for n, d := range tenths(0, 80) {
		switch n {
		case 0, 20: // the second session has another clock
			s.begin()
			s.shift += time.Hour
		case 40:
			other.begin()
		case 60:
			s.begin()
		}
		from := s
		if n >= 40 && n < 60 {
			from = other
		}
		for from.sent < len(from.packets) && from.packets[from.sent].PTS < d { // what was sent by the other one
			from.sent++
		}
		from.until(began, d+100*time.Millisecond)
		r := report(t, grey(64, 48), "rtsp://yard", n, 10)
		r.Item.Meta().Time = began.Add(d)
		consume(t, v, r)
	}
	closeSink(t, v)
	if want := "the sound of rtsp://yard has changed: the rest of " + path + " is without it\n"; said != want {
		t.Errorf("said %q; want %q", said, want)
	}
	parts := map[int]int{}
	for _, p := range packetsOf(t, path) {
		parts[int(p.PTS/(2*time.Second))]++
	}
	if parts[0] < 80 || parts[1] < 80 || parts[2] > 4 || parts[3] < 80 {
		t.Errorf("packets in each two seconds: %v", parts)
	}
}
