package track

import (
	"cmp"
	"slices"
	"time"

	"corallite/internal/assignment"
	"corallite/internal/flow"
	"corallite/internal/moment"
	"corallite/pipeline"
)

// MaxObjects is the maximum number of detections used per frame (the best ones) and of objects tracked at once, so that
// the time per frame is bounded.
const MaxObjects = 500

// Tracker tracks the objects that one model detects in one stream. It is used by one goroutine at a time.
type Tracker struct {
	o       Options
	least   float32 // Low as it was given, for SetHigh
	started bool
	last    time.Time // of the last Update, as it was given
	now     time.Duration
	number  uint64 // the last one given
	objects []object
	// extent is around all boxes so far. They lie inside the picture, so that what lies inside it does too.
	extent box
	// picture is what the next Update looks at, if anything.
	picture *flow.Picture
	memory  flow.Picture // what it points to
	ground  flow.Ground
	turned  [2]float64 // how far the picture as a whole has moved in this frame, in pixels

	embed    Embedder // of the next Update; nil: none
	meetings []meeting
	seen     []embedded

	clock moment.Clock // of Follow

	// Scratch memory of Update, reused.
	candidates []candidate
	some       []int // indexes of objects
	high, low  []int // indexes of candidates
	weights    []float64
	match      []int
	solver     assignment.Solver
}

// object is a tracked object.
type object struct {
	motion
	expected box // in this frame
	place    box // in this frame, if found: with what was measured
	identity
	last     float32 // the score of the last time it was found
	seen     time.Duration
	found    bool          // in the last frame, or in this one once a stage has matched it
	wasFound bool          // in the last frame
	at       int           // the index of its detection, if found
	patch    flow.Patch    // what it showed in the last picture
	visible  bool          // the patch was found in this one
	hidden   time.Duration // for how long it has been found at the place of an older object, less for how long not
}

// identity is who an object is, and not where.
type identity struct {
	track pipeline.Track // its number is 0 while the object is tentative
	best  float32        // the highest score, which determined its label
	first time.Duration
	looks looks
}

// candidate is a detection that may be assigned to an object.
type candidate struct {
	box
	at    int // in the detections
	index int // the class
	score float32
}

// New makes a Tracker. It fails when an option is out of its range.
func New(o Options) (*Tracker, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Tracker{o: o, least: o.Low}, nil
}

// Update processes the detections of the next frame, captured at a time, and sets Track and New of each, and Box of
// those with a number (Options.RawBoxes). It returns the tracks that have ended, the oldest first; nil if there are none.
// A time before the last one counts as equal to it. Detections whose box is not finite or has no area, and those below Options.Low, are not tracked.
func (t *Tracker) Update(at time.Time, detections []pipeline.Detection) (ended []pipeline.Track) {
	dt := t.advance(at)
	ended = t.drop(func(o *object) bool { return t.now-o.seen > t.o.MaxLost || o.hidden > maxHidden })
	t.sort(detections)
	t.predict(dt)

	t.pick(func(o *object) bool { return o.sure() })
	t.high = t.associate(t.high, overlapping(t.o.MinIoU), detections)
	t.pick(func(o *object) bool { return o.sure() && !o.found })
	t.high = t.associate(t.high, near, detections)
	t.pick(func(o *object) bool { return o.sure() && o.wasFound && !o.found })
	t.associate(t.low, overlapping(t.o.MinIoULow), detections)
	t.pick(func(o *object) bool { return !o.sure() })
	t.high = t.associate(t.high, overlapping(minIoUUnsure), detections)

	t.drop(func(o *object) bool { return !o.sure() && !o.found })
	for _, k := range t.high {
		if c := &t.candidates[k]; !t.duplicate(c) {
			t.start(c, detections)
		}
	}
	t.recognize(detections)
	t.hide(dt)
	t.remember()
	if !t.o.RawBoxes {
		t.smooth(detections)
	}
	return ended
}

// End ends all tracks, as at the end of the stream or of a scene, and returns those that had a number. The numbers are
// not reused.
func (t *Tracker) End() []pipeline.Track {
	t.extent = box{}
	t.ground.Forget()
	return t.drop(func(*object) bool { return true })
}

