package corallite

import (
	"errors"
	"fmt"
	"image"
	"image/color"

	"corallite/pipeline/vision"
)

// Layout is how Pixels lie in memory, one byte a channel.
type Layout int

// The layouts of Pixels.
const (
	RGB  Layout = iota // 3 bytes a pixel
	BGR                // as OpenCV has it
	RGBA               // 4 bytes; the last, alpha or nothing, is not looked at
	BGRA
	Gray // 1 byte
)

// layouts are the bytes of a pixel, and where red, green and blue lie in it.
var layouts = map[Layout]struct{ size, r, g, b int }{
	RGB: {3, 0, 1, 2}, BGR: {3, 2, 1, 0}, RGBA: {4, 0, 1, 2}, BGRA: {4, 2, 1, 0}, Gray: {1, 0, 0, 0},
}

// Pixels are a picture as bytes, 8 bits a channel, row after row from the top: what a camera or another library gave. It
// is an image.Image.
type Pixels struct {
	Pix           []byte
	Width, Height int // in pixels
	Stride        int // bytes from one row to the next; 0: rows follow each other without a gap
	Layout        Layout
}

var _ image.Image = (*Pixels)(nil)

// ColorModel is color.RGBAModel.
func (p *Pixels) ColorModel() color.Model { return color.RGBAModel }

// Bounds begin at 0, 0.
func (p *Pixels) Bounds() image.Rectangle { return image.Rect(0, 0, p.Width, p.Height) }

// At is the colour of a pixel; black outside of the picture.
func (p *Pixels) At(x, y int) color.Color {
	l := layouts[p.Layout]
	at := y*p.stride() + x*l.size
	if !image.Pt(x, y).In(p.Bounds()) || at+l.size > len(p.Pix) || l.size == 0 {
		return color.RGBA{A: 255}
	}
	return color.RGBA{p.Pix[at+l.r], p.Pix[at+l.g], p.Pix[at+l.b], 255}
}

func (p *Pixels) stride() int {
	if p.Stride == 0 {
		return p.Width * layouts[p.Layout].size
	}
	return p.Stride
}

// check says what is wrong with the sizes.
func (p *Pixels) check() error {
	l, known := layouts[p.Layout]
	switch {
	case !known:
		return fmt.Errorf("invalid layout %d of pixels", p.Layout)
	case p.Width <= 0 || p.Height <= 0:
		return fmt.Errorf("invalid size %dx%d of pixels", p.Width, p.Height)
	case p.Width > vision.MaxPixels/p.Height:
		return fmt.Errorf("a picture of %dx%d pixels is too large: at most %d are possible", p.Width, p.Height, vision.MaxPixels)
	case p.Stride != 0 && p.Stride < p.Width*l.size:
		return fmt.Errorf("invalid stride %d: a row of %d pixels has %d bytes", p.Stride, p.Width, p.Width*l.size)
	}
	if need := (p.Height-1)*p.stride() + p.Width*l.size; len(p.Pix) < need || need < 0 {
		return fmt.Errorf("%d bytes are too few for %dx%d pixels with a stride of %d: want %d", len(p.Pix), p.Width, p.Height, p.stride(), need)
	}
	return nil
}

// frame copies a picture into a frame.
func (m *Model) frame(picture image.Image) (*vision.Frame, error) {
	if picture == nil {
		return nil, errors.New("the picture is nil")
	}
	if p, ok := picture.(*Pixels); ok {
		if err := p.check(); err != nil {
			return nil, err
		}
	}
	f, err := m.frames.Get()
	if err != nil {
		return nil, err
	}
	size := picture.Bounds().Size()
	pix, err := f.Reserve(size.X, size.Y)
	if err == nil {
		toBGR(pix, picture)
		err = f.Seal()
	}
	if err != nil {
		f.Release()
		return nil, err
	}
	return f, nil
}

// toBGR writes a picture as BGR, row after row. Transparency is ignored: the colours are those that the picture has
// before anything shines through.
func toBGR(dst []byte, picture image.Image) {
	b := picture.Bounds()
	switch p := picture.(type) {
	case *Pixels:
		l := layouts[p.Layout]
		copyBGR(dst, p.Pix, p.Width, p.Height, p.stride(), l.size, l.r, l.g, l.b)
	case *image.NRGBA:
		copyBGR(dst, p.Pix[p.PixOffset(b.Min.X, b.Min.Y):], b.Dx(), b.Dy(), p.Stride, 4, 0, 1, 2)
	case *image.Gray:
		copyBGR(dst, p.Pix[p.PixOffset(b.Min.X, b.Min.Y):], b.Dx(), b.Dy(), p.Stride, 1, 0, 0, 0)
	case *image.YCbCr:
		for y := b.Min.Y; y < b.Max.Y; y++ {
			for x := b.Min.X; x < b.Max.X; x++ {
				yi, ci := p.YOffset(x, y), p.COffset(x, y)
				dst[2], dst[1], dst[0] = color.YCbCrToRGB(p.Y[yi], p.Cb[ci], p.Cr[ci])
				dst = dst[3:]
			}
		}
	case *image.RGBA:
		if p.Opaque() {
			copyBGR(dst, p.Pix[p.PixOffset(b.Min.X, b.Min.Y):], b.Dx(), b.Dy(), p.Stride, 4, 0, 1, 2)
			return
		}
		anyBGR(dst, picture)
	default:
		anyBGR(dst, picture)
	}
}

func anyBGR(dst []byte, picture image.Image) {
	b := picture.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			c := color.NRGBAModel.Convert(picture.At(x, y)).(color.NRGBA)
			dst[0], dst[1], dst[2] = c.B, c.G, c.R
			dst = dst[3:]
		}
	}
}

func copyBGR(dst, src []byte, width, height, stride, size, r, g, b int) {
	for y := range height {
		row := src[y*stride:][:width*size]
		for len(row) > 0 {
			dst[0], dst[1], dst[2] = row[b], row[g], row[r]
			dst, row = dst[3:], row[size:]
		}
	}
}
