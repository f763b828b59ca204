package score_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"corallite/internal/score"
	"corallite/pipeline"
)

func TestScores(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, c := range []struct {
		name   string
		o      score.Options
		values []float32
		want   []float32
	}{
		{"none", score.Options{Activation: score.None, Threshold: 3}, []float32{-2, 255}, []float32{-2, 255}},
		{"unknown, scores", score.Options{Threshold: 0.5}, []float32{0, 1, 0.5, 1.004, -0.004}, []float32{0, 1, 0.5, 1.004, -0.004}},
		{"unknown, of no threshold", score.Options{}, []float32{-2, 8.5}, []float32{-2, 8.5}},
		{"unknown, nothing", score.Options{Threshold: 0.5}, nil, nil},
		{"sigmoid", score.Options{Activation: score.Sigmoid}, []float32{0, 2, -inf, 1000, -1000}, []float32{0.5, 0.880797, 0, 1, 0}},
		{"sigmoid of BirdNET", score.Options{Activation: score.Sigmoid, Sensitivity: 1.5}, []float32{2, -2}, []float32{0.952574, 0.0474259}},
		{"softmax", score.Options{Activation: score.Softmax}, []float32{1, 2, 3}, []float32{0.0900306, 0.244728, 0.665241}},
		{"softmax of the far away", score.Options{Activation: score.Softmax}, []float32{1000, 1000, -inf, -1e38}, []float32{0.5, 0.5, 0, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := score.New(c.o)
			if err != nil {
				t.Fatal(err)
			}
			got, err := s.Scores(c.values, make([]float32, len(c.values)))
			if err != nil {
				t.Fatal(err)
			}
			if !slices.EqualFunc(got, c.want, func(a, b float32) bool { return math.Abs(float64(a-b)) < 1e-6 }) {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

// TestNoScores: what is no number is the fault of an item, and what is no score that of the model.
func TestNoScores(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, activation := range []score.Activation{score.Unknown, score.None, score.Sigmoid, score.Softmax} {
		for _, values := range [][]float32{{0.5, nan}, {nan}, {inf, 0}} {
			s, err := score.New(score.Options{Activation: activation})
			if err != nil {
				t.Fatal(err)
			}
			var item *pipeline.ItemError
			if got, err := s.Scores(values, make([]float32, len(values))); !errors.As(err, &item) {
				t.Errorf("%s of %v: %v, %v", activation, values, got, err)
			}
		}
	}
	var said []string
	warn := func(m string) { said = append(said, m) }
	s, err := score.New(score.Options{Threshold: 0.3})
	if err != nil {
		t.Fatal(err)
	}
	var item *pipeline.ItemError
	if _, err := s.Scores([]float32{-3, 8.5}, nil); err == nil || errors.As(err, &item) || !strings.Contains(err.Error(), "from -3 to 8.5") || !strings.Contains(err.Error(), "activation: softmax") {
		t.Errorf("logits against a threshold: %v", err)
	}
	s, err = score.New(score.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s.OnWarning(warn)
	for range 3 {
		if _, err := s.Scores([]float32{-3, 8.5}, nil); err != nil {
			t.Error(err)
		}
	}
	if len(said) != 1 {
		t.Errorf("said %q", said)
	}
}

func TestOptions(t *testing.T) {
	for name, o := range map[string]score.Options{
		`unknown activation "relu"`: {Activation: "relu"},
		"invalid sensitivity NaN":   {Activation: score.Sigmoid, Sensitivity: math.NaN()},
		"invalid sensitivity -1":    {Activation: score.Sigmoid, Sensitivity: -1},
		"to activation: sigmoid":    {Activation: score.Softmax, Sensitivity: 1.2},
		"sensitivity only applies":  {Sensitivity: 0.5},
	} {
		if _, err := score.New(o); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%+v: %v, want %q", o, err, name)
		}
	}
}
