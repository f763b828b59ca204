package track

import (
	"errors"
	"fmt"
	"time"
)

// Options are the options of a Tracker. What is zero gets the default.
type Options struct {
	// High is the score from which a detection is given out first, and Low the one below which it is left alone. A
	// good High is the threshold at which detections are shown. Defaults: 0.5; 0.1, or High if that is lower.
	High, Low float32
	// New is the score from which a detection starts an object; at least High. Default: High + 0.1, at most 1.
	New float32

	// MinIoU is the overlap above which a detection of a high score may be the object that is expected there, MinIoULow
	// the same for a low score; 0 to 1. Where objects move far between two frames, lower ones lose fewer. Defaults:
	// 0.2, 0.5.
	MinIoU, MinIoULow float64

	// MinFrames is in how many frames in a row an object must be found before it gets its number. Default: 2.
	MinFrames int
	// MaxLost is how long an object that is not found is waited for. It should be several times what is between two
	// frames; at most an hour. Default: 1 s.
	MaxLost time.Duration

	// AcrossClasses lets an object's class change from frame to frame, for models that take a van now for a car and
	// now for a truck. Without it only detections of one class are one object.
	AcrossClasses bool

	// Step, when set, is the time between two items, whatever their times say: for pictures in files, which were read
	// at another pace than they were taken.
	Step time.Duration

	// Show is the score below which Follow drops detections that are not followed. Default: 0, which drops none.
	Show float32
}

// maxMaxLost is the longest that can be asked for.
const maxMaxLost = time.Hour

// withDefaults fills in what is zero and checks the rest. It returns all that is wrong, at once.
func (o Options) withDefaults() (Options, error) {
	if o.High == 0 {
		o.High = 0.5
	}
	if o.Low == 0 {
		o.Low = min(0.1, o.High)
	}
	if o.New == 0 {
		o.New = min(o.High+0.1, 1)
	}
	if o.MinIoU == 0 {
		o.MinIoU = 0.2
	}
	if o.MinIoULow == 0 {
		o.MinIoULow = 0.5
	}
	if o.MinFrames == 0 {
		o.MinFrames = 2
	}
	if o.MaxLost == 0 {
		o.MaxLost = time.Second
	}
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf("tracking: "+format, args...)) }
	for _, c := range []struct {
		name  string
		value float32
	}{{"low score", o.Low}, {"high score", o.High}, {"score of a new object", o.New}, {"score to show", o.Show}} {
		if !(c.value >= 0 && c.value <= 1) { // refuses what is not a number
			wrong("a %s of %g is not possible: want 0 to 1", c.name, c.value)
		}
	}
	if o.Low > o.High {
		wrong("the low score %g is above the high one, %g", o.Low, o.High)
	}
	if o.New < o.High {
		wrong("the score of a new object, %g, is below the high one, %g", o.New, o.High)
	}
	for _, iou := range []float64{o.MinIoU, o.MinIoULow} {
		if !(iou >= 0 && iou < 1) {
			wrong("a least overlap of %g is not possible: want 0 to 1, 1 excluded", iou)
		}
	}
	if o.MinFrames < 1 {
		wrong("objects cannot be sure after %d frames: want 1 or more", o.MinFrames)
	}
	if o.MaxLost < 0 || o.MaxLost > maxMaxLost {
		wrong("objects cannot be waited for %v: want a time above 0, at most %v", o.MaxLost, maxMaxLost)
	}
	if o.Step < 0 {
		wrong("items cannot be %v apart: want a time above 0, or 0 for their own times", o.Step)
	}
	return o, errors.Join(errs...)
}
