package track_test

import (
	"context"
	"image"
	"image/color"
	"math"
	"os"
	"syscall"
	"testing"
	"time"

	"gocv.io/x/gocv"

	"corallite/internal/mot"
	"corallite/internal/testdata"
	"corallite/internal/track"
	"corallite/pipeline"
	"corallite/pipeline/vision"
	"corallite/tflite"
)

// embedder is what says what a part of a frame looks like.
type embedder func(f *vision.Frame, box [4]float32) pipeline.Vector

// mobilenet embeds with a model that was trained on ImageNet, whose only use here is that it is at hand. It counts its calls.
func mobilenet(t *testing.T, calls *int) embedder {
	t.Helper()
	xnnpack, err := tflite.NewXNNPACK(1)
	if err != nil {
		t.Fatal(err)
	}
	e, err := tflite.Open(testdata.Path(t, "models/mobilenet_v1_1.0_224_quant_embedding_extractor.tflite"),
		tflite.Options{Threads: 1, Delegates: []tflite.Delegate{xnnpack}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	task, err := vision.NewEmbed(e.Inputs(), e.Outputs(), vision.EmbedOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { task.Close() })
	a, err := vision.NewAppearance(task, e)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return func(f *vision.Frame, box [4]float32) pipeline.Vector {
		*calls++
		v, err := a.Embed(context.Background(), f, box)
		if err != nil {
			t.Error(err)
		}
		return v
	}
}

// processorTime is what this process has used so far.
func processorTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestMeasuresAppearance is TestMeasuresInPictures with and without an embedder. CORALLITE_TRACK_ALL=1 measures all that
// docs/performance.md has, with the processor time that it takes.
func TestMeasuresAppearance(t *testing.T) {
	for _, c := range []struct {
		by     int
		lost   time.Duration
		always bool
		gain   float64 // of IDF1, at least: as measured, with a little room
	}{{1, time.Second, true, 0.02}, {1, 4 * time.Second, false, -0.005}, {2, time.Second, false, 0.005}, {2, 4 * time.Second, true, 0.03},
		{3, time.Second, false, -0.005}, {3, 4 * time.Second, false, 0.03}} {
		if !c.always && os.Getenv("CORALLITE_TRACK_ALL") == "" {
			continue
		}
		calls, counts := 0, [2]uint64{}
		var m [2]mot.Measures
		for i, embed := range []embedder{nil, mobilenet(t, &calls)} {
			began := processorTime()
			truth, tracks, numbers := inPictures(t, track.Options{MaxLost: c.lost}, c.by, nil, embed)
			m[i], counts[i] = mot.Measure(truth, tracks, 1, 600/c.by), numbers
			t.Logf("each %d. frame, max_lost %v: %d numbers, %+v; %d embeddings, %v", c.by, c.lost, numbers, m[i], calls, processorTime()-began)
		}
		if m[1].IDF1 < m[0].IDF1+c.gain || m[1].Switches > m[0].Switches+2 || counts[1] > counts[0] {
			t.Errorf("each %d. frame, max_lost %v: want an IDF1 greater by %g, not more numbers and at most 2 more switches", c.by, c.lost, c.gain)
		}
		if calls == 0 || calls > 600 {
			t.Errorf("%d embeddings, want at most 600", calls)
		}
	}
}

// meeting is two people, red and blue, who walk towards each other, stand before one another for a while, turn round and go
// back. Where they come nearest the detector finds the one in front alone. Each frame is a picture of them.
type meeting struct {
	frame int
	speed int // of each, pixels a frame
	stand int // frames for which they stand, before and after the middle
}

const meetingFrames = 60

// at are the boxes in a frame, red's first.
func (m *meeting) at() [2]image.Rectangle {
	away := m.speed * max(abs(m.frame-meetingFrames/2)-m.stand, 0) // half the distance between them
	body := image.Rect(-20, 40, 20, 160)
	return [2]image.Rectangle{body.Add(image.Pt(320-away, 0)), body.Add(image.Pt(320+away, 4))}
}

func abs(x int) int { return max(x, -x) }

// picture is what a camera sees.
func (m *meeting) picture(t *testing.T) *vision.Frame {
	t.Helper()
	mat := gocv.NewMatWithSizeFromScalar(gocv.NewScalar(90, 90, 90, 0), 240, 640, gocv.MatTypeCV8UC3)
	b := m.at()
	for i, c := range []color.RGBA{{R: 200, G: 40, B: 40}, {R: 40, G: 40, B: 200}} {
		gocv.Rectangle(&mat, b[i], c, -1)
	}
	f, err := vision.NewFrame(mat)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// found are the detections, and whose each is. The one behind, red, is hidden by what is in front.
func (m *meeting) found() (found []pipeline.Detection, whose []int) {
	b := m.at()
	for i, r := range b {
		if i == 0 && r.Intersect(b[1]).Dx() > 10 {
			continue
		}
		found = append(found, pipeline.Detection{Label: "person", Score: 0.9,
			Box: [4]float32{float32(r.Min.X), float32(r.Min.Y), float32(r.Max.X), float32(r.Max.Y)}})
		whose = append(whose, i)
	}
	return found, whose
}

// colour embeds by the mean colour of a box.
func colour(f *vision.Frame, box [4]float32) pipeline.Vector {
	mat := f.Mat()
	part := mat.Region(image.Rect(max(int(box[0]), 0), int(box[1]), min(int(box[2]), 640), int(box[3])))
	defer part.Close()
	mean := part.Mean()
	return pipeline.Vector{float32(mean.Val1), float32(mean.Val2), float32(mean.Val3)}
}

// meet tracks the two and returns the numbers of each before they meet and after they have parted.
func meet(t *testing.T, speed, stand int, embed embedder) (before, after [2]uint64) {
	t.Helper()
	tr, err := track.New(track.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for n := range meetingFrames {
		m := meeting{n, speed, stand}
		f := m.picture(t)
		found, whose := m.found()
		calls := 0
		if embed != nil {
			tr.Recognize(func(box [4]float32) pipeline.Vector {
				calls++
				return embed(f, box)
			})
		}
		tr.Update(time.Unix(0, 0).Add(time.Duration(n)*100*time.Millisecond), found)
		if calls > 2 {
			t.Errorf("frame %d: %d embeddings of two people", n, calls)
		}
		f.Release()
		for i, d := range found {
			switch n {
			case 15:
				before[whose[i]] = d.Track
			case meetingFrames - 15:
				after[whose[i]] = d.Track
			}
		}
	}
	return before, after
}

// TestAppearanceKeepsNumbers has two people who meet, one before the other, turn round and part. By their places alone they
// swap their numbers, or one gets a new one; by what they look like each keeps its own, also with an embedder that fails now
// and then.
func TestAppearanceKeepsNumbers(t *testing.T) {
	odd := 0
	for _, way := range []struct{ speed, stand int }{{3, 0}, {5, 0}, {8, 0}, {8, 1}, {12, 1}, {12, 2}} {
		for _, c := range []struct {
			name  string
			embed embedder
			keeps bool
		}{
			{"places alone", nil, false},
			{"appearance", colour, true},
			{"fails every third time", func(f *vision.Frame, box [4]float32) pipeline.Vector {
				if odd++; odd%3 == 0 {
					return nil
				}
				return colour(f, box)
			}, true},
			{"always fails", func(*vision.Frame, [4]float32) pipeline.Vector { return nil }, false},
			{"not a number", func(*vision.Frame, [4]float32) pipeline.Vector { return pipeline.Vector{float32(math.NaN()), 1} }, false},
			{"all alike", func(*vision.Frame, [4]float32) pipeline.Vector { return pipeline.Vector{1, 2} }, false},
		} {
			if way.stand == 2 && c.name == "fails every third time" {
				continue // who was lost is recognized when he gets his number, or never
			}
			before, after := meet(t, way.speed, way.stand, c.embed)
			if before != [2]uint64{1, 2} || after[0] == 0 || after[1] == 0 || after[0] == after[1] {
				t.Errorf("%+v, %s: numbers %v, then %v", way, c.name, before, after)
			}
			// A fast one that was lost is the only one that it can be, if all are alike.
			if (before == after) != c.keeps && !(c.name == "all alike" && way.stand == 2) {
				t.Errorf("%+v, %s: numbers %v, then %v; want the same: %v", way, c.name, before, after, c.keeps)
			}
		}
	}
}
