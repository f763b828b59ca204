package vision

import (
	"fmt"

	"corallite/internal/score"
)

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
	if o.Calibration, err = s.calibration(m); err != nil {
		return nil, fmt.Errorf("classify: %w", err)
	}
	c, err := NewClassify(m.Inputs, m.Outputs, ClassifyOptions{Options: o, Output: s.Output})
	if err == nil && m.Warn != nil {
		c.OnWarning(m.Warn)
	}
	return asTask(c, err)
}

// calibration is what the model's metadata say of the scores of the output that is read; nil: nothing, or the settings say what
// makes scores of its values.
func (s Settings) calibration(m ModelInfo) (*score.Calibration, error) {
	i, err := selectOutput(m.Outputs, s.Output, "")
	if err != nil || s.Activation != score.Unknown || m.Metadata == nil || i >= len(m.Metadata.Outputs) || m.PackedFile == nil {
		return nil, nil // what is wrong with the output is said elsewhere
	}
	said := m.Metadata.Outputs[i].Calibration
	if said == nil || said.File == "" {
		return nil, nil
	}
	const wayOut = "set activation: none for the scores as they are"
	text, err := m.PackedFile(said.File)
	if err != nil {
		return nil, fmt.Errorf("cannot read the calibration of its scores: %w; %s", err, wayOut)
	}
	c, err := score.ParseCalibration(string(text), said.Transformation, said.Default, m.Outputs[i].Elements())
	if err != nil {
		return nil, fmt.Errorf("calibration of its scores (%s, packed into it): %w; %s", said.File, err, wayOut)
	}
	return c, nil
}
