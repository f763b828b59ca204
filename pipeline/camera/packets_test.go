package camera

import (
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"corallite/internal/libav"
	"corallite/internal/testdata"
	"corallite/pipeline/camera/cameratest"
)

// recorded records what a camera sends.
type recorded struct {
	t         *testing.T
	container string
	file      *os.File
	recording *libav.Recording
	video     int // the stream's index
	start     time.Duration
	kept      []Packet // of pictures, without data but its length
	sizes     []int
	sound     int
	err       error
}

func (r *recorded) Streams(all []PacketStream) {
	var taken []libav.Parameters
	for _, s := range all {
		if !s.Sound {
			r.video = s.Index
		}
		if p := s.Parameters(); p.Holds(r.container) {
			taken = append(taken, p)
		} else if !s.Sound {
			r.err = fmt.Errorf("%s does not hold %s", r.container, s.Codec)
		}
	}
	r.recording, r.err = libav.OpenRecording(r.file, r.container, taken)
}

func (r *recorded) Packet(p Packet) {
	if r.err != nil || r.recording == nil {
		return
	}
	if p.Stream == r.video {
		if len(r.kept) == 0 {
			if !p.Key {
				return
			}
			r.start = p.DTS
		}
		if p.Captured.IsZero() || p.Lost > 0 {
			r.t.Errorf("%+v", p)
		}
	} else if len(r.kept) == 0 {
		return
	}
	err := r.recording.Write(libav.Packet{Stream: p.Stream, Key: p.Key, PTS: p.PTS, DTS: p.DTS, Duration: p.Duration, Data: p.Data}, r.start)
	switch {
	case p.Stream == r.video:
		r.err = err
		r.sizes = append(r.sizes, len(p.Data))
		p.Data = nil
		r.kept = append(r.kept, p)
	case err == nil:
		r.sound++
	case r.container != libav.MP4: // which has no G.711
		r.err = err
	}
}

// TestPackets records a camera without encoding its pictures again: ffprobe finds the packets that came.
func TestPackets(t *testing.T) {
	if _, err := exec.LookPath("ffprobe"); err != nil {
		testdata.Missing(t, "ffprobe is not installed")
	}
	n := cameratest.NewRTSPWithSound(t, 320, 240)
	for container, name := range map[string]string{libav.MP4: "c.mp4", libav.Matroska: "c.mkv"} {
		f, err := os.Create(filepath.Join(t.TempDir(), name))
		if err != nil {
			t.Fatal(err)
		}
		r := &recorded{t: t, container: container, file: f}
		l, _ := opened(t, LiveOptions{URL: n.URL("/yard"), Packets: r})
		ctx, cancel := context.WithTimeout(context.Background(), long)
		for len(r.kept) < 40 && r.err == nil && ctx.Err() == nil {
			nextFrame(t, l)
		}
		cancel()
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		if r.err != nil || len(r.kept) < 40 {
			t.Fatalf("%s: %d packets, %v", container, len(r.kept), r.err)
		}
		if err := r.recording.Finish(); err != nil {
			t.Fatal(err)
		}
		r.recording.Close()
		f.Close()
		out, err := exec.Command("ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "packet=pts_time,size,flags", "-of", "csv=p=0", f.Name()).Output()
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		if len(lines) != len(r.kept) {
			t.Fatalf("%s: %d packets, %d came", container, len(lines), len(r.kept))
		}
		for i, line := range lines {
			var at float64
			var size int
			var flags string
			if _, err := fmt.Sscanf(strings.ReplaceAll(line, ",", " "), "%g %d %s", &at, &size, &flags); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			p := r.kept[i]
			if size != r.sizes[i] || math.Abs(at-(p.PTS-r.start).Seconds()) > 0.00051 || strings.Contains(flags, "K") != p.Key {
				t.Errorf("%s: packet %d is %q; want %v, %d bytes, key %v", container, i, line, p.PTS-r.start, r.sizes[i], p.Key)
			}
		}
		if container == libav.Matroska && r.sound < 20 {
			t.Errorf("%d packets of sound", r.sound)
		}
	}
}
