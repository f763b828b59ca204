package pipeline

import (
	"encoding/json"
	"strconv"
)

// MarshalJSON writes pixels to a tenth and the angle to four decimals, and the corners for who would not compute them.
func (r Rotated) MarshalJSON() ([]byte, error) { return r.appendJSON(nil), nil }

func (r *Rotated) appendJSON(b []byte) []byte {
	for i, f := range []struct {
		key   string
		value float32
	}{{"x", r.X}, {"y", r.Y}, {"width", r.Width}, {"height", r.Height}} {
		b = append(b, "{,"[min(i, 1)], '"')
		b = appendPixel(append(append(b, f.key...), `":`...), f.value)
	}
	b = appendFloat(append(b, `,"angle":`...), float64(r.Angle), 4)
	for i, p := range r.Corners() {
		if i == 0 {
			b = append(b, `,"corners":[[`...)
		} else {
			b = append(b, `],[`...)
		}
		b = appendPixel(append(appendPixel(b, p[0]), ','), p[1])
	}
	return append(b, `]]}`...)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (r *Rotated) UnmarshalJSON(b []byte) error {
	var f struct{ X, Y, Width, Height, Angle float32 } // corners follow from them
	if err := json.Unmarshal(b, &f); err != nil {
		return err
	}
	*r = Rotated{f.X, f.Y, f.Width, f.Height, f.Angle}
	return nil
}

// MarshalJSON writes the box to a tenth of a pixel.
func (c Cutout) MarshalJSON() ([]byte, error) { return c.appendJSON(nil), nil }

func (c *Cutout) appendJSON(b []byte) []byte {
	b = strconv.AppendInt(append(b, `{"width":`...), int64(c.Width), 10)
	b = strconv.AppendInt(append(b, `,"height":`...), int64(c.Height), 10)
	for i, x := range c.Box {
		if i == 0 {
			b = append(b, `,"box":[`...)
		} else {
			b = append(b, ',')
		}
		b = appendPixel(b, x)
	}
	return append(appendCounts(append(b, ']'), c.Counts), '}')
}
