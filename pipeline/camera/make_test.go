package camera

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"testing"

	"corallite/pipeline/vision"
)

// decoded is a picture's frame, or the error.
func decoded(tb testing.TB, data []byte) (*vision.Frame, error) {
	tb.Helper()
	return decodedBy(tb, data, true)
}

func decodedBy(tb testing.TB, data []byte, light bool) (*vision.Frame, error) {
	tb.Helper()
	pool := vision.NewPool(0)
	f, err := pool.Get()
	if err != nil {
		tb.Fatal(err)
	}
	if err := decodeWhole(data, f, light); err != nil {
		f.Release()
		return nil, err
	}
	tb.Cleanup(f.Release)
	return f, nil
}

// decodeWhole decodes a picture in its own size.
func decodeWhole(data []byte, f *vision.Frame, light bool) error {
	h, err := size(data)
	if err != nil {
		return err
	}
	return decode(data, h, f, 1, light)
}

// at is a pixel as red, green, blue.
func at(f *vision.Frame, x, y int) [3]int {
	m := f.Mat()
	return [3]int{int(m.GetUCharAt(y, 3*x+2)), int(m.GetUCharAt(y, 3*x+1)), int(m.GetUCharAt(y, 3*x))}
}

func near(a, b [3]int, by int) bool {
	for i := range a {
		if a[i] < b[i]-by || a[i] > b[i]+by {
			return false
		}
	}
	return true
}

func encoded(tb testing.TB, encode func(b *bytes.Buffer) error) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := encode(&b); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func pngOf(tb testing.TB, m image.Image) []byte {
	return encoded(tb, func(b *bytes.Buffer) error { return png.Encode(b, m) })
}

func jpegOf(tb testing.TB, m image.Image) []byte {
	return encoded(tb, func(b *bytes.Buffer) error { return jpeg.Encode(b, m, &jpeg.Options{Quality: 95}) })
}

func gifOf(tb testing.TB, m image.Image) []byte {
	return encoded(tb, func(b *bytes.Buffer) error { return gif.Encode(b, m, nil) })
}

// fill gives every pixel of a picture the same colour.
func fill[M interface {
	image.Image
	Set(x, y int, c color.Color)
}](m M, c color.Color) M {
	for y := range m.Bounds().Dy() {
		for x := range m.Bounds().Dx() {
			m.Set(x, y, c)
		}
	}
	return m
}

func fromBase64(tb testing.TB, s string) []byte {
	tb.Helper()
	data, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// An 8×8 JPEG in CMYK, pure magenta and yellow, written by Pillow.
const cmykJPEG = "/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwADAgIDAgIDAwMDBAMDBAUIBQUEBAUKBwcGCAwKDAwLCgsLDQ4SEA0OEQ4LCxAWEBETFBUVFQwPFxgWFBgSFBUU" +
	"/8AAFAgACAAIBEMRAE0RAFkRAEsRAP/EAB8AAAEFAQEBAQEBAAAAAAAAAAABAgMEBQYHCAkKC//EALUQAAIBAwMCBAMFBQQEAAABfQECAwAEEQUSITFBBhNRYQci" +
	"cRQygZGhCCNCscEVUtHwJDNicoIJChYXGBkaJSYnKCkqNDU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6g4SFhoeIiYqSk5SVlpeYmZqio6Sl" +
	"pqeoqaqys7S1tre4ubrCw8TFxsfIycrS09TV1tfY2drh4uPk5ebn6Onq8fLz9PX29/j5+v/aAA4EQwBNAFkASwAAPwD9U6/Kqvyqr9U6/9k="

// A 6×4 WebP without loss, red 10, green 200, blue 30, written by Pillow.
const losslessWebP = "UklGRh4AAABXRUJQVlA4TBEAAAAvBcAAAAdQ5CrUo/+BiOh/AAA="

// tiffOf is an uncompressed TIFF with the given orientation; bits is 8 or 16 a channel.
func tiffOf(m image.Image, bits, orientation int) []byte { return tiffWith(m, bits, orientation, -1) }

// tiffWith is tiffOf with a fourth channel, alpha, unless extra is -1. The colours are written as they are, whatever extra
// says they are: 1 is multiplied by alpha, 2 is not, 0 is that nobody says.
func tiffWith(m image.Image, bits, orientation, extra int) []byte {
	w, h := m.Bounds().Dx(), m.Bounds().Dy()
	le := binary.LittleEndian
	channels := 3
	if extra >= 0 {
		channels = 4
	}
	size := w * h * channels * bits / 8
	d := append([]byte("II*\x00"), le.AppendUint32(nil, uint32(8+size+8))...)
	for y := range h {
		for x := range w {
			c := color.NRGBA64Model.Convert(m.At(x, y)).(color.NRGBA64)
			for _, v := range []uint16{c.R, c.G, c.B, c.A}[:channels] {
				if bits == 16 {
					d = le.AppendUint16(d, v)
				} else {
					d = append(d, byte(v>>8))
				}
			}
		}
	}
	for range 4 { // the bits of each channel, and two bytes that fill up
		d = le.AppendUint16(d, uint16(bits))
	}
	tags := [][3]uint32{{256, 4, uint32(w)}, {257, 4, uint32(h)}, {258, 3, uint32(8 + size)}, {259, 3, 1}, {262, 3, 2}, {273, 4, 8},
		{274, 3, uint32(orientation)}, {277, 3, uint32(channels)}, {278, 4, uint32(h)}, {279, 4, uint32(size)}, {284, 3, 1}}
	if extra >= 0 {
		tags = append(tags, [3]uint32{338, 3, uint32(extra)})
	}
	d = le.AppendUint16(d, uint16(len(tags)))
	for _, tag := range tags {
		count := uint32(1)
		if tag[0] == 258 {
			count = uint32(channels)
		}
		d = le.AppendUint16(le.AppendUint16(d, uint16(tag[0])), uint16(tag[1]))
		d = le.AppendUint32(le.AppendUint32(d, count), tag[2])
	}
	return le.AppendUint32(d, 0)
}

// bmpOf is a BMP of 24 bits; a negative height is one that begins at its top.
func bmpOf(w, h int, c [3]byte) []byte {
	le := binary.LittleEndian
	rows := max(h, -h)
	stride := (3*w + 3) / 4 * 4
	d := append([]byte("BM"), make([]byte, 12)...)
	le.PutUint32(d[2:], uint32(54+stride*rows))
	le.PutUint32(d[10:], 54)
	for _, v := range []uint32{40, uint32(w), uint32(int32(h)), 1 | 24<<16, 0, uint32(stride * rows), 0, 0, 0, 0} {
		d = le.AppendUint32(d, v)
	}
	for range rows {
		row := bytes.Repeat([]byte{c[2], c[1], c[0]}, w)
		d = append(append(d, row...), make([]byte, stride-3*w)...)
	}
	return d
}
