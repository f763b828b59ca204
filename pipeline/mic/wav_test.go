package mic

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"testing"

	"corallite/pipeline"
)

// made is a WAVE file in parts, so that tests can make each of them wrong.
type made struct {
	id         string // RIFF
	code       uint16
	channels   int
	rate       int
	bits       int // that are used
	container  int // bytes of a sample
	extensible bool
	before     string // chunks before the format
	between    string // chunks before the samples
	after      string // chunks after the samples
	riff       func(int) uint32
	size       func(int) uint32 // of the data chunk
	data       []byte
}

func (m made) bytes() []byte {
	order := binary.AppendByteOrder(binary.LittleEndian)
	if m.id == "RIFX" {
		order = binary.BigEndian
	}
	code := m.code
	if m.extensible {
		code = 0xFFFE
	}
	f := order.AppendUint16(nil, code)
	f = order.AppendUint16(f, uint16(m.channels))
	f = order.AppendUint32(f, uint32(m.rate))
	f = order.AppendUint32(f, uint32(m.rate*m.channels*m.container))
	f = order.AppendUint16(f, uint16(m.channels*m.container))
	bits := m.bits
	if m.extensible {
		bits = 8 * m.container
	}
	f = order.AppendUint16(f, uint16(bits))
	if m.extensible {
		f = order.AppendUint16(f, 22)
		f = order.AppendUint16(f, uint16(m.bits))
		f = order.AppendUint32(f, 0)
		f = order.AppendUint32(f, uint32(m.code))
		f = order.AppendUint16(f, 0)
		f = order.AppendUint16(f, 0x10)
		f = append(f, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71)
	}
	body := append([]byte("WAVE"), m.before...)
	body = order.AppendUint32(append(body, "fmt "...), uint32(len(f)))
	body = append(append(body, f...), m.between...)
	size, riff := uint32(len(m.data)), uint32(len(body)+8+len(m.data)+len(m.after))
	if m.size != nil {
		size = m.size(len(m.data))
	}
	if m.riff != nil {
		riff = m.riff(int(riff))
	}
	body = order.AppendUint32(append(body, "data"...), size)
	body = append(append(body, m.data...), m.after...)
	return append(order.AppendUint32([]byte(m.id), riff), body...)
}

func usual(data []byte) made {
	return made{id: "RIFF", code: 1, channels: 1, rate: 16000, bits: 16, container: 2, data: data}
}

// TestWAVFormats writes the same samples in every format and gets them back.
func TestWAVFormats(t *testing.T) {
	want := []int16{0, 256, -256, 32512, -32768, 12800}
	put := map[string]func(b []byte, x float64) []byte{
		"8":    func(b []byte, x float64) []byte { return append(b, byte(x*128+128)) },
		"16":   func(b []byte, x float64) []byte { return binary.LittleEndian.AppendUint16(b, uint16(int16(x*(1<<15)))) },
		"16be": func(b []byte, x float64) []byte { return binary.BigEndian.AppendUint16(b, uint16(int16(x*(1<<15)))) },
		"24": func(b []byte, x float64) []byte {
			v := int32(x * (1 << 23))
			return append(b, byte(v), byte(v>>8), byte(v>>16))
		},
		"24be": func(b []byte, x float64) []byte {
			v := int32(x * (1 << 23))
			return append(b, byte(v>>16), byte(v>>8), byte(v))
		},
		"32": func(b []byte, x float64) []byte { return binary.LittleEndian.AppendUint32(b, uint32(int32(x*(1<<31)))) },
		"f32": func(b []byte, x float64) []byte {
			return binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(x)))
		},
		"f32be": func(b []byte, x float64) []byte {
			return binary.BigEndian.AppendUint32(b, math.Float32bits(float32(x)))
		},
		"f64": func(b []byte, x float64) []byte { return binary.LittleEndian.AppendUint64(b, math.Float64bits(x)) },
	}
	for _, c := range []struct {
		put        string
		id         string
		code       uint16
		bits       int
		container  int
		extensible bool
	}{
		{"8", "RIFF", 1, 8, 1, false}, {"16", "RIFF", 1, 16, 2, false}, {"24", "RIFF", 1, 24, 3, false}, {"32", "RIFF", 1, 32, 4, false},
		{"f32", "RIFF", 3, 32, 4, false}, {"f64", "RIFF", 3, 64, 8, false},
		{"16", "RIFF", 1, 16, 2, true}, {"24", "RIFF", 1, 24, 3, true}, {"32", "RIFF", 1, 24, 4, true}, {"f32", "RIFF", 3, 32, 4, true},
		{"16be", "RIFX", 1, 16, 2, false}, {"24be", "RIFX", 1, 24, 3, false}, {"f32be", "RIFX", 3, 32, 4, true}, {"16", "RIFF", 1, 12, 2, false},
	} {
		for channels := 1; channels <= 8; channels += 7 {
			name := fmt.Sprintf("%s %s, %d bits in %d bytes, %d channels, extensible %v", c.id, c.put, c.bits, c.container, channels, c.extensible)
			var data []byte
			for _, x := range want {
				// All channels have the same, so that it is their mean.
				for range channels {
					data = put[c.put](data, float64(x)/32768)
				}
			}
			m := made{id: c.id, code: c.code, channels: channels, rate: 16000, bits: c.bits, container: c.container, extensible: c.extensible, data: data}
			all, failed := listen(t, open(t, 16000, file(t, "x.wav", m.bytes())))
			if len(failed) != 0 || len(all) != 1 || fmt.Sprint(all[0].samples) != fmt.Sprint(want) {
				t.Errorf("%s: %v %v, not %v", name, all, failed, want)
			}
		}
	}
}

