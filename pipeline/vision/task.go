package vision

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"corallite/pipeline"
	"corallite/pipeline/score"
	"corallite/tflite/schema"
	"corallite/tflite/tensor"
)

// Task is a task on frames; whoever makes it closes it.
type Task interface {
	pipeline.Task[*Frame]
	io.Closer
}

// ModelInfo is the model that a task is made for.
type ModelInfo struct {
	Inputs, Outputs []tensor.Info       // as an engine has them
	Graph           *schema.Subgraph    // as the model's file has it, with its outputs in the order of Outputs
	Metadata        *schema.Description // what the file says of them (TensorFlow Lite Metadata), in the same order; nil: nothing
	// PackedFile reads a file that is packed into the model's, by the name that Metadata gives; nil: there are none.
	PackedFile func(name string) ([]byte, error)
}

// Settings are what the configuration, the command line and the catalog say of a model. What they leave open (the zero
// value) comes from the model's metadata, its decoder or its task.
type Settings struct {
	Task    string // one of TaskNames
	Decoder string // of a detector: one of DecoderNames
	Output  string // the name of the output to read, for a model with several of which a task reads one

	Labels      []string
	LabelOffset *int // see Options
	Allow, Deny []string

	Resize    string // as ParseResize reads it
	Mean, Std []float32

	Activation     score.Activation
	Sensitivity    float64
	ScoreThreshold float32
	NMSThreshold   float32 // of a detector whose boxes are suppressed here
	MaxResults     int

	KeypointThreshold float32  // of poses
	MinShare          float32  // of segments
	Gallery           *Gallery // of embeddings
	Vector            *bool    // whether embeddings are in the results; nil: without a gallery

	Warn func(message string) // is told what is assumed; nil: nobody is
}

func (s Settings) warn(format string, args ...any) {
	if s.Warn != nil {
		s.Warn(fmt.Sprintf(format, args...))
	}
}

// tasks are what can be done with a model on pictures.
var tasks = map[string]func(ModelInfo, Settings) (Task, error){
	"detect":   newDetectTask,
	"classify": newClassifyTask,
	"segment":  newSegmentTask,
	"pose":     newPoseTask,
	"embed":    newEmbedTask,
}

// TaskNames are the tasks that can be done on pictures, sorted.
func TaskNames() []string { return slices.Sorted(maps.Keys(tasks)) }

// NewTask makes the task that the settings name for a model. The error says what is wrong with the settings, or which
// inputs and outputs are wanted where the model's are others.
func NewTask(m ModelInfo, s Settings) (Task, error) {
	if s.Task == "" {
		return nil, errors.New("its task is unknown: set task: detect (or " + strings.Join(TaskNames(), ", ") + ")")
	}
	create, ok := tasks[s.Task]
	if !ok {
		return nil, fmt.Errorf("its task is %s, which is not for pictures (want one of %s)", s.Task, strings.Join(TaskNames(), ", "))
	}
	return create(m, s)
}

// asTask keeps a nil of a task's own type from becoming a Task.
func asTask[T Task](t T, err error) (Task, error) {
	if err != nil {
		return nil, err
	}
	return t, nil
}

func newClassifyTask(m ModelInfo, s Settings) (Task, error) {
	if m.Graph != nil && m.Graph.Find(postprocessOp) != nil {
		return nil, fmt.Errorf("classify: it ends in %s, so it finds objects: use detect", postprocessOp)
	}
	// A label file with a line for the background fits a model that counts the background as a class, and one that does
	// not; the number of classes tells which.
	offset := func(labels []string) int {
		if i, err := selectOutput(m.Outputs, s.Output, ""); err == nil && len(labels) == m.Outputs[i].Elements()+1 {
			return BackgroundOffset(labels)
		}
		return 0
	}
	o, err := s.options(m, nil, offset)
	if err != nil {
		return nil, fmt.Errorf("classify: %w", err)
	}
	c, err := NewClassify(m.Inputs, m.Outputs, ClassifyOptions{Options: o, Output: s.Output})
	if err == nil && s.Warn != nil {
		c.OnWarning(s.Warn)
	}
	return asTask(c, err)
}

func newSegmentTask(m ModelInfo, s Settings) (Task, error) {
	o, err := s.options(m, nil, nil)
	if err != nil {
		return nil, fmt.Errorf("segment: %w", err)
	}
	return asTask(NewSegment(m.Inputs, m.Outputs, SegmentOptions{Options: o, Output: s.Output, MinShare: s.MinShare}))
}

func newPoseTask(m ModelInfo, s Settings) (Task, error) {
	if s.Output != "" {
		return nil, fmt.Errorf("pose reads all outputs of a model: remove output: %s", s.Output)
	}
	o, err := s.options(m, nil, nil)
	if err != nil {
		return nil, fmt.Errorf("pose: %w", err)
	}
	o.Labels = nil // there is one class
	p := PoseOptions{Options: o, KeypointThreshold: s.KeypointThreshold}
	if m.Graph != nil {
		if op := m.Graph.Find(schema.PosenetOp); op != nil {
			at := m.Graph.OutputsOf(op)
			if len(at) < 4 {
				return nil, errors.New("pose: the outputs of its decoder are not those of the model")
			}
			p.Outputs = PoseOutputs{Keypoints: at[0], KeypointScores: at[1], Scores: at[2], Count: at[3]}
		}
	}
	return asTask(NewPose(m.Inputs, m.Outputs, p))
}

func newEmbedTask(m ModelInfo, s Settings) (Task, error) {
	if s.Gallery == nil { // without which there is nothing to compare or to count
		s.ScoreThreshold, s.MaxResults = 0, 0
	}
	o, err := s.options(m, nil, nil)
	if err != nil {
		return nil, fmt.Errorf("embed: %w", err)
	}
	o.Labels = nil // the gallery has them
	return asTask(NewEmbed(m.Inputs, m.Outputs, EmbedOptions{
		Options: o, Output: s.Output, Gallery: s.Gallery, NoVector: s.Gallery != nil && (s.Vector == nil || !*s.Vector),
	}))
}
