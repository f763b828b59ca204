package mic

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"corallite/internal/channels"
)

// encoding is the format of a sample.
type encoding struct {
	kind  kind
	bytes int  // per sample
	big   bool // big-endian
}

type kind uint8

const (
	signed   kind = iota // two's complement
	unsigned             // silence is the middle of the range
	floating             // IEEE 754, full scale is ±1
)

// encodings are those of raw sound, by the names of ffmpeg.
var encodings = map[string]encoding{
	"u8": {unsigned, 1, false}, "s8": {signed, 1, false},
	"s16le": {signed, 2, false}, "s16be": {signed, 2, true},
	"s24le": {signed, 3, false}, "s24be": {signed, 3, true},
	"s32le": {signed, 4, false}, "s32be": {signed, 4, true},
	"f32le": {floating, 4, false}, "f32be": {floating, 4, true},
	"f64le": {floating, 8, false}, "f64be": {floating, 8, true},
}

// Formats returns the names of the formats of raw sound.
func Formats() []string { return slices.Sorted(maps.Keys(encodings)) }

func encodingNamed(name string) (encoding, error) {
	e, ok := encodings[name]
	if !ok {
		return e, fmt.Errorf("invalid sound format %q (want one of %s)", name, strings.Join(Formats(), " "))
	}
	return e, nil
}

// sample decodes the sample at the beginning of b, from -1 to 1. Values beyond full scale are clipped; NaN stays NaN.
func (e encoding) sample(b []byte) float32 {
	var order binary.ByteOrder = binary.LittleEndian
	if e.big {
		order = binary.BigEndian
	}
	switch {
	case e.kind == floating && e.bytes == 8:
		return clip(math.Float64frombits(order.Uint64(b)))
	case e.kind == floating:
		return clip(float64(math.Float32frombits(order.Uint32(b))))
	case e.kind == unsigned:
		return (float32(b[0]) - 128) / 128
	case e.bytes == 1:
		return float32(int8(b[0])) / 128
	case e.bytes == 2:
		return float32(int16(order.Uint16(b))) / (1 << 15)
	case e.bytes == 3 && e.big:
		return float32(int32(uint32(b[0])<<24|uint32(b[1])<<16|uint32(b[2])<<8)) / (1 << 31)
	case e.bytes == 3:
		return float32(int32(uint32(b[2])<<24|uint32(b[1])<<16|uint32(b[0])<<8)) / (1 << 31)
	default:
		return float32(int32(order.Uint32(b))) / (1 << 31)
	}
}

func clip(x float64) float32 { return float32(min(max(x, -1), 1)) } // min and max keep NaN

// layout is the format of interleaved samples.
type layout struct {
	encoding
	channels int
	rate     int
}

// frame returns the bytes in one frame: a sample of each channel.
func (l layout) frame() int { return l.bytes * l.channels }

// decode appends the samples of the whole frames in b to dst, the channels in turn.
func (l layout) decode(dst []float32, b []byte) []float32 {
	b = b[:len(b)/l.frame()*l.frame()]
	if l.encoding == encodings["s16le"] { // the most frequent format
		for ; len(b) >= 2; b = b[2:] {
			dst = append(dst, float32(int16(uint16(b[0])|uint16(b[1])<<8))/(1<<15))
		}
		return dst
	}
	for ; len(b) > 0; b = b[l.bytes:] {
		dst = append(dst, l.sample(b))
	}
	return dst
}

// decoder makes one channel of raw sound.
type decoder struct {
	layout
	mixer   channels.Mixer
	samples []float32 // scratch
}

// begin starts with sound of that layout.
func (d *decoder) begin(l layout) error {
	d.layout = l
	return d.mixer.Begin(l.channels, l.rate)
}

// mono appends one sample for each whole frame in b to dst. It stops before the first that is NaN; whole is the number
// of those that it appended.
func (d *decoder) mono(dst []float32, b []byte) (out []float32, whole int) {
	d.samples = d.decode(d.samples[:0], b)
	return d.mixer.Add(dst, d.samples)
}

// check validates a layout that came from outside.
func (l layout) check() error {
	switch {
	case l.channels < 1 || l.channels > channels.Most:
		return fmt.Errorf("invalid channel count %d (want 1 to %d)", l.channels, channels.Most)
	case l.rate < minRate || l.rate > maxRate:
		return fmt.Errorf("invalid sample rate %d (want %d to %d)", l.rate, minRate, maxRate)
	}
	return nil
}
