package track_test

import (
	"context"
	"errors"
	"io"
	"math"
	"os"
	"slices"
	"testing"

	"corallite/internal/mot"
	"corallite/internal/mot/mottest"
	"corallite/internal/sink/annotate"
	"corallite/internal/testdata"
	"corallite/internal/track"
	"corallite/internal/vtest"
	"corallite/pipeline"
	"corallite/pipeline/camera"
	"corallite/pipeline/vision"
)

// events keeps what comes and nothing of the pictures.
type events struct{ all []pipeline.Event }

func (e *events) Consume(_ context.Context, r pipeline.Report) error {
	e.all = append(e.all, r.Events...)
	return nil
}
func (e *events) Lossless() bool { return true }
func (e *events) Close() error   { return nil }

// part gives the frames of a source from one to another.
type part struct {
	pipeline.Source[*vision.Frame]
	from, to, next int
}

func (p *part) Next(ctx context.Context) (*vision.Frame, error) {
	for {
		f, err := p.Source.Next(ctx)
		if err != nil {
			return nil, err
		}
		p.next++
		if p.next > p.to {
			f.Release()
			return nil, io.EOF
		}
		if p.next > p.from {
			return f, nil
		}
		f.Release()
	}
}

// person is where a person of vtest.avi was seen, by eye.
type person struct {
	name string
	at   [][3]float32 // seconds, x, y
}

var people = []person{
	{"the woman on the lawn", [][3]float32{{56, 210, 441}, {58, 221, 500}, {60, 305, 504}, {62, 398, 500}, {64, 360, 455}, {66, 320, 423}}},
	{"the man in black at the right", [][3]float32{{53.7, 654, 335}, {54.5, 652, 347}, {56, 658, 357}, {58, 654, 357}, {60, 658, 357},
		{62, 629, 345}}},
}

// number is that of the smallest box with a number around a point; 0: none.
func number(detections []pipeline.Detection, x, y float32) (n uint64) {
	least := float32(math.Inf(1))
	for _, d := range detections {
		b := d.Box
		if area := (b[2] - b[0]) * (b[3] - b[1]); d.Track != 0 && area < least && x > b[0] && x < b[2] && y > b[1] && y < b[3] {
			n, least = d.Track, area
		}
	}
	return n
}

// record keeps what the model finds, before it is tracked, with the number of the frame from 1.
func record(found mot.Frames, frame *int, r *pipeline.Result) {
	*frame++
	for _, d := range r.Detections {
		x, y := float64(d.Box[0]), float64(d.Box[1])
		tenth := func(v float64) float64 { return math.Round(10*v) / 10 }
		found[*frame] = append(found[*frame], mot.Box{ID: -1, X: tenth(x), Y: tenth(y), W: tenth(float64(d.Box[2]) - x),
			H: tenth(float64(d.Box[3]) - y), Score: float64(d.Score)})
	}
}

// sameDetections checks that testdata/vtest/det.txt still has what the model finds in the frames from one to another.
// Kernels of other processors may round differently.
func sameDetections(t *testing.T, found mot.Frames, from, to int) {
	stored := mottest.Read(t, "testdata/vtest/det.txt")
	boxes, same := 0, 0
	for n := from; n <= to; n++ {
		boxes += max(len(found[n]), len(stored[n]))
		for _, f := range found[n] {
			if slices.ContainsFunc(stored[n], func(s mot.Box) bool { return mot.IoU(f, s) > 0.95 && math.Abs(f.Score-s.Score) < 0.02 }) {
				same++
			}
		}
	}
	if boxes == 0 || float64(same) < 0.9*float64(boxes) {
		t.Errorf("frames %d to %d: %d of %d detections are those of det.txt; scripts/tracks -detect makes it anew", from, to, same, boxes)
	}
}

