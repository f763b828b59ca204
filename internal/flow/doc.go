// Package flow measures how far what a box shows has moved from one picture to the next: by block matching, the sum of
// absolute differences of the brightness at the points of a coarse grid, whose number does not depend on the box's size.
// It knows no objects and has no C.
package flow

// Picture is the brightness of a picture: sample x, y is Pix[y*Stride+x*Step]. It is only read.
type Picture struct {
	Pix           []byte
	Stride, Step  int // of rows and of samples, in bytes; at least 1
	Width, Height int
}

// Usable reports whether Pix has all samples.
func (p *Picture) Usable() bool {
	return p.Width > 0 && p.Height > 0 && p.Step > 0 && p.Stride >= (p.Width-1)*p.Step+1 &&
		len(p.Pix) >= (p.Height-1)*p.Stride+(p.Width-1)*p.Step+1
}
