package camera

import (
	"fmt"

	"corallite/internal/zone"
)

// masks are the shapes of Masks.
func (o MotionOptions) masks() ([]zone.Shape, error) {
	var all []zone.Shape
	for i, text := range o.Masks {
		s, err := zone.ParseShape(text, 3)
		if err == nil {
			err = s.Surrounds()
		}
		if err != nil {
			return nil, fmt.Errorf("motion: mask at index %d: %w", i, err)
		}
		all = append(all, s)
	}
	return all, nil
}

// mask leaves out what has changed where nothing counts.
func (m *motionDetector) mask() {
	if len(m.o.Masks) == 0 {
		return
	}
	changed, err := m.changed.DataPtrUint8()
	if err != nil {
		panic(err) // only for other types than MOG2 gives
	}
	if m.masked == nil {
		w, h := m.changed.Cols(), m.changed.Rows()
		shapes, _ := m.o.masks() // which were valid in the beginning
		for _, s := range shapes {
			if !s.Pixels {
				continue
			}
			for i := range s.Points { // of the whole picture
				s.Points[i].X *= float64(w) / float64(m.size.X)
				s.Points[i].Y *= float64(h) / float64(m.size.Y)
			}
		}
		m.masked = zone.Outside(shapes, w, h)
	}
	for i, b := range m.masked {
		changed[i] &= b
	}
}