// Started is the number of tracks so far, which is also the last track number.
func (t *Tracker) Started() uint64 { return t.number }

func (o *object) sure() bool { return o.track.Track != 0 }

// maxGap bounds the time between two frames; all tracks end before that.
const maxGap = 2 * maxMaxLost

// advance sets the time and returns the time since the last frame.
func (t *Tracker) advance(at time.Time) time.Duration {
	dt := at.Sub(t.last)
	if t.o.Step > 0 {
		dt = t.o.Step
	}
	if !t.started {
		dt = 0
	}
	dt = min(max(dt, 0), maxGap)
	t.started, t.last = true, at
	t.now += dt
	return dt
}

// predict moves all objects to their predicted positions.
func (t *Tracker) predict(dt time.Duration) {
	t.turn()
	for i := range t.objects {
		o := &t.objects[i]
		if !o.found {
			o.height.v = 0 // as in ByteTrack: unseen objects would grow or shrink without limit
		}
		o.wasFound, o.found = o.found, false
		if o.visible = t.move(o, dt); !o.visible {
			o.motion.predict(dt)
		}
		o.expected = o.motion.box()
	}
}

// sort separates detections with a high score from those with a low one.
func (t *Tracker) sort(detections []pipeline.Detection) {
	t.candidates, t.high, t.low = t.candidates[:0], t.high[:0], t.low[:0]
	for i := range detections {
		d := &detections[i]
		d.Track, d.New = 0, false
		b, ok := newBox(d.Box)
		if !ok {
			continue
		}
		t.extent = t.extent.around(&b)
		if d.Score >= t.o.Low {
			t.candidates = append(t.candidates, candidate{box: b, at: i, index: d.Index, score: d.Score})
		}
	}
	if len(t.candidates) > MaxObjects {
		slices.SortStableFunc(t.candidates, func(a, b candidate) int { return cmp.Compare(b.score, a.score) })
		t.candidates = t.candidates[:MaxObjects]
	}
	for k := range t.candidates {
		if t.candidates[k].score >= t.o.High {
			t.high = append(t.high, k)
		} else {
			t.low = append(t.low, k)
		}
	}
}

// start starts an object, if the candidate's score is high enough.
func (t *Tracker) start(c *candidate, detections []pipeline.Detection) {
	if c.score < t.o.New || len(t.objects) == MaxObjects {
		return
	}
	t.objects = append(t.objects, object{motion: newMotion(c.box), place: c.box, identity: identity{first: t.now}})
	t.count(&t.objects[len(t.objects)-1], c, detections)
}

// found takes in where an object was found.
func (t *Tracker) found(o *object, c *candidate, detections []pipeline.Detection) {
	o.correct(c)
	t.count(o, c, detections)
}

// correct updates the motion with a measurement.
func (o *object) correct(c *candidate) {
	o.motion.correct(c.box, c.score)
	o.place = o.motion.box()
}

// count counts a frame in which an object was found, and gives the object its number and the detection the object's.
func (t *Tracker) count(o *object, c *candidate, detections []pipeline.Detection) {
	d := &detections[c.at]
	o.found, o.seen, o.at = true, t.now, c.at
	o.last = c.score
	o.track.Frames++
	if o.track.Frames == 1 || c.score > o.best {
		o.best, o.track.Label, o.track.Index = c.score, d.Label, d.Index
	}
	if !o.sure() && o.track.Frames >= t.o.MinFrames {
		t.number++
		o.track.Track, d.New = t.number, true
	}
	d.Track = o.track.Track
}

// drop takes out objects and returns those that had a number.
func (t *Tracker) drop(over func(*object) bool) (ended []pipeline.Track) {
	kept := t.objects[:0]
	for i := range t.objects {
		o := &t.objects[i]
		switch {
		case !over(o):
			kept = append(kept, *o)
		case o.sure():
			o.track.Seconds = (o.seen - o.first).Seconds()
			ended = append(ended, o.track)
		}
	}
	clear(t.objects[len(kept):]) // lets go of labels
	t.objects = kept
	return ended
}
