package vision

import (
	"cmp"
	"slices"

	"corallite/internal/overlap"
	"corallite/pipeline"
)

// seen is a detection, in pixels of the picture, and whether it was found in the whole of it.
type seen struct {
	pipeline.Detection
	whole bool
}

// mergeDetections merges detections of one class that show the same object, and returns them best first; of equal scores the
// one that lies further to the left comes first, then the one further up. It is SAHI's NMSPostprocess or
// GreedyNMMPostprocess: the best detection takes all that match it, and of these, in their order, those that match the box
// that has grown so far become part of it. The merged detection has the best one's label, score, key points and pixels.
//
// With TileOptions.BestView, detections of the whole picture are not merged with each other: the model, which sees both, tells
// them apart, and who stands in front of others is not one with them.
func mergeDetections(found []seen, o TileOptions) []pipeline.Detection {
	slices.SortStableFunc(found, func(a, b seen) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), slices.Compare(a.Box[:], b.Box[:]))
	})
	limit := float32(o.Threshold)
	taken := make([]bool, len(found))
	kept := make([]pipeline.Detection, 0, len(found))
	for i := range found {
		if taken[i] {
			continue
		}
		best := &found[i]
		box := best.Box
		for j := i + 1; j < len(found); j++ {
			d := &found[j]
			if taken[j] || d.Index != best.Index || o.BestView && d.whole && best.whole || common(best.Box, d.Box, o.Metric) < limit {
				continue
			}
			taken[j] = true
			if o.Merge == MergeNMM && d.Score >= float32(o.GrowScore) && common(box, d.Box, o.Metric) >= limit {
				box = [4]float32{min(box[0], d.Box[0]), min(box[1], d.Box[1]), max(box[2], d.Box[2]), max(box[3], d.Box[3])}
			}
		}
		kept = append(kept, best.Detection)
		kept[len(kept)-1].Box = box
	}
	return kept
}

// common is how much two boxes overlap, 0 to 1.
func common(a, b [4]float32, metric string) float32 {
	if metric == MetricIoU {
		return overlap.IoU(a, b)
	}
	return overlap.OfSmaller(a, b)
}
