package camera

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/gif"
	"math"
	"os"
	"strings"
	"testing"

	"gocv.io/x/gocv"

	"corallite/internal/testdata"
)

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
		"JPEG":             {jpegOf(t, fill(image.NewRGBA(rect), orange)), 20, 10, [3]int{250, 130, 20}, 3},
		"grey JPEG":        {jpegOf(t, fill(image.NewGray(rect), color.Gray{77})), 20, 10, [3]int{77, 77, 77}, 1},
		"CMYK JPEG":        {fromBase64(t, cmykJPEG), 8, 8, [3]int{255, 0, 0}, 3},
		"PNG":              {pngOf(t, fill(image.NewRGBA(rect), orange)), 20, 10, [3]int{250, 130, 20}, 0},
		"grey PNG":         {pngOf(t, fill(image.NewGray(rect), color.Gray{77})), 20, 10, [3]int{77, 77, 77}, 0},
		"PNG with alpha":   {pngOf(t, fill(image.NewNRGBA(rect), color.NRGBA{250, 130, 20, 100})), 20, 10, [3]int{250, 130, 20}, 0},
		"transparent PNG":  {pngOf(t, fill(image.NewNRGBA(rect), color.NRGBA{9, 8, 7, 0})), 20, 10, [3]int{9, 8, 7}, 0},
		"16-bit PNG":       {pngOf(t, fill(image.NewRGBA64(rect), color.RGBA64{0xfa12, 0x8234, 0x1456, 0xffff})), 20, 10, [3]int{250, 130, 20}, 1},
		"16-bit grey PNG":  {pngOf(t, fill(image.NewGray16(rect), color.Gray16{0x4d00})), 20, 10, [3]int{77, 77, 77}, 1},
		"PNG of 2 colours": {pngOf(t, fill(image.NewPaletted(rect, palette[:2]), orange)), 20, 10, [3]int{250, 130, 20}, 0},
		"PNG with a transparent palette": {pngOf(t, fill(image.NewPaletted(rect, color.Palette{color.NRGBA{9, 8, 7, 0}, orange}), color.NRGBA{9, 8, 7, 0})),
			20, 10, [3]int{9, 8, 7}, 0},
		"16-bit PNG with alpha":      {pngOf(t, fill(image.NewNRGBA64(rect), color.NRGBA64{0xfa12, 0x8234, 0x1456, 0x1000})), 20, 10, [3]int{250, 130, 20}, 1},
		"PNG with palette":           {pngOf(t, fill(image.NewPaletted(rect, palette), orange)), 20, 10, [3]int{250, 130, 20}, 0},
		"GIF":                        {gifOf(t, fill(image.NewPaletted(rect, palette), orange)), 20, 10, [3]int{250, 130, 20}, 0},
		"TIFF":                       {tiffOf(fill(image.NewNRGBA(rect), orange), 8, 1), 20, 10, [3]int{250, 130, 20}, 0},
		"16-bit TIFF":                {tiffOf(fill(image.NewNRGBA(rect), orange), 16, 1), 20, 10, [3]int{250, 130, 20}, 0},
		"TIFF with alpha":            {tiffWith(fill(image.NewNRGBA(rect), color.NRGBA{250, 130, 20, 100}), 8, 1, 2), 20, 10, [3]int{250, 130, 20}, 0},
		"transparent TIFF":           {tiffWith(fill(image.NewNRGBA(rect), color.NRGBA{250, 130, 20, 1}), 8, 1, 2), 20, 10, [3]int{250, 130, 20}, 1},
		"TIFF with a fourth channel": {tiffWith(fill(image.NewNRGBA(rect), color.NRGBA{250, 130, 20, 100}), 8, 1, 0), 20, 10, [3]int{250, 130, 20}, 0},
		"16-bit TIFF with alpha":     {tiffWith(fill(image.NewNRGBA64(rect), color.NRGBA64{0xfa12, 0x8234, 0x1456, 0x1000}), 16, 1, 2), 20, 10, [3]int{250, 130, 20}, 1},
		"BMP":                        {bmpOf(7, 5, [3]byte{250, 130, 20}), 7, 5, [3]int{250, 130, 20}, 0},
		"BMP from its top":           {bmpOf(7, -5, [3]byte{250, 130, 20}), 7, 5, [3]int{250, 130, 20}, 0},
		"WebP":                       {fromBase64(t, losslessWebP), 6, 4, [3]int{10, 200, 30}, 0},
		"PPM with comments":          {append([]byte("P6\n# a # b\n2 # c\n1\n255\n"), 250, 130, 20, 250, 130, 20), 2, 1, [3]int{250, 130, 20}, 0},
		"PGM as text":                {[]byte("P2 2 1 255\n77 77\n"), 2, 1, [3]int{77, 77, 77}, 0},
		"one pixel":                  {pngOf(t, fill(image.NewNRGBA(image.Rect(0, 0, 1, 1)), orange)), 1, 1, [3]int{250, 130, 20}, 0},
		"one pixel of JPEG":          {jpegOf(t, fill(image.NewNRGBA(image.Rect(0, 0, 1, 1)), orange)), 1, 1, [3]int{250, 130, 20}, 3},
	} {
		f, err := decoded(t, c.data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		heavy, err := decodedBy(t, c.data, false)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if a, b := f.Mat(), heavy.Mat(); !bytes.Equal(a.ToBytes(), b.ToBytes()) {
			t.Errorf("%s: OpenCV gives other pixels", name)
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
		"half a JPEG":            {j[:len(j)/2], "truncated"},
		"JPEG without its end":   {j[:len(j)-2], "truncated"},
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
		"BMP of no width":        {none, "0 by 2"},
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
	if err := enoughMemory(math.MaxInt32, math.MaxInt32/8, 2); !errors.Is(err, errNoMemory) {
		t.Errorf("an impossible picture: %v", err)
	}
	if err := enoughMemory(100, 100, 2); err != nil {
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
		for _, light := range []bool{true, false} {
			if frame, err := decodedBy(t, data, light); err == nil && (frame.Width() < 1 || frame.Height() < 1) {
				t.Errorf("a picture of %dx%d", frame.Width(), frame.Height())
			}
		}
	})
}
