package vision

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"math"
	"strings"
	"sync"
	"testing"

	"corallite/internal/pipetest"
	"corallite/pipeline"
	"corallite/tflite/tensor"
)

func TestSecondaryPart(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for name, c := range map[string]struct {
		box  [4]float32
		opts SecondaryOptions
		want image.Rectangle
	}{
		"the box":                 {[4]float32{10, 20, 30, 60}, SecondaryOptions{}, image.Rect(10, 20, 30, 60)},
		"all pixels that it has":  {[4]float32{10.9, 20.1, 30.1, 59.9}, SecondaryOptions{}, image.Rect(10, 20, 31, 60)},
		"margin":                  {[4]float32{10, 20, 30, 60}, SecondaryOptions{Margin: 0.25}, image.Rect(5, 10, 35, 70)},
		"margin beyond":           {[4]float32{10, 20, 30, 60}, SecondaryOptions{Margin: 1}, image.Rect(0, 0, 50, 100)},
		"square":                  {[4]float32{10, 20, 30, 60}, SecondaryOptions{Square: true}, image.Rect(0, 20, 40, 60)},
		"square in the middle":    {[4]float32{90, 40, 100, 60}, SecondaryOptions{Square: true}, image.Rect(85, 40, 105, 60)},
		"square at the right":     {[4]float32{190, 20, 200, 60}, SecondaryOptions{Square: true}, image.Rect(160, 20, 200, 60)},
		"square below":            {[4]float32{80, 95, 120, 100}, SecondaryOptions{Square: true}, image.Rect(80, 60, 120, 100)},
		"square without room":     {[4]float32{0, 40, 200, 60}, SecondaryOptions{Square: true}, image.Rect(0, 0, 200, 100)},
		"square and margin":       {[4]float32{90, 40, 110, 50}, SecondaryOptions{Square: true, Margin: 0.5}, image.Rect(80, 25, 120, 65)},
		"one pixel":               {[4]float32{199.5, 99.5, 200, 100}, SecondaryOptions{}, image.Rect(199, 99, 200, 100)},
		"beyond":                  {[4]float32{-10, -10, 300, 20}, SecondaryOptions{}, image.Rect(0, 0, 200, 20)},
		"endless":                 {[4]float32{-inf, 0, inf, inf}, SecondaryOptions{Margin: 10, Square: true}, image.Rect(0, 0, 200, 100)},
		"outside":                 {[4]float32{200, 0, 300, 20}, SecondaryOptions{Margin: 1}, image.Rectangle{}},
		"no area":                 {[4]float32{10, 10, 10, 20}, SecondaryOptions{Margin: 1, Square: true}, image.Rectangle{}},
		"turned round":            {[4]float32{20, 10, 10, 20}, SecondaryOptions{}, image.Rectangle{}},
		"not a number":            {[4]float32{nan, 0, 10, 10}, SecondaryOptions{}, image.Rectangle{}},
		"not a number at the end": {[4]float32{0, 0, 10, nan}, SecondaryOptions{Margin: 1}, image.Rectangle{}},
	} {
		if got := c.opts.Area(c.box, 200, 100); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// colourTask knows a picture by the blue of its first pixel, which a FakeEngine turns into an Answer.
type colourTask struct {
	name   string
	decode func(size image.Point) error
}

func (c *colourTask) Name() string { return c.name }

func (c *colourTask) Prepare(dst tensor.Tensor, f *Frame) (pipeline.Placement, error) {
	m := f.Mat()
	binary.LittleEndian.PutUint64(dst.Data, uint64(m.GetUCharAt(0, 0)))
	return pipeline.Placement{Width: f.Width(), Height: f.Height()}, nil
}

func (c *colourTask) Decode(out pipeline.Outputs, p pipeline.Placement) (pipeline.Result, error) {
	if c.decode != nil {
		if err := c.decode(image.Pt(p.Width, p.Height)); err != nil {
			return pipeline.Result{}, err
		}
	}
	return pipeline.Result{Classes: []pipeline.Class{{Label: "blue", Index: int(binary.LittleEndian.Uint64(out.Output(0).Data))}}}, nil
}

func boxesOf(boxes ...[4]float32) pipeline.Result {
	var r pipeline.Result
	for i, b := range boxes {
		r.Detections = append(r.Detections, pipeline.Detection{Label: fmt.Sprint("thing", i%2), Box: b})
	}
	return r
}

// columns is a picture whose blue is the column.
func columns(t *testing.T, width, height int) *Frame {
	return painted(t, width, height, func(x, _ int) [3]byte { return [3]byte{byte(x)} })
}

func TestSecondaryRefine(t *testing.T) {
	f := columns(t, 200, 100)
	defer f.Release()
	boxes := [][4]float32{{10, 0, 20, 10}, {30, 50, 50, 55}, {100, 0, 200, 100}, {7, 7, 8, 8}}
	for name, c := range map[string]struct {
		opts SecondaryOptions
		want []int // the column that each box begins at; -1: it was not looked at
	}{
		"all":        {SecondaryOptions{}, []int{10, 30, 100, 7}},
		"two":        {SecondaryOptions{MaxBoxes: 2}, []int{10, 30, -1, -1}},
		"by label":   {SecondaryOptions{Labels: []string{"thing1"}}, []int{-1, 30, -1, 7}},
		"one of one": {SecondaryOptions{Labels: []string{"thing1"}, MaxBoxes: 1}, []int{-1, 30, -1, -1}},
		"none":       {SecondaryOptions{Labels: []string{"thing2"}}, []int{-1, -1, -1, -1}},
		"margin":     {SecondaryOptions{Margin: 0.5}, []int{5, 20, 50, 6}},
	} {
		task, engine := &colourTask{name: "classify"}, pipetest.NewFakeEngine("cpu:fake", 8)
		s, err := NewSecondaryClassifier(task, []pipeline.Engine{engine}, c.opts)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Refine(context.Background(), f, boxesOf(boxes...))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for i, column := range c.want {
			classes := got.Detections[i].Classes
			if column < 0 && classes != nil || column >= 0 && (len(classes) != 1 || classes[0].Index != int(pipetest.Answer(uint64(column)))) {
				t.Errorf("%s: box %d is %v, want what begins at column %d", name, i, classes, column)
			}
		}
		if err := errors.Join(s.Close(), s.Close(), engine.Err()); err != nil {
			t.Error(name, err)
		}
		if s.parts.Outstanding() != 0 || s.parts.Misuses() != 0 {
			t.Errorf("%s: %d parts of pictures are left", name, s.parts.Outstanding())
		}
	}
}

func TestSecondaryFailures(t *testing.T) {
	f := columns(t, 200, 100)
	defer f.Release()
	f.Meta().Source = "a.png"
	broken := errors.New("broken")
	wide := func(err error) func(image.Point) error { // fails for the box that is 20 wide
		return func(size image.Point) error {
			if size.X == 20 {
				return err
			}
			return nil
		}
	}
	for name, c := range map[string]struct {
		decode func(image.Point) error
		run    func(context.Context, int) error
		item   bool // whether it is the fault of the picture
		want   []string
		left   int // boxes that have classes
	}{
		"one box":  {decode: wide(&pipeline.ItemError{Err: broken}), item: true, want: []string{"a.png", "secondary classifier: thing1 at [30 50 50 55]", "broken"}, left: 2},
		"the task": {decode: wide(broken), want: []string{"secondary classifier: decode: broken"}, left: 1},
		"the engine": {run: func(_ context.Context, n int) error { return map[int]error{1: broken}[n] },
			want: []string{"secondary classifier: invoke on cpu:fake: broken"}, left: 1},
		"the engine panics": {run: func(_ context.Context, n int) error { panic("strange") }, want: []string{"invoke on cpu:fake: the engine panicked: strange"}},
	} {
		task, engine := &colourTask{name: "classify", decode: c.decode}, pipetest.NewFakeEngine("cpu:fake", 8)
		engine.Run = c.run
		s, err := NewSecondaryClassifier(task, []pipeline.Engine{engine}, SecondaryOptions{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Refine(context.Background(), f, boxesOf([4]float32{10, 0, 20, 10}, [4]float32{30, 50, 50, 55}, [4]float32{0, 0, 9, 9}))
		var one *pipeline.ItemError
		if err == nil || errors.As(err, &one) != c.item {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q does not say %q", name, err, want)
			}
		}
		left := 0
		for _, d := range got.Detections {
			left += len(d.Classes)
		}
		if len(got.Detections) != 3 || left != c.left {
			t.Errorf("%s: %d boxes of %d have classes, want %d", name, left, len(got.Detections), c.left)
		}
		if len(s.idle) != 1 || s.parts.Outstanding() != 0 {
			t.Errorf("%s: the engine or a part of the picture was not given back", name)
		}
		s.Close()
	}
}

// TestSecondaryOutside is about boxes that no task gives: they are the picture's fault and no one's else.
func TestSecondaryOutside(t *testing.T) {
	f := columns(t, 20, 10)
	defer f.Release()
	s, err := NewSecondaryClassifier(&colourTask{name: "classify"}, []pipeline.Engine{pipetest.NewFakeEngine("cpu:fake", 8)}, SecondaryOptions{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Refine(context.Background(), f, boxesOf([4]float32{30, 0, 40, 10}, [4]float32{1, 1, 2, 2}))
	var one *pipeline.ItemError
	if !errors.As(err, &one) || got.Detections[0].Classes != nil || len(got.Detections[1].Classes) != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	s.Close()
	if _, err := s.Refine(context.Background(), f, boxesOf([4]float32{1, 1, 2, 2})); !errors.Is(err, ErrPoolClosed) {
		t.Errorf("used after Close: %v", err)
	}
}

// TestSecondaryWaitsForAnEngine has more callers than engines; each gets its own answers.
func TestSecondaryWaitsForAnEngine(t *testing.T) {
	f := columns(t, 200, 100)
	defer f.Release()
	var engines []pipeline.Engine
	for range 2 {
		engines = append(engines, pipetest.NewFakeEngine("cpu:fake", 8))
	}
	s, err := NewSecondaryClassifier(&colourTask{name: "classify"}, engines, SecondaryOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for k := range 50 {
				column := float32(i*20 + k%20)
				got, err := s.Refine(context.Background(), f, boxesOf([4]float32{column, 0, column + 1, 1}))
				if err != nil || got.Detections[0].Classes[0].Index != int(pipetest.Answer(uint64(column))) {
					t.Errorf("column %v: %+v, %v", column, got, err)
				}
			}
		})
	}
	all.Wait()
	ended, end := context.WithCancel(context.Background())
	end()
	held := []pipeline.Engine{<-s.idle, <-s.idle}
	if _, err := s.Refine(ended, f, boxesOf([4]float32{1, 1, 2, 2})); !errors.Is(err, context.Canceled) {
		t.Errorf("waited for an engine beyond the end: %v", err)
	}
	for _, e := range held {
		if err := e.(*pipetest.FakeEngine).Err(); err != nil {
			t.Error(err)
		}
	}
}

func TestNewSecondRefuses(t *testing.T) {
	engines := []pipeline.Engine{pipetest.NewFakeEngine("cpu:fake", 8)}
	good := &colourTask{name: "classify"}
	embed, err := NewEmbed(pictureInput(8), []tensor.Info{floats("v", []int{1, 3}).Info}, EmbedOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer embed.Close()
	for name, c := range map[string]struct {
		task    pipeline.Task[*Frame]
		engines []pipeline.Engine
		opts    SecondaryOptions
		want    string
	}{
		"no task":             {nil, engines, SecondaryOptions{}, "no task"},
		"no engine":           {good, nil, SecondaryOptions{}, "no engine"},
		"an engine of nil":    {good, []pipeline.Engine{nil}, SecondaryOptions{}, "no engine"},
		"detect":              {&colourTask{name: "detect"}, engines, SecondaryOptions{}, "task detect returns no classes"},
		"no gallery":          {embed, engines, SecondaryOptions{}, "needs a gallery"},
		"margin below 0":      {good, engines, SecondaryOptions{Margin: -0.1}, "margin -0.1"},
		"margin beyond":       {good, engines, SecondaryOptions{Margin: 11}, "margin 11"},
		"margin of no number": {good, engines, SecondaryOptions{Margin: float32(math.NaN())}, "margin"},
		"boxes below 0":       {good, engines, SecondaryOptions{MaxBoxes: -1}, "MaxBoxes -1"},
	} {
		_, err := NewSecondaryClassifier(c.task, c.engines, c.opts)
		if err == nil || !strings.HasPrefix(err.Error(), "secondary classifier: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}
