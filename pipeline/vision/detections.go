package vision

import (
	"errors"

	"corallite/pipeline"
)

// detections makes detections of candidates, whose boxes and points are from 0 to 1 of an input of width × height, in the given
// order and in pixels of the source. keypoints are the labels of the points. Boxes that have nothing in the picture are left
// out. more adds what there is more of a candidate; nil: nothing.
func (c *classes) detections(found []candidate, width, height float64, p pipeline.Placement, keypoints []string, more func(*pipeline.Detection, candidate)) ([]pipeline.Detection, error) {
	results := make([]pipeline.Detection, 0, len(found))
	for _, f := range found {
		if c.max > 0 && len(results) == c.max {
			break
		}
		box, ok := clipped(p, [4]float64{
			float64(f.box[0]) * width, float64(f.box[1]) * height, float64(f.box[2]) * width, float64(f.box[3]) * height,
		})
		if !ok {
			continue
		}
		if f.class < 0 {
			return nil, &pipeline.ItemError{Err: errors.New("the model returned an invalid class number")}
		}
		label, err := c.label(f.class)
		if err != nil {
			return nil, err
		}
		if err := c.checkScore(f.score); err != nil {
			return nil, err
		}
		d := pipeline.Detection{Label: label, Index: f.class, Score: f.score, Box: box}
		for k, at := range f.points {
			x, y := point(p, float64(at[0])*width, float64(at[1])*height)
			d.Keypoints = append(d.Keypoints, pipeline.Keypoint{Label: keypoints[k], X: float32(x), Y: float32(y)})
		}
		if more != nil {
			more(&d, f)
		}
		results = append(results, d)
	}
	return results, nil
}
