package libav

import (
	"context"
	"errors"
	"io"
	"math"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"corallite/internal/testdata"
)

func open(t *testing.T, path string, o ReaderOptions) *Reader {
	t.Helper()
	r, err := OpenReader(context.Background(), "file:"+path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// TestTimesOfCases: times that OpenCV got wrong.
func TestTimesOfCases(t *testing.T) {
	const s = time.Second
	for name, want := range map[string][]time.Duration{
		"slow_end.mp4":         {2 * s, 5 * s / 2, 3 * s, 7 * s / 2},
		"runtimes/vfr_gap.mp4": {1 * s, 11 * s, 111 * s / 10, 112 * s / 10},
		"runtimes/vfr_gap.mkv": {1 * s, 11 * s, 111 * s / 10, 112 * s / 10},
	} {
		all := read(t, testdata.Case(t, name))
		var got []time.Duration
		for _, f := range all[len(all)-len(want):] {
			got = append(got, f.time)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s ends at %v, want %v", name, got, want)
		}
	}
}

// TestColoursOfCases: BT.709 was converted as BT.601.
func TestColoursOfCases(t *testing.T) {
	for name, want := range map[string][3]float64{"runtimes/red709.mp4": {254, 0, 0}, "runtimes/c709_green.mp4": {0, 127, 0}} {
		for i, f := range read(t, testdata.Case(t, name)) {
			for q := range f.mean {
				for c := range want {
					if math.Abs(f.mean[q][c]-want[c]) > 1.5 { // ffmpeg's are whole numbers, rounded down
						t.Fatalf("%s: frame %d is %.1f, want %v", name, i, f.mean[q], want)
					}
				}
			}
		}
	}
}

// TestMirroredCase: its display matrix mirrors it; OpenCV turned it upside down.
func TestMirroredCase(t *testing.T) { compare(t, testdata.Case(t, "hflip.mp4"), "") }

// TestStreams describes a file with two kinds of streams.
func TestStreams(t *testing.T) {
	file := withSound(t, "av.mkv", "-c:a", "flac")
	r := open(t, file, ReaderOptions{})
	all := r.Streams()
	if len(all) != 2 {
		t.Fatalf("%d streams, want 2", len(all))
	}
	v, s := all[r.Best(Video)], all[r.Best(Sound)]
	if v.Codec != "h264" || v.Kind != Video || v.Width != 160 || v.Height != 120 || v.UprightWidth != 213 || v.UprightHeight != 120 || v.FPS != 25 ||
		v.PixelFormat != "yuv420p" || v.Matrix != "bt709" || v.Range != "tv" || math.Abs(v.Aspect-4.0/3) > 1e-9 {
		t.Errorf("video: %+v", v)
	}
	if s.Codec != "flac" || s.Kind != Sound || s.Rate != 22050 || s.Channels != 2 || s.Duration < time.Second || s.Duration > 1100*time.Millisecond {
		t.Errorf("sound: %+v", s)
	}
	if r.Container() != "matroska,webm" {
		t.Errorf("container %q", r.Container())
	}
}

// withSound makes a second of video and of a tone of 500 Hz in two channels.
func withSound(t *testing.T, name string, args ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	all := []string{"-nostdin", "-v", "error", "-f", "lavfi", "-i", testInput, "-f", "lavfi", "-i", "sine=frequency=500:sample_rate=22050:duration=1", "-ac", "2",
		"-vf", "setsar=4/3", "-c:v", "libx264", "-preset", "veryfast", "-colorspace", "bt709", "-color_range", "tv"}
	run(t, "ffmpeg", append(append(all, args...), path)...)
	return path
}

// TestSound compares samples with the ffmpeg program's.
func TestSound(t *testing.T) {
	for name, args := range map[string][]string{
		"flac.mkv": {"-c:a", "flac"}, "aac.mp4": {"-c:a", "aac"}, "mp3.avi": {"-c:a", "libmp3lame"}, "u8.mkv": {"-c:a", "pcm_u8"},
		"s24.mov": {"-c:a", "pcm_s24le"}, "f64.mov": {"-c:a", "pcm_f64le"}, "vorbis.mkv": {"-c:a", "libvorbis"}, "mp2.ts": {"-c:a", "mp2"},
	} {
		path := withSound(t, name, args...)
		r := open(t, path, ReaderOptions{Choose: func(all []Stream) ([]Choice, error) {
			for _, s := range all {
				if s.Kind == Sound {
					return []Choice{{s.Index, true}}, nil
				}
			}
			return nil, errors.New("no sound")
		}})
		var got []int16
		var next time.Duration
		for {
			f, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if d := f.Time - next; len(got) > 0 && (d < -2*time.Millisecond || d > 2*time.Millisecond) {
				t.Errorf("%s: sound at %v, want %v", name, f.Time, next)
			}
			next = f.Time + time.Duration(f.Len)*time.Second/time.Duration(f.Rate)
			if got, err = f.Samples(got); err != nil {
				t.Fatal(err)
			}
			f.Release()
		}
		data := run(t, "ffmpeg", "-nostdin", "-v", "error", "-i", path, "-f", "s16le", "-c:a", "pcm_s16le", "-")
		if len(got) == 0 || len(data) != 2*len(got) {
			t.Errorf("%s: %d bytes of sound, ffmpeg gives %d", name, 2*len(got), len(data))
			continue
		}
		for i, v := range got {
			if want := int16(data[2*i]) | int16(data[2*i+1])<<8; v != want && v != want+1 && v != want-1 {
				t.Errorf("%s: sample %d is %d, ffmpeg's is %d", name, i, v, want)
				break
			}
		}
	}
}

// TestPackets reads packets as they are, without decoding them.
func TestPackets(t *testing.T) {
	path := withSound(t, "av.mkv", "-c:a", "flac", "-g", "10", "-bf", "2")
	var video, keys, sound, bytes int
	last := map[int]time.Duration{0: -time.Hour, 1: -time.Hour}
	r := open(t, path, ReaderOptions{
		Choose: func(all []Stream) (c []Choice, err error) {
			for _, s := range all {
				c = append(c, Choice{s.Index, false})
			}
			return c, nil
		},
		Packets: func(p Packet) {
			bytes += len(p.Data)
			if p.DTS != NoTime && p.DTS < last[p.Stream] {
				t.Errorf("stream %d: %v after %v", p.Stream, p.DTS, last[p.Stream])
			}
			last[p.Stream] = p.DTS
			switch {
			case p.Stream != 0:
				sound++
			case p.Key:
				keys++
				fallthrough
			default:
				video++
			}
		},
	})
	if f, err := r.Next(); f != nil || err != io.EOF {
		t.Fatalf("%v, %v: want io.EOF", f, err)
	}
	if info, err := os.Stat(path); err != nil || video != 25 || keys != 3 || sound < 5 || bytes < int(info.Size())/2 || bytes > int(info.Size()) {
		t.Errorf("%d packets of video, %d of them keys, %d of sound, %d bytes", video, keys, sound, bytes)
	}
}

// TestTimesThatBeginAnew: recordings put together go on.
func TestTimesThatBeginAnew(t *testing.T) {
	part := withSound(t, "part.ts", "-c:a", "mp2")
	data, err := os.ReadFile(part)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "twice.ts")
	if err := os.WriteFile(path, slices.Concat(data, data, data), 0o600); err != nil {
		t.Fatal(err)
	}
	var last [2]time.Duration
	var n [2]int
	r := open(t, path, ReaderOptions{Choose: func(all []Stream) ([]Choice, error) { return []Choice{{0, true}, {1, true}}, nil }})
	for {
		f, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if step := f.Time - last[f.Stream]; n[f.Stream] > 0 && (step <= 0 || step > 200*time.Millisecond) {
			t.Errorf("stream %d: %v after %v", f.Stream, f.Time, last[f.Stream])
		}
		last[f.Stream] = f.Time
		n[f.Stream]++
		f.Release()
	}
	if n[0] != 75 || last[0] < 2900*time.Millisecond || last[0] > 3200*time.Millisecond || last[1]-last[0] > 200*time.Millisecond || last[0]-last[1] > 200*time.Millisecond {
		t.Errorf("%d frames to %v, sound to %v; want 75 to 3 s, and sound beside them", n[0], last[0], last[1])
	}
}

func TestReaderRefuses(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return "file:" + path
	}
	sound := filepath.Join(dir, "x.wav")
	run(t, "ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "sine=duration=0.1", sound)
	for name, c := range map[string]struct {
		name string
		o    ReaderOptions
		want []string
	}{
		"missing":    {"file:" + filepath.Join(dir, "none.mp4"), ReaderOptions{}, []string{"avformat_open_input: No such file"}},
		"no video":   {write("x.mp4", strings.Repeat("\x00\x01", 5000)), ReaderOptions{}, []string{"avformat_open_input: Invalid data"}},
		"no index":   {write("y.mp4", "\x00\x00\x00\x10ftypisom\x00\x00\x02\x00\x00\x00\x01\x00mdat"+strings.Repeat("\x00", 500)), ReaderOptions{}, []string{"moov atom not found"}},
		"option":     {"file:" + sound, ReaderOptions{Options: map[string]string{"transpart": "tcp"}}, []string{"transpart", "wav"}},
		"format":     {"file:" + sound, ReaderOptions{Format: "nosuch"}, []string{"Demuxer not found"}},
		"sound only": {"file:" + sound, ReaderOptions{}, []string{"no video"}},
		"stream": {"file:" + sound, ReaderOptions{Choose: func([]Stream) ([]Choice, error) { return []Choice{{3, true}}, nil }},
			[]string{"there is no stream 3"}},
		"protocol": {"nosuch://x", ReaderOptions{}, []string{"Protocol not found"}},
	} {
		r, err := OpenReader(context.Background(), c.name, c.o)
		if err == nil {
			r.Close()
			t.Errorf("%s is opened", name)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "0x") {
				t.Errorf("%s: %q does not say %q without pointers", name, err, want)
			}
		}
	}
}

