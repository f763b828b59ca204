package eval

import (
	"fmt"
	"slices"

	"corallite/internal/eval/coco"
	"corallite/internal/eval/dataset"
	"corallite/pipeline"
)

// people is the one label of poses.
const people = "person"

// poses measures models for poses by the similarity of COCO's 17 key points.
type poses struct{ *detector }

func newPoses(o Options) (*poses, error) {
	if len(o.Set.Points) == 0 {
		return nil, fmt.Errorf("%s names no key points, which a model for poses is measured by: give COCO's JSON of key points (person_keypoints_….json)", o.Data)
	}
	for i := range o.Set.Samples {
		s := &o.Set.Samples[i]
		s.Objects = slices.DeleteFunc(slices.Clone(s.Objects), func(t dataset.Object) bool { return len(t.Points) == 0 })
		for k := range s.Objects {
			s.Objects[k].Label = people
		}
	}
	return &poses{makeDetector(o, coco.Poses, []string{people})}, nil
}

func (p *poses) add(model int, s *dataset.Sample, e *pipeline.Event, item pipeline.Item) error {
	all := []coco.Detection{}
	for _, pose := range e.Poses {
		d := coco.Detection{Image: s.ID, Category: 1, Score: float64(pose.Score)}
		for _, name := range p.o.Set.Points {
			i := slices.IndexFunc(pose.Keypoints, func(k pipeline.Keypoint) bool { return k.Label == name })
			if i < 0 {
				return fmt.Errorf("model %s gives no key point %q, which %s names", e.Model, name, p.o.Data)
			}
			k := pose.Keypoints[i]
			d.KeyPoints = append(d.KeyPoints, coco.KeyPoint{X: float64(k.X), Y: float64(k.Y)})
		}
		all = append(all, d)
	}
	p.found[model][s] = all
	return nil
}
