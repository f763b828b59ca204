package track

import (
	"errors"
	"fmt"
	"time"

	"corallite/internal/key"
)

// Options are the options of a Tracker. Zero values get the defaults. Keys describes those that a configuration can set.
type Options struct {
	// High is the minimum score of high detections, which are assigned first, and Low that of low detections. A good
	// High is the threshold at which detections are shown. Defaults: 0.5; 0.1, or High if that is lower.
	High, Low float32
	// New is the minimum score of a detection that starts an object; at least High. Default: High + 0.1, at most 1.
	New float32

	// MinIoU is the minimum overlap of a high detection with an object's predicted box, MinIoULow that of a low
	// detection; 0 to 1. If objects move far between frames, lower values lose fewer. Defaults: 0.2, 0.5.
	MinIoU, MinIoULow float64

	// MinFrames is the number of consecutive frames in which an object must be found before it gets its number.
	// Default: 3.
	MinFrames int
	// MaxLost is how long an object that is not found is kept. It should be several times the time between two frames;
	// at most an hour. Default: 1 s.
	MaxLost time.Duration

	// Coast is for how many seconds an object that is not found is reported where it is expected, as a detection that is
	// Predicted; 0: not at all. Who is behind a post for a moment is then not gone and there again. Default (nil): 0.3 s while
	// the picture shows the object (Tracker.Look), otherwise not at all.
	Coast *float64

	// Blind leaves pictures unseen: where objects are is expected from how they moved before.
	Blind bool

	// Appearance names the model by which objects are told apart (Tracker.Recognize); the Tracker itself has no use for it.
	// MinSimilar is the cosine similarity of their embeddings from which a new object may be a lost one. Default: 0.8.
	Appearance string
	MinSimilar float64

	// AcrossClasses lets an object's class change from frame to frame, for models that report a van sometimes as a car
	// and sometimes as a truck. Otherwise all detections of an object have the same class.
	AcrossClasses bool

	// RawBoxes leaves the boxes as the model gave them. Otherwise those of objects with a number are the tracker's
	// estimate, which moves and changes more evenly, as in ByteTrack.
	RawBoxes bool

	// Step, when set, is the time between two items regardless of their times: for picture files, which are read at
	// another rate than they were taken.
	Step time.Duration

	// Show is the score below which Follow drops untracked detections. Default: 0, which drops none.
	Show float32
}

// Keys describes the keys of the options that a configuration can set. High and Show are the model's score threshold.
//
// The options of ByteTrack's implementation are here: track_high_thresh is that score threshold, track_low_thresh
// low_score, new_track_thresh new_score, match_thresh 1 - min_iou, track_buffer max_lost, in seconds.
func (o *Options) Keys() key.Table {
	return key.Table{
		key.Int(&o.MinFrames, "min_frames").Min(1).Max(1000).Default(defaultMinFrames).Example("3").
			Doc("In how many consecutive frames an object must be found before it gets its number."),
		key.Seconds(&o.MaxLost, "max_lost").Above(0).Max(maxMaxLost.Seconds()).Default(defaultMaxLost).Example("2.5").
			Doc("Seconds for which an object that is not found is remembered: when it is found again in this time it keeps its number (ByteTrack's track_buffer, in frames). At least several times the time between two frames."),
		key.Optional(&o.Coast, "coast").Min(0).Max(maxMaxLost.Seconds()).Example("0.5").
			DefaultDoc("0.3 while the picture shows the object (`picture`), otherwise 0").
			Doc("Seconds for which an object that is not found is reported where it is seen or expected, marked `predicted`: short gaps, behind a post or where the detector misses it, are then none. Expect some boxes where nothing is any more. At most `max_lost`. 0: never."),
		key.Bind(key.Key{Name: "picture", Kind: key.KindBoolean, Default: true, Example: "false",
			Doc: "Whether it is looked up in the picture how each object has moved since the last frame: a part of it is found again near by (block matching on the brightness). Boxes are then steadier and nearer to the object, also with a moving camera. `false`: expected from how it moved before, which saves about 1 % of a core for 100 objects at 30 frames a second."},
			func(v any) { on, _ := v.(bool); o.Blind = !on }, func() any { return !o.Blind }),
		key.String(&o.Appearance, "appearance").Example("looks").
			Doc("The name of a model of `task: embed` under `models`, by which objects are told apart where their places leave it open: two that part after one stood before the other keep their numbers, and an object that is found again elsewhere within `max_lost` gets its number back. It runs up to 8 times a frame, mostly not at all, and twice a second for each object. Default: off."),
		key.Number(&o.MinSimilar, "min_similarity").Above(0).Max(1).Default(defaultMinSimilar).Example("0.9").
			Doc("With `appearance`: from which cosine similarity of their embeddings an object that appears may be one that was lost. Higher for models that were trained to tell such objects apart."),
		key.Number(&o.MinIoU, "min_iou").Above(0).Max(0.99).Default(defaultMinIoU).Example("0.1").
			Doc("How much a detection must overlap the place where an object is expected (intersection over union; 1 - ByteTrack's match_thresh). Lower where objects move far between two frames."),
		key.Number(&o.MinIoULow, "min_iou_low").Above(0).Max(0.99).Default(defaultMinIoULow).Example("0.4").
			Doc("The same for detections below the score threshold."),
		key.Number(&o.Low, "low_score").Above(0).Max(1).Example("0.2").
			Doc("From which score a detection that is not shown lets an object that was found just before keep its number (ByteTrack's track_low_thresh). Default: 0.1, or the score threshold if that is lower."),
		key.Number(&o.New, "new_score").Above(0).Max(1).Example("0.7").
			Doc("From which score a detection starts an object (new_track_thresh); at least the score threshold. Default: 0.1 more than that."),
		key.Bool(&o.RawBoxes, "raw_boxes").Default(false).Example("true").
			Doc("Whether objects keep the boxes that the model gives them, which jump, instead of the tracker's estimates."),
		key.Bool(&o.AcrossClasses, "across_classes").Default(false).Example("true").
			Doc("Whether an object's label may change from frame to frame, for models that take a van sometimes for a car and sometimes for a truck."),
	}
}

