package pipeline

import (
	"iter"
	"math"
	"strings"
	"time"
)

// Result is the result of a task; the task sets its own fields and leaves the others nil. If it found nothing, it sets
// its field to an empty slice, which is [] in JSON.
type Result struct {
	Detections Detections `json:"detections,omitzero"` // detect
	Classes    Classes    `json:"classes,omitzero"`    // classify; embed with a gallery
	Mask       *Mask      `json:"mask,omitzero"`       // segment
	Poses      Poses      `json:"poses,omitzero"`      // pose
	Embedding  Vector     `json:"embedding,omitzero"`  // embed: of length 1 (L2)
	Ended      Tracks     `json:"ended,omitzero"`      // detect with tracking: tracks that have ended
	Keywords   Keywords   `json:"keywords,omitzero"`   // keyword, wakeword
	// Other are findings without a field here, of tasks outside this package. ReadEvent restores them from JSON.
	Other []Finding `json:"-"`

	Suppress bool `json:"-"` // no event: there is nothing to report
}

// Findings are the findings of the Result, including empty ones, in the order of its fields.
func (r *Result) Findings() iter.Seq[Finding] {
	return func(yield func(Finding) bool) {
		// Pointers, because an interface holds them without allocating.
		if r.Detections != nil && !yield(&r.Detections) || r.Classes != nil && !yield(&r.Classes) ||
			r.Mask != nil && !yield(r.Mask) || r.Poses != nil && !yield(&r.Poses) || r.Embedding != nil && !yield(&r.Embedding) ||
			r.Ended != nil && !yield(&r.Ended) || r.Keywords != nil && !yield(&r.Keywords) {
			return
		}
		for _, f := range r.Other {
			if !yield(f) {
				return
			}
		}
	}
}

// Empty reports whether nothing was found. An embedding or a mask with any class is not empty.
func (r *Result) Empty() bool {
	for f := range r.Findings() {
		if f.Len() > 0 {
			return false
		}
	}
	return true
}

// Keyword is a recognized word.
type Keyword struct {
	Label string  `json:"label"`
	Score float32 `json:"score"` // 0 to 1
	// StartS and EndS are seconds into the recording, or since the start of the stream: the window in which the model
	// recognized the word.
	StartS    float64 `json:"start_s"`
	EndS      float64 `json:"end_s"`
	LevelDBFS float32 `json:"level_dbfs"` // root mean square of the loudest 10 ms between them, in dB of full scale
}

// Detection is one object. Box is xmin, ymin, xmax, ymax in pixels of the source picture, inside the picture.
type Detection struct {
	Label     string     `json:"label"`
	Index     int        `json:"index"` // the class as the model numbers it
	Score     float32    `json:"score"` // 0 to 1
	Box       [4]float32 `json:"box"`
	Keypoints []Keypoint `json:"keypoints,omitempty"`
	Rotated   *Rotated   `json:"rotated,omitempty"` // of models that turn their boxes: Box is around it
	Mask      *Cutout    `json:"mask,omitempty"`    // of models that give each object's pixels; nil also where none is its own
	Track     uint64     `json:"track,omitempty"`   // the object's track number, the same in every frame, from 1; 0: not tracked
	New       bool       `json:"new,omitempty"`     // the first event with this Track
	// Predicted: the object was not found in this item; Box is where its track expects it, Score that of the last time.
	Predicted bool    `json:"predicted,omitempty"`
	Classes   []Class `json:"classes,omitempty"` // from a secondary classifier, best first

	// Of a tracked object in a pipeline with zones or lines:
	Zones    []string           `json:"zones,omitempty"`     // that it is in
	Entered  []string           `json:"entered,omitempty"`   // those of them that it is in since this item
	Left     []string           `json:"left,omitempty"`      // that it is out of since this item
	Crossed  []Crossing         `json:"crossed,omitempty"`   // lines that it has crossed with this item
	Dwell    map[string]float64 `json:"dwell_s,omitempty"`   // seconds that it has been in each of Zones
	SpeedMPS float64            `json:"speed_mps,omitempty"` // metres a second on the ground; 0: not known
}

// Rotated is a box that is turned about its middle, which may reach out of the picture. All but the angle are pixels of the
// source picture.
type Rotated struct {
	X, Y          float32 // the middle
	Width, Height float32
	Angle         float32 // of the side Width from the x axis, in radians, clockwise in the picture
}

// Corners are the corners, clockwise in the picture: what is the upper left one at angle 0 is the first.
func (r *Rotated) Corners() [4][2]float32 {
	sin, cos := math.Sincos(float64(r.Angle))
	w, h := float64(r.Width)/2, float64(r.Height)/2
	var corners [4][2]float32
	for i, at := range [4][2]float64{{-w, -h}, {w, -h}, {w, h}, {-w, h}} {
		corners[i] = [2]float32{
			float32(float64(r.X) + float64(at[0]*cos) - float64(at[1]*sin)), float32(float64(r.Y) + float64(at[0]*sin) + float64(at[1]*cos)),
		}
	}
	return corners
}

