package vision

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"corallite/internal/schema"
	"corallite/internal/score"
	"corallite/pipeline"
	"corallite/tflite/tensor"
)

// Task is a task on frames; whoever makes it closes it.
type Task interface {
	pipeline.Task[*Frame]
	io.Closer
}

// What a model's file says of its graph, and of its inputs and outputs.
type (
	Graph    = schema.Subgraph
	Metadata = schema.Description
)

// ModelInfo is the model that a task is made for.
type ModelInfo struct {
	Inputs, Outputs []tensor.Info // as an engine has them
	Graph           *Graph        // as the model's file has it, with its outputs in the order of Outputs
	Metadata        *Metadata     // what the file says of them (TensorFlow Lite Metadata), in the same order; nil: nothing
	// PackedFile reads a file that is packed into the model's, by the name that Metadata gives; nil: there are none.
	PackedFile func(name string) ([]byte, error)
	// Ultralytics is what the model's exporter packed into the file; nil: nothing, or another exporter made it.
	Ultralytics *Ultralytics

	Gallery *Gallery             // of embed: the pictures of the settings' gallery, embedded by this model; nil: none
	Warn    func(message string) // is told what is assumed of the model; nil: nobody is
}

func (m ModelInfo) warn(format string, args ...any) {
	if m.Warn != nil {
		m.Warn(fmt.Sprintf(format, args...))
	}
}

// The tasks on pictures, by which keys say what they are for.
const (
	taskDetect   = "detect"
	taskClassify = "classify"
	taskSegment  = "segment"
	taskPose     = "pose"
	taskEmbed    = "embed"
)

// TaskType is something that can be done with a model on pictures.
type TaskType struct {
	Name   string
	Doc    string // for help and documentation, behind the name: "finds objects and their boxes"
	create func(ModelInfo, Settings) (Task, error)
}

// tasks are all tasks on pictures, in the order in which they are listed. A new one is a file of its own and a line here.
var tasks = []TaskType{
	{taskDetect, "finds objects and their boxes", newDetectTask},
	{taskClassify, "labels the whole picture", newClassifyTask},
	{taskSegment, "labels each pixel", newSegmentTask},
	{taskPose, "finds people's key points", newPoseTask},
	{taskEmbed, "computes a vector for comparing pictures", newEmbedTask},
}

// Tasks are the tasks on pictures.
func Tasks() []TaskType { return slices.Clone(tasks) }

// TaskNames are the names of the tasks on pictures, sorted.
func TaskNames() []string {
	names := make([]string, len(tasks))
	for i, t := range tasks {
		names[i] = t.Name
	}
	slices.Sort(names)
	return names
}

// NewTask makes the task that the settings name for a model. The error says what is wrong with the settings, or which
// inputs and outputs are wanted where the model's are others.
func NewTask(m ModelInfo, s Settings) (Task, error) {
	if s.Task == "" {
		return nil, errors.New("its task is unknown: set task: detect (or " + strings.Join(TaskNames(), ", ") + ")")
	}
	i := slices.IndexFunc(tasks, func(t TaskType) bool { return t.Name == s.Task })
	if i < 0 {
		return nil, fmt.Errorf("its task is %s, which is not for pictures (want one of %s)", s.Task, strings.Join(TaskNames(), ", "))
	}
	return tasks[i].create(m, s)
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
	if err := m.Ultralytics.check(taskClassify); err != nil {
		return nil, fmt.Errorf("classify: %w", err)
	}
	// A label file with a line for the background fits a model that counts the background as a class, and one that does
	// not; the number of classes tells which.
	offset := func(labels []string) int {
		if i, err := selectOutput(m.Outputs, s.Output, ""); err == nil && len(labels) == m.Outputs[i].Elements()+1 {
			return BackgroundOffset(labels)
		}
		return 0
	}
	o, err := s.options(m, m.Ultralytics.trained(taskClassify), offset)
	if err != nil {
		return nil, fmt.Errorf("classify: %w", err)
	}
	c, err := NewClassify(m.Inputs, m.Outputs, ClassifyOptions{Options: o, Output: s.Output})
	if err == nil && m.Warn != nil {
		c.OnWarning(m.Warn)
	}
	return asTask(c, err)
}

func newSegmentTask(m ModelInfo, s Settings) (Task, error) {
	if err := m.Ultralytics.check(taskSegment); err != nil {
		return nil, fmt.Errorf("segment: %w", err)
	}
	o, err := s.options(m, m.Ultralytics.trained(taskSegment), nil)
	if err != nil {
		return nil, fmt.Errorf("segment: %w", err)
	}
	if u := m.Ultralytics; u != nil && len(u.Labels) == 1 && o.Activation == score.Unknown {
		o.Activation = score.Sigmoid // its one channel has logits
	}
	return asTask(NewSegment(m.Inputs, m.Outputs, SegmentOptions{Options: o, Output: s.Output, MinShare: float32(s.MinShare)}))
}

func newPoseTask(m ModelInfo, s Settings) (Task, error) {
	if s.Decoder != "" || m.Ultralytics != nil && m.Ultralytics.Task == "pose" {
		return newYOLOPose(m, s)
	}
	if s.Output != "" {
		return nil, fmt.Errorf("pose reads all outputs of a model: remove output: %s", s.Output)
	}
	if poseDetectorOptions().fits(m) != NoFit {
		return newPoseDetector(m, s)
	}
	if err := secondAlone(taskPose, m); err != nil {
		return nil, err
	}
	if s.Landmarks != "" {
		return nil, fmt.Errorf("pose: landmarks: %s is the second model behind MediaPipe's pose_detection, boxes [1,2254,12] and scores [1,2254,1]; this model has %s",
			s.Landmarks, list("output", m.Outputs))
	}
	o, err := s.options(m, nil, nil)
	if err != nil {
		return nil, fmt.Errorf("pose: %w", err)
	}
	o.Labels = nil // there is one class
	p := PoseOptions{Options: o, KeypointThreshold: float32(s.KeypointThreshold)}
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
	if m.Gallery == nil { // without which there is nothing to compare or to count
		s.ScoreThreshold, s.MaxResults = 0, 0
	}
	o, err := s.options(m, nil, nil)
	if err != nil {
		return nil, fmt.Errorf("embed: %w", err)
	}
	o.Labels = nil // the gallery has them
	return asTask(NewEmbed(m.Inputs, m.Outputs, EmbedOptions{
		Options: o, Output: s.Output, Gallery: m.Gallery, NoVector: m.Gallery != nil && (s.Vector == nil || !*s.Vector),
	}))
}