func TestWAVMean(t *testing.T) {
	path := file(t, "x.wav", plain(16000, 3, 300, 600, 900, -3, 0, 0, 32767, 32767, 32767))
	all, _ := listen(t, open(t, 16000, path))
	if len(all) != 1 || fmt.Sprint(all[0].samples) != "[600 -1 32767]" {
		t.Errorf("%v", all)
	}
}

// TestWAVChunks: what is between the parts that matter is skipped, and sizes that nobody knew are none.
func TestWAVChunks(t *testing.T) {
	samples := []byte{1, 0, 2, 0, 3, 0}
	constant := func(n uint32) func(int) uint32 { return func(int) uint32 { return n } }
	for name, change := range map[string]func(*made){
		"odd chunk":               func(m *made) { m.between = "LIST\x03\x00\x00\x00abc\x00" },
		"large chunk":             func(m *made) { m.before = "junk\x00\x02\x00\x00" + strings.Repeat("fmt ", 128) },
		"chunk behind":            func(m *made) { m.after = "LIST\x04\x00\x00\x00abcd" },
		"stream of ffmpeg":        func(m *made) { m.size, m.riff = constant(0xFFFFFFFF), constant(0xFFFFFFFF) },
		"stream of sox":           func(m *made) { m.size, m.riff = constant(0x7FFFFFFF-36), constant(0x7FFFFFFF) },
		"stream of arecord":       func(m *made) { m.size, m.riff = constant(0x80000000), constant(0x80000024) },
		"never finished":          func(m *made) { m.size, m.riff = constant(0), constant(36) },
		"never finished, no size": func(m *made) { m.size, m.riff = constant(0), constant(0) },
		"RF64": func(m *made) {
			m.id, m.size, m.riff = "RF64", constant(0xFFFFFFFF), constant(0xFFFFFFFF)
			m.before = "ds64\x1c\x00\x00\x00" + "\x4a\x00\x00\x00\x00\x00\x00\x00" + "\x06\x00\x00\x00\x00\x00\x00\x00" + strings.Repeat("\x00", 12)
			m.after = "LIST\x04\x00\x00\x00abcd"
		},
		"half a sample too much": func(m *made) { m.data = append(bytes.Clone(m.data), 9) },
	} {
		m := usual(samples)
		change(&m)
		all, failed := listen(t, open(t, 16000, file(t, "x.wav", m.bytes())))
		if len(failed) != 0 || len(all) != 1 || fmt.Sprint(all[0].samples) != "[1 2 3]" {
			t.Errorf("%s: %v %v", name, all, failed)
		}
	}
}