// silent is the address of a server that takes a connection and says nothing.
func silent(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return "tcp://" + l.Addr().String()
}

func TestReaderIsInterrupted(t *testing.T) {
	address := silent(t)
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(100*time.Millisecond, cancel)
	if _, err := OpenReader(ctx, address, ReaderOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that ends: %v", err)
	}
	if _, err := OpenReader(ctx, address, ReaderOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that has ended: %v", err)
	}
	_, err := OpenReader(context.Background(), address, ReaderOptions{OpenTimeout: 100 * time.Millisecond})
	if !errors.Is(err, os.ErrDeadlineExceeded) || !strings.Contains(err.Error(), "no answer within 100ms") {
		t.Errorf("a server that is silent: %v", err)
	}
}

// TestReaderOfASlowSender: it sends half of a file and then nothing.
func TestReaderOfASlowSender(t *testing.T) {
	path := made{name: "x.ts", args: x264}.write(t)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	held := make(chan net.Conn, 2)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Write(data)
			held <- c
		}
	}()
	for name, c := range map[string]struct {
		o    ReaderOptions
		stop bool
		want error
	}{
		"timeout": {ReaderOptions{ReadTimeout: 300 * time.Millisecond}, false, os.ErrDeadlineExceeded},
		"closed":  {ReaderOptions{}, true, ErrReaderClosed},
	} {
		c.o.Options = map[string]string{"probesize": "20000", "analyzeduration": "100000"}
		r, err := OpenReader(context.Background(), "tcp://"+l.Addr().String(), c.o)
		if err != nil {
			t.Fatal(err)
		}
		closed := make(chan struct{})
		if c.stop {
			time.AfterFunc(200*time.Millisecond, func() { r.Close(); close(closed) })
		}
		n := 0
		for err == nil {
			var f *Frame
			if f, err = r.Next(); err == nil {
				n++
				f.Release()
			}
		}
		if !errors.Is(err, c.want) || n < 5 {
			t.Errorf("%s: %d frames, then %v, want %v", name, n, err, c.want)
		}
		if c.stop {
			<-closed
		}
		r.Close()
		if _, err := r.Next(); !errors.Is(err, ErrReaderClosed) {
			t.Errorf("%s: Next after Close: %v", name, err)
		}
		(<-held).Close()
	}
}

// TestPicturesOutliveTheReader holds pictures, plain and converted, and reads on.
func TestPicturesOutliveTheReader(t *testing.T) {
	for _, m := range []made{{name: "plain.mp4", args: x264}, {name: "turned.mp4", args: x264, patch: matrix(-1, 0, 0, -1)}, {name: "rgb.mkv", args: "-c:v ffv1 -pix_fmt gbrp"}} {
		r := open(t, m.write(t), ReaderOptions{})
		type kept struct {
			sum     int
			data    []byte
			release func()
		}
		sum := func(b []byte) (n int) {
			for i, v := range b {
				n += (i%251 + 1) * int(v)
			}
			return n
		}
		var all []kept
		for {
			f, err := r.Next()
			if err != nil {
				break
			}
			p, release, err := f.Picture()
			f.Release()
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, kept{sum(p.Data[0]), p.Data[0], release})
		}
		r.Close()
		for i, k := range all {
			if sum(k.data) != k.sum {
				t.Errorf("%s: picture %d changed", m.name, i)
			}
			k.release()
			k.release()
		}
		if len(all) != 25 {
			t.Errorf("%s: %d pictures, want 25", m.name, len(all))
		}
	}
}
