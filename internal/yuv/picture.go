// Package yuv has pictures in the form that video decoders give: planes of luma and chroma. It converts them to BGR, to
// the bytes that the ffmpeg program gives within 1, and scales and converts them in one pass to a model's input.
//
// The C code in it works on memory that the caller owns and keeps nothing of it.
package yuv

import (
	"errors"
	"fmt"
)

// Layout is how a picture's samples lie in planes.
type Layout uint8

// The layouts. All have 8 bits a sample and the luma plane first.
const (
	I420 Layout = iota // planes Y, U (Cb), V (Cr); chroma has half the width and half the height, rounded up
	I422               // planes Y, U, V; chroma has half the width, rounded up
	I444               // planes Y, U, V of one size
	NV12               // planes Y and UV: U and V in turn, sizes as of I420
	Gray               // only luma
)

var layoutNames = [...]string{"I420", "I422", "I444", "NV12", "gray"}

// String is the layout's usual name.
func (l Layout) String() string {
	if int(l) >= len(layoutNames) {
		return fmt.Sprintf("layout(%d)", int(l))
	}
	return layoutNames[l]
}

// Planes is how many planes the layout has: 1 to 3, and 0 for an unknown layout.
func (l Layout) Planes() int {
	switch l {
	case I420, I422, I444:
		return 3
	case NV12:
		return 2
	case Gray:
		return 1
	}
	return 0
}

// PlaneSize is the size of plane i of a picture of width × height pixels: bytes in a row, and rows. It is 0, 0 for a
// plane that the layout does not have.
func (l Layout) PlaneSize(i, width, height int) (rowBytes, rows int) {
	switch {
	case i < 0 || i >= l.Planes():
		return 0, 0
	case i == 0 || l == I444:
		return width, height
	case l == I422:
		return (width + 1) / 2, height
	case l == NV12:
		return (width + 1) / 2 * 2, (height + 1) / 2
	default:
		return (width + 1) / 2, (height + 1) / 2
	}
}

// Matrix is the standard whose coefficients made luma and chroma of red, green and blue.
type Matrix uint8

// The matrices. The zero value is what the ffmpeg program assumes for a video that does not say its matrix, whatever
// its size (SWS_CS_DEFAULT of libswscale/swscale.h).
const (
	BT601  Matrix = iota // Rec. ITU-R BT.601, also of JPEG: Kr 0.299, Kb 0.114
	BT709                // Rec. ITU-R BT.709, HD video: Kr 0.2126, Kb 0.0722
	BT2020               // Rec. ITU-R BT.2020, non-constant luminance, UHD video: Kr 0.2627, Kb 0.0593
)

var matrixNames = [...]string{"BT.601", "BT.709", "BT.2020"}

// String is "BT.601", "BT.709" or "BT.2020".
func (m Matrix) String() string {
	if int(m) >= len(matrixNames) {
		return fmt.Sprintf("matrix(%d)", int(m))
	}
	return matrixNames[m]
}

// Weights are the shares of red and blue in luma: Y = Kr·R + (1−Kr−Kb)·G + Kb·B.
func (m Matrix) Weights() (kr, kb float64) {
	switch m {
	case BT709:
		return 0.2126, 0.0722
	case BT2020:
		return 0.2627, 0.0593
	}
	return 0.299, 0.114
}

// Picture is one picture in planes as a decoder gives it, upright, with square pixels, 8 bits a sample.
//
// With the weights of its Matrix, R, G, B, Y of 0 to 1 and Cb, Cr of −1/2 to 1/2 (Rec. ITU-T H.273, clause 8.3):
//
//	R = Y + 2(1−Kr)·Cr
//	B = Y + 2(1−Kb)·Cb
//	G = (Y − Kr·R − Kb·B) / (1−Kr−Kb)
//
// where Y = (y−16)/219, Cb = (u−128)/224 in limited range, and Y = y/255, Cb = (u−128)/255 in full range.
type Picture struct {
	Layout        Layout
	Width, Height int       // of the luma plane, in pixels
	Data          [3][]byte // the planes: views, not copies
	Stride        [3]int    // bytes from one row to the next
	Matrix        Matrix
	Full          bool // full range (0 to 255), not limited (luma 16 to 235, chroma 16 to 240)
}

// MaxPixels is the size of the largest picture: 2^28 pixels.
const MaxPixels = 1 << 28

// Check says what is wrong with a picture: its size, or planes that are shorter than it. All functions of this
// package need a picture that passes.
func (p *Picture) Check() error {
	if p.Layout.Planes() == 0 {
		return fmt.Errorf("unknown layout of planes %v", p.Layout)
	}
	if int(p.Matrix) >= len(matrixNames) {
		return fmt.Errorf("unknown colour matrix %v", p.Matrix)
	}
	if p.Width <= 0 || p.Height <= 0 || p.Width > MaxPixels/p.Height {
		return fmt.Errorf("invalid picture size %dx%d (want at least 1x1 and at most %d pixels)", p.Width, p.Height, MaxPixels)
	}
	for i := range p.Layout.Planes() {
		rowBytes, rows := p.Layout.PlaneSize(i, p.Width, p.Height)
		if p.Stride[i] < rowBytes {
			return fmt.Errorf("plane %d of %s: rows of %d bytes are %d bytes apart", i, p, rowBytes, p.Stride[i])
		}
		if p.Stride[i] > maxStride {
			return fmt.Errorf("plane %d of %s: rows are %d bytes apart (want at most %d)", i, p, p.Stride[i], maxStride)
		}
		if need := p.Stride[i]*(rows-1) + rowBytes; len(p.Data[i]) < need {
			return fmt.Errorf("plane %d of %s has %d bytes, want %d", i, p, len(p.Data[i]), need)
		}
	}
	return nil
}

// maxStride keeps products of a stride and a number of rows far below what an int holds.
const maxStride = 1 << 30

// String names the picture: "I420 1920x1080".
func (p *Picture) String() string { return fmt.Sprintf("%v %dx%d", p.Layout, p.Width, p.Height) }

// Bytes is the size of a picture's planes without gaps between rows.
func Bytes(l Layout, width, height int) int {
	n := 0
	for i := range l.Planes() {
		rowBytes, rows := l.PlaneSize(i, width, height)
		n += rowBytes * rows
	}
	return n
}

// In returns a picture whose planes lie one after the other in memory, without gaps between rows. The memory must have
// Bytes(l, width, height) bytes. Matrix and Full are those of an untagged video.
func In(memory []byte, l Layout, width, height int) (Picture, error) {
	p := Picture{Layout: l, Width: width, Height: height}
	if l.Planes() == 0 || width <= 0 || height <= 0 || width > MaxPixels/height {
		return p, p.Check()
	}
	if len(memory) < Bytes(l, width, height) {
		return p, errors.New("the memory is too small for the planes")
	}
	for i := range l.Planes() {
		rowBytes, rows := l.PlaneSize(i, width, height)
		p.Data[i], p.Stride[i] = memory[:rowBytes*rows:rowBytes*rows], rowBytes
		memory = memory[rowBytes*rows:]
	}
	return p, nil
}
