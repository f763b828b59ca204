package pipeline

// Finding is one kind of thing that a model found in an item: its objects, its classes, its words. Tables, overviews,
// the preview, commands and webhooks know a finding by these methods only, and pictures by Draw where it is Drawable, so
// a task with a new kind of result is one package.
//
// The JSON of a Finding, as encoding/json makes it, is the value of the field Kind().Key in the event's line.
type Finding interface {
	Kind() *Kind
	Len() int          // things found
	Thing(i int) Thing // 0 ≤ i < Len()
}

// Kind describes a kind of finding. It is the same for all findings of the kind and never changes.
type Kind struct {
	Key     string   // the field of the event's JSON: "detections"
	Noun    string   // one thing, for counts: "detection", "word"
	Heading string   // of the column of labels in tables; "": LABEL
	Rating  Rating   // what Thing.Score says
	Columns []Column // numbers that tables show beside label and score: Thing.Values
	// Ranked says that the things are answers to one question, the best first, as the classes of a classifier are: only
	// the first one is taken to be so.
	Ranked bool
	// Timed says that the things happened between Thing.StartS and Thing.EndS, as words do, where other things are
	// there in the item.
	Timed bool
	// Gone says that the things are not there any more: a log of events mentions them, tables and counts do not.
	Gone bool
}

// Rating says what a score is.
type Rating int

const (
	Scored  Rating = iota // how sure the model is, 0 to 1 (embeddings: -1 to 1)
	Share                 // the part of the picture, 0 to 1
	Unrated               // there is none
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
	Label   string // "" when the model has no labels
	Index   int    // the class as the model numbers it; NoIndex: it has none
	Score   float32
	Values  [4]float64 // as many as Kind.Columns
	StartS  float64    // seconds into the recording, or since the stream began: when it happened, or was there
	EndS    float64
	Track   uint64  // the same number for the same object in every frame, from 1; 0: not followed
	New     bool    // the first event with this Track
	Classes []Class // what a second model says of it, the best first
	// Background says that the thing is what is left over: it is listed and not drawn or mentioned.
	Background bool
}

// NoIndex is the Index of things that are all alike, such as people with their poses.
const NoIndex = -1

// Canvas is a picture that findings are drawn on, in pixels of the source picture. It decides what the parts look like
// and what lies on what: masks below boxes, boxes below key points, text on top.
type Canvas interface {
	// Box draws a frame with its label, score and track, and key points that belong to it.
	Box(box [4]float32, t Thing, points []Keypoint)
	// Skeleton draws points and lines between them.
	Skeleton(points []Keypoint, limbs []Limb)
	// Mask fills areas, each in its label's colour, and says in the panel in the corner which colour is what.
	Mask(m *Mask)
	// Legend adds a line to that panel: a label with its score as a bar.
	Legend(t Thing)
}

// Drawable is a Finding that can be drawn on the picture it was found in.
type Drawable interface {
	Finding
	Draw(c Canvas)
}

// Limb is a line between two key points, by their labels. Points and limbs whose labels begin with "left" and "right"
// are told apart by colour.
type Limb struct{ From, To string }
