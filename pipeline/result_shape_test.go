package pipeline

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
)

// TestShapesOfDetections writes and reads a turned box and a mask.
func TestShapesOfDetections(t *testing.T) {
	d := Detection{
		Label: "ship", Score: 0.5, Box: [4]float32{0, 0, 10, 10},
		Rotated: &Rotated{X: 5, Y: 6, Width: 4, Height: 2, Angle: math.Pi / 2},
		Mask:    &Cutout{Width: 2, Height: 3, Box: [4]float32{1, 2, 3.5, 5}, Counts: []int{1, 4, 1}},
	}
	const want = `{"label":"ship","index":0,"score":0.5,"box":[0,0,10,10],` +
		`"rotated":{"x":5,"y":6,"width":4,"height":2,"angle":1.5708,"corners":[[6,4],[6,8],[4,8],[4,4]]},` +
		`"mask":{"width":2,"height":3,"box":[1,2,3.5,5],"counts":[1,4,1]}}`
	line, err := json.Marshal(d)
	if err != nil || string(line) != want {
		t.Errorf("%s, %v; want %s", line, err, want)
	}
	for _, v := range []any{*d.Rotated, *d.Mask} { // alone as in a Detection
		if alone, err := json.Marshal(v); err != nil || !json.Valid(alone) || !strings.Contains(want, string(alone)) {
			t.Errorf("%s, %v; want a part of %s", alone, err, want)
		}
	}
	var read Detection
	if err := json.Unmarshal(line, &read); err != nil {
		t.Fatal(err)
	}
	if a := read.Rotated.Angle; math.Abs(float64(a-math.Pi/2)) > 1e-4 {
		t.Errorf("the angle is %v", a)
	}
	read.Rotated.Angle = d.Rotated.Angle
	if !reflect.DeepEqual(read, d) {
		t.Errorf("%+v, want %+v", read, d)
	}
	box := Rotated{X: 5, Y: 5, Width: 2, Height: 2}
	if got, want := box.Corners(), [4][2]float32{{4, 4}, {6, 4}, {6, 6}, {4, 6}}; got != want {
		t.Errorf("corners %v, want %v", got, want)
	}
}

// shapesSeen is a canvas that notes what is drawn on it.
type shapesSeen struct {
	boxes, masks, skeletons int
	points                  []Keypoint
}

func (s *shapesSeen) Box(_ [4]float32, t Thing, points []Keypoint) { s.boxes++; s.points = points }
func (s *shapesSeen) Skeleton([]Keypoint, []Limb)                  { s.skeletons++ }
func (s *shapesSeen) Mask(m *Mask)                                 { s.masks += len(m.Segments) }
func (s *shapesSeen) Legend(Thing)                                 {}

// TestDetectionsDraw draws a mask beside the box, the key points of a person as a skeleton, and others as points.
func TestDetectionsDraw(t *testing.T) {
	person := make([]Keypoint, 0, 17)
	for _, l := range limbs {
		person = append(person, Keypoint{Label: l.From}, Keypoint{Label: l.To})
	}
	for name, c := range map[string]struct {
		d    Detection
		want shapesSeen
	}{
		"a box":    {Detection{}, shapesSeen{boxes: 1}},
		"a mask":   {Detection{Mask: &Cutout{Width: 1, Height: 1, Counts: []int{0, 1}}}, shapesSeen{boxes: 1, masks: 1}},
		"a person": {Detection{Keypoints: person}, shapesSeen{boxes: 1, skeletons: 1}},
		"a face":   {Detection{Keypoints: person[:4]}, shapesSeen{boxes: 1, points: person[:4]}},
		"a fish":   {Detection{Keypoints: []Keypoint{{Label: "head"}, {Label: "tail"}}}, shapesSeen{boxes: 1, points: []Keypoint{{Label: "head"}, {Label: "tail"}}}},
	} {
		var got shapesSeen
		Detections{c.d}.Draw(&got)
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}
