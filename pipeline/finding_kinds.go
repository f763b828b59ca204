package pipeline

import (
	"math"
	"slices"
	"strconv"
)

var boxColumns = []Column{
	{Heading: "XMIN", Decimals: 1, Pixels: true}, {Heading: "YMIN", Decimals: 1, Pixels: true},
	{Heading: "XMAX", Decimals: 1, Pixels: true}, {Heading: "YMAX", Decimals: 1, Pixels: true},
}

// The kinds of findings that the tasks of this project have.
var (
	kindDetections = Kind{Key: "detections", Noun: "detection", Columns: boxColumns}
	kindClasses    = Kind{Key: "classes", Noun: "class", Ranked: true, Columns: []Column{{Heading: "INDEX", Text: "class %s"}}}
	kindMask       = Kind{Key: "mask", Noun: "segment", Rating: Share,
		Columns: []Column{{Heading: "SHARE", Decimals: 1, Unit: " %", Text: "%s of the picture"}}}
	kindPoses     = Kind{Key: "poses", Noun: "person", Columns: boxColumns}
	kindEmbedding = Kind{Key: "embedding", Noun: "vector", Heading: "VECTOR", Rating: Unrated}
	kindEnded     = Kind{Key: "ended", Gone: true}
	kindKeywords  = Kind{Key: "keywords", Noun: "word", Timed: true,
		Columns: []Column{{Heading: "START", Decimals: 2}, {Heading: "END", Decimals: 2}}}
)

// BoxColumns are the columns of a finding whose things have a box as Values: xmin, ymin, xmax, ymax.
func BoxColumns() []Column { return boxColumns }

// values is a box as the values of its columns.
func values(box [4]float32) [4]float64 {
	return [4]float64{float64(box[0]), float64(box[1]), float64(box[2]), float64(box[3])}
}

// Detections are the objects in a picture.
type Detections []Detection

func (d Detections) Kind() *Kind { return &kindDetections }
func (d Detections) Len() int    { return len(d) }

func (d Detections) Thing(i int) Thing {
	o := &d[i]
	return Thing{Label: o.Label, Index: o.Index, Score: o.Score, Values: values(o.Box), Track: o.Track, New: o.New, Predicted: o.Predicted, Classes: o.Classes, Zones: o.Zones, Crossed: o.Crossed, Rotated: o.Rotated}
}

// Draw draws the boxes, the pixels that are the objects' and the key points: those of a person or a hand as a skeleton.
func (d Detections) Draw(c Canvas) {
	for i := range d {
		points := d[i].Keypoints
		switch {
		case len(points) == 0:
		case points[len(points)-1].Label == "pinky_tip":
			c.Skeleton(points, handLimbs)
			points = nil
		case isPerson(points):
			c.Skeleton(points, limbs)
			points = nil
		}
		c.Box(d[i].Box, d.Thing(i), points)
		if m := d[i].Mask; m != nil {
			c.Mask(&Mask{Width: m.Width, Height: m.Height, Box: m.Box, Segments: []Segment{{Label: d[i].Label, Index: d[i].Index, Counts: m.Counts}}})
		}
	}
}

// isPerson says whether key points have names that the limbs of a skeleton are between.
func isPerson(points []Keypoint) bool {
	for _, p := range points {
		if !slices.ContainsFunc(limbs, func(l Limb) bool { return l.From == p.Label || l.To == p.Label }) {
			return false
		}
	}
	return len(points) > 6 // those of a face have such names as well
}

// Classes are a classifier's results, best first.
type Classes []Class

func (c Classes) Kind() *Kind { return &kindClasses }
func (c Classes) Len() int    { return len(c) }

func (c Classes) Thing(i int) Thing {
	return Thing{Label: c[i].Label, Index: c[i].Index, Score: c[i].Score, Values: [4]float64{float64(c[i].Index)}}
}

// Draw lists the classes in the corner.
func (c Classes) Draw(to Canvas) {
	for i := range c {
		to.Legend(c.Thing(i))
	}
}

func (m *Mask) Kind() *Kind { return &kindMask }
func (m *Mask) Len() int    { return len(m.Segments) }

func (m *Mask) Thing(i int) Thing {
	s := &m.Segments[i]
	return Thing{Label: s.Label, Index: s.Index, Score: s.Share, Values: [4]float64{100 * float64(s.Share)}, Background: s.Background()}
}

// Draw fills the segments.
func (m *Mask) Draw(c Canvas) { c.Mask(m) }

// Poses are the people in a picture with their key points.
type Poses []Pose

func (p Poses) Kind() *Kind { return &kindPoses }
func (p Poses) Len() int    { return len(p) }

func (p Poses) Thing(i int) Thing {
	return Thing{Index: NoIndex, Score: p[i].Score, Values: values(around(p[i].Keypoints))}
}

