package mic

import (
	"context"
	"math"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"corallite/internal/testdata"
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

// TestProgram reads what ffmpeg decodes: without loss exactly, with loss as loud.
func TestProgram(t *testing.T) {
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

// TestProgramBad: what ffmpeg says comes with the file, and the next one is read.
func TestProgramBad(t *testing.T) {
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
