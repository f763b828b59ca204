package draw

import "corallite/pipeline"

// The look of masks.
const (
	maskAlpha   = 0.5
	leastShare  = 0.005   // of a segment that the panel names: less is "0%"
	maxSegments = 255     // of one mask that are drawn: the largest
	maxMask     = 1 << 26 // pixels of a mask that is drawn; a larger one is no model's
)

// area is a segment's colour as it is painted.
type area struct {
	col colour
	on  bool
}

// drawMask paints each segment half transparent in its label's colour, enlarged to where the mask lies in the picture.
func (p *Painter) drawMask(c *canvas, m *pipeline.Mask) {
	if m.Width < 1 || m.Height < 1 || m.Width > maxMask/m.Height || !finite(m.Box[:]) {
		return
	}
	width, height := m.Box[2]-m.Box[0], m.Box[3]-m.Box[1]
	if width <= 0 || height <= 0 || !p.fillGrid(m) {
		return
	}
	y0, y1 := c.clip(m.Box[1], m.Box[3], c.height)
	for y := y0; y < y1; y++ {
		// The mask's pixel is the one that the picture's pixel has its centre in.
		row := floor((float32(y)+0.5-m.Box[1])/height*float32(m.Height), 0, m.Height-1)
		p.maskRow(c, y, m.Box[0], width/float32(m.Width), p.grid[row*m.Width:(row+1)*m.Width])
	}
}

// fillGrid writes the number of the segment, from 1, of each of the mask's pixels to p.grid; where several claim a
// pixel, the smallest has it. It says whether there is anything to paint.
func (p *Painter) fillGrid(m *pipeline.Mask) bool {
	n := m.Width * m.Height
	if cap(p.grid) < n {
		p.grid = make([]uint8, n)
	}
	p.grid = p.grid[:n]
	clear(p.grid)
	p.areas = append(p.areas[:0], area{})
	some := false
	for i := range m.Segments[:min(len(m.Segments), maxSegments)] {
		s := &m.Segments[i]
		a := area{labelColour(s.Label), !s.Background()}
		p.areas = append(p.areas, a)
		some = some || a.on
		at, inside := 0, false
		for _, count := range s.Counts {
			end := at + min(max(count, 0), n-at)
			for ; inside && at < end; at++ {
				p.grid[at] = uint8(i + 1)
			}
			at, inside = end, !inside
		}
	}
	return some
}

// maskRow paints row y with the segments of a row of the mask, whose pixels begin at x0 and are so wide.
func (p *Painter) maskRow(c *canvas, y int, x0, wide float32, row []uint8) {
	out := c.pix[3*y*c.width : 3*(y+1)*c.width]
	for from := 0; from < len(row); {
		to := from + 1
		for to < len(row) && row[to] == row[from] {
			to++
		}
		if a := p.areas[row[from]]; a.on {
			// Pixels whose centre is between both ends, so that neighbours leave no gap and share no pixel.
			left := ceil(x0+float32(float32(from)*wide)-0.5, 0, c.width)
			right := ceil(x0+float32(float32(to)*wide)-0.5, left, c.width)
			span(out[3*left:3*right], a.col, int32(maskAlpha*256))
		}
		from = to
	}
}
