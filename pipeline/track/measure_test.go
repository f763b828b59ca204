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
		for i, d := range detections {
			if b := found[n][i]; d.Track != 0 {
				b.ID = int(d.Track)
				tracks[n] = append(tracks[n], b)
			}
		}
	}
	return tracks
}

// TestMeasures tracks what SSD MobileNet v1 finds in 600 frames of vtest.avi and compares with people that were
// annotated by hand (testdata/vtest/README.md).
func TestMeasures(t *testing.T) {
	truth := mottest.Read(t, "testdata/vtest/gt.txt")
	tr := newTracker(t, Options{})
	tracks := trackAll(tr, mottest.Read(t, "testdata/vtest/det.txt"), 600, 100*time.Millisecond)
	m := mot.Measure(truth, tracks, 1, 600)
	mottest.Export(t, "vtest", truth, tracks, m)
	t.Logf("%d numbers for 17 people: %+v", tr.Started(), m)
	if m.MOTA < 0.3 || m.IDF1 < 0.22 || m.HOTA < 0.21 || m.Switches > 150 || m.Fragments > 250 {
		t.Errorf("want a MOTA of 0.3, an IDF1 of 0.22, a HOTA of 0.21, at most 150 switches and 250 fragments")
	}
}
