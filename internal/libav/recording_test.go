package libav

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// recorded copies the packets that are wanted of a file into another container, as they are.
func recorded(t *testing.T, path, container, ending string, wanted func(Packet) bool) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy"+ending)
	f, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var packets []Packet
	r, err := OpenReader(context.Background(), "file:"+path, ReaderOptions{
		Choose: func(all []Stream) (choices []Choice, _ error) {
			for _, s := range all {
				choices = append(choices, Choice{Stream: s.Index})
			}
			return choices, nil
		},
		Packets: func(p Packet) {
			p.Data = append([]byte(nil), p.Data...)
			packets = append(packets, p)
		},
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
	out, err := OpenRecording(f, container, r.Chosen())
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	for _, p := range packets {
		if !wanted(p) {
			continue
		}
		if err := out.Write(p, 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Finish(); err != nil {
		t.Fatal(err)
	}
	return to
}

// TestRecordingUnwrapsADTS: AAC whose packets have headers of their own, as in MPEG-TS, has one header in MP4 and Matroska, and
// decodes to the same samples.
func TestRecordingUnwrapsADTS(t *testing.T) {
	path := made{name: "adts.ts", args: "-f lavfi -i sine=f=440:r=44100:d=1 -c:v libx264 -bf 0 -c:a aac -ac 2"}.write(t)
	samples := func(path string) string {
		return string(run(t, "ffmpeg", "-nostdin", "-v", "error", "-xerror", "-i", path, "-map", "0:a", "-f", "md5", "-"))
	}
	want := samples(path)
	for container, ending := range map[string]string{MP4: ".mp4", Matroska: ".mkv"} {
		to := recorded(t, path, container, ending, whole)
		about := string(run(t, "ffprobe", "-v", "error", "-select_streams", "a", "-show_entries", "stream=codec_name,profile,sample_rate,channels,extradata_size", "-of", "csv=p=0", to))
		if want := "aac,LC,44100,2,2\n"; about != want { // the AudioSpecificConfig
			t.Errorf("%s: %q, want %q", container, about, want)
		}
		if got := samples(to); got != want {
			t.Errorf("%s: the samples are %s, not %s", container, got, want)
		}
	}
	// Sound that begins late: its header is written before its first packet is there.
	path = made{name: "late.ts", input: testInput[:len(testInput)-1] + "5", args: "-f lavfi -i sine=f=440:r=32000:d=5 -c:v libx264 -bf 0 -c:a aac -ac 1"}.write(t)
	to := recorded(t, path, MP4, ".mp4", func(p Packet) bool { return p.Stream == 0 || p.PTS > 3*time.Second })
	about := string(run(t, "ffprobe", "-v", "error", "-select_streams", "a", "-show_entries", "stream=codec_name,profile,sample_rate,channels,extradata_size", "-of", "csv=p=0", to))
	if want := "aac,LC,32000,1,2\n"; about != want {
		t.Errorf("late: %q, want %q", about, want)
	}
	samples(to)
}

func whole(Packet) bool { return true }

// TestRecordingKeepsTheDisplayMatrix: a turned or mirrored video is so in the recording.
func TestRecordingKeepsTheDisplayMatrix(t *testing.T) {
	for name, m := range map[string][4]int32{"turned": {0, 1, -1, 0}, "mirrored": {-1, 0, 0, 1}} {
		path := made{name: name + ".mp4", args: "-c:v libx264", patch: matrix(m[0], m[1], m[2], m[3])}.write(t)
		about := func(path string) string {
			return string(run(t, "ffprobe", "-v", "error", "-show_entries", "stream_side_data=displaymatrix", "-of", "default=nw=1", path))
		}
		want := about(path)
		if !strings.Contains(want, "displaymatrix") {
			t.Fatalf("ffprobe says %q", want)
		}
		if got := about(recorded(t, path, MP4, ".mp4", whole)); got != want {
			t.Errorf("%s: %s; want %s", name, got, want)
		}
	}
}
