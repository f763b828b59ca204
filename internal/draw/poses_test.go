package draw

import (
	"math"
	"slices"
	"testing"

	"corallite/pipeline"
	"corallite/pipeline/vision"
)

// standing is a person of COCO's points, each with that score, between (x, y) and (x+100, y+260).
func standing(x, y, score float32) pipeline.Pose {
	at := [][2]float32{
		{50, 20}, {55, 15}, {45, 15}, {62, 18}, {38, 18}, {75, 50}, {25, 50}, {88, 95}, {12, 95}, {95, 140}, {5, 140},
		{67, 140}, {33, 140}, {68, 200}, {32, 200}, {70, 258}, {30, 258},
	}
	p := pipeline.Pose{Score: score}
	for i, a := range at {
		p.Keypoints = append(p.Keypoints, pipeline.Keypoint{Label: vision.PoseKeypoints()[i], X: x + a[0], Y: y + a[1], Score: score})
	}
	return p
}

func poses(p ...pipeline.Pose) []pipeline.Event {
	return []pipeline.Event{{Model: "movenet", Task: "pose", Result: pipeline.Result{Poses: p}}}
}

// skeletons is a canvas that keeps the limbs.
type skeletons struct {
	partsFinder
	limbs []pipeline.Limb
}

func (s *skeletons) Skeleton(_ []pipeline.Keypoint, limbs []pipeline.Limb) { s.limbs = limbs }

func TestSkeleton(t *testing.T) {
	pg, person := page(640, 480), standing(200, 100, 0.9)
	paint(t, newPainter(t, Options{Scale: 2}), pg, poses(person))
	var drawn skeletons
	pipeline.Poses{person}.Draw(&drawn)
	if len(drawn.limbs) != 16 {
		t.Fatalf("%d limbs; want 16", len(drawn.limbs))
	}
	for _, l := range drawn.limbs {
		from, to := slices.Index(vision.PoseKeypoints(), l.From), slices.Index(vision.PoseKeypoints(), l.To)
		if from < 0 || to < 0 {
			t.Fatalf("a person has no points %s and %s", l.From, l.To)
		}
		a, b := person.Keypoints[from], person.Keypoints[to]
		if math.Hypot(float64(a.X-b.X), float64(a.Y-b.Y)) < 30 {
			continue // the points' edges cover it
		}
		if got := pg.at(int((a.X+b.X)/2), int((a.Y+b.Y)/2)); got != sideColours[limbSide(&l)] {
			t.Errorf("half-way from %s to %s the pixel is %v; want %v", l.From, l.To, got, sideColours[limbSide(&l)])
		}
	}
	pg = page(640, 480) // with smaller points, which do not cover each other
	paint(t, newPainter(t, Options{}), pg, poses(person))
	for i, k := range person.Keypoints {
		if got := pg.at(int(k.X), int(k.Y)); got != sideColours[pointSide(k.Label)] {
			t.Errorf("point %d is %v; want %v", i, got, sideColours[pointSide(k.Label)])
		}
	}
}

func TestUncertainPointsAreLeftOut(t *testing.T) {
	person := standing(200, 100, 0.9)
	wrist := &person.Keypoints[9]
	for score, drawn := range map[float32]bool{0.9: true, 0.2: true, 0.19: false, 0: false} {
		wrist.Score = score
		pg := page(640, 480)
		paint(t, newPainter(t, Options{}), pg, poses(person))
		if got := pg.at(int(wrist.X), int(wrist.Y)) != grey; got != drawn {
			t.Errorf("score %g: drawn %t; want %t", score, got, drawn)
		}
		elbow := person.Keypoints[7]
		if got := pg.at(int(wrist.X+elbow.X)/2, int(wrist.Y+elbow.Y)/2) != grey; got != drawn {
			t.Errorf("score %g: the arm is drawn: %t; want %t", score, got, drawn)
		}
	}
	pg := page(640, 480)
	few := standing(200, 100, 0.9) // without the points that the task left out
	few.Keypoints = slices.Delete(few.Keypoints, 0, 5)
	paint(t, newPainter(t, Options{Scale: 2}), pg, poses(few))
	if got := pg.at(250, 150); got != sideColours[middle] {
		t.Errorf("without the head's points, the pixel between the shoulders is %v", got)
	}
	pg = page(640, 480)
	paint(t, newPainter(t, Options{}), pg, poses(standing(200, 100, 0))) // a model that gives no scores
	if pg.at(295, 240) == grey {
		t.Error("points of a model without scores are left out")
	}
}

func TestOtherPosesHavePoints(t *testing.T) {
	pg := page(640, 480)
	hand := pipeline.Pose{Keypoints: []pipeline.Keypoint{{X: 100, Y: 100, Score: 0.9}, {X: 300, Y: 100, Score: 0.9}}}
	paint(t, newPainter(t, Options{}), pg, poses(hand))
	if pg.at(100, 100) == grey || pg.at(300, 100) == grey {
		t.Error("the points are not drawn")
	}
	if pg.at(200, 100) != grey {
		t.Error("points that nobody says are joined have a line between them")
	}
}

func TestStrangePoses(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	far := standing(0, 0, 0.5)
	for i, v := range []float32{nan, inf, 3e38, -3e38, 1e6, -1e6, 0, 1e9} {
		far.Keypoints[2*i].X, far.Keypoints[2*i+1].Y = v, v
	}
	p := newPainter(t, Options{})
	for _, size := range sizes {
		paint(t, p, page(size[0], size[1]), poses(far, pipeline.Pose{}, standing(-1000, 0, 0.5), standing(0, 0, nan)))
	}
}

// TestLinesAreWhereTheyBelong looks at every pixel of lines in all directions, also such that leave the picture.
func TestLinesAreWhereTheyBelong(t *testing.T) {
	const width = 4
	for _, l := range [][4]float32{
		{10, 10, 50, 10}, {10, 10, 10, 50}, {10, 10, 50, 50}, {50, 20, 10, 25}, {30, 30, 30, 30},
		{-100, 5, 200, 60}, {20, -500, 30, 500}, {-1e6, -1e6, 1e6, 1e6}, {-20, -20, -10, -10}, {61, 10, 70, 20},
	} {
		pg := page(64, 64)
		pg.line(l[0], l[1], l[2], l[3], width, white, 1)
		for y := range pg.height {
			for x := range pg.width {
				d := exactDistance(float64(x)+0.5, float64(y)+0.5, l)
				got := pg.at(x, y)
				if d < width/2-0.6 && got.r < 250 || d > width/2+0.6 && got != grey {
					t.Fatalf("line %v: pixel %d,%d is %v, %.1f from the line", l, x, y, got, d)
				}
			}
		}
	}
}

func exactDistance(x, y float64, l [4]float32) float64 {
	x0, y0, dx, dy := float64(l[0]), float64(l[1]), float64(l[2]-l[0]), float64(l[3]-l[1])
	t := 0.0
	if n := dx*dx + dy*dy; n > 0 {
		t = min(max(((x-x0)*dx+(y-y0)*dy)/n, 0), 1)
	}
	return math.Hypot(x-x0-t*dx, y-y0-t*dy)
}