// limbs are the lines of the skeleton of cocodataset.org's person_keypoints.
var limbs = []Limb{
	{"nose", "left_eye"}, {"nose", "right_eye"}, {"left_eye", "left_ear"}, {"right_eye", "right_ear"},
	{"left_shoulder", "right_shoulder"}, {"left_hip", "right_hip"}, {"left_shoulder", "left_hip"}, {"right_shoulder", "right_hip"},
	{"left_shoulder", "left_elbow"}, {"left_elbow", "left_wrist"}, {"right_shoulder", "right_elbow"}, {"right_elbow", "right_wrist"},
	{"left_hip", "left_knee"}, {"left_knee", "left_ankle"}, {"right_hip", "right_knee"}, {"right_knee", "right_ankle"},
}

// furtherLimbs are lines to the key points that poses of MediaPipe have besides.
var furtherLimbs = []Limb{
	{"left_wrist", "left_thumb"}, {"left_wrist", "left_index"}, {"left_wrist", "left_pinky"}, {"left_index", "left_pinky"},
	{"right_wrist", "right_thumb"}, {"right_wrist", "right_index"}, {"right_wrist", "right_pinky"}, {"right_index", "right_pinky"},
	{"left_ankle", "left_heel"}, {"left_heel", "left_foot_index"}, {"left_ankle", "left_foot_index"},
	{"right_ankle", "right_heel"}, {"right_heel", "right_foot_index"}, {"right_ankle", "right_foot_index"},
	{"mouth_left", "mouth_right"},
}

// handLimbs are the bones of a hand, by the names of MediaPipe's key points.
var handLimbs = func() []Limb {
	all := []Limb{
		{"wrist", "thumb_cmc"}, {"thumb_cmc", "thumb_mcp"}, {"thumb_mcp", "thumb_ip"}, {"thumb_ip", "thumb_tip"},
		{"wrist", "index_finger_mcp"}, {"wrist", "pinky_mcp"},
		{"index_finger_mcp", "middle_finger_mcp"}, {"middle_finger_mcp", "ring_finger_mcp"}, {"ring_finger_mcp", "pinky_mcp"},
	}
	for _, finger := range []string{"index_finger", "middle_finger", "ring_finger", "pinky"} {
		all = append(all, Limb{finger + "_mcp", finger + "_pip"}, Limb{finger + "_pip", finger + "_dip"}, Limb{finger + "_dip", finger + "_tip"})
	}
	return all
}()

// Draw draws the skeletons.
func (p Poses) Draw(c Canvas) {
	for i := range p {
		c.Skeleton(p[i].Keypoints, limbsOf(p[i].Keypoints))
	}
}

// bodyLimbs are all lines.
var bodyLimbs = slices.Concat(limbs, furtherLimbs)

// limbsOf are the lines between the key points that a model gives.
func limbsOf(points []Keypoint) []Limb {
	for _, k := range points {
		if slices.ContainsFunc(furtherLimbs, func(l Limb) bool { return l.To == k.Label }) {
			return bodyLimbs
		}
	}
	return limbs
}

// around is the box around points; all 0 without one.
func around(points []Keypoint) [4]float32 {
	if len(points) == 0 {
		return [4]float32{}
	}
	inf := float32(math.Inf(1))
	box := [4]float32{inf, inf, -inf, -inf}
	for _, k := range points {
		box = [4]float32{min(box[0], k.X), min(box[1], k.Y), max(box[2], k.X), max(box[3], k.Y)}
	}
	return box
}

func (v Vector) Kind() *Kind { return &kindEmbedding }

// Len is 1, or 0 for a vector without numbers.
func (v Vector) Len() int { return min(len(v), 1) }

// Thing is labelled with the vector's length: "512 numbers".
func (v Vector) Thing(int) Thing {
	return Thing{Label: strconv.Itoa(len(v)) + " numbers", Index: NoIndex}
}

// Tracks are the tracks that have ended in this item.
type Tracks []Track

func (t Tracks) Kind() *Kind { return &kindEnded }
func (t Tracks) Len() int    { return len(t) }

func (t Tracks) Thing(i int) Thing {
	return Thing{Label: t[i].Label, Index: t[i].Index, Track: t[i].Track, EndS: t[i].Seconds}
}

// Keywords are recognized words.
type Keywords []Keyword

func (k Keywords) Kind() *Kind { return &kindKeywords }
func (k Keywords) Len() int    { return len(k) }

func (k Keywords) Thing(i int) Thing {
	w := &k[i]
	return Thing{Label: w.Label, Index: NoIndex, Score: w.Score, Values: [4]float64{w.StartS, w.EndS}, StartS: w.StartS, EndS: w.EndS}
}
