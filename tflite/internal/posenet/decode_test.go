package posenet

import (
	"cmp"
	"encoding/csv"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"corallite/internal/testdata"
)

// drawn are fields in which these people stand, with key points in cells: each cell belongs to the nearest key point of
// a kind, is the likelier the nearer that is, and its offsets lead exactly there.
func drawn(height, width int, people [][Keypoints]Point) *Fields {
	f := &Fields{
		Height: height, Width: width, Heatmap: make([]float32, height*width*HeatmapChannels),
		Short: make([]float32, height*width*ShortChannels), Mid: make([]float32, height*width*MidChannels),
	}
	for cell := range height * width {
		here := Point{float32(cell / width), float32(cell % width)}
		for k := range Keypoints {
			p := slices.MinFunc(people, func(a, b [Keypoints]Point) int {
				return cmp.Compare(distance2(here, a[k]), distance2(here, b[k]))
			})
			f.Heatmap[cell*HeatmapChannels+k] = 6 - 4*distance2(here, p[k])
			f.Short[cell*ShortChannels+k] = p[k].Y - here.Y
			f.Short[cell*ShortChannels+Keypoints+k] = p[k].X - here.X
			for _, s := range steps[k] {
				f.Mid[cell*MidChannels+s.y] += p[s.to].Y - here.Y
				f.Mid[cell*MidChannels+s.x] += p[s.to].X - here.X
			}
		}
	}
	return f
}

// same says whether each person was found, each key point within so many pixels.
func same(t *testing.T, got []Pose, people [][Keypoints]Point, stride, within float32) {
	t.Helper()
	if len(got) != len(people) {
		t.Fatalf("%d poses, want %d: %v", len(got), len(people), got)
	}
	for i, p := range people {
		nearest := slices.MinFunc(got, func(a, b Pose) int {
			return cmp.Compare(apart(a, p, stride), apart(b, p, stride))
		})
		if d := apart(nearest, p, stride); d > within {
			t.Errorf("person %d: the nearest pose is %v pixels off", i, d)
		}
	}
}

// apart is how far the worst key point is off.
func apart(got Pose, want [Keypoints]Point, stride float32) float32 {
	worst := float32(0)
	for k, p := range want {
		worst = max(worst, distance2(got.Keypoints[k], Point{p.Y * stride, p.X * stride}))
	}
	return float32(math.Sqrt(float64(worst)))
}

// TestDrawnPeople: the two people of Coral's file of expected poses, and random ones, are found again from fields.
func TestDrawnPeople(t *testing.T) {
	options := Options{MaxDetections: 20, Stride: 16, ScoreThreshold: 0.2, NMSRadius: 10}
	t.Run("Coral's", func(t *testing.T) {
		people := coralPeople(t)
		same(t, NewDecoder(options).Decode(drawn(23, 31, people)), people, 16, 0.1)
	})
	r := rand.New(rand.NewPCG(3, 4))
	d := NewDecoder(options) // its memory is used again
	for range 50 {
		people := make([][Keypoints]Point, 1+r.IntN(4))
		for i := range people { // side by side, so that they do not touch
			for k := range people[i] {
				people[i][k] = Point{20 * r.Float32(), float32(7*i) + 4*r.Float32()}
			}
		}
		same(t, d.Decode(drawn(21, 27, people)), people, 16, 0.1)
	}
}

