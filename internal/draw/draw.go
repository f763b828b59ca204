// Package draw paints results on pictures: boxes with their labels, masks, poses, key points, and a classifier's answer
// as a panel.
//
// Lines and letters grow with the picture, a label has the same colour everywhere, and text stays inside the picture.
package draw

import (
	"fmt"
	"math"

	"gocv.io/x/gocv"

	"corallite/pipeline"
)

// Options say how to draw. The zero value suits most pictures.
type Options struct {
	// Font is a TrueType or OpenType file (.ttf, .otf, .ttc: its first font) for characters that the built-in font
	// lacks, which has Latin, Greek and Cyrillic letters. What neither has is written in Latin letters.
	Font string
	// Scale makes lines and letters larger or smaller than what suits the picture's size; 0 is 1.
	Scale float64
	// Hide leaves parts out.
	Hide Parts
}

// Painter draws on pictures. It keeps the letters it has drawn, so that drawing allocates nothing once it has seen a
// size of picture and the labels. It is used by one goroutine at a time and needs no closing.
type Painter struct {
	scale  float64
	hide   Parts
	fonts  *fonts
	texts  texts
	layers layers
	taken  []rect // where there is text already
	rows   []row
	runes  []rune
	grid   []uint8 // of a mask's pixels: which segment
	areas  []area
	page   canvas
	look   style
}

// New prepares a Painter. It fails when the font cannot be read or the scale is not between 0.1 and 10.
func New(o Options) (*Painter, error) {
	if o.Scale == 0 {
		o.Scale = 1
	}
	if !(o.Scale >= 0.1 && o.Scale <= 10) {
		return nil, fmt.Errorf("drawing scale %g: want 0.1 to 10", o.Scale)
	}
	f, err := newFonts(o.Font)
	if err != nil {
		return nil, err
	}
	return &Painter{scale: o.Scale, hide: o.Hide, fonts: f, texts: texts{fonts: f, known: map[string][]rune{}}}, nil
}

// Draw paints what events found onto dst, an 8-bit BGR picture (rows × columns × 3) whose pixels are those that the
// results are given in. It fails when dst is of another kind. Boxes that are not finite are left out; what lies outside
// the picture is clipped.
func (p *Painter) Draw(dst *gocv.Mat, events []pipeline.Event) error {
	if dst.Empty() {
		return fmt.Errorf("drawing: the picture is empty")
	}
	if dst.Type() != gocv.MatTypeCV8UC3 {
		return fmt.Errorf("drawing: the picture is of type %v, not 8-bit with three channels", dst.Type())
	}
	pix, err := dst.DataPtrUint8()
	if err != nil {
		return fmt.Errorf("drawing: %w", err)
	}
	p.page.pix, p.page.width, p.page.height = pix, dst.Cols(), dst.Rows()
	err = p.paint(&p.page, events)
	p.page.pix = nil // it is OpenCV's
	return err
}

func (p *Painter) paint(c *canvas, events []pipeline.Event) error {
	st, err := p.style(c.width, c.height)
	if err != nil {
		return err
	}
	p.taken = p.taken[:0]
	l := &p.layers
	l.collect(c, p.hide, events)
	for _, m := range l.masks {
		p.drawMask(c, m)
	}
	if p.shows(Boxes) {
		for i := range l.outlines {
			drawOutline(c, st, &l.outlines[i])
		}
		for i := range l.boxes {
			drawBox(c, st, &l.boxes[i])
		}
	}
	if p.shows(Skeletons) {
		for i := range l.boxes {
			drawKeypoints(c, st, &l.boxes[i])
		}
		for i := range l.skeletons {
			drawSkeleton(c, st, &l.skeletons[i])
		}
	}
	if st.face == nil || !p.shows(Labels) {
		return nil
	}
	p.drawClasses(c, st)
	p.drawLabels(c, st)
	p.drawOutlineTexts(c, st)
	return nil
}

// style is what depends on the picture's size. Measures are in pixels.
type style struct {
	line float32 // width of a box's line, whole pixels
	halo float32 // width of the dark edge beside it
	text float32 // size of the letters
	face *face   // nil on pictures that are too small for text
}

// minText is the smallest size of letters that can be read.
const minText = 10

// style follows the geometric mean of the picture's sides: 320×240 has lines of 2 pixels and letters of 11, 768×576 of
// 2 and 17, 1920×1080 of 4 and 29, 3840×2160 of 7 and 50.
func (p *Painter) style(width, height int) (*style, error) {
	mean := math.Sqrt(float64(width) * float64(height))
	p.look = style{line: float32(max(1, math.Round((1+mean/450)*p.scale)))}
	s := &p.look
	s.halo = max(1, float32(math.Round(float64(s.line)/4)))
	size := math.Max(minText, math.Round((7+float64(mean*0.015))*p.scale))
	// On a strip of a picture, text takes at most a third of the height.
	size = math.Min(size, float64(height)/3)
	if size < minText || width < 3*minText {
		return s, nil
	}
	s.text = float32(math.Floor(size))
	var err error
	s.face, err = p.fonts.face(int(s.text))
	return s, err
}
