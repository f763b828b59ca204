package vision

import (
	"fmt"
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
	c, err := NewClassify(m.Inputs, m.Outputs, ClassifyOptions{Options: o, Output: s.Output})
	if err == nil && m.Warn != nil {
		c.OnWarning(m.Warn)
	}
	return asTask(c, err)
}