// TestPeopleInVtest follows the persons of vtest.avi through a whole stream, from second 50 to 68 of a place with four
// to nine of them at once, at 10 frames a second. CORALLITE_TRACK_ALL=1 takes the whole video, 79.5 s. Truth is known
// of two persons only; the other limits are what was seen, and some more. CORALLITE_TRACK_VIDEO=FILE.mp4 writes a video
// to look at.
//
// The model often gives one person two boxes, which are not followed, or two persons one.
//
// CORALLITE_TRACK_DETECTIONS=FILE writes what the model finds in frames 1 to 600, for TestMeasures.
func TestPeopleInVtest(t *testing.T) {
	video, err := camera.OpenVideo(testdata.Path(t, "video/vtest.avi"), camera.VideoOptions{})
	if err != nil {
		t.Fatal(err)
	}
	source := &part{Source: video, from: 500, to: 680}
	if os.Getenv("CORALLITE_TRACK_ALL") != "" {
		source.from, source.to = 0, 795
	}
	detectionsPath := os.Getenv("CORALLITE_TRACK_DETECTIONS")
	if detectionsPath != "" {
		source.from, source.to = 0, 600
	}
	tracker, err := track.New(track.Options{Show: 0.5})
	if err != nil {
		t.Fatal(errors.Join(err, video.Close()))
	}
	found := &events{}
	detections, frame := mot.Frames{}, source.from
	follow := func(f *vision.Frame, r *pipeline.Result) {
		record(detections, &frame, r)
		if picture, ok := f.Luma(); ok {
			tracker.Look(picture)
		}
		tracker.Follow(*f.Meta(), r)
	}
	s := pipeline.Stream[*vision.Frame]{Name: "vtest", Source: source, Models: []*pipeline.Model[*vision.Frame]{vtest.People(t, follow)},
		Sinks: []pipeline.NamedSink{{Sink: found}}}
	if path := os.Getenv("CORALLITE_TRACK_VIDEO"); path != "" {
		v, err := annotate.NewVideo(annotate.VideoOptions{Path: path})
		if err != nil {
			t.Fatal(errors.Join(err, video.Close()))
		}
		s.Sinks = append(s.Sinks, pipeline.NamedSink{Sink: v})
	}
	if _, err := s.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	if want := source.to - source.from; len(found.all) != want {
		t.Fatalf("%d events, want %d", len(found.all), want)
	}

	if detectionsPath != "" {
		f, err := os.Create(detectionsPath)
		if err == nil {
			err = errors.Join(mot.Write(f, detections), f.Close())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	sameDetections(t, detections, source.from+1, 600)

	frames, shown, followed := map[uint64]int{}, 0, 0
	var lengths []int
	count := func(ended []pipeline.Track) {
		for _, e := range ended {
			lengths = append(lengths, e.Frames)
			// Once it has its number an object is found in every event that Frames counts; before, in two.
			if e.Label != "person" || e.Frames != frames[e.Track]+2 || e.Seconds < 0.1*float64(e.Frames-1)-1e-6 {
				t.Errorf("%+v was seen in %d events", e, frames[e.Track])
			}
		}
	}
	numbers := make([]map[uint64]bool, len(people))
	for i := range numbers {
		numbers[i] = map[uint64]bool{}
	}
	for _, ev := range found.all {
		for _, d := range ev.Detections {
			shown++
			if d.Track == 0 {
				if d.Score < 0.5 {
					t.Errorf("frame %d: %+v is shown", ev.Seq, d)
				}
				continue
			}
			followed++
			if d.Predicted {
				continue
			}
			if frames[d.Track]++; d.New != (frames[d.Track] == 1) {
				t.Errorf("frame %d: %+v, seen %d times", ev.Seq, d, frames[d.Track])
			}
		}
		count(ev.Ended)
		for i, p := range people {
			for _, at := range p.at {
				if math.Abs(ev.PositionS-float64(at[0])) < 0.01 {
					numbers[i][number(ev.Detections, at[1], at[2])] = true
				}
			}
		}
	}
	count(tracker.End())
	for i, p := range people {
		if len(numbers[i]) != 1 || numbers[i][0] {
			t.Errorf("%s had the numbers %v, want one all the time", p.name, numbers[i])
		}
	}
	slices.Sort(lengths)
	n := len(lengths)
	longest, perSecond := lengths[n-1], 10*float64(n)/float64(len(found.all))
	t.Logf("%d frames: %d detections, %d of them followed; %d numbers, for %d frames in the median, %d at most", len(found.all),
		shown, followed, n, lengths[n/2], longest)
	if longest < 140 || lengths[n/2] < 30 || perSecond > 1.2 || float64(followed) < 0.65*float64(shown) {
		t.Errorf("want at most 1.2 numbers a second, 30 frames in the median, one of 140, 65 %% of the detections followed")
	}
}
