// Package posenet decodes what PoseNet computes into poses: the decoder of PersonLab (Papandreou, Zhu, Chen, Gidaris,
// Tompson, Murphy: PersonLab: Person Pose Estimation and Instance Segmentation with a Bottom-Up, Part-Based, Geometric
// Embedding Model, ECCV 2018, sections 3.1 and 3.2), with the choices of Coral's operator PosenetDecoderOp: each
// displacement is refined five times, and the score of a pose is the mean over all of its key points.
//
// The model looks at cells, squares of the input's pixels as wide as its stride. For each cell it gives a heat map
// (how likely each key point is here, as a logit), short offsets (from here to the key point nearby) and mid offsets
// (from a key point here to the next one of the same person, along the edges of a tree). A person is found from its
// clearest key point, and the others by walking the tree from there.
package posenet

import (
	"cmp"
	"math"
	"slices"
)

// Keypoints is how many key points a pose has, in COCO's order: nose, eyes, ears, shoulders, elbows, wrists, hips,
// knees, ankles, the left one before the right.
const Keypoints = 17

// Channels of a cell.
const (
	HeatmapChannels = Keypoints
	ShortChannels   = 2 * Keypoints // y of all key points, then x
	MidChannels     = 4 * edges     // y forward, x forward, y backward, x backward, each for all edges
)

// refinements is how many times a displaced key point follows the short offsets.
const refinements = 5

// Options are what the model says of its decoding.
type Options struct {
	MaxDetections  int     // poses at most
	Stride         int     // pixels of the input from one cell to the next
	ScoreThreshold float32 // 0 to 1: of the key point that a pose begins with, and of the pose
	NMSRadius      float32 // pixels of the input within which two key points of a kind are the same one
}

// Fields are what the model computed, cell by cell in rows, the channels of a cell together.
type Fields struct {
	Height, Width int       // in cells
	Heatmap       []float32 // Height × Width × HeatmapChannels, logits
	Short         []float32 // Height × Width × ShortChannels, in cells
	Mid           []float32 // Height × Width × MidChannels, in cells
}

// Point is a place in the input, in cells while decoding and in pixels in a result.
type Point struct{ Y, X float32 }

// Pose is one person.
type Pose struct {
	Score     float32 // 0 to 1
	Keypoints [Keypoints]Point
	Scores    [Keypoints]float32 // 0 to 1
}

// Decoder decodes. It keeps its memory for the next time, and serves one caller at a time.
type Decoder struct {
	options Options
	least   float32 // ScoreThreshold as a logit
	radius2 float32 // NMSRadius in cells, squared
	roots   []root
	poses   []Pose
}

// NewDecoder makes a decoder. MaxDetections and Stride must be at least 1.
func NewDecoder(o Options) *Decoder {
	t := float64(o.ScoreThreshold)
	radius := o.NMSRadius / float32(o.Stride)
	return &Decoder{options: o, least: float32(math.Log(t / (1 - t))), radius2: radius * radius}
}

// root is a key point that a pose may begin with.
type root struct {
	point    Point
	keypoint int
	logit    float32
}

// Decode finds the poses, best first, with key points in pixels of the input. The result is good until the next call.
// The slices of f must have the lengths that Fields gives; any values are safe, also those that are not numbers.
func (d *Decoder) Decode(f *Fields) []Pose {
	d.findRoots(f)
	d.poses = d.poses[:0]
	for _, r := range d.roots {
		if len(d.poses) == d.options.MaxDetections {
			break
		}
		if d.taken(r) {
			continue
		}
		pose := Pose{}
		f.walk(r, &pose)
		for k := range pose.Scores {
			pose.Scores[k] = sigmoid(pose.Scores[k])
		}
		if pose.Score = mean(&pose.Scores); pose.Score >= d.options.ScoreThreshold {
			d.poses = append(d.poses, pose)
		}
	}
	d.suppress()
	for i := range d.poses {
		for k := range d.poses[i].Keypoints {
			p := &d.poses[i].Keypoints[k]
			p.Y, p.X = p.Y*float32(d.options.Stride), p.X*float32(d.options.Stride)
		}
	}
	return d.poses
}

// findRoots finds the cells where a key point is likely and at least as likely as in the eight cells around, the
// likeliest first. Of equally likely ones the upper left comes first.
func (d *Decoder) findRoots(f *Fields) {
	d.roots = d.roots[:0]
	for y := range f.Height {
		for x := range f.Width {
			cell := y*f.Width + x
			for k, logit := range f.Heatmap[cell*HeatmapChannels:][:HeatmapChannels] {
				if logit >= d.least && f.highest(y, x, k, logit) {
					short := f.Short[cell*ShortChannels:][:ShortChannels]
					point := f.inside(float32(y)+short[k], float32(x)+short[Keypoints+k])
					d.roots = append(d.roots, root{point, k, logit})
				}
			}
		}
	}
	slices.SortStableFunc(d.roots, func(a, b root) int { return cmp.Compare(b.logit, a.logit) })
}

// highest says whether no cell around has a higher logit of the key point.
func (f *Fields) highest(y, x, keypoint int, logit float32) bool {
	for v := max(y-1, 0); v <= min(y+1, f.Height-1); v++ {
		for u := max(x-1, 0); u <= min(x+1, f.Width-1); u++ {
			if f.Heatmap[(v*f.Width+u)*HeatmapChannels+keypoint] > logit {
				return false
			}
		}
	}
	return true
}

// taken says whether the root is a key point of a pose that was found already.
func (d *Decoder) taken(r root) bool {
	for i := range d.poses {
		if distance2(r.point, d.poses[i].Keypoints[r.keypoint]) <= d.radius2 {
			return true
		}
	}
	return false
}

// suppress scores each pose anew, without its key points that a better pose has as well, drops those that then score
// too low and sorts the rest.
func (d *Decoder) suppress() {
	slices.SortStableFunc(d.poses, byScore)
	for i := range d.poses {
		counted := d.poses[i].Scores
		for k, p := range d.poses[i].Keypoints {
			for j := range i {
				if distance2(p, d.poses[j].Keypoints[k]) <= d.radius2 {
					counted[k] = 0
					break
				}
			}
		}
		d.poses[i].Score = mean(&counted)
	}
	d.poses = slices.DeleteFunc(d.poses, func(p Pose) bool { return p.Score < d.options.ScoreThreshold })
	slices.SortStableFunc(d.poses, byScore)
}

func byScore(a, b Pose) int { return cmp.Compare(b.Score, a.Score) }

func mean(scores *[Keypoints]float32) float32 {
	var sum float32
	for _, s := range scores {
		sum += s
	}
	return sum / Keypoints
}

func distance2(a, b Point) float32 {
	dy, dx := b.Y-a.Y, b.X-a.X
	return float32(dy*dy) + float32(dx*dx)
}

func sigmoid(v float32) float32 { return float32(1 / (1 + math.Exp(-float64(v)))) }
