package track

import (
	"testing"
	"time"

	"corallite/internal/mot"
	"corallite/internal/mot/mottest"
	"corallite/pipeline"
)

// trackAll tracks the detections of the frames 1 to last and returns the boxes that have a number.
func trackAll(tr *Tracker, found mot.Frames, last int, gap time.Duration) mot.Frames {
	tracks := mot.Frames{}
	began := time.Unix(0, 0)
	for n := 1; n <= last; n++ {
		detections := make([]pipeline.Detection, len(found[n]))
		for i, b := range found[n] {
			detections[i] = pipeline.Detection{Label: "person", Score: float32(b.Score),
				Box: [4]float32{float32(b.X), float32(b.Y), float32(b.X + b.W), float32(b.Y + b.H)}}
		}
		tr.Update(began.Add(time.Duration(n)*gap), detections)
		for _, d := range tr.Coasting(detections) {
			if d.Track != 0 {
				tracks[n] = append(tracks[n], mot.Box{ID: int(d.Track), X: float64(d.Box[0]), Y: float64(d.Box[1]),
					W: float64(d.Box[2] - d.Box[0]), H: float64(d.Box[3] - d.Box[1]), Score: float64(d.Score)})
			}
		}
	}
	return tracks
}

// TestMeasures tracks what SSD MobileNet v1 finds in 600 frames of vtest.avi and compares with people that were
// annotated by hand (testdata/vtest/README.md), without looking at the pictures; TestMeasuresInPictures does.
func TestMeasures(t *testing.T) {
	truth := mottest.Read(t, "testdata/vtest/gt.txt")
	tr := newTracker(t, Options{})
	tracks := trackAll(tr, mottest.Read(t, "testdata/vtest/det.txt"), 600, 100*time.Millisecond)
	m := mot.Measure(truth, tracks, 1, 600)
	mottest.Export(t, "vtest", truth, tracks, m)
	t.Logf("%d numbers for 17 people: %+v", tr.Started(), m)
	// As measured, with a little room. Perfect tracks of the same boxes would have 252 fragments: that often the detector
	// loses a person or gives a box that overlaps it by less than half.
	if m.MOTA < 0.39 || m.IDF1 < 0.37 || m.HOTA < 0.29 || m.Switches > 85 || m.Fragments > 180 || tr.Started() > 42 {
		t.Errorf("want a MOTA of 0.39, an IDF1 of 0.37, a HOTA of 0.29, at most 85 switches, 180 fragments and 42 numbers")
	}
}
