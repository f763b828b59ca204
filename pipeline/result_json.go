package pipeline

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"
)

// MarshalJSON writes the score to four decimals and the box to a tenth of a pixel.
func (d Detection) MarshalJSON() ([]byte, error) {
	b, err := appendString(append(make([]byte, 0, 128), `{"label":`...), d.Label)
	if err != nil {
		return nil, err
	}
	b = strconv.AppendInt(append(b, `,"index":`...), int64(d.Index), 10)
	b = appendScore(append(b, `,"score":`...), d.Score)
	for i, x := range d.Box {
		if i == 0 {
			b = append(b, `,"box":[`...)
		} else {
			b = append(b, ',')
		}
		b = appendPixel(b, x)
	}
	b = append(b, ']')
	for i, k := range d.Keypoints {
		if i == 0 {
			b = append(b, `,"keypoints":[`...)
		} else {
			b = append(b, ',')
		}
		if b, err = k.appendJSON(b); err != nil {
			return nil, err
		}
	}
	if len(d.Keypoints) > 0 {
		b = append(b, ']')
	}
	if d.Rotated != nil {
		b = d.Rotated.appendJSON(append(b, `,"rotated":`...))
	}
	if d.Mask != nil {
		b = d.Mask.appendJSON(append(b, `,"mask":`...))
	}
	if d.Track != 0 {
		b = strconv.AppendUint(append(b, `,"track":`...), d.Track, 10)
	}
	if d.New {
		b = append(b, `,"new":true`...)
	}
	if d.Predicted {
		b = append(b, `,"predicted":true`...)
	}
	for i, c := range d.Classes {
		if i == 0 {
			b = append(b, `,"classes":[`...)
		} else {
			b = append(b, ',')
		}
		if b, err = c.appendJSON(b); err != nil {
			return nil, err
		}
	}
	if len(d.Classes) > 0 {
		b = append(b, ']')
	}
	if b, err = d.appendPlaces(b); err != nil {
		return nil, err
	}
	return append(b, '}'), nil
}

// appendPlaces writes where the object is, times to the millisecond and the speed to the centimetre a second.
func (d *Detection) appendPlaces(b []byte) (_ []byte, err error) {
	for _, f := range []struct {
		key   string
		names []string
	}{{"zones", d.Zones}, {"entered", d.Entered}, {"left", d.Left}} {
		if b, err = appendNames(b, f.key, f.names); err != nil {
			return nil, err
		}
	}
	if len(d.Crossed) > 0 {
		crossed, err := json.Marshal(d.Crossed)
		if err != nil {
			return nil, err
		}
		b = append(append(b, `,"crossed":`...), crossed...)
	}
	for i, zone := range slices.Sorted(maps.Keys(d.Dwell)) {
		if i == 0 {
			b = append(b, `,"dwell_s":{`...)
		} else {
			b = append(b, ',')
		}
		if b, err = appendString(b, zone); err != nil {
			return nil, err
		}
		b = appendFloat(append(b, ':'), d.Dwell[zone], 3)
	}
	if len(d.Dwell) > 0 {
		b = append(b, '}')
	}
	if d.SpeedMPS != 0 {
		b = appendFloat(append(b, `,"speed_mps":`...), d.SpeedMPS, 2)
	}
	return b, nil
}

// appendNames writes a key with a list of names behind others, unless the list is empty.
func appendNames(b []byte, key string, names []string) (_ []byte, err error) {
	if len(names) == 0 {
		return b, nil
	}
	b = append(append(append(b, `,"`...), key...), `":[`...)
	for i, name := range names {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendString(b, name); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}

// MarshalJSON writes the point to a tenth of a pixel.
func (k Keypoint) MarshalJSON() ([]byte, error) { return k.appendJSON(nil) }

func (k Keypoint) appendJSON(b []byte) ([]byte, error) {
	b, err := appendString(append(b, `{"label":`...), k.Label)
	if err != nil {
		return nil, err
	}
	b = appendPixel(append(b, `,"x":`...), k.X)
	b = appendPixel(append(b, `,"y":`...), k.Y)
	if k.Z != 0 {
		b = appendPixel(append(b, `,"z":`...), k.Z)
	}
	if k.Score != 0 {
		b = appendScore(append(b, `,"score":`...), k.Score)
	}
	return append(b, '}'), nil
}

// MarshalJSON writes the score to four decimals.
func (c Class) MarshalJSON() ([]byte, error) { return c.appendJSON(make([]byte, 0, 64)) }

func (c Class) appendJSON(b []byte) ([]byte, error) {
	b, err := appendString(append(b, `{"label":`...), c.Label)
	if err != nil {
		return nil, err
	}
	b = strconv.AppendInt(append(b, `,"index":`...), int64(c.Index), 10)
	b = appendScore(append(b, `,"score":`...), c.Score)
	return append(b, '}'), nil
}

// MarshalJSON writes the scores to four decimals and the points to a tenth of a pixel.
func (p Pose) MarshalJSON() ([]byte, error) {
	b := appendScore(append(make([]byte, 0, 1024), `{"score":`...), p.Score)
	b = append(b, `,"keypoints":[`...)
	for i, k := range p.Keypoints {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = k.appendJSON(b); err != nil {
			return nil, err
		}
	}
	return append(b, ']', '}'), nil
}

// MarshalJSON writes the share to four decimals.
func (s Segment) MarshalJSON() ([]byte, error) {
	b, err := appendString(append(make([]byte, 0, 1024), `{"label":`...), s.Label)
	if err != nil {
		return nil, err
	}
	b = strconv.AppendInt(append(b, `,"index":`...), int64(s.Index), 10)
	b = appendScore(append(b, `,"share":`...), s.Share)
	return append(appendCounts(b, s.Counts), '}'), nil
}

func appendCounts(b []byte, counts []int) []byte {
	b = append(b, `,"counts":[`...)
	for i, n := range counts {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, int64(n), 10)
	}
	return append(b, ']')
}

