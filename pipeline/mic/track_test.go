package mic

import (
	"context"
	"io"
	"math"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"corallite/internal/testdata"
	"corallite/pipeline/audio"
)

// converted is the recording in another format, made by ffmpeg.
func converted(t *testing.T, wav, name string, arguments ...string) string {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		testdata.Missing(t, "the program ffmpeg is not installed (package ffmpeg; scripts/test-files installs it)")
	}
	path := filepath.Join(t.TempDir(), name)
	command := exec.Command("ffmpeg", append(append([]string{"-nostdin", "-loglevel", "error", "-i", wav}, arguments...), path)...)
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

// TestTrack reads what ffmpeg's libraries decode: without loss exactly, with loss as loud.
func TestTrack(t *testing.T) {
	sound := tone(16000*2, 16000, 500, 0.5)
	wav := file(t, "tone.wav", plain(16000, 1, sound...))
	for name, exact := range map[string]bool{"x.flac": true, "x.mp3": false, "x.ogg": false, "x.m4a": false, "x.mp4": false, "mulaw.wav": false} {
		var arguments []string
		if name == "mulaw.wav" {
			arguments = []string{"-c:a", "pcm_mulaw"}
		}
		path := converted(t, wav, name, arguments...)
		all, failed := listen(t, open(t, 16000, path))
		if len(failed) != 0 || len(all) != 1 || all[0].source != path {
			t.Errorf("%s: %d recordings, %v", name, len(all), failed)
			continue
		}
		got := all[0].samples
		if exact && len(got) != len(sound) || len(got) < len(sound)-100 || len(got) > len(sound)+4000 {
			t.Errorf("%s: %d samples, not %d", name, len(got), len(sound))
			continue
		}
		power := 0.0
		for i, s := range got[4000:24000] {
			if exact && s != sound[4000+i] {
				t.Fatalf("%s: sample %d is %d, not %d", name, 4000+i, s, sound[4000+i])
			}
			power += float64(s) * float64(s) / 20000 / (1 << 30)
		}
		if wrong := math.Abs(10 * math.Log10(power/0.125)); wrong > 1 { // the encoders take a little
			t.Errorf("%s: %.2f dB too loud or too quiet", name, wrong)
		}
	}
}

// TestTrackBad: what ffmpeg says comes with the file, and the next one is read.
func TestTrackBad(t *testing.T) {
	good := file(t, "good.wav", plain(16000, 1, 7, 8))
	flac := converted(t, file(t, "tone.wav", plain(16000, 1, tone(16000, 16000, 500, 0.5)...)), "x.flac")
	for name, path := range map[string]string{
		"text": file(t, "x.mp3", []byte(strings.Repeat("this is no sound at all\n", 100))), "code": file(t, "x.wav", made{id: "RIFF", code: 0x1234, channels: 1, rate: 16000, bits: 16, container: 2, data: make([]byte, 100)}.bytes()),
	} {
		all, failed := listen(t, open(t, 16000, path, good))
		if len(all) != 1 || len(failed) != 1 || failed[0].Source != path || !strings.Contains(failed[0].Err.Error(), "ffmpeg cannot read it: ") {
			t.Errorf("%s: %d recordings, %v", name, len(all), failed)
		}
	}
	// Closed in the middle: nothing is left behind (TestMain looks for goroutines).
	s := open(t, 16000, flac)
	if _, err := s.Next(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestTrackTimes: sound has the times of its file. What begins later than the pictures has a later index, a gap is silence.
func TestTrackTimes(t *testing.T) {
	wav := file(t, "tone.wav", plain(16000, 1, tone(32000, 16000, 500, 0.5)...))
	late := converted(t, wav, "late.mkv", "-f", "lavfi", "-i", "color=size=32x32:rate=10:duration=2.5", "-filter:a", "asetpts=PTS+0.5/TB", "-c:a", "flac")
	gap := converted(t, wav, "gap.mkv", "-filter:a", "asetpts=PTS+gt(T\\,0.99)*3/TB", "-c:a", "pcm_s16le")
	for name, c := range map[string]struct {
		path       string
		start, end float64 // seconds
		silent     [2]float64
	}{
		"late": {late, 0.5, 2.5, [2]float64{}},
		"gap":  {gap, 0, 5, [2]float64{1.1, 3.9}},
	} {
		s := open(t, 16000, c.path)
		at, first := 0, true
		for {
			chunk, err := s.Next(context.Background())
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if second := float64(chunk.Start) / 16000; first && math.Abs(second-c.start) > 0.002 || !first && int(chunk.Start) != at {
				t.Errorf("%s: a chunk at %.3f s", name, second)
			}
			first, at = false, int(chunk.Start)+len(chunk.Samples)
			for i, v := range chunk.Samples {
				if second := float64(int(chunk.Start)+i) / 16000; v != 0 && second > c.silent[0] && second < c.silent[1] {
					t.Fatalf("%s: sound at %.3f s, in the gap", name, second)
				}
			}
			if want := audio.At(chunk.Start, 16000); chunk.Meta().Position != want {
				t.Errorf("%s: position %v, want %v", name, chunk.Meta().Position, want)
			}
			chunk.Release()
		}
		if end := float64(at) / 16000; math.Abs(end-c.end) > 0.1 {
			t.Errorf("%s ends at %.3f s, want %.1f", name, end, c.end)
		}
		s.Close()
	}
}

// TestTrackOfSilentVideo: a video without sound is no recording.
func TestTrackOfSilentVideo(t *testing.T) {
	wav := file(t, "tone.wav", plain(16000, 1, 1, 2, 3))
	path := converted(t, wav, "silent.mp4", "-f", "lavfi", "-i", "color=size=32x32:rate=10:duration=1", "-map", "1:v")
	if _, failed := listen(t, open(t, 16000, path)); len(failed) != 1 || !strings.Contains(failed[0].Error(), "it has no sound") {
		t.Errorf("%v", failed)
	}
}
