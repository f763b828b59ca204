package camera

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math"
	"os"
	"strings"
	"testing"

	"gocv.io/x/gocv"

	"corallite/internal/testdata"
	"corallite/pipeline/vision"
)

// decoded is a picture's frame, or the error.
func decoded(tb testing.TB, data []byte) (*vision.Frame, error) {
	tb.Helper()
	pool := vision.NewPool(0)
	f, err := pool.Get()
	if err != nil {
		tb.Fatal(err)
	}
	if err := decode(data, f); err != nil {
		f.Release()
		return nil, err
	}
	tb.Cleanup(f.Release)
	return f, nil
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
func tiffOf(m image.Image, bits, orientation int) []byte {
	w, h := m.Bounds().Dx(), m.Bounds().Dy()
	le := binary.LittleEndian
	size := w * h * 3 * bits / 8
	d := append([]byte("II*\x00"), le.AppendUint32(nil, uint32(8+size+8))...)
	for y := range h {
		for x := range w {
			r, g, b, _ := m.At(x, y).RGBA()
			for _, v := range []uint32{r, g, b} {
				if bits == 16 {
					d = le.AppendUint16(d, uint16(v))
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
		{274, 3, uint32(orientation)}, {277, 3, 3}, {278, 4, uint32(h)}, {279, 4, uint32(size)}, {284, 3, 1}}
	d = le.AppendUint16(d, uint16(len(tags)))
	for _, tag := range tags {
		count := uint32(1)
		if tag[0] == 258 {
			count = 3
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

func TestDecodeEveryKindOfPicture(t *testing.T) {
	rect := image.Rect(0, 0, 20, 10)
	orange := color.NRGBA{250, 130, 20, 255}
	palette := color.Palette{color.Black, orange, color.White}
	for name, c := range map[string]struct {
		data          []byte
		width, height int
		want          [3]int
		by            int
	}{
		"JPEG":              {jpegOf(t, fill(image.NewRGBA(rect), orange)), 20, 10, [3]int{250, 130, 20}, 3},
		"grey JPEG":         {jpegOf(t, fill(image.NewGray(rect), color.Gray{77})), 20, 10, [3]int{77, 77, 77}, 1},
		"CMYK JPEG":         {fromBase64(t, cmykJPEG), 8, 8, [3]int{255, 0, 0}, 3},
		"PNG":               {pngOf(t, fill(image.NewRGBA(rect), orange)), 20, 10, [3]int{250, 130, 20}, 0},
		"grey PNG":          {pngOf(t, fill(image.NewGray(rect), color.Gray{77})), 20, 10, [3]int{77, 77, 77}, 0},
		"PNG with alpha":    {pngOf(t, fill(image.NewNRGBA(rect), color.NRGBA{250, 130, 20, 100})), 20, 10, [3]int{250, 130, 20}, 0},
		"transparent PNG":   {pngOf(t, fill(image.NewNRGBA(rect), color.NRGBA{9, 8, 7, 0})), 20, 10, [3]int{9, 8, 7}, 0},
		"16-bit PNG":        {pngOf(t, fill(image.NewRGBA64(rect), color.RGBA64{0xfa12, 0x8234, 0x1456, 0xffff})), 20, 10, [3]int{250, 130, 20}, 1},
		"16-bit grey PNG":   {pngOf(t, fill(image.NewGray16(rect), color.Gray16{0x4d00})), 20, 10, [3]int{77, 77, 77}, 1},
		"PNG with palette":  {pngOf(t, fill(image.NewPaletted(rect, palette), orange)), 20, 10, [3]int{250, 130, 20}, 0},
		"GIF":               {gifOf(t, fill(image.NewPaletted(rect, palette), orange)), 20, 10, [3]int{250, 130, 20}, 0},
		"TIFF":              {tiffOf(fill(image.NewNRGBA(rect), orange), 8, 1), 20, 10, [3]int{250, 130, 20}, 0},
		"16-bit TIFF":       {tiffOf(fill(image.NewNRGBA(rect), orange), 16, 1), 20, 10, [3]int{250, 130, 20}, 0},
		"BMP":               {bmpOf(7, 5, [3]byte{250, 130, 20}), 7, 5, [3]int{250, 130, 20}, 0},
		"BMP from its top":  {bmpOf(7, -5, [3]byte{250, 130, 20}), 7, 5, [3]int{250, 130, 20}, 0},
		"WebP":              {fromBase64(t, losslessWebP), 6, 4, [3]int{10, 200, 30}, 0},
		"PPM with comments": {append([]byte("P6\n# a # b\n2 # c\n1\n255\n"), 250, 130, 20, 250, 130, 20), 2, 1, [3]int{250, 130, 20}, 0},
		"PGM as text":       {[]byte("P2 2 1 255\n77 77\n"), 2, 1, [3]int{77, 77, 77}, 0},
		"one pixel":         {pngOf(t, fill(image.NewNRGBA(image.Rect(0, 0, 1, 1)), orange)), 1, 1, [3]int{250, 130, 20}, 0},
		"one pixel of JPEG": {jpegOf(t, fill(image.NewNRGBA(image.Rect(0, 0, 1, 1)), orange)), 1, 1, [3]int{250, 130, 20}, 3},
	} {
		f, err := decoded(t, c.data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if f.Width() != c.width || f.Height() != c.height {
			t.Errorf("%s: %dx%d, want %dx%d", name, f.Width(), f.Height(), c.width, c.height)
			continue
		}
		for _, p := range [][2]int{{0, 0}, {c.width - 1, c.height - 1}} {
			if got := at(f, p[0], p[1]); !near(got, c.want, c.by) {
				t.Errorf("%s: pixel %v is %v, want %v", name, p, got, c.want)
			}
		}
	}
}

func TestDecodePartialGIF(t *testing.T) {
	palette := color.Palette{color.NRGBA{1, 2, 3, 255}, color.NRGBA{250, 130, 20, 255}}
	part := fill(image.NewPaletted(image.Rect(0, 0, 3, 2), palette), palette[1])
	part.Rect = part.Rect.Add(image.Pt(4, 5))
	data := encoded(t, func(b *bytes.Buffer) error {
		return gif.EncodeAll(b, &gif.GIF{Image: []*image.Paletted{part}, Delay: []int{0}, Config: image.Config{ColorModel: palette, Width: 10, Height: 8}})
	})
	f, err := decoded(t, data)
	if err != nil {
		t.Fatal(err)
	}
	if f.Width() != 10 || f.Height() != 8 {
		t.Fatalf("%dx%d, want 10x8", f.Width(), f.Height())
	}
	for p, want := range map[[2]int][3]int{{3, 5}: {}, {4, 5}: {250, 130, 20}, {6, 6}: {250, 130, 20}, {7, 6}: {}, {4, 7}: {}} {
		if got := at(f, p[0], p[1]); got != want {
			t.Errorf("pixel %v is %v, want %v", p, got, want)
		}
	}
}

// blocks is an upright picture of 3×2 blocks of 16 pixels, each of a colour of its own.
func blocks() (*image.NRGBA, [2][3]color.NRGBA) {
	colors := [2][3]color.NRGBA{
		{{255, 0, 0, 255}, {0, 255, 0, 255}, {0, 0, 255, 255}},
		{{255, 255, 0, 255}, {0, 255, 255, 255}, {255, 0, 255, 255}},
	}
	m := image.NewNRGBA(image.Rect(0, 0, 48, 32))
	for y := range 32 {
		for x := range 48 {
			m.Set(x, y, colors[y/16][x/16])
		}
	}
	return m, colors
}

// stored is the upright picture as it is stored with an orientation (the table of Exif 2.32, tag Orientation: where
// in the upright picture the first row and column are).
func stored(upright image.Image, orientation int) *image.NRGBA {
	w, h := upright.Bounds().Dx(), upright.Bounds().Dy()
	from := func(c, r int) (x, y int) {
		switch orientation {
		case 2: // top, right
			return w - 1 - c, r
		case 3: // bottom, right
			return w - 1 - c, h - 1 - r
		case 4: // bottom, left
			return c, h - 1 - r
		case 5: // left, top
			return r, c
		case 6: // right, top
			return w - 1 - r, c
		case 7: // right, bottom
			return w - 1 - r, h - 1 - c
		case 8: // left, bottom
			return r, h - 1 - c
		}
		return c, r
	}
	width, height := w, h
	if orientation >= 5 && orientation <= 8 {
		width, height = h, w
	}
	m := image.NewNRGBA(image.Rect(0, 0, width, height))
	for r := range height {
		for c := range width {
			x, y := from(c, r)
			m.Set(c, r, upright.At(x, y))
		}
	}
	return m
}

// exifOf is EXIF data with an orientation and nothing else.
func exifOf(order binary.AppendByteOrder, orientation int) []byte {
	d := []byte("II*\x00")
	if order == binary.AppendByteOrder(binary.BigEndian) {
		d = []byte("MM\x00*")
	}
	d = order.AppendUint16(order.AppendUint32(d, 8), 1)
	d = order.AppendUint16(order.AppendUint16(d, tagOrientation), 3)
	d = order.AppendUint16(order.AppendUint32(d, 1), uint16(orientation))
	return order.AppendUint32(order.AppendUint16(d, 0), 0)
}

func withEXIF(t *testing.T, format string, m image.Image, orientation int, order binary.AppendByteOrder) []byte {
	exif := exifOf(order, orientation)
	switch format {
	case "JPEG":
		d := jpegOf(t, m)
		segment := append([]byte("Exif\x00\x00"), exif...)
		head := append([]byte{0xff, 0xd8, 0xff, 0xe1}, binary.BigEndian.AppendUint16(nil, uint16(2+len(segment)))...)
		return append(append(head, segment...), d[2:]...)
	case "PNG":
		d := pngOf(t, m)
		chunk := append([]byte("eXIf"), exif...)
		out := append(bytes.Clone(d[:33]), binary.BigEndian.AppendUint32(nil, uint32(len(exif)))...)
		out = binary.BigEndian.AppendUint32(append(out, chunk...), crc32.ChecksumIEEE(chunk))
		return append(out, d[33:]...)
	case "TIFF":
		return tiffOf(m, 8, orientation)
	default: // WebP: the picture's chunk in an extended file, with the EXIF chunk behind
		mat, err := gocv.ImageToMatRGB(m)
		if err != nil {
			t.Fatal(err)
		}
		defer mat.Close()
		buf, err := gocv.IMEncodeWithParams(".webp", mat, []int{64, 101}) // without loss
		if err != nil {
			t.Fatal(err)
		}
		defer buf.Close()
		le := binary.LittleEndian
		body := append([]byte("WEBPVP8X"), 10, 0, 0, 0, 0x08, 0, 0, 0)
		for _, v := range []int{m.Bounds().Dx() - 1, m.Bounds().Dy() - 1} {
			body = append(body, byte(v), byte(v>>8), byte(v>>16))
		}
		body = append(body, buf.GetBytes()[12:]...)
		body = append(le.AppendUint32(append(body, "EXIF"...), uint32(len(exif))), exif...)
		if len(exif)%2 == 1 {
			body = append(body, 0)
		}
		return append(le.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
	}
}

func TestDecodeAppliesOrientation(t *testing.T) {
	upright, colors := blocks()
	for _, format := range []string{"JPEG", "PNG", "TIFF", "WebP"} {
		for orientation := 0; orientation <= 9; orientation++ {
			for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
				name := fmt.Sprintf("%s, orientation %d, %v", format, orientation, order)
				data := withEXIF(t, format, stored(upright, orientation), orientation, order)
				f, err := decoded(t, data)
				if err != nil {
					t.Errorf("%s: %v", name, err)
					continue
				}
				if f.Width() != 48 || f.Height() != 32 {
					t.Errorf("%s: %dx%d, want 48x32", name, f.Width(), f.Height())
					continue
				}
				for r := range 2 {
					for c := range 3 {
						w := colors[r][c]
						if got, want := at(f, 16*c+8, 16*r+8), [3]int{int(w.R), int(w.G), int(w.B)}; !near(got, want, 4) {
							t.Errorf("%s: block %d of row %d is %v, want %v", name, c, r, got, want)
						}
					}
				}
			}
		}
	}
}

// What a decoder makes of a JPEG is what OpenCV makes of it, orientation included.
func TestDecodeAsOpenCV(t *testing.T) {
	upright, _ := blocks()
	pictures := map[string][]byte{"turned": withEXIF(t, "JPEG", stored(upright, 6), 6, binary.BigEndian)}
	for _, name := range []string{"cat_720p.jpg", "face.jpg", "grace_hopper.bmp", "hot_dog.jpg"} {
		data, err := os.ReadFile(testdata.Path(t, "images/"+name))
		if err != nil {
			t.Fatal(err)
		}
		pictures[name] = data
	}
	for name, data := range pictures {
		f, err := decoded(t, data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want, err := gocv.IMDecode(data, gocv.IMReadColor)
		if err != nil {
			t.Fatal(err)
		}
		got := f.Mat()
		if !bytes.Equal(got.ToBytes(), want.ToBytes()) {
			t.Errorf("%s: the pixels are not OpenCV's", name)
		}
		want.Close()
	}
}

func TestDecodeRefuses(t *testing.T) {
	rect := image.Rect(0, 0, 64, 64)
	noise := image.NewNRGBA(rect)
	for i := range noise.Pix {
		noise.Pix[i] = byte(i * i * 31)
	}
	j, p, g := jpegOf(t, noise), pngOf(t, noise), gifOf(t, noise)
	huge := bytes.Clone(p)
	binary.BigEndian.PutUint32(huge[16:], 1<<20)
	binary.BigEndian.PutUint32(huge[20:], 1<<20)
	long := bmpOf(2, 2, [3]byte{})
	binary.LittleEndian.PutUint32(long[18:], 1<<21)
	lying := bmpOf(2, 2, [3]byte{})
	binary.LittleEndian.PutUint32(lying[18:], 10000)
	binary.LittleEndian.PutUint32(lying[22:], 10000)
	none := bmpOf(2, 2, [3]byte{})
	binary.LittleEndian.PutUint32(none[18:], 0)
	smallest := bytes.Clone(none)
	binary.LittleEndian.PutUint32(smallest[22:], 1<<31)
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"nothing":                {nil, "not a picture"},
		"text":                   {[]byte("hello, I am no picture at all"), "not a picture"},
		"half a JPEG":            {j[:len(j)/2], "too early"},
		"JPEG without its end":   {j[:len(j)-2], "too early"},
		"head of a JPEG":         {j[:30], "damaged JPEG"},
		"JPEG of two bytes more": {[]byte("\xff\xd8\xff\xe0\x00\x01\xff\xd9"), "damaged JPEG"},
		"half a PNG":             {p[:len(p)/2], "damaged PNG"},
		"head of a PNG":          {p[:20], "damaged PNG"},
		"half a GIF":             {g[:len(g)/2], "damaged GIF"},
		"head of a GIF":          {g[:8], "damaged GIF"},
		"half a TIFF":            {tiffOf(noise, 8, 1)[:100], "damaged TIFF"},
		"half a BMP":             {bmpOf(64, 64, [3]byte{1, 2, 3})[:1000], "damaged BMP"},
		"half a WebP":            {fromBase64(t, losslessWebP)[:34], "damaged WebP"},
		"half a PPM":             {[]byte("P6 10 10 255\nabc"), "damaged PNM"},
		"PPM without a size":     {[]byte("P6 x"), "damaged PNM"},
		"PPM of a strange size":  {[]byte("P6 99999999999999999999 1 255\n"), "damaged PNM"},
		"huge PNG":               {huge, "1048576x1048576 pixels is too large"},
		"long BMP":               {long, "too large"},
		"BMP that lies":          {lying, "BMP"},
		"BMP of no width":        {none, "0x2"},
		"BMP of the least":       {smallest, "damaged BMP"},
	} {
		f, err := decoded(t, c.data)
		if err == nil {
			t.Errorf("%s: decoded to %dx%d", name, f.Width(), f.Height())
		} else if !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %q does not say %q", name, err, c.want)
		}
	}
}

func TestEnoughMemory(t *testing.T) {
	if free, ok := available("MemAvailable:    2048 kB"); !ok || free != 2<<20 {
		t.Errorf("2048 kB are %d, %v", free, ok)
	}
	if _, ok := available("MemFree:    2048 kB"); ok {
		t.Error("MemFree is taken for MemAvailable")
	}
	if _, err := os.Stat("/proc/meminfo"); err != nil {
		t.Skip("no /proc/meminfo here")
	}
	if err := enoughMemory(math.MaxInt32, math.MaxInt32/8); !errors.Is(err, errNoMemory) {
		t.Errorf("an impossible picture: %v", err)
	}
	if err := enoughMemory(100, 100); err != nil {
		t.Error(err)
	}
}

// Whatever the bytes, there is a picture or an error, and never a crash: OpenCV is behind this.
func FuzzDecode(f *testing.F) {
	upright, _ := blocks()
	f.Add(jpegOf(f, upright))
	f.Add(pngOf(f, upright))
	f.Add(gifOf(f, upright))
	f.Add(tiffOf(upright, 8, 3))
	f.Add(bmpOf(7, -5, [3]byte{1, 2, 3}))
	f.Add(fromBase64(f, losslessWebP))
	f.Add(fromBase64(f, cmykJPEG))
	f.Add([]byte("P6 2 1 255\nabcdef"))
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := sniff(data)
		if err != nil || h.width*h.height > 1<<22 {
			return
		}
		if frame, err := decoded(t, data); err == nil && (frame.Width() < 1 || frame.Height() < 1) {
			t.Errorf("a picture of %dx%d", frame.Width(), frame.Height())
		}
	})
}