// coralPeople are the poses of Coral's reference for a PoseNet of 353 × 481 pixels, in cells.
func coralPeople(t *testing.T) [][Keypoints]Point {
	f, err := os.Open(testdata.Path(t, "models/posenet_mobilenet_v1_075_353_481_16_quant_decoder_reference.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) != 1+2*Keypoints {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	people := make([][Keypoints]Point, 2)
	for i, row := range rows[1:] { // pose, its score, key point, its score, x, y as parts of the picture
		x, errX := strconv.ParseFloat(row[4], 32)
		y, errY := strconv.ParseFloat(row[5], 32)
		if errX != nil || errY != nil {
			t.Fatal(row)
		}
		people[i/Keypoints][i%Keypoints] = Point{float32(y * 353 / 16), float32(x * 481 / 16)}
	}
	return people
}

// noise are fields without any sense, the same each time.
func noise(seed uint64, height, width int) *Fields {
	r := rand.New(rand.NewPCG(1, seed))
	values := func(n int, spread float32) []float32 {
		v := make([]float32, n)
		for i := range v {
			v[i] = spread * (2*r.Float32() - 1)
		}
		return v
	}
	cells := height * width
	return &Fields{height, width, values(cells*HeatmapChannels, 5), values(cells*ShortChannels, 2), values(cells*MidChannels, 6)}
}

// TestAsCoral compares with what Coral's decoder (libcoral 6589d0bb, coral/pose_estimation/posenet_decoder.cc) says of the
// same fields, with one error of it mended: it takes the offsets from the left eye back to the nose from the channels 16
// and 32, where those from the nose to the left eye (x) and from the left eye to the nose (y) lie, in place of 32 and 48.
func TestAsCoral(t *testing.T) {
	got := NewDecoder(Options{MaxDetections: 6, Stride: 16, ScoreThreshold: 0.45, NMSRadius: 25}).Decode(noise(5, 9, 14))
	want := []Pose{
		{0.602266,
			[Keypoints]Point{
				{7.2431, 82.1968}, {56.7114, 76.7258}, {0.81, 123.4784}, {71.3412, 47.5173}, {0, 51.8344}, {26.7536, 106.0705},
				{80.1807, 99.3754}, {105.709, 118.0384}, {0, 155.7642}, {39.2472, 125.9916}, {38.8913, 95.9423}, {22.4098, 182.1635},
				{98.0291, 90.5506}, {2.5629, 183.2016}, {100.9703, 97.7257}, {0, 96.2965}, {57.1854, 51.2404},
			},
			[Keypoints]float32{
				0.387742, 0.743287, 0.871155, 0.193652, 0.608196, 0.927417, 0.972598, 0.355399, 0.962620,
				0.946962, 0.499340, 0.499752, 0.251286, 0.797824, 0.175100, 0.065598, 0.980592,
			}},
		{0.575763,
			[Keypoints]Point{
				{73.9167, 72.9859}, {101.7066, 106.807}, {81.0715, 96.5129}, {95.0065, 59.8043}, {113.7675, 2.8321}, {115.6148, 46.577},
				{34.1135, 74.8204}, {112.8042, 87.7442}, {0, 86.4729}, {87.2521, 81.8311}, {14.3658, 88.4884}, {119.9857, 0},
				{35.1711, 89.3954}, {107.2835, 25.2832}, {33.0213, 59.2416}, {43.7035, 20.9739}, {62.1299, 0},
			},
			[Keypoints]float32{
				0.680074, 0.423305, 0.288296, 0.773365, 0.968024, 0.047733, 0.708728, 0.765933, 0.025836,
				0.623804, 0.160677, 0.962608, 0.058729, 0.856605, 0.735764, 0.719507, 0.988991,
			}},
	}
	if len(got) != len(want) {
		t.Fatalf("%d poses, want %d", len(got), len(want))
	}
	near := func(a, b, by float32) bool { return math.Abs(float64(a-b)) <= float64(by) }
	for i, w := range want {
		g := got[i]
		if !near(g.Score, w.Score, 1e-5) {
			t.Errorf("pose %d has the score %v, want %v", i, g.Score, w.Score)
		}
		for k, p := range w.Keypoints {
			if at := g.Keypoints[k]; !near(at.Y, p.Y, 1e-3) || !near(at.X, p.X, 1e-3) || !near(g.Scores[k], w.Scores[k], 1e-5) {
				t.Errorf("pose %d: key point %d at %v with %v, want %v with %v", i, k, at, g.Scores[k], p, w.Scores[k])
			}
		}
	}
}

// TestSuppress: a better pose keeps its key points, a worse one loses what it shares.
func TestSuppress(t *testing.T) {
	d := NewDecoder(Options{MaxDetections: 5, Stride: 10, ScoreThreshold: 0.3, NMSRadius: 10})
	pose := func(x float32, shared int, score float32) Pose {
		p := Pose{Score: score}
		for k := range p.Keypoints {
			p.Keypoints[k] = Point{float32(k), x}
			if k < shared {
				p.Keypoints[k].X = 0
			}
			p.Scores[k] = score
		}
		return p
	}
	d.poses = []Pose{pose(9, 8, 0.6), pose(0, 17, 0.9), pose(20, 0, 0.5), pose(30, 17, 0.8)}
	d.suppress()
	// The first shares 8 of its 17 with the second: 0.6 × 9/17 = 0.318. The last shares all.
	var scores []float64
	for _, p := range d.poses {
		scores = append(scores, math.Round(1000*float64(p.Score))/1000)
	}
	if !slices.Equal(scores, []float64{0.9, 0.5, 0.318}) {
		t.Errorf("scores %v", scores)
	}
}

func TestLimits(t *testing.T) {
	f := noise(7, 12, 12)
	all := len(NewDecoder(Options{MaxDetections: 1000, Stride: 16, ScoreThreshold: 0.3, NMSRadius: 1}).Decode(f))
	few := NewDecoder(Options{MaxDetections: 3, Stride: 16, ScoreThreshold: 0.3, NMSRadius: 1}).Decode(f)
	if all < 4 || len(few) > 3 || len(few) == 0 {
		t.Errorf("%d poses, and %d of at most 3", all, len(few))
	}
	if n := len(NewDecoder(Options{MaxDetections: 9, Stride: 16, ScoreThreshold: 1}).Decode(f)); n != 0 {
		t.Errorf("%d poses are certain", n)
	}
	if n := len(NewDecoder(Options{MaxDetections: 9, Stride: 16, NMSRadius: 1e4}).Decode(f)); n != 1 {
		t.Errorf("%d poses where all key points are the same", n)
	}
	// Everything may be a root and no pose is good enough: the most work there is, at the largest size.
	big := noise(8, 128, 256)
	for i := range big.Heatmap {
		if big.Heatmap[i] = -1e4; i%HeatmapChannels < 4 {
			big.Heatmap[i] = 5
		}
	}
	if n := len(NewDecoder(Options{MaxDetections: 1000, Stride: 1, ScoreThreshold: 0.9}).Decode(big)); n != 0 {
		t.Errorf("%d poses of four key points", n)
	}
}

// FuzzDecode gives the decoder fields of any values.
func FuzzDecode(f *testing.F) {
	f.Add(uint8(3), uint8(4), uint8(2), float32(0.2), float32(10), []byte{0, 0, 0, 64, 0, 0, 192, 127, 0, 0, 128, 255})
	f.Add(uint8(1), uint8(1), uint8(20), float32(0), float32(0), []byte{0, 0, 128, 127})
	f.Add(uint8(9), uint8(2), uint8(5), float32(1), float32(1e9), []byte{})
	f.Fuzz(func(t *testing.T, height, width, most uint8, threshold, radius float32, raw []byte) {
		h, w := int(height%16)+1, int(width%16)+1
		o := Options{int(most) + 1, 16, threshold, radius}
		fields := noise(uint64(len(raw)), h, w)
		for i := 0; i+4 <= len(raw); i += 4 { // over every third value, as they come
			v := math.Float32frombits(uint32(raw[i]) | uint32(raw[i+1])<<8 | uint32(raw[i+2])<<16 | uint32(raw[i+3])<<24)
			for _, field := range [][]float32{fields.Heatmap, fields.Short, fields.Mid} {
				for j := i / 4 * 3; j < len(field); j += len(raw)/4*3 + 1 {
					field[j] = v
				}
			}
		}
		poses := NewDecoder(o).Decode(fields)
		if len(poses) > o.MaxDetections {
			t.Errorf("%d poses of at most %d", len(poses), o.MaxDetections)
		}
		for i, p := range poses {
			if !(p.Score >= threshold && p.Score <= 1.0001) || i > 0 && p.Score > poses[i-1].Score {
				t.Errorf("pose %d has the score %v", i, p.Score)
			}
			for k, at := range p.Keypoints {
				if !(at.Y >= 0 && at.X >= 0 && at.Y <= float32(16*(h-1)) && at.X <= float32(16*(w-1)) && p.Scores[k] >= 0 && p.Scores[k] <= 1) {
					t.Errorf("pose %d: key point %d at %v with %v", i, k, at, p.Scores[k])
				}
			}
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	r := rand.New(rand.NewPCG(3, 4))
	people := make([][Keypoints]Point, 4)
	for i := range people {
		for k := range people[i] {
			people[i][k] = Point{22 * r.Float32(), float32(8*i) + 4*r.Float32()}
		}
	}
	f := drawn(23, 31, people)
	d := NewDecoder(Options{MaxDetections: 20, Stride: 16, ScoreThreshold: 0.2, NMSRadius: 10})
	b.ReportAllocs()
	for b.Loop() {
		d.Decode(f)
	}
}