// Cutout says which pixels of a part of the picture are an object's (instance segmentation).
type Cutout struct {
	Width  int        `json:"width"` // of the mask, in its own pixels, which lie row by row
	Height int        `json:"height"`
	Box    [4]float32 `json:"box"`    // the part of the source picture that the mask covers, in its pixels
	Counts []int      `json:"counts"` // lengths of runs of pixels that are not the object's and that are, in turn, as a Segment's
}

// Crossing is that of a line by an object.
type Crossing struct {
	Line      string `json:"line"`
	Direction string `json:"direction"` // as the line's configuration calls it
}

// Visit is what an object did in a zone.
type Visit struct {
	Zone     string  `json:"zone"`
	Seconds  float64 `json:"seconds"`             // in all
	SpeedMPS float64 `json:"speed_mps,omitempty"` // mean, in metres a second; 0: not known
}

// Track is an object tracked through the frames.
type Track struct {
	Track   uint64  `json:"track,omitempty"` // 0: a label that was not tracked, in reports of its life
	Label   string  `json:"label"`
	Index   int     `json:"index"`
	Frames  int     `json:"frames"`  // in which it was found
	Seconds float64 `json:"seconds"` // from the first to the last of them

	Left  []string `json:"left,omitempty"`  // zones that it was in when it ended
	Zones []Visit  `json:"zones,omitempty"` // all that it was in

	Life *Life `json:"life,omitempty"` // for sinks that get it by its life (Gate); nil: not known
}

// Life is what happened to a thing from its first to its last result.
type Life struct {
	Start  time.Time    `json:"start"`             // of the first item with it
	End    time.Time    `json:"end"`               // of the last
	StartS float64      `json:"start_s,omitempty"` // seconds into the recording, or since the stream of sound began
	EndS   float64      `json:"end_s,omitempty"`
	Best   Best         `json:"best"`
	Path   [][3]float64 `json:"path,omitempty"` // of a track: seconds since the start, and the middle of the box's lower edge, x and y in pixels
}

// Best is the best moment of a Life.
type Best struct {
	Time      time.Time   `json:"time"`
	Seq       uint64      `json:"seq"`
	PositionS float64     `json:"position_s,omitempty"`
	Score     float32     `json:"score"`         // the highest of all moments
	Box       *[4]float32 `json:"box,omitempty"` // xmin, ymin, xmax, ymax in pixels; nil: it has none
}

// Keypoint is a named point in pixels of the source picture. It may lie outside the picture.
type Keypoint struct {
	Label string  `json:"label"`
	X     float32 `json:"x"`
	Y     float32 `json:"y"`
	Z     float32 `json:"z,omitempty"`     // depth in pixels of the picture, larger further away, from a point that the model defines; 0: none from the model
	Score float32 `json:"score,omitempty"` // 0 to 1; 0: none from the model
}

// Pose is one person.
type Pose struct {
	Score     float32    `json:"score"` // 0 to 1
	Keypoints []Keypoint `json:"keypoints"`
}

// Mask is a segmentation of a picture by class.
type Mask struct {
	Width  int `json:"width"` // of the mask, in its own pixels, which lie row by row
	Height int `json:"height"`
	// Box is the part of the source picture that the mask covers, xmin, ymin, xmax, ymax in its pixels. With a letterbox
	// it reaches beyond the picture.
	Box      [4]float32 `json:"box"`
	Segments []Segment  `json:"segments"` // the largest first, without empty ones
}

// Segment is the part of a Mask of one class.
type Segment struct {
	Label string  `json:"label"`
	Index int     `json:"index"`
	Share float32 `json:"share"` // of the mask's pixels inside the source picture, 0 to 1
	// Counts are the lengths of runs, row by row through the whole mask: pixels that are not of the class, pixels that
	// are, and so on in turn; the first may be 0. Their sum is Width × Height. (COCO's uncompressed run-length
	// encoding, but by rows.)
	Counts []int `json:"counts"`
}

// Background reports whether the segment is the background class (PASCAL VOC's class 0).
func (s *Segment) Background() bool { return strings.EqualFold(s.Label, "background") }

// Vector is an embedding.
type Vector []float32

// Class is one class in a classifier's result.
type Class struct {
	Label string  `json:"label"`
	Index int     `json:"index"`
	Score float32 `json:"score"` // dequantized; 0 to 1 after a softmax; for embed the cosine similarity, -1 to 1
}
