package assemble

import (
	"errors"
	"testing"

	"corallite/pipeline"
)

// TestSounds has three streams of clients, of which two end, and a sink that fails when none of them is there.
func TestSounds(t *testing.T) {
	var told []pipeline.Progress
	var failures []pipeline.Failure
	s := newSounds("voice", func(p pipeline.Progress) { told = append(told, p) }, func(f pipeline.Failure) { failures = append(failures, f) })
	progress := func(frames uint64, fps float64, final bool) pipeline.Progress {
		return pipeline.Progress{Pipeline: "voice", Done: frames, Frames: frames, FPS: fps, Errors: 1, Final: final,
			Sinks: []pipeline.SinkProgress{{Name: clientName, Taken: 9}, {Name: "webhook", Taken: frames, Queued: 1}}}
	}
	a, b := s.follow(), s.follow()
	a(progress(10, 5, false))
	b(progress(20, 6, false))
	last := func() pipeline.Progress { return told[len(told)-1] }
	if p := last(); p.Frames != 30 || p.FPS != 11 || p.Errors != 2 || len(p.Sinks) != 1 || p.Sinks[0].Taken != 30 || p.Sinks[0].Queued != 2 {
		t.Errorf("%+v", p)
	}
	a(progress(12, 5, true))
	b(progress(21, 6, true))
	if p := last(); p.Frames != 33 || p.FPS != 0 || p.Final {
		t.Errorf("%+v", p)
	}
	s.add(pipeline.Summary{Frames: 12, Drops: pipeline.DropSummary{Sinks: map[string]uint64{"webhook": 1, clientName: 4}}})
	k := &late{sounds: s, sink: "webhook"}
	k.Failed("item 3", errors.New("refused"))
	k.Lost(2)
	k.Lost(3)
	k.Lost(0)
	if p := last(); p.Errors != 2 {
		t.Errorf("%+v", p)
	}
	sum := s.end(true, errors.New("end"))
	if p := last(); !p.Final || p.Errors != 4 { // one for the failure, one for the first loss
		t.Errorf("%+v", p)
	}
	if sum.Frames != 12 || sum.Drops.Sinks["webhook"] != 6 || sum.Drops.Sinks[clientName] != 0 || sum.Errors.Total != 2 || !sum.Interrupted || sum.Error != "end" {
		t.Errorf("%+v", sum)
	}
	if len(sum.Errors.First) != 2 || sum.Errors.First[0] != (pipeline.ErrorEntry{Stage: "sink", Name: "webhook", Item: "item 3", Error: "refused"}) {
		t.Errorf("%+v", sum.Errors.First)
	}
	if len(failures) != 2 || !errors.Is(failures[1].Err, pipeline.ErrOverrun) {
		t.Errorf("%v", failures)
	}
}
