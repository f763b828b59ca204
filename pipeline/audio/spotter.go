package audio

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"corallite/pipeline"
)

// SpotterOptions say when a score is a word.
type SpotterOptions struct {
	Labels     []string      // of the scores, by index; a score without a label ("") never fires
	Thresholds []float32     // by index, each above 0 and at most 1; a score that is as high reaches it
	Refractory time.Duration // for how long a label that has fired does not fire again; 0: until it has been lower
	Ignore     []int         // indices that never fire: silence, background

	Refractories []time.Duration // by index, instead of Refractory; nil: that is for all
	// Max is how many labels can hold the sound at once: of those that reach their thresholds, only so many with the
	// highest scores can fire, of equal ones the first. Another one fires when it comes to be among them. 0: all.
	Max int
	// Watch, when set, gets all that Add gets, before it is judged.
	Watch Watch
}

// Watch gets the scores of windows as they are judged: by o, one for each of o.Labels, of the window from start to end. It
// must not keep the slice.
type Watch func(o *SpotterOptions, scores []float32, start, end time.Duration)

// Spotter turns scores that follow each other into keywords, one for each time a word is said.
//
// A label fires when its score reaches its threshold: at once, because live use cannot wait for the peak. The keyword
// has the score and the times of that moment, not of a higher score that follows. The label fires again when its
// score reaches the threshold anew, after a score below it that came Refractory or more after the keyword. A score
// that falls and rises within that time is still the same word, however long it then stays high. The first score
// after Reset fires as any other. NaN is below every threshold.
//
// It keeps no times but those that it is given, so a recording gives the same keywords at any speed.
type Spotter struct {
	o      SpotterOptions
	ignore []bool
	spent  []bool          // the label has fired and has not been low since
	fired  []time.Duration // when it did
}

// NewSpotter checks the options. The Spotter is ready, as after Reset.
func NewSpotter(o SpotterOptions) (*Spotter, error) {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if len(o.Labels) == 0 {
		wrong("there are no labels to listen for")
	}
	if err := o.checkThresholds(o.Thresholds); err != nil {
		errs = append(errs, err)
	}
	for _, r := range append([]time.Duration{o.Refractory}, o.Refractories...) {
		if r < 0 {
			wrong("a refractory time of %v is not possible: want 0 or more", r)
		}
	}
	if o.Refractories != nil && len(o.Refractories) != len(o.Labels) {
		wrong("%d refractory times for %d labels", len(o.Refractories), len(o.Labels))
	}
	if o.Max < 0 {
		wrong("at most %d keywords at once is not possible: want 1 or more, or 0 for all", o.Max)
	}
	n := len(o.Labels)
	s := &Spotter{o: o, ignore: make([]bool, n), spent: make([]bool, n), fired: make([]time.Duration, n)}
	for i, label := range o.Labels {
		s.ignore[i] = label == ""
	}
	for _, i := range o.Ignore {
		if i < 0 || i >= n {
			wrong("index %d is to be ignored, but there are %d labels", i, n)
			continue
		}
		s.ignore[i] = true
	}
	return s, errors.Join(errs...)
}

// checkThresholds returns what is wrong with thresholds for the labels.
func (o *SpotterOptions) checkThresholds(all []float32) error {
	if len(all) != len(o.Labels) {
		return fmt.Errorf("%d thresholds for %d labels", len(all), len(o.Labels))
	}
	for i, t := range all {
		if !(t > 0 && t <= 1) { // rejects NaN
			// Hundreds of labels may have the same one.
			return fmt.Errorf("invalid threshold %g%s (want more than 0, at most 1)", t, o.of(i))
		}
	}
	return nil
}

// SetThresholds changes the thresholds, which are as in SpotterOptions and copied, for the scores that come. A label that
// has fired is not forgotten. After an error the thresholds are as before.
func (s *Spotter) SetThresholds(to []float32) error {
	if err := s.o.checkThresholds(to); err != nil {
		return err
	}
	s.o.Thresholds = slices.Clone(to)
	return nil
}

// refractory is for how long a label that has fired does not fire again.
func (o *SpotterOptions) refractory(i int) time.Duration {
	if o.Refractories != nil {
		return o.Refractories[i]
	}
	return o.Refractory
}

// of names a label for a message.
func (o SpotterOptions) of(i int) string {
	if i < len(o.Labels) && o.Labels[i] != "" {
		return fmt.Sprintf(" for %q", o.Labels[i])
	}
	return fmt.Sprintf(" for index %d", i)
}

// Reset forgets what fired: the scores that come have nothing to do with those before.
func (s *Spotter) Reset() { clear(s.spent) }

// Add takes the scores of the window from start to end, one for each label, and appends to dst the keywords that
// fire, by index. The ends must not go back. LevelDBFS is left to the caller (see Levels). It allocates nothing when
// dst has room.
func (s *Spotter) Add(dst []pipeline.Keyword, scores []float32, start, end time.Duration) []pipeline.Keyword {
	if len(scores) != len(s.spent) {
		panic(fmt.Sprintf("audio: %d scores for a Spotter of %d labels", len(scores), len(s.spent)))
	}
	if s.o.Watch != nil {
		s.o.Watch(&s.o, scores, start, end)
	}
	for i, score := range scores {
		switch {
		case !s.reached(scores, i):
			if s.spent[i] && end-s.fired[i] >= s.o.refractory(i) {
				s.spent[i] = false
			}
		case !s.spent[i] && s.leads(scores, i):
			s.spent[i], s.fired[i] = true, end
			dst = append(dst, pipeline.Keyword{
				Label: s.o.Labels[i], Score: score, StartS: start.Seconds(), EndS: end.Seconds(), LevelDBFS: SilentDBFS,
			})
		}
	}
	return dst
}

// reached says whether a label that may fire has a score that is high enough.
func (s *Spotter) reached(scores []float32, i int) bool {
	return !s.ignore[i] && scores[i] >= s.o.Thresholds[i]
}

// leads says whether label i is one of the Max highest that reach their thresholds.
func (s *Spotter) leads(scores []float32, i int) bool {
	if s.o.Max == 0 {
		return true
	}
	higher := 0
	for k, score := range scores {
		if (score > scores[i] || score == scores[i] && k < i) && s.reached(scores, k) {
			higher++
		}
	}
	return higher < s.o.Max
}