// TestWAVBad: each bad file is an error that says what is wrong, with its name once, and the good one after it is read.
func TestWAVBad(t *testing.T) {
	samples := []byte{1, 0, 2, 0, 3, 0}
	good := file(t, "good.wav", plain(16000, 1, 7, 8))
	change := func(f func(*made)) []byte {
		m := usual(samples)
		f(&m)
		return m.bytes()
	}
	whole := usual(samples).bytes()
	for name, c := range map[string]struct {
		content []byte
		want    string
		before  string // samples that are given all the same
	}{
		"empty":          {nil, "the file is empty", ""},
		"text":           {[]byte("this is no sound at all"), "ffmpeg cannot read it: ", ""},
		"only RIFF":      {whole[:4], "ffmpeg", ""},
		"head only":      {whole[:12], "ends at byte 12, before the samples", ""},
		"cut in fmt":     {whole[:25], `in the chunk "fmt "`, ""},
		"no data":        {whole[:36], "before the samples", ""},
		"no samples":     {change(func(m *made) { m.data, m.after = nil, "LIST\x04\x00\x00\x00abcd" }), "has no samples", ""},
		"nothing":        {change(func(m *made) { m.data = nil }), "has no samples", ""},
		"cut off":        {whole[:len(whole)-2], "truncated after 0.000 s: 2 bytes missing", "[1 2]"},
		"cut in sample":  {whole[:len(whole)-1], "truncated after 0.000 s: 1 byte missing", "[1 2]"},
		"no format":      {append(append([]byte{}, whole[:12]...), whole[36:]...), "come without a format", ""},
		"short format":   {[]byte("RIFF\x20\x00\x00\x00WAVEfmt \x04\x00\x00\x00\x01\x00\x01\x00data\x02\x00\x00\x00\x01\x00"), "the fmt chunk has 4 bytes", ""},
		"code":           {change(func(m *made) { m.code = 0x1234 }), "unknown format code 0x1234", ""},
		"ADPCM":          {change(func(m *made) { m.code = 2 }), "Microsoft ADPCM", ""},
		"no channels":    {change(func(m *made) { m.channels = 0 }), "invalid channel count 0 ", ""},
		"channels":       {change(func(m *made) { m.channels = 9999 }), "invalid channel count 9999", ""},
		"no rate":        {change(func(m *made) { m.rate = 0 }), "invalid sample rate 0 ", ""},
		"rate":           {change(func(m *made) { m.rate = 4_000_000_000 }), "invalid sample rate 4000000000", ""},
		"bits":           {change(func(m *made) { m.bits = 17 }), "bits per sample: 17", ""},
		"no bits":        {change(func(m *made) { m.bits = 0 }), "bits per sample: 0", ""},
		"float of 16":    {change(func(m *made) { m.code = 3 }), "32 or 64 for floating point", ""},
		"integers of 64": {change(func(m *made) { m.bits, m.container = 64, 8 }), "8, 16, 24 or 32 for integers", ""},
		"NaN": {change(func(m *made) {
			m.code, m.bits, m.container, m.data = 3, 32, 4, []byte{0, 0, 0, 0x3F, 0, 0, 0xC0, 0x7F, 0, 0, 0, 0}
		}), "sample 1 (at 0.000 s) is NaN", "[16384]"},
		"chunk too long": {[]byte("RIFF\x20\x00\x00\x00WAVEjunk\xff\xff\xff\xffabc"), `in the chunk "junk" of 4294967295 bytes`, ""},
	} {
		path := file(t, "bad.wav", c.content)
		all, failed := listen(t, open(t, 16000, path, good))
		if len(failed) != 1 || failed[0].Source != path || !strings.Contains(failed[0].Err.Error(), c.want) || strings.Contains(failed[0].Err.Error(), path) {
			t.Errorf("%s: %v; want %q, and the path once", name, failed, c.want)
		}
		if c.before != "" {
			if len(all) != 2 || fmt.Sprint(all[0].samples) != c.before {
				t.Errorf("%s: %v before the error, not %s", name, all, c.before)
			}
		} else if len(all) != 1 {
			t.Errorf("%s: %d recordings, not only the good one", name, len(all))
		}
		if n := len(all); n == 0 || all[n-1].source != good || fmt.Sprint(all[n-1].samples) != "[7 8]" {
			t.Errorf("%s: the file after it gave %v", name, all)
		}
	}
}

