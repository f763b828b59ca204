package pipeline

import (
	"iter"
	"strings"
)

// Result is what a task found; the task fills the fields that are its own and leaves the others nil. A task that
// found nothing sets its field to an empty slice, which JSON shows as [].
type Result struct {
	Detections Detections `json:"detections,omitzero"` // detect
	Classes    Classes    `json:"classes,omitzero"`    // classify; embed with a gallery
	Mask       *Mask      `json:"mask,omitzero"`       // segment
	Poses      Poses      `json:"poses,omitzero"`      // pose
	Embedding  Vector     `json:"embedding,omitzero"`  // embed: of length 1 (L2)
	Ended      Tracks     `json:"ended,omitzero"`      // detect with tracking: objects that are not followed any more
	Keywords   Keywords   `json:"keywords,omitzero"`   // keyword, wakeword
	// Other is what has no field here: the findings of tasks from outside this package. They come back from no JSON.
	Other []Finding `json:"-"`

	Quiet bool `json:"-"` // there is nothing to report: no event
}

// Findings are what the Result has, empty findings included, in the order of its fields.
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

// Empty says whether nothing was found. An embedding, and a mask with any class in it, are something.
func (r *Result) Empty() bool {
	for f := range r.Findings() {
		if f.Len() > 0 {
			return false
		}
	}
	return true
}

// Keyword is a word that was heard.
type Keyword struct {
	Label string  `json:"label"`
	Score float32 `json:"score"` // 0 to 1
	// StartS and EndS are seconds into the recording, or since the stream began to hear: the window in which the model
	// found the word.
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
	Track     uint64     `json:"track,omitempty"`   // the same number for the same object in every frame, from 1; 0: not followed
	New       bool       `json:"new,omitempty"`     // the first event with this Track
	Classes   []Class    `json:"classes,omitempty"` // what a second model says of what is in the box, best first
}

// Track is an object that was followed through the frames.
type Track struct {
	Track   uint64  `json:"track"`
	Label   string  `json:"label"`
	Index   int     `json:"index"`
	Frames  int     `json:"frames"`  // in which it was found
	Seconds float64 `json:"seconds"` // from the first to the last of them
}

// Keypoint is a named point in pixels of the source picture. It may lie outside the picture.
type Keypoint struct {
	Label string  `json:"label"`
	X     float32 `json:"x"`
	Y     float32 `json:"y"`
	Score float32 `json:"score,omitempty"` // 0 to 1; 0: the model gives none
}

// Pose is one person.
type Pose struct {
	Score     float32    `json:"score"` // 0 to 1
	Keypoints []Keypoint `json:"keypoints"`
}

// Mask says which class each part of a picture belongs to.
type Mask struct {
	Width  int `json:"width"` // of the mask, in its own pixels, which lie row by row
	Height int `json:"height"`
	// Box is the part of the source picture that the mask covers, xmin, ymin, xmax, ymax in its pixels. With a letterbox
	// it reaches beyond the picture.
	Box      [4]float32 `json:"box"`
	Segments []Segment  `json:"segments"` // the largest first; those with no pixel are left out
}

// Segment is the part of a Mask that one class has.
type Segment struct {
	Label string  `json:"label"`
	Index int     `json:"index"`
	Share float32 `json:"share"` // of the mask's pixels inside the source picture, 0 to 1
	// Counts are the lengths of runs, row by row through the whole mask: pixels that are not of the class, pixels that
	// are, and so on in turn; the first may be 0. Their sum is Width × Height. (COCO's uncompressed run-length
	// encoding, but by rows.)
	Counts []int `json:"counts"`
}

// Background says whether the segment is what segmentation models call the pixels that belong to nothing (PASCAL VOC's
// class 0).
func (s *Segment) Background() bool { return strings.EqualFold(s.Label, "background") }

// Vector is an embedding.
type Vector []float32

// Class is one class of a classifier's answer.
type Class struct {
	Label string  `json:"label"`
	Index int     `json:"index"`
	Score float32 `json:"score"` // dequantized; 0 to 1 after a softmax; for embed the cosine similarity, -1 to 1
}
