package configs

import (
	"slices"

	"corallite/models"
)

// The defaults that depend on the task.
const (
	defaultDetectScore     = 0.5
	defaultPoseScore       = 0.3
	defaultClassifyResults = 5
	defaultGalleryResults  = 1
	defaultNMSThreshold    = 0.3
	defaultYOLOThreshold   = 0.45
)

// Defaults is a model for a task with nothing said about it but what the catalog knows: e, nil when it is not known
// there. Its file, twin and label file are the caller's to fill in.
func Defaults(task string, e *models.Entry) Model {
	m := Model{Task: task}
	if e != nil {
		m.Catalog, m.Labels = e.Name, slices.Clone(e.Labels)
		m.Activation, m.Sensitivity = e.Activation, e.Sensitivity
		m.Width, m.Height = e.Input.Width, e.Input.Height
		m.Mean, m.Std = slices.Clone(e.Input.Mean), slices.Clone(e.Input.Std)
		if m.Task == "" {
			m.Task = e.Task
		}
		if e.Input.Resize != "" {
			m.Resize = e.Input.Resize
		}
	}
	if e == nil || e.Input.Resize == "" {
		m.Resize = usualResize(m)
	}
	switch {
	case m.Task == TaskClassify:
		m.MaxResults = defaultClassifyResults
	case m.Task == TaskPose:
		m.ScoreThreshold = defaultPoseScore
	case m.Task == TaskEmbed:
		m.MaxResults = defaultGalleryResults
		if e != nil && e.Embed != nil {
			m.Subject, m.ScoreThreshold = e.Embed.Subject, e.Embed.ScoreThreshold
		}
	case m.Listens():
		m.Resize = ""
		if e != nil {
			m.Hearing, m.ScoreThreshold = hearing(e)
		}
	case m.Task == TaskDetect && e != nil && e.Detect != nil:
		m.ScoreThreshold, m.NMSThreshold = e.Detect.ScoreThreshold, e.Detect.NMSThreshold
		m.Anchors, m.Outputs, m.Keypoints = e.Detect.Anchors, e.Detect.Outputs, e.Detect.Keypoints
	case m.Task == TaskDetect:
		m.ScoreThreshold, m.NMSThreshold = defaultDetectScore, defaultNMSThreshold
	}
	return m
}

// usualResize is how the pictures were resized that a model was trained on, by its task and its decoder; "": the decoder
// knows it.
func usualResize(m Model) string {
	switch {
	case m.Head != "":
		return "letterbox" // as Ultralytics' programs do it
	case m.Anchors != "":
		return ""
	}
	return "stretch"
}

// Decoders are the decoders that can be named: of detectors that do not end in TFLite_Detection_PostProcess.
func Decoders() []string { return append(models.AnchorKinds(), yoloHeads...) }

var yoloHeads = []string{"yolov5", "yolov8"}

// SetDecoder makes the model one with a decoder of Decoders, with what is usual for it.
func (m *Model) SetDecoder(name string) {
	if slices.Contains(yoloHeads, name) {
		m.Head, m.Anchors, m.NMSThreshold = name, "", defaultYOLOThreshold
	} else {
		m.Anchors, m.Head = name, ""
	}
	m.Resize = usualResize(*m)
}