// The defaults of options that a configuration can set.
const (
	defaultMinFrames = 3
	defaultMaxLost   = time.Second
	defaultMinIoU    = 0.2
	defaultMinIoULow = 0.5

	defaultMinSimilar = 0.8
)

// DefaultLow is the default of Options.Low.
const DefaultLow = 0.1

// maxMaxLost is the maximum of Options.MaxLost.
const maxMaxLost = time.Hour

// withDefaults replaces zero values by defaults and checks the rest. It returns all problems at once.
func (o Options) withDefaults() (Options, error) {
	if o.High == 0 {
		o.High = 0.5
	}
	if o.Low == 0 {
		o.Low = min(DefaultLow, o.High)
	}
	if o.New == 0 {
		o.New = min(o.High+0.1, 1)
	}
	if o.MinIoU == 0 {
		o.MinIoU = defaultMinIoU
	}
	if o.MinIoULow == 0 {
		o.MinIoULow = defaultMinIoULow
	}
	if o.MinSimilar == 0 {
		o.MinSimilar = defaultMinSimilar
	}
	if o.MinFrames == 0 {
		o.MinFrames = defaultMinFrames
	}
	if o.MaxLost == 0 {
		o.MaxLost = defaultMaxLost
	}
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf("tracking: "+format, args...)) }
	for _, c := range []struct {
		name  string
		value float32
	}{{"low score", o.Low}, {"high score", o.High}, {"score of a new object", o.New}, {"score to show", o.Show}} {
		if !(c.value >= 0 && c.value <= 1) { // rejects NaN
			wrong("invalid %s %g (want 0 to 1)", c.name, c.value)
		}
	}
	if o.Low > o.High {
		wrong("the low score %g is above the high score %g", o.Low, o.High)
	}
	if o.New < o.High {
		wrong("the score of a new object, %g, is below the high score %g", o.New, o.High)
	}
	for _, iou := range []float64{o.MinIoU, o.MinIoULow} {
		if !(iou >= 0 && iou < 1) {
			wrong("invalid minimum overlap %g (want at least 0 and below 1)", iou)
		}
	}
	if !(o.MinSimilar > 0 && o.MinSimilar <= 1) {
		wrong("invalid minimum similarity %g (want above 0, at most 1)", o.MinSimilar)
	}
	if o.MinFrames < 1 {
		wrong("invalid number of frames until an object is confirmed, %d (want at least 1)", o.MinFrames)
	}
	if o.MaxLost < 0 || o.MaxLost > maxMaxLost {
		wrong("invalid time until a lost object is forgotten, %v (want above 0, at most %v)", o.MaxLost, maxMaxLost)
	}
	if o.Coast != nil && !(*o.Coast >= 0 && *o.Coast <= o.MaxLost.Seconds()) {
		wrong("invalid time for which a lost object is reported, %v s (want 0 to %v s, which is how long it is remembered)", *o.Coast, o.MaxLost.Seconds())
	}
	if o.Step < 0 {
		wrong("invalid interval %v between items (want above 0, or 0 to use their own times)", o.Step)
	}
	return o, errors.Join(errs...)
}

// SetHigh changes High, and with it Show where that is set; the other scores keep their distance or follow where they
// must. It is called between two frames.
func (t *Tracker) SetHigh(high float32) {
	if high == t.o.High {
		return
	}
	ahead := t.o.New - t.o.High
	if t.o.Show > 0 {
		t.o.Show = high
	}
	t.o.High, t.o.New = high, min(high+ahead, 1)
	t.o.Low = min(t.least, high)
}
