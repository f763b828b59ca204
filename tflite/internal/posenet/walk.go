package posenet

import "math"

// edges is how many edges the tree of key points has.
const edges = Keypoints - 1

// tree is the edges from the nose outwards, in the order of the mid offsets: the first key point of each is the nearer
// one to the nose.
var tree = [edges][2]int{
	{0, 1}, {1, 3}, // nose, left eye, left ear
	{0, 2}, {2, 4},
	{0, 5}, {5, 7}, {7, 9}, // nose, left shoulder, elbow, wrist
	{5, 11}, {11, 13}, {13, 15}, // left shoulder, hip, knee, ankle
	{0, 6}, {6, 8}, {8, 10},
	{6, 12}, {12, 14}, {14, 16},
}

// step is an edge as seen from one of its ends: the key point at the other, and the channels of the offsets that lead
// there.
type step struct{ to, y, x int }

// steps are those that lead away from each key point.
var steps = func() (all [Keypoints][]step) {
	for e, ends := range tree {
		near, far := ends[0], ends[1]
		all[near] = append(all[near], step{far, e, edges + e})
		all[far] = append(all[far], step{near, 2*edges + e, 3*edges + e})
	}
	return all
}()

// walk finds all key points of the person that has this one, with their scores as logits. As they form a tree, each is
// reached in one way only, and the order of the walk does not matter.
func (f *Fields) walk(r root, pose *Pose) {
	type reached struct {
		keypoint, from int
	}
	var open [Keypoints]reached
	open[0], pose.Keypoints[r.keypoint] = reached{r.keypoint, -1}, r.point
	for n := 1; n > 0; {
		n--
		here := open[n]
		point := pose.Keypoints[here.keypoint]
		pose.Scores[here.keypoint] = f.corners(point).sample(f.Heatmap, HeatmapChannels, here.keypoint)
		for _, s := range steps[here.keypoint] {
			if s.to != here.from {
				pose.Keypoints[s.to] = f.follow(point, s)
				open[n] = reached{s.to, here.keypoint}
				n++
			}
		}
	}
}

// follow is where a step leads: along the mid offsets, and then along the short ones to the place itself.
func (f *Fields) follow(p Point, s step) Point {
	c := f.corners(p)
	p = f.inside(p.Y+c.sample(f.Mid, MidChannels, s.y), p.X+c.sample(f.Mid, MidChannels, s.x))
	for range refinements {
		c = f.corners(p)
		p = f.inside(p.Y+c.sample(f.Short, ShortChannels, s.to), p.X+c.sample(f.Short, ShortChannels, Keypoints+s.to))
	}
	return p
}

// inside is the nearest place to y, x between the middles of the outermost cells.
func (f *Fields) inside(y, x float32) Point {
	return Point{clamp(y, f.Height), clamp(x, f.Width)}
}

// clamp keeps v from 0 to n − 1; what is not a number becomes 0.
func clamp(v float32, n int) float32 {
	if !(v > 0) {
		return 0
	}
	return min(v, float32(n-1))
}

// corners are the four cells around a place, and how far it lies from the upper left one.
type corners struct {
	upperLeft, upperRight, lowerLeft, lowerRight int
	down, right                                  float32 // 0 to 1
}

// corners of a place that inside gave.
func (f *Fields) corners(p Point) corners {
	y, x := int(p.Y), int(p.X)
	below, beside := int(math.Ceil(float64(p.Y))), int(math.Ceil(float64(p.X)))
	return corners{
		y*f.Width + x, y*f.Width + beside, below*f.Width + x, below*f.Width + beside,
		p.Y - float32(y), p.X - float32(x),
	}
}

// sample is the value of a channel, interpolated linearly in both directions.
func (c corners) sample(field []float32, channels, channel int) float32 {
	upper := between(field[c.upperLeft*channels+channel], field[c.upperRight*channels+channel], c.right)
	lower := between(field[c.lowerLeft*channels+channel], field[c.lowerRight*channels+channel], c.right)
	return between(upper, lower, c.down)
}

// between is part of the way from a to b, 0 to 1. Each product is rounded by itself: a key point may lie so near to the
// edge between two cells that another last bit leads the walk to another place.
func between(a, b, part float32) float32 { return float32((1-part)*a) + float32(part*b) }
