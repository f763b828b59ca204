package camera

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"testing"

	"gocv.io/x/gocv"
)

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
