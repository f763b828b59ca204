package vision

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"corallite/internal/overlap"
	"corallite/pipeline"
	"corallite/tflite/tensor"
)

// landmarkModel is a model that is the second of two: it sees the part of the picture that a detector has found, turned
// upright, and gives key points. A detector names it (Decoder.landmarks).
type landmarkModel struct {
	what  string // that it looks at: "hand"
	want  string // which outputs it has, for messages
	input InputOptions
	// fits finds the outputs.
	fits func(outputs []tensor.Info) (landmarkOutputs, bool)
	// region is where it looks for a thing that the detector found; box is the thing's, also where it leaves the picture.
	region func(d pipeline.Detection, box [4]float32) region
	// overlap is the intersection over union of two regions from which on they show the same thing; 0: they never do.
	overlap float32
	// read gives the key points, and what else the model says of the thing (its classes), from the values of the outputs and
	// the size of the input.
	read func(v [][]float32, width, height int) ([]landmark, []pipeline.Class)
	// add makes a result of them. It also makes the result's list where there is nothing to add (nil).
	add func(to *pipeline.Result, p *placedLandmarks)
}

// landmarkOutputs are the indices of a model's outputs, in the order in which landmarkModel.read wants their values, at most 4. The second is
// the presence.
type landmarkOutputs []int

// landmark is a key point in a region.
type landmark struct {
	label string
	x, y  float64 // 0 to 1
	z     float64 // in sides of the region
	score float32

	unscored bool // the model gives its points no scores
}

// placedLandmarks are those of one thing in the picture.
type placedLandmarks struct {
	found         pipeline.Detection // by the detector
	presence      float32
	keypoints     []pipeline.Keypoint
	classes       []pipeline.Class
	width, height int // of the picture, in pixels
}

// DefaultPresenceThreshold is what MediaPipe's graphs ask of the presence.
const DefaultPresenceThreshold = 0.5

// Landmarker is the second step of a model in two: for each thing that a detector has found it runs a model of key points on
// the turned part of the picture around it. It is a pipeline.Refiner of frames, safe for concurrent use; callers wait while
// all engines are busy. MediaPipe's hands and poses are such models.
type Landmarker struct {
	model     *landmarkModel
	input     *Input
	outputs   landmarkOutputs
	sizes     []int   // of the outputs
	threshold float32 // of the presence
	least     float32 // of a key point
	idle      chan pipeline.Engine
	crops     *Pool
	buffers   bufferPool
}

var _ pipeline.Refiner[*Frame] = (*Landmarker)(nil)

// NewLandmarker makes the second step behind a task that NewTask made with Settings.Landmarks, for a model that the engines
// run. The caller keeps the engines, must not use them until the Landmarker is closed, and closes them after it.
func NewLandmarker(first Task, m ModelInfo, engines []pipeline.Engine, s Settings) (*Landmarker, error) {
	model := landmarksOf(first)
	if model == nil {
		return nil, errors.New("landmarks: the first model's task has no second step")
	}
	if len(engines) == 0 || slices.Contains(engines, nil) {
		return nil, errors.New("landmarks: no engine")
	}
	in, err := picture("landmarks", m.Inputs)
	if err != nil {
		return nil, err
	}
	l := &Landmarker{model: model, least: float32(s.KeypointThreshold), crops: NewPool(len(engines)), idle: make(chan pipeline.Engine, len(engines))}
	l.threshold = float32(max(s.ScoreThreshold, DefaultPresenceThreshold))
	if s.PresenceThreshold != nil {
		l.threshold = float32(max(s.ScoreThreshold, *s.PresenceThreshold))
	}
	var ok bool
	if l.outputs, ok = model.fits(m.Outputs); !ok {
		return nil, fmt.Errorf("landmarks: this is no %s landmark model: want %s; it has %s", model.what, model.want, list("output", m.Outputs))
	}
	for _, i := range l.outputs {
		if err := checkReadable(m.Outputs[i]); err != nil {
			return nil, fmt.Errorf("landmarks: %w", err)
		}
		l.sizes = append(l.sizes, m.Outputs[i].Elements())
	}
	o, err := Settings{}.input(m, model.input)
	if err == nil {
		l.input, err = NewInput(in, o)
	}
	if err != nil {
		return nil, fmt.Errorf("landmarks: %w", err)
	}
	for _, e := range engines {
		l.idle <- e
	}
	return l, nil
}

// landmarksOf is the second step of a task; nil: it has none.
func landmarksOf(t Task) *landmarkModel {
	if s, ok := t.(interface{ landmarkModel() *landmarkModel }); ok {
		return s.landmarkModel()
	}
	return nil
}

// secondAlone refuses a model that is the second of two and was given as the first.
func secondAlone(task string, m ModelInfo) error {
	for model, first := range map[*landmarkModel]string{handLandmarks: "palm_detection_full.tflite", poseLandmarks: "pose_detection.tflite"} {
		if _, ok := model.fits(m.Outputs); ok {
			return fmt.Errorf("%s: it is the second of MediaPipe's two models for a %s, which sees a part of the picture: give the first, %s, as the model and this one as --landmarks on the command line, landmarks: in YAML",
				task, model.what, first)
		}
	}
	return nil
}

