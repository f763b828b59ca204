package configs

import (
	"slices"

	"corallite/models"
)

// The defaults that depend on the task.
const (
	defaultDetectScore     = 0.5
	defaultPoseScore       = 0.3
	defaultGalleryScore    = 0.6
	defaultClassifyResults = 5
	defaultGalleryResults  = 1
	defaultNMSThreshold    = 0.3
	defaultYOLOThreshold   = 0.45
)

// Defaults is a model for a task with nothing said about it but what the catalog knows: e, nil when it is not known
// there. Its file, twin and label file are the caller's to fill in.
func Defaults(task string, e *models.Entry) Model {
	m := Model{Task: task, Resize: "stretch"}
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
	switch {
	case m.Task == TaskClassify:
		m.MaxResults = defaultClassifyResults
	case m.Task == TaskPose:
		m.ScoreThreshold = defaultPoseScore
	case m.Task == TaskEmbed:
		m.ScoreThreshold, m.MaxResults = defaultGalleryScore, defaultGalleryResults
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
