package score

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Calibration makes the scores of different classes comparable, by a sigmoid for each:
// scale / (1 + exp(−(slope · g(x) + offset))), as TensorFlow Lite Metadata define it (ScoreCalibrationOptions in
// metadata_schema.fbs of tflite-support).
type Calibration struct {
	transform func(float64) float64
	def       float32
	classes   []sigmoid
}

// sigmoid is of one class.
type sigmoid struct {
	scale, slope, offset float64
	least                float64 // scores below become the default; −∞: none do
	known                bool    // else all scores become the default
}

// transformations are the functions g, by their numbers.
var transformations = []func(float64) float64{
	func(x float64) float64 { return x },
	math.Log,
	func(x float64) float64 { return math.Log(x) - math.Log(1-x) },
}

// ParseCalibration reads the parameters: on the line of each class scale, slope, offset and, optionally, the least score that
// they hold for, with commas between; an empty line is a class whose scores become def, from 0 to 1. transformation is g: 0 none,
// 1 the logarithm, 2 the inverse of the logistic function. count is the number of classes.
func ParseCalibration(text string, transformation int, def float32, count int) (*Calibration, error) {
	if transformation < 0 || transformation >= len(transformations) {
		return nil, fmt.Errorf("unknown transformation %d", transformation)
	}
	if !(def >= 0 && def <= 1) {
		return nil, fmt.Errorf("the default score is %v (want 0 to 1)", def)
	}
	c := &Calibration{transform: transformations[transformation], def: def}
	lines := slices.Collect(strings.Lines(text))
	for len(lines) < count { // empty lines at the end may be left out
		lines = append(lines, "")
	}
	for i, line := range lines {
		s, err := parseSigmoid(strings.TrimSpace(line))
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		c.classes = append(c.classes, s)
	}
	if len(c.classes) != count {
		return nil, fmt.Errorf("it has %d lines for %d classes", len(c.classes), count)
	}
	return c, nil
}

var errSigmoid = errors.New("want scale, slope, offset and, optionally, a least score, as numbers with commas between")

func parseSigmoid(line string) (sigmoid, error) {
	if line == "" {
		return sigmoid{}, nil
	}
	var v []float64
	for word := range strings.SplitSeq(line, ",") {
		f, err := strconv.ParseFloat(strings.TrimSpace(word), 32)
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			return sigmoid{}, errSigmoid
		}
		v = append(v, f)
	}
	switch {
	case len(v) != 3 && len(v) != 4:
		return sigmoid{}, errSigmoid
	case v[0] < 0:
		return sigmoid{}, fmt.Errorf("the scale is %v (want at least 0)", v[0])
	}
	s := sigmoid{scale: v[0], slope: v[1], offset: v[2], least: math.Inf(-1), known: true}
	if len(v) == 4 {
		s.least = v[3]
	}
	return s, nil
}

// apply calibrates scores, in to, which may be the same.
func (c *Calibration) apply(scores, to []float32) error {
	if len(scores) != len(c.classes) {
		return fmt.Errorf("a calibration of %d classes for %d scores", len(c.classes), len(scores))
	}
	for i, x := range scores {
		s := c.classes[i]
		if !s.known || float64(x) < s.least {
			to[i] = c.def
			continue
		}
		y := float64(s.slope*c.transform(float64(x))) + s.offset
		if y != y { // of a score of 0 with a slope of 0
			to[i] = c.def
			continue
		}
		to[i] = float32(s.scale / (1 + math.Exp(-y)))
	}
	return nil
}
