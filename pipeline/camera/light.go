package camera

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"

	"corallite/pipeline/vision"
)

// OpenCV's imgcodecs depends on some 120 shared libraries, which take longer to load than a picture takes to decode. These
// decoders return the same pixels without it.

// lightPNGs is the number of PNGs that a source decodes without OpenCV, which is twice as fast and pays off after about that
// many.
const lightPNGs = 8

// lightPixels limits the size of PNGs decoded without OpenCV, because Go's decoder needs more memory.
const lightPixels = 1 << 24

// errHeavy is the error of a picture that is left to OpenCV.
var errHeavy = errors.New("left to OpenCV")

// decodePNG decodes a PNG with Go's decoder.
func decodePNG(data []byte, h header, f *vision.Frame) error {
	picture, err := png.Decode(bytes.NewReader(data))
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return fmt.Errorf("damaged %s: it is truncated", h.format)
	}
	if err != nil {
		return errHeavy // OpenCV tolerates some faults
	}
	pixels, err := f.Reserve(h.width, h.height)
	if err != nil {
		return err
	}
	switch m := picture.(type) {
	case *image.Gray:
		spread(pixels, m.Pix, 1)
	case *image.Gray16:
		spread(pixels, m.Pix, 2)
	case *image.RGBA:
		reorder(pixels, m.Pix, 4, 1)
	case *image.NRGBA:
		reorder(pixels, m.Pix, 4, 1)
	case *image.RGBA64:
		reorder(pixels, m.Pix, 8, 2)
	case *image.NRGBA64:
		reorder(pixels, m.Pix, 8, 2)
	case *image.Paletted:
		return indexed(pixels, m)
	default:
		return errHeavy
	}
	return nil
}

// spread converts grey, with values of step big-endian bytes, to BGR.
func spread(to, from []byte, step int) {
	for i := range len(to) / 3 {
		v := from[i*step]
		to[3*i], to[3*i+1], to[3*i+2] = v, v, v
	}
}

// reorder converts RGBA, in pixels of step bytes and values of size big-endian bytes, to BGR. Alpha is dropped.
func reorder(to, from []byte, step, size int) {
	for i := range len(to) / 3 {
		p := from[i*step : i*step+step : i*step+step]
		to[3*i], to[3*i+1], to[3*i+2] = p[2*size], p[size], p[0]
	}
}

// indexed converts a paletted picture to BGR. Its colours are color.RGBA if all are opaque, else color.NRGBA, so that none is
// multiplied by its alpha.
func indexed(to []byte, m *image.Paletted) error {
	var bgr [256][3]byte
	for i, c := range m.Palette {
		switch c := c.(type) {
		case color.RGBA:
			bgr[i] = [3]byte{c.B, c.G, c.R}
		case color.NRGBA:
			bgr[i] = [3]byte{c.B, c.G, c.R}
		default:
			return errHeavy
		}
	}
	for i, v := range m.Pix {
		copy(to[3*i:3*i+3], bgr[v][:])
	}
	return nil
}

// decodeBMP decodes uncompressed 24-bit BMPs, the most frequent ones.
func decodeBMP(data []byte, h header, f *vision.Frame) error {
	le := binary.LittleEndian
	if len(data) < 54 || le.Uint32(data[14:]) < 40 || le.Uint16(data[28:]) != 24 || le.Uint32(data[30:]) != 0 {
		return errHeavy
	}
	stride := (3*h.width + 3) / 4 * 4
	first := int(le.Uint32(data[10:]))
	if first < 54 || first > len(data) || len(data)-first < stride*h.height {
		return fmt.Errorf("damaged %s: it is truncated", h.format)
	}
	pixels, err := f.Reserve(h.width, h.height)
	if err != nil {
		return err
	}
	fromTop := int32(le.Uint32(data[22:])) < 0
	for y := range h.height {
		row := y
		if !fromTop {
			row = h.height - 1 - y
		}
		copy(pixels[3*h.width*y:3*h.width*(y+1)], data[first+stride*row:])
	}
	return nil
}
