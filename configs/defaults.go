package configs

import (
	"cmp"
	"math"
	"slices"

	"corallite/internal/score"
	"corallite/models"
	"corallite/pipeline/vision"
)

// Defaults that depend on the task.
const (
	defaultDetectScore     = 0.5
	defaultPoseScore       = 0.3
	defaultClassifyResults = 5
	defaultGalleryResults  = 1
)

// Defaults is a model for a task with only what the catalog knows: e, nil if the model is not in the catalog. The
// caller sets its file, compiled model and label file.
func Defaults(task string, e *models.Entry) Model {
	var m Model
	m.Task = task
	if e != nil {
		m.Catalog, m.Labels = e.Name, slices.Clone(e.Labels)
		m.Activation, m.Sensitivity = score.Activation(e.Activation), e.Sensitivity
		m.Decoder = e.Decoder
		m.Width, m.Height = e.Input.Width, e.Input.Height
		m.Mean, m.Std = slices.Clone(e.Input.Mean), slices.Clone(e.Input.Std)
		if m.Task == "" {
			m.Task = e.Task
		}
	}
	if m.Resize = usualResize(m); e != nil {
		m.Resize = cmp.Or(e.Input.Resize, m.Resize, vision.Stretch.String())
	}
	switch {
	case m.Task == TaskClassify:
		m.MaxResults = defaultClassifyResults
	case m.Task == TaskPose:
		m.ScoreThreshold = defaultPoseScore
		if e != nil && e.Detect != nil {
			m.ScoreThreshold = cmp.Or(e.Detect.ScoreThreshold, defaultPoseScore)
		}
	case m.Task == TaskEmbed:
		m.MaxResults = defaultGalleryResults
		if e != nil && e.Embed != nil {
			m.Subject, m.ScoreThreshold = e.Embed.Subject, e.Embed.ScoreThreshold
		}
	case m.Listens():
		m.Resize = ""
		if e != nil {
			m.SoundSettings, m.ScoreThreshold = soundSettings(e)
		}
	case m.Task == TaskDetect:
		m.ScoreThreshold = defaultDetectScore
		if e != nil && e.Detect != nil {
			m.ScoreThreshold = cmp.Or(e.Detect.ScoreThreshold, defaultDetectScore)
			m.NMSThreshold = e.Detect.NMSThreshold
		}
		m.NMSThreshold = cmp.Or(m.NMSThreshold, usualNMSThreshold(m))
	}
	return m
}

// usualResize is how pictures were resized when the decoder's models were trained; "": the model's file may say it.
func usualResize(m Model) string {
	if d := vision.FindDecoder(m.Decoder); d != nil {
		return d.Input.Resize.String()
	}
	if m.Task == TaskPose && m.Landmarks != "" {
		return vision.Letterbox.String()
	}
	return ""
}

// usualNMSThreshold is the decoder's threshold; 0: no NMS.
func usualNMSThreshold(m Model) float64 {
	if d := vision.FindDecoder(m.Decoder); d != nil {
		return math.Round(float64(d.NMSThreshold)*1e6) / 1e6 // rounded as people write it
	}
	return 0
}

// SetDecoder sets the decoder by name, with its usual settings.
func (m *Model) SetDecoder(name string) {
	m.Decoder = name
	m.Resize, m.NMSThreshold = usualResize(*m), usualNMSThreshold(*m)
}
