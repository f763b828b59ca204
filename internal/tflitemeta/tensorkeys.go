package tflitemeta

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"corallite/internal/flatfile"
)

// tensorKey is something that can be said of a tensor.
type tensorKey struct {
	name                  string
	set                   func(e *Editor, t *Tensor, value string) error
	inputOnly, outputOnly bool
}

var tensorKeys = []tensorKey{
	{name: "name", set: func(_ *Editor, t *Tensor, v string) error { t.Name = v; return nil }},
	{name: "description", set: func(_ *Editor, t *Tensor, v string) error { t.Description = v; return nil }},
	{name: "content", set: setContent},
	{name: "color_space", inputOnly: true, set: setColorSpace},
	{name: "width", inputOnly: true, set: size(func(s *ImageSize) *uint32 { return &s.Width })},
	{name: "height", inputOnly: true, set: size(func(s *ImageSize) *uint32 { return &s.Height })},
	{name: "sample_rate", inputOnly: true, set: audio(func(a *AudioProperties) *uint32 { return &a.SampleRate })},
	{name: "channels", inputOnly: true, set: audio(func(a *AudioProperties) *uint32 { return &a.Channels })},
	{name: "mean", inputOnly: true, set: normalization(func(n *NormalizationOptions) *[]float32 { return &n.Mean }, false)},
	{name: "std", inputOnly: true, set: normalization(func(n *NormalizationOptions) *[]float32 { return &n.Std }, true)},
	{name: "min", set: stats(func(s *Stats) *[]float32 { return &s.Min })},
	{name: "max", set: stats(func(s *Stats) *[]float32 { return &s.Max })},
	{name: "score_threshold", outputOnly: true, set: setThreshold},
	{name: "score_transformation", outputOnly: true, set: setTransformation},
	{name: "default_score", outputOnly: true, set: setDefaultScore},
}

// numbers are floats with commas between; nil for "".
func numbers(v string) ([]float32, error) {
	if v == "" {
		return nil, nil
	}
	var all []float32
	for s := range strings.SplitSeq(v, ",") {
		f, err := strconv.ParseFloat(strings.TrimSpace(s), 32)
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			return nil, errors.New("want a number, or one for each channel with commas between")
		}
		all = append(all, float32(f))
	}
	return all, nil
}

func setContent(_ *Editor, t *Tensor, v string) error {
	kinds := []string{"", "feature", "image", "bounding_box", "audio"}
	i := slices.Index(kinds, strings.ReplaceAll(strings.ToLower(v), "-", "_"))
	switch {
	case i < 0:
		return fmt.Errorf("want %s", strings.Join(kinds[1:], ", "))
	case i == 0:
		t.Content = nil
	default:
		t.content(uint8(i))
	}
	return nil
}

// content makes the tensor's content one of a kind, and returns its properties.
func (t *Tensor) content(kind uint8) any {
	if t.Content == nil {
		t.Content = &Content{}
	}
	if p := &t.Content.Properties; p.Tag != kind || p.Table == nil {
		p.Tag = kind
		p.Table = []any{&FeatureProperties{}, &ImageProperties{}, &BoundingBoxProperties{}, &AudioProperties{}}[kind-1]
	}
	return t.Content.Properties.Table
}

func setColorSpace(_ *Editor, t *Tensor, v string) error {
	if v == "" {
		v = "unknown"
	}
	c, err := number(colorSpaces, v)
	if err == nil {
		t.content(Image).(*ImageProperties).ColorSpace = ColorSpace(c)
	}
	return err
}

func size(of func(*ImageSize) *uint32) func(*Editor, *Tensor, string) error {
	return func(_ *Editor, t *Tensor, v string) error {
		n, err := positive(v)
		if err != nil {
			return err
		}
		p := t.content(Image).(*ImageProperties)
		if p.DefaultSize == nil {
			p.DefaultSize = &ImageSize{}
		}
		*of(p.DefaultSize) = n
		return nil
	}
}

func audio(of func(*AudioProperties) *uint32) func(*Editor, *Tensor, string) error {
	return func(_ *Editor, t *Tensor, v string) error {
		n, err := positive(v)
		if err == nil {
			*of(t.content(Audio).(*AudioProperties)) = n
		}
		return err
	}
}

func positive(v string) (uint32, error) {
	if v == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(v, 10, 31)
	if err != nil || n == 0 {
		return 0, errors.New("want a whole number above 0")
	}
	return uint32(n), nil
}

// options are those of a kind that the tensor's units have; where there are none, and make says so, new ones.
func options[T any](t *Tensor, kind uint8, make bool) *T {
	for _, u := range t.Units {
		if found, ok := u.Options.Table.(*T); ok && u.Options.Tag == kind {
			return found
		}
	}
	if !make {
		return nil
	}
	o := new(T)
	t.Units = append(t.Units, &ProcessUnit{Options: flatfile.Union{Tag: kind, Table: o}})
	return o
}

// without takes the units of a kind away.
func (t *Tensor) without(kind uint8) {
	t.Units = slices.DeleteFunc(t.Units, func(u *ProcessUnit) bool { return u.Options.Tag == kind })
	if len(t.Units) == 0 {
		t.Units = nil
	}
}

func normalization(of func(*NormalizationOptions) *[]float32, divides bool) func(*Editor, *Tensor, string) error {
	return func(_ *Editor, t *Tensor, v string) error {
		all, err := numbers(v)
		if err != nil {
			return err
		}
		if divides && slices.Contains(all, 0) {
			return errors.New("it divides, and cannot be 0")
		}
		n := options[NormalizationOptions](t, Normalization, true)
		if *of(n) = all; n.Mean == nil && n.Std == nil {
			t.without(Normalization)
		}
		return nil
	}
}

func stats(of func(*Stats) *[]float32) func(*Editor, *Tensor, string) error {
	return func(_ *Editor, t *Tensor, v string) error {
		all, err := numbers(v)
		if err != nil {
			return err
		}
		if t.Stats == nil {
			t.Stats = &Stats{}
		}
		if *of(t.Stats) = all; t.Stats.Min == nil && t.Stats.Max == nil {
			t.Stats = nil
		}
		return nil
	}
}

func setThreshold(_ *Editor, t *Tensor, v string) error {
	if v == "" {
		t.without(Thresholding)
		return nil
	}
	all, err := numbers(v)
	if err != nil || len(all) != 1 {
		return errors.New("want a number")
	}
	options[ThresholdingOptions](t, Thresholding, true).Threshold = all[0]
	return nil
}

func setTransformation(_ *Editor, t *Tensor, v string) error {
	if v == "" {
		t.without(Calibration)
		return nil
	}
	n, err := number(transformations, v)
	if err == nil {
		options[CalibrationOptions](t, Calibration, true).Transformation = ScoreTransformation(n)
	}
	return err
}

func setDefaultScore(_ *Editor, t *Tensor, v string) error {
	all, err := numbers(v)
	if err != nil || len(all) != 1 {
		return errors.New("want a number")
	}
	options[CalibrationOptions](t, Calibration, true).DefaultScore = all[0]
	return nil
}