// MarshalJSON writes the time to the millisecond.
func (t Track) MarshalJSON() ([]byte, error) {
	b := append(make([]byte, 0, 256), '{')
	if t.Track != 0 {
		b = append(strconv.AppendUint(append(b, `"track":`...), t.Track, 10), ',')
	}
	b, err := appendString(append(b, `"label":`...), t.Label)
	if err != nil {
		return nil, err
	}
	b = strconv.AppendInt(append(b, `,"index":`...), int64(t.Index), 10)
	b = strconv.AppendInt(append(b, `,"frames":`...), int64(t.Frames), 10)
	b = appendFloat(append(b, `,"seconds":`...), t.Seconds, 3)
	if b, err = appendNames(b, "left", t.Left); err != nil {
		return nil, err
	}
	for i, v := range t.Zones {
		if i == 0 {
			b = append(b, `,"zones":[`...)
		} else {
			b = append(b, ',')
		}
		if b, err = v.appendJSON(b); err != nil {
			return nil, err
		}
	}
	if len(t.Zones) > 0 {
		b = append(b, ']')
	}
	if t.Life != nil {
		life, err := t.Life.rounded()
		if err != nil {
			return nil, err
		}
		b = append(append(b, `,"life":`...), life...)
	}
	return append(b, '}'), nil
}

// rounded is the life's JSON with times in UTC to the millisecond, scores to four decimals, and pixels to a tenth.
func (l *Life) rounded() ([]byte, error) {
	r := *l
	finite := func(x float64, decimals int) float64 {
		if x = round(x, decimals); math.IsNaN(x) || math.IsInf(x, 0) {
			return 0
		}
		return x
	}
	r.StartS, r.EndS, r.Best.PositionS = finite(r.StartS, 3), finite(r.EndS, 3), finite(r.Best.PositionS, 3)
	r.Path = make([][3]float64, len(l.Path))
	for i, p := range l.Path {
		r.Path[i] = [3]float64{finite(p[0], 3), finite(p[1], 1), finite(p[2], 1)}
	}
	best := struct {
		Time string `json:"time"`
		Seq  uint64 `json:"seq"`
		// As in Best, but with decimals that are not those of a float32.
		PositionS float64     `json:"position_s,omitempty"`
		Score     float64     `json:"score"`
		Box       *[4]float64 `json:"box,omitempty"`
	}{r.Best.Time.UTC().Format(timeLayout), r.Best.Seq, r.Best.PositionS, finite(float64(r.Best.Score), 4), nil}
	if r.Best.Box != nil {
		best.Box = &[4]float64{}
		for i, x := range r.Best.Box {
			best.Box[i] = finite(float64(x), 1)
		}
	}
	type fields Life
	return json.Marshal(struct {
		Start string `json:"start"` // these precede and hide those in fields
		End   string `json:"end"`
		fields
		Best any `json:"best"`
	}{r.Start.UTC().Format(timeLayout), r.End.UTC().Format(timeLayout), fields(r), best})
}

// MarshalJSON writes the time to the millisecond and the speed to the centimetre a second.
func (v Visit) MarshalJSON() ([]byte, error) { return v.appendJSON(nil) }

func (v Visit) appendJSON(b []byte) ([]byte, error) {
	b, err := appendString(append(b, `{"zone":`...), v.Zone)
	if err != nil {
		return nil, err
	}
	b = appendFloat(append(b, `,"seconds":`...), v.Seconds, 3)
	if v.SpeedMPS != 0 {
		b = appendFloat(append(b, `,"speed_mps":`...), v.SpeedMPS, 2)
	}
	return append(b, '}'), nil
}

// MarshalJSON writes the numbers to six decimals.
func (v Vector) MarshalJSON() ([]byte, error) {
	b := append(make([]byte, 0, 12*len(v)+2), '[')
	for i, x := range v {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendFloat(b, float64(x), 6)
	}
	return append(b, ']'), nil
}

// MarshalJSON writes the score to four decimals, times to the millisecond and the level to a tenth of a decibel.
func (k Keyword) MarshalJSON() ([]byte, error) {
	b, err := appendString(append(make([]byte, 0, 128), `{"label":`...), k.Label)
	if err != nil {
		return nil, err
	}
	b = appendScore(append(b, `,"score":`...), k.Score)
	b = appendFloat(append(b, `,"start_s":`...), k.StartS, 3)
	b = appendFloat(append(b, `,"end_s":`...), k.EndS, 3)
	b = appendFloat(append(b, `,"level_dbfs":`...), float64(k.LevelDBFS), 1)
	return append(b, '}'), nil
}
