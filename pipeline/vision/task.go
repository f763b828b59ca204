package vision

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"corallite/internal/key"
	"corallite/internal/schema"
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
	own    func(*Settings) key.Configurable // the settings that only it has; nil: it has none
}

// tasks are all tasks on pictures, in the order in which they are listed. A new one is a file of its own and a line here,
// and one in Settings if it has settings of its own.
var tasks = []TaskType{
	{taskDetect, "finds objects and their boxes", newDetectTask, func(s *Settings) key.Configurable { return &s.DetectSettings }},
	{taskClassify, "labels the whole picture", newClassifyTask, nil},
	{taskSegment, "labels each pixel", newSegmentTask, func(s *Settings) key.Configurable { return &s.SegmentSettings }},
	{taskPose, "finds people's key points", newPoseTask, func(s *Settings) key.Configurable { return &s.PoseSettings }},
	{taskEmbed, "computes a vector for comparing pictures", newEmbedTask, func(s *Settings) key.Configurable { return &s.EmbedSettings }},
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

// ownKeys are the keys that only some tasks have, each for its task if it does not name others.
func (s *Settings) ownKeys() key.Table {
	var all key.Table
	for _, t := range tasks {
		if t.own == nil {
			continue
		}
		for _, k := range t.own(s).Keys() {
			if k.Key().Tasks == nil {
				k.Tasks(t.Name)
			}
			all = append(all, k)
		}
	}
	return all
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
