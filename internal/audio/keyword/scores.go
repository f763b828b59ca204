package keyword

import (
	"fmt"
	"slices"
	"time"

	"corallite/internal/score"
	"corallite/pipeline"
	"corallite/tflite/tensor"
)

// scores reads a model's outputs and averages them.
type scores struct {
	output, classes int
	scorer          *score.Scorer
	row             []float32 // scores of a frame
	values          []float32 // of the output
	runs            []float32 // the last runs' scores, a ring
	next            int       // where the next run's go
	mean            []float32
}

// maxRuns bounds what smoothing costs at each run.
const maxRuns = 1000

// newScores looks at the model's outputs.
func newScores(outputs []tensor.Info, o Options, step time.Duration) (*scores, error) {
	output, err := outputOf(outputs, o)
	if err != nil {
		return nil, err
	}
	s := &scores{output: output}
	info := outputs[s.output]
	switch q := info.Quantization; info.Type {
	case tensor.Float32:
	case tensor.Int8, tensor.UInt8, tensor.Int16, tensor.UInt16:
		if !q.Quantized() || q.PerChannel() {
			return nil, fmt.Errorf("the scores must have one scale and zero point; they are %s", info)
		}
	default:
		return nil, fmt.Errorf("scores cannot be of %s: %s", info.Type, info)
	}
	n := len(info.Shape)
	if n == 0 || info.Shape[n-1] < 1 || n > 3 {
		return nil, fmt.Errorf("the scores must be [classes], [1,classes] or [frames,classes]; they are %s", info)
	}
	s.classes = info.Shape[n-1]
	runs := max(1, int((o.Smoothing+step/2)/step))
	if runs > maxRuns {
		return nil, fmt.Errorf("a smoothing of %v is over %d runs of %v: want at most %d, so a longer step or less smoothing",
			o.Smoothing, runs, step, maxRuns)
	}
	if s.scorer, err = score.New(score.Options{Activation: o.Activation, Sensitivity: o.Sensitivity, Threshold: o.Threshold}); err != nil {
		return nil, err
	}
	s.row = make([]float32, s.classes)
	s.runs = make([]float32, s.classes*runs)
	s.mean = make([]float32, s.classes)
	return s, nil
}

// outputOf is the output with the scores: the one of the name that is asked for, or the only one, or the only one with a
// value for each label.
func outputOf(outputs []tensor.Info, o Options) (int, error) {
	if o.Output != "" || len(outputs) == 0 {
		at := slices.IndexFunc(outputs, func(i tensor.Info) bool { return i.Name == o.Output })
		if at < 0 {
			return 0, fmt.Errorf("the model has no output %q for the scores; it has %d: %s", o.Output, len(outputs), list(outputs))
		}
		return at, nil
	}
	if len(outputs) == 1 {
		return 0, nil
	}
	classes, found := len(o.Labels)-o.LabelOffset, []int(nil)
	for i, info := range outputs {
		if n := len(info.Shape); n > 0 && info.Shape[n-1] == classes {
			found = append(found, i)
		}
	}
	if len(found) != 1 {
		return 0, fmt.Errorf("the model has %d outputs, and which of them has the scores is not clear: %d have a value for each of %d labels (%s)",
			len(outputs), len(found), classes, list(outputs))
	}
	return found[0], nil
}

// forget makes all runs before those that were not there.
func (s *scores) forget() { clear(s.runs) }

// read gives the scores, averaged over the frames of this run and over the last runs. They are valid until the next
// read. An *pipeline.ItemError is a value that is not a finite number; the runs before it are kept.
func (s *scores) read(out pipeline.Outputs) ([]float32, error) {
	t := out.Output(s.output)
	n := t.Elements()
	if n < s.classes || n%s.classes != 0 {
		return nil, fmt.Errorf("the scores were to be of %d classes, but the model gave %s", s.classes, t.Info)
	}
	s.values = slices.Grow(s.values[:0], n)[:n]
	if err := tensor.Real(s.values, t); err != nil {
		return nil, err
	}
	for i := 0; i < n; i += s.classes {
		frame := s.values[i : i+s.classes]
		found, err := s.scorer.Scores(frame, s.row)
		if err != nil {
			return nil, err
		}
		copy(frame, found)
	}
	run := s.runs[s.next : s.next+s.classes]
	s.next = (s.next + s.classes) % len(s.runs)
	average(run, s.values)
	average(s.mean, s.runs)
	return s.mean, nil
}

// average is the mean of the rows of from, each as long as to.
func average(to, from []float32) {
	rows := float64(len(from) / len(to))
	for i := range to {
		sum := 0.0
		for k := i; k < len(from); k += len(to) {
			sum += float64(from[k])
		}
		to[i] = float32(sum / rows)
	}
}
