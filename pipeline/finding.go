package pipeline

// Finding is one kind of result for an item: its objects, its classes, its words. Tables, overviews, the preview,
// commands and webhooks use only these methods, and pictures use Draw if it is Drawable, so a task with a new kind of
// result is one package.
//
// The JSON of a Finding, as encoding/json makes it, is the value of the field Kind().Key in the event's line.
type Finding interface {
	Kind() *Kind
	Len() int          // number of things
	Thing(i int) Thing // 0 ≤ i < Len()
}

// Kind describes a kind of finding. It is the same for all findings of the kind and never changes.
type Kind struct {
	Key     string   // the field of the event's JSON: "detections"
	Noun    string   // one thing, for counts: "detection", "word"
	Heading string   // of the column of labels in tables; "": LABEL
	Rating  Rating   // meaning of Thing.Score
	Columns []Column // numbers that tables show beside label and score: Thing.Values
	// Ranked means that the things are alternative answers, best first, like the classes of a classifier: only the
	// first is taken as the result.
	Ranked bool
	// Timed means that the things have a start and an end (Thing.StartS, Thing.EndS), like words; other things are
	// present in the item.
	Timed bool
	// New makes a finding that encoding/json reads into, a pointer, for ReadEvent; nil: it is not read.
	New func() Finding
	// Gone means that the things are no longer present: event logs mention them, tables and counts do not.
	Gone bool
}

// Rating is the meaning of a score.
type Rating int

const (
	Scored  Rating = iota // the model's confidence, 0 to 1 (embeddings: -1 to 1)
	Share                 // share of the picture, 0 to 1
	Unrated               // no score
)

// Column is a column of numbers in a table.
type Column struct {
	Heading  string
	Decimals int
	Pixels   bool   // the number is a coordinate: its decimals are dropped first where a terminal is narrow
	Unit     string // behind the number: " %"
	Text     string // how the number is written in a table that lacks the column, with %s for it: "class %s"
}

// Thing is one thing of a Finding.
type Thing struct {
	Label  string // "" when the model has no labels
	Index  int    // the class as the model numbers it; NoIndex: it has none
	Score  float32
	Values [4]float64 // as many as Kind.Columns
	StartS float64    // seconds into the recording, or since the stream began: when it happened, or was there
	EndS   float64
	Track  uint64 // the object's track number, the same in every frame, from 1; 0: not tracked
	New    bool   // the first event with this Track
	// Predicted: it was not found in this item; its track expects it there, and Score is that of the last time.
	Predicted bool
	Classes   []Class    // from a secondary classifier, best first
	Zones     []string   // that it is in
	Crossed   []Crossing // lines that it has crossed with this item
	Rotated   *Rotated   // the turned box, drawn in place of the other
	// Background marks the background class: it is listed, but not drawn or mentioned.
	Background bool
}

// NoIndex is the Index of things without a class, such as poses.
const NoIndex = -1

// Canvas is a picture that findings are drawn on, in pixels of the source picture. It decides the style and
// the order of layers: masks below boxes, boxes below key points, text on top.
type Canvas interface {
	// Box draws a frame with its label, score and track, and key points that belong to it.
	Box(box [4]float32, t Thing, points []Keypoint)
	// Skeleton draws points and lines between them.
	Skeleton(points []Keypoint, limbs []Limb)
	// Mask fills areas, each in its label's colour, with a colour legend in the panel in the corner.
	Mask(m *Mask)
	// Legend adds a line to that panel: a label with its score as a bar.
	Legend(t Thing)
}

// OutlineCanvas is a Canvas that also draws zones and lines. Those of package draw do.
type OutlineCanvas interface {
	Canvas
	// Outline draws a zone or a line below the boxes.
	Outline(o Outline)
}

// Outline is a zone, or a line that things cross.
type Outline struct {
	Name   string // decides the colour
	Text   string // beside it: the name, and what it counts
	Points [][2]float32
	Closed bool // a zone: the last point is joined to the first; otherwise an arrow points to the right of a walk along the points
}

// Drawable is a Finding that can be drawn on its picture.
type Drawable interface {
	Finding
	Draw(c Canvas)
}

// Limb is a line between two key points, by their labels. Points and limbs whose labels begin with "left" and "right"
// have different colours.
type Limb struct{ From, To string }