// Close frees what the Landmarker holds, not the engines. Calling it twice is safe.
func (l *Landmarker) Close() error { return errors.Join(l.input.Close(), l.crops.Close()) }

// Refine replaces what the detector found by what the second model sees there, best first. Things whose presence is below the
// threshold are left out. A thing that the model gives no numbers for is left out and part of the *ItemError that is returned
// together with the result; any other error is the engine's, or says that the model cannot be used.
func (l *Landmarker) Refine(ctx context.Context, f *Frame, found pipeline.Result) (pipeline.Result, error) {
	var out pipeline.Result
	l.model.add(&out, nil)
	if len(found.Detections) == 0 {
		return out, nil
	}
	var e pipeline.Engine
	select {
	case e = <-l.idle:
	case <-ctx.Done():
		return out, ctx.Err()
	}
	defer func() { l.idle <- e }()
	var failed []error
	var looked []region
	for _, d := range found.Detections {
		r, ok := l.region(d, f, looked)
		if !ok {
			continue
		}
		looked = append(looked, r)
		p, err := l.look(ctx, e, f, r)
		p.found = d
		var one *pipeline.ItemError
		switch {
		case errors.As(err, &one):
			failed = append(failed, fmt.Errorf("%s at %v: %w", l.model.what, d.Box, err))
		case err != nil:
			return out, fmt.Errorf("landmarks: %w", err)
		case p.presence >= l.threshold:
			l.model.add(&out, &p)
		}
	}
	slices.SortStableFunc(out.Detections, func(a, b pipeline.Detection) int { return byFloat(b.Score, a.Score) })
	slices.SortStableFunc(out.Poses, func(a, b pipeline.Pose) int { return byFloat(b.Score, a.Score) })
	if len(failed) > 0 {
		return out, &pipeline.ItemError{Source: f.Meta().Source, Err: fmt.Errorf("landmarks: %w", errors.Join(failed...))}
	}
	return out, nil
}

// byFloat orders finite numbers.
func byFloat(a, b float32) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// region is where to look for what the detector found; false: nowhere, or there has been looked already.
func (l *Landmarker) region(d pipeline.Detection, f *Frame, looked []region) (region, bool) {
	r := l.model.region(d, wholeBox(d))
	if !r.in(f.Width(), f.Height()) {
		return r, false
	}
	if l.model.overlap > 0 {
		for _, other := range looked {
			if overlap.IoU(r.bounds(), other.bounds()) >= l.model.overlap {
				return r, false
			}
		}
	}
	return r, true
}

// look runs the model on a region.
func (l *Landmarker) look(ctx context.Context, e pipeline.Engine, f *Frame, r region) (placedLandmarks, error) {
	p := placedLandmarks{width: f.Width(), height: f.Height()}
	crop, err := l.crops.Get()
	if err != nil {
		return p, err
	}
	defer crop.Release()
	crop.warp(f, r, l.input.width, l.input.height)
	if err := crop.Seal(); err != nil {
		return p, err
	}
	if _, err := l.input.Prepare(e.Input(0), crop); err != nil {
		return p, fmt.Errorf("prepare: %w", err)
	}
	if err := invoke(ctx, e); err != nil {
		return p, fmt.Errorf("invoke on %s: %w", e.Device().Name, err)
	}
	b := l.buffers.get()
	defer l.buffers.put(b)
	var v [][]float32
	for i, at := range l.outputs {
		one, err := values(e.Output(at), l.sizes[i], []*[]float32{&b.a, &b.b, &b.c, &b.d}[i])
		if err != nil {
			return p, fmt.Errorf("decode: %w", err)
		}
		v = append(v, one)
	}
	p.presence = v[1][0]
	if !finite(p.presence) {
		return p, errNoScore
	}
	var points []landmark
	points, p.classes = l.model.read(v, l.input.width, l.input.height)
	for _, k := range points {
		x, y := r.at(k.x, k.y)
		at := pipeline.Keypoint{Label: k.label, X: float32(x), Y: float32(y), Z: float32(k.z * r.side), Score: k.score}
		if !finite(at.X) || !finite(at.Y) || !finite(at.Z) || !finite(at.Score) {
			return p, &pipeline.ItemError{Err: errors.New("the model returned a key point that is not a finite number")}
		}
		if k.score >= l.least || k.unscored {
			p.keypoints = append(p.keypoints, at)
		}
	}
	return p, nil
}

// withCorners adds the corners of their boxes to candidates' key points, and names for them: a detection's own box is cut off at
// the picture's edges.
func withCorners(found []candidate, names []string) []string {
	for i := range found {
		b := found[i].box
		found[i].points = append(slices.Clip(found[i].points), [2]float32{b[0], b[1]}, [2]float32{b[2], b[3]})
	}
	return append(slices.Clip(names), "", "")
}

// wholeBox is the box of a detection whose key points end with those of withCorners.
func wholeBox(d pipeline.Detection) [4]float32 {
	last := d.Keypoints[len(d.Keypoints)-2:]
	return [4]float32{last[0].X, last[0].Y, last[1].X, last[1].Y}
}
