package track_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"corallite/internal/flow"
	"corallite/internal/mot"
	"corallite/internal/mot/mottest"
	"corallite/internal/testdata"
	"corallite/internal/track"
	"corallite/pipeline"
	"corallite/pipeline/camera"
)

// inPictures tracks the detections of det.txt in every by-th frame of the frames 1 to 600 of vtest.avi, looking at the
// pictures. The camera sees a part of 640 × 480 pixels, whose corner is at at(frame), or all. It returns the tracks, and what
// is true of them, by the number of the frame among those looked at.
func inPictures(t *testing.T, o track.Options, by int, at func(frame int) (x, y int), embed embedder) (truth, tracks mot.Frames, numbers uint64) {
	t.Helper()
	video, err := camera.OpenVideo(testdata.Path(t, "video/vtest.avi"), camera.VideoOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := video.Close(); err != nil {
			t.Error(err)
		}
	}()
	tr, err := track.New(o)
	if err != nil {
		t.Fatal(err)
	}
	people, found := mottest.Read(t, "testdata/vtest/gt.txt"), mottest.Read(t, "testdata/vtest/det.txt")
	truth, tracks = mot.Frames{}, mot.Frames{}
	for frame := 1; frame <= 600; frame++ {
		f, err := video.Next(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if (frame-1)%by != 0 {
			f.Release()
			continue
		}
		n := (frame-1)/by + 1
		picture, ok := f.Luma()
		if !ok {
			t.Fatal(errors.New("a frame of the video has no luma"))
		}
		boxes := found[frame]
		truth[n] = people[frame]
		if at != nil {
			x, y := at(frame)
			picture = flow.Picture{Pix: picture.Pix[y*picture.Stride+x:], Stride: picture.Stride, Step: 1, Width: 640, Height: 480}
			boxes, truth[n] = inView(boxes, x, y), inView(people[frame], x, y)
		}
		detections := make([]pipeline.Detection, len(boxes))
		for i, b := range boxes {
			detections[i] = pipeline.Detection{Label: "person", Score: float32(b.Score),
				Box: [4]float32{float32(b.X), float32(b.Y), float32(b.X + b.W), float32(b.Y + b.H)}}
		}
		if embed != nil {
			tr.Recognize(func(box [4]float32) pipeline.Vector { return embed(f, box) })
		}
		tr.Look(picture)
		tr.Update(time.Unix(0, 0).Add(time.Duration(frame)*100*time.Millisecond), detections)
		f.Release()
		for _, d := range tr.Coasting(detections) {
			if d.Track != 0 {
				tracks[n] = append(tracks[n], mot.Box{ID: int(d.Track), X: float64(d.Box[0]), Y: float64(d.Box[1]),
					W: float64(d.Box[2] - d.Box[0]), H: float64(d.Box[3] - d.Box[1]), Score: float64(d.Score)})
			}
		}
	}
	return truth, tracks, tr.Started()
}

// inView are the boxes of which at least half lies in 640 × 480 pixels from x, y on, cut there.
func inView(boxes []mot.Box, x, y int) (in []mot.Box) {
	for _, b := range boxes {
		x0, y0 := max(b.X-float64(x), 0), max(b.Y-float64(y), 0)
		x1, y1 := min(b.X+b.W-float64(x), 640), min(b.Y+b.H-float64(y), 480)
		if x1 > x0 && y1 > y0 && (x1-x0)*(y1-y0) > b.W*b.H/2 {
			b.X, b.Y, b.W, b.H = x0, y0, x1-x0, y1-y0
			in = append(in, b)
		}
	}
	return in
}

// shaking is a camera that jumps up to 20 pixels to any side from frame to frame, most often 5.
func shaking(frame int) (x, y int) {
	jump := func(n int) int {
		n = n * n * 7919 % 1009
		return (n%21 - 10) * (n / 21 % 11) / 5
	}
	return 64 + jump(frame), 48 + jump(frame+1000)
}

// panning is a camera that swings to the right and back, by up to 6 pixels a frame.
func panning(frame int) (x, y int) {
	swing := func(n, period, width int) int {
		n %= 2 * period
		return width * min(n, 2*period-n) / period
	}
	return swing(frame, 21, 127), swing(frame, 33, 95)
}

// TestMeasuresInPictures is TestMeasures with the pictures, as pipelines have them, also with half and a third of the
// frames and with a camera that moves.
func TestMeasuresInPictures(t *testing.T) {
	for _, c := range []struct {
		name                        string
		by                          int
		at                          func(int) (x, y int)
		mota, idf1, hota            float64 // at least
		switches, fragments, number int     // at most
	}{
		{"pictures", 1, nil, 0.53, 0.43, 0.33, 60, 121, 50},
		{"half", 2, nil, 0.55, 0.46, 0.35, 45, 95, 46},
		{"third", 3, nil, 0.48, 0.48, 0.34, 30, 75, 38},
		{"shaking", 1, shaking, 0.48, 0.38, 0.30, 75, 140, 60},
		{"panning", 1, panning, 0.50, 0.40, 0.31, 75, 130, 60},
	} {
		t.Run(c.name, func(t *testing.T) {
			truth, tracks, numbers := inPictures(t, track.Options{}, c.by, c.at, nil)
			m := mot.Measure(truth, tracks, 1, 600/c.by)
			mottest.Export(t, c.name, truth, tracks, m)
			blindTruth, blindTracks, _ := inPictures(t, track.Options{Blind: true}, c.by, c.at, nil)
			blind := mot.Measure(blindTruth, blindTracks, 1, 600/c.by)
			t.Logf("%d numbers: %+v\nwithout looking: %+v", numbers, m, blind)
			if m.MOTA < c.mota || m.IDF1 < c.idf1 || m.HOTA < c.hota || m.Switches > c.switches || m.Fragments > c.fragments || numbers > uint64(c.number) {
				t.Errorf("want a MOTA of %g, an IDF1 of %g, a HOTA of %g, at most %d switches, %d fragments and %d numbers", c.mota, c.idf1, c.hota,
					c.switches, c.fragments, c.number)
			}
			if m.MOTA < blind.MOTA || m.HOTA < blind.HOTA || m.Switches > blind.Switches || m.Fragments > blind.Fragments {
				t.Error("worse than without the pictures")
			}
		})
	}
}
