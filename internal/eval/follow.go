package eval

import (
	"context"
	"fmt"

	"corallite/internal/mot"
	"corallite/pipeline"
)

// Following is a sink that measures a tracker against the annotation of a video.
type Following struct {
	data   string
	models []string
	truth  mot.Frames
	found  []mot.Frames
	device []string
	frame  int
}

// NewFollowing measures models of these names. truth has the objects of a video by frame, from 1.
func NewFollowing(data string, models []string, truth mot.Frames) *Following {
	f := &Following{data: data, models: models, truth: truth, device: make([]string, len(models))}
	for range models {
		f.found = append(f.found, mot.Frames{})
	}
	return f
}

// Consume takes the objects of the next frame.
func (f *Following) Consume(_ context.Context, r pipeline.Report) error {
	f.frame++
	for _, e := range r.Events {
		for m, name := range f.models {
			if e.Model != name {
				continue
			}
			f.device[m] = e.Device
			for _, d := range e.Detections {
				if d.Track == 0 {
					continue
				}
				f.found[m][f.frame] = append(f.found[m][f.frame], mot.Box{ID: int(d.Track), X: float64(d.Box[0]), Y: float64(d.Box[1]),
					W: float64(d.Box[2] - d.Box[0]), H: float64(d.Box[3] - d.Box[1]), Score: float64(d.Score)})
			}
		}
	}
	return nil
}

// Lossless is true: every frame counts.
func (f *Following) Lossless() bool { return true }

// Close does nothing.
func (f *Following) Close() error { return nil }

// Report measures the frames from the first annotated one to the last. It fails when the video has ended before.
func (f *Following) Report() (*Report, error) {
	from, to := 0, 0
	for n := range f.truth {
		if from == 0 || n < from {
			from = n
		}
		to = max(to, n)
	}
	if f.frame < to {
		return nil, fmt.Errorf("%s has annotations up to frame %d, and the video had %d frames", f.data, to, f.frame)
	}
	r := &Report{Task: "track", Data: f.data, Form: "mot", Samples: to - from + 1}
	for m, name := range f.models {
		v := mot.Measure(f.truth, f.found[m], from, to)
		ids := map[int]bool{}
		for n := from; n <= to; n++ {
			for _, b := range f.found[m][n] {
				ids[b.ID] = true
			}
		}
		r.Models = append(r.Models, ModelReport{Name: name, Device: f.device[m], Figures: []Figure{
			figure("mota", "MOTA", v.MOTA), figure("idf1", "IDF1", v.IDF1), figure("hota", "HOTA", v.HOTA), figure("deta", "DetA", v.DetA), figure("assa", "AssA", v.AssA),
			count("switches", "switches", v.Switches), count("fragments", "fragments", v.Fragments), count("tracks", "tracks", len(ids)),
			count("objects", "annotated boxes", v.Objects), count("boxes", "found boxes", v.Boxes), count("misses", "misses", v.Misses), count("false", "false boxes", v.False)}})
	}
	return r, nil
}