// TestWAVUnusual: what is odd, but sound.
func TestWAVUnusual(t *testing.T) {
	for name, c := range map[string]struct {
		content []byte
		n       int
	}{
		"one sample":            {plain(16000, 1, 5), 1},
		"one sample at 192 kHz": {plain(192000, 1, 5), 1},
		"one sample at 8 kHz":   {plain(8000, 1, 5), 2},
		"192 kHz, 8 channels":   {plain(192000, 8, make([]int16, 8*19200)...), 1600},
		"clipped":               {plain(16000, 1, jumps(32767, -32768, 1000)...), 1000},
		"clipped at 44.1 kHz":   {plain(44100, 1, jumps(32767, -32768, 4410)...), 1600},
	} {
		all, failed := listen(t, open(t, 16000, file(t, "x.wav", c.content)))
		if len(failed) != 0 || len(all) != 1 || len(all[0].samples) != c.n {
			t.Errorf("%s: %d recordings, %v", name, len(all), failed)
			continue
		}
		if name == "clipped" && (all[0].samples[0] != 32767 || all[0].samples[1] != -32768) {
			t.Errorf("%s: %v", name, all[0].samples[:2])
		}
	}
}

// jumps is n samples that jump between two values.
func jumps(a, b int16, n int) []int16 {
	samples := make([]int16, n)
	for i := range samples {
		samples[i] = a
		a, b = b, a
	}
	return samples
}

func TestFilesNotRegular(t *testing.T) {
	dir := t.TempDir()
	good := file(t, "good.wav", plain(16000, 1, 7, 8))
	for path, want := range map[string]string{os.DevNull: "not a regular file", dir + "/gone.wav": "no such file"} {
		all, failed := listen(t, open(t, 16000, path, good))
		if len(all) != 1 || len(failed) != 1 || !strings.Contains(failed[0].Err.Error(), want) {
			t.Errorf("%s: %v", path, failed)
		}
	}
	if _, err := NewFiles(FilesOptions{Paths: []string{dir}, Rate: 16000}); err == nil || !strings.Contains(err.Error(), "recordings in folder "+dir) {
		t.Errorf("an empty folder: %v", err)
	}
	if _, err := NewFiles(FilesOptions{Paths: []string{good}, Rate: 1}); err == nil {
		t.Error("a rate of 1 is taken")
	}
}

// FuzzWAV: whatever a file has in it, reading it ends, with as many samples as its bytes can make at most.
func FuzzWAV(f *testing.F) {
	f.Add(usual([]byte{1, 0, 2, 0}).bytes())
	f.Add(made{id: "RIFX", code: 3, channels: 2, rate: 48000, bits: 32, container: 4, extensible: true, data: make([]byte, 16)}.bytes())
	m := usual([]byte{1, 0})
	m.between = "LIST\x03\x00\x00\x00abc\x00"
	f.Add(m.bytes())
	f.Fuzz(func(t *testing.T, content []byte) {
		w, err := openWAV(bytes.NewReader(content), 0)
		if err != nil {
			return
		}
		total := 0
		for {
			samples, err := w.read(nil)
			total += len(samples)
			for _, x := range samples {
				if !(x >= -1 && x <= 1) {
					t.Fatalf("a sample of %v", x)
				}
			}
			if err != nil {
				var one *pipeline.ItemError
				if err != io.EOF && (err.Error() == "" || errors.As(err, &one)) {
					t.Fatalf("%v", err)
				}
				break
			}
		}
		if total > len(content) {
			t.Fatalf("%d samples of %d bytes", total, len(content))
		}
	})
}
