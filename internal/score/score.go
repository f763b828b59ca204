// Package score turns a model's values for its classes into scores, and checks whether they are scores at all: a model
// that was exported without its last layer gives logits, which rank alike and mean nothing to a threshold.
package score

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync/atomic"

	"corallite/pipeline"
)

// Activation is the function behind a model's last layer that turns its values into scores.
type Activation string

// The activations.
const (
	Unknown Activation = ""        // nobody says: the values are looked at
	None    Activation = "none"    // the values are the scores, whatever their range
	Sigmoid Activation = "sigmoid" // 1 / (1 + e^(-s·x)), each class by itself; s is the sensitivity
	Softmax Activation = "softmax" // e^x / Σ e^x: one of the classes is the right one
)

// Activations are the ones that can be named.
func Activations() []string { return []string{string(None), string(Sigmoid), string(Softmax)} }

// Options say how values become scores.
type Options struct {
	Activation  Activation
	Sensitivity float64 // of Sigmoid, above 0; 0: 1. BirdNET's programs have it from 0.5 to 1.5
	Threshold   float32 // that scores are compared with; 0: none is
	// Calibration is applied to the scores; nil: none.
	Calibration *Calibration
}

// Check says what is wrong with the options.
func (o Options) Check() error {
	if o.Activation != Unknown && !slices.Contains(Activations(), string(o.Activation)) {
		return fmt.Errorf("unknown activation %q (want %s)", o.Activation, strings.Join(Activations(), ", "))
	}
	if s := o.Sensitivity; s != s || s < 0 || math.IsInf(s, 0) {
		return fmt.Errorf("invalid sensitivity %v (want more than 0)", s)
	}
	if o.Sensitivity != 0 && o.Sensitivity != 1 && o.Activation != Sigmoid {
		return fmt.Errorf("sensitivity only applies to activation: %s", Sigmoid)
	}
	return nil
}

// Scorer makes scores. Several goroutines may use one.
type Scorer struct {
	o    Options
	warn atomic.Pointer[func(message string)] // nil: told, or nobody is to be
}

// OnWarning sets the function that is told, once, of values that are no scores where no threshold makes them wrong.
func (s *Scorer) OnWarning(f func(message string)) { s.warn.Store(&f) }

// New makes a Scorer; the error is one of the options.
func New(o Options) (*Scorer, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	if o.Sensitivity == 0 {
		o.Sensitivity = 1
	}
	return &Scorer{o: o}, nil
}

// errNumber is an item whose values cannot be ranked: the inputs, or the model, are out of what it was made for.
var errNumber = errors.New("the model returned a score that is not a finite number")

// Min and Max are the limits between which a value counts as a score: rounding, and a last layer that only approximates
// the function, carry some a little beyond 0 and 1.
const (
	Min = -0.05
	Max = 1.05
)

// Scores gives the scores of values, in to when they are not the values themselves; to must be as long as values. An
// *pipeline.ItemError is a value that is no number, or infinite. Any other error says that the model's values are no
// scores, though they are to be held against a threshold.
func (s *Scorer) Scores(values, to []float32) ([]float32, error) {
	scores, err := s.activated(values, to)
	if err != nil || s.o.Calibration == nil {
		return scores, err
	}
	return to, s.o.Calibration.apply(scores, to)
}

// activated is Scores before the calibration.
func (s *Scorer) activated(values, to []float32) ([]float32, error) {
	low, high := float32(math.Inf(1)), float32(math.Inf(-1))
	for _, v := range values {
		if v != v {
			return nil, &pipeline.ItemError{Err: errNumber}
		}
		low, high = min(low, v), max(high, v)
	}
	if math.IsInf(float64(high), 1) || math.IsInf(float64(low), -1) && (s.o.Activation == None || s.o.Activation == Unknown) {
		return nil, &pipeline.ItemError{Err: errNumber}
	}
	switch s.o.Activation {
	case Sigmoid:
		for i, v := range values {
			to[i] = float32(1 / (1 + math.Exp(-float64(s.o.Sensitivity)*float64(v))))
		}
		return to, nil
	case Softmax:
		softmax(values, to, high)
		return to, nil
	case Unknown:
		return values, s.checkRange(low, high)
	}
	return values, nil
}

// checkRange says what is wrong with values that nobody has said anything of.
func (s *Scorer) checkRange(low, high float32) error {
	if low >= Min && high <= Max || low > high { // which is none at all
		return nil
	}
	message := fmt.Sprintf("the model returned values from %.3g to %.3g, which are not scores between 0 and 1 (logits?): set activation: softmax if exactly one class applies, activation: sigmoid if several can, or activation: none to keep the raw values",
		low, high)
	if s.o.Threshold != 0 {
		return fmt.Errorf("%s; score_threshold %v does not apply to them", message, s.o.Threshold)
	}
	if warn := s.warn.Swap(nil); warn != nil {
		(*warn)(message)
	}
	return nil
}

// softmax is computed from the largest value, so that nothing overflows.
func softmax(values, to []float32, top float32) {
	sum := 0.0
	for i, v := range values {
		e := math.Exp(float64(v) - float64(top))
		to[i] = float32(e)
		sum += e
	}
	for i := range values {
		to[i] = float32(float64(to[i]) / sum)
	}
}
