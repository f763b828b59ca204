package pipeline

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// recorder collects the data of Summary and Progress in constant memory: about 0.15 MB per model. Only the
// collector uses it, and Run after it.
type recorder struct {
	models []modelRecord
	rate   rate
}

// modelRecord is the statistics of one model's events.
type modelRecord struct {
	name, task string
	events     uint64
	items      uint64 // with a result
	runs       uint64 // of a MultiRunTask
	last       Device
	devices    map[string]uint64
	prepare    *hdrhistogram.Histogram
	invoke     *hdrhistogram.Histogram
	decode     *hdrhistogram.Histogram
	total      *hdrhistogram.Histogram
}

// longest is the longest latency that is recorded; longer ones count as this.
const longest = time.Hour

// newHistogram counts nanoseconds with two significant digits, so that quantiles are within 1 %.
func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(1, int64(longest), 2) }

func newRecorder[T Item](r *run[T]) *recorder {
	rec := &recorder{}
	for _, s := range r.stages {
		rec.models = append(rec.models, modelRecord{
			name: s.model.name, task: s.task, last: s.model.device(), devices: map[string]uint64{},
			prepare: newHistogram(), invoke: newHistogram(), decode: newHistogram(), total: newHistogram(),
		})
	}
	return rec
}

// record counts an event of a model.
func (rec *recorder) record(model int, ev *Event) {
	m := &rec.models[model]
	if !ev.Suppress {
		m.events++
	}
	m.items++
	m.runs += uint64(ev.Runs)
	m.last = Device{Name: ev.Device, Degraded: ev.Degraded, Reason: ev.Reason}
	m.devices[ev.Device]++
	recordTime(m.prepare, ev.Latency.Prepare)
	recordTime(m.invoke, ev.Latency.Invoke)
	recordTime(m.decode, ev.Latency.Decode)
	recordTime(m.total, ev.Latency.Total)
}

func recordTime(h *hdrhistogram.Histogram, d time.Duration) {
	// The only error is a value out of range, which cannot happen here.
	_ = h.RecordValue(int64(min(max(d, 0), longest)))
}

func quantiles(h *hdrhistogram.Histogram) Quantiles {
	at := func(q float64) float64 { return Milliseconds(time.Duration(h.ValueAtQuantile(q))) }
	return Quantiles{P50: at(50), P95: at(95)}
}

func (m *modelRecord) summary() ModelSummary {
	perItem := 0.0
	if m.items > 0 {
		perItem = round(float64(m.runs)/float64(m.items), 2)
	}
	return ModelSummary{
		Runs: m.runs, RunsPerItem: perItem,
		Task: m.task, Events: m.events, Devices: m.devices,
		Device: m.last.Name, Degraded: m.last.Degraded, Reason: m.last.Reason,
		Latency: LatencySummary{
			Prepare: quantiles(m.prepare), Invoke: quantiles(m.invoke),
			Decode: quantiles(m.decode), Total: quantiles(m.total),
		},
	}
}

// summary is the Summary of a run that has ended, with the error that ended it or nil.
func (rec *recorder) summary(st *runStats, err error) Summary {
	elapsed, frames, dropped := time.Since(st.began), st.frames.Load(), st.dropped.Load()
	src := &st.fromSource
	sum := Summary{
		Frames: frames, Dropped: dropped, Failed: st.failed.Load(),
		Seconds: round(elapsed.Seconds(), 3), FramesPerSecond: round(perSecond(frames, elapsed), 2),
		Interrupted: st.interrupted.Load(), Reopened: st.reopened.Load() + src.Reopened,
		Skipped: src.Skipped, Lost: src.Lost, Sound: src.Sound, Motion: src.Motion,
		Drops:  DropSummary{Source: dropped, Sinks: st.sinkDrops()},
		Errors: st.errors.report(st.recovered.Load()),
		Models: map[string]ModelSummary{},
	}
	for i := range rec.models {
		sum.Models[rec.models[i].name] = rec.models[i].summary()
	}
	first := sum.Models[rec.models[0].name]
	sum.Device, sum.Degraded, sum.Reason, sum.Latency = first.Device, first.Degraded, first.Reason, first.Latency
	if err != nil {
		sum.Error = err.Error()
	}
	return sum
}

// progress is the progress of the run.
func (rec *recorder) progress(st *runStats, final bool) Progress {
	frames, dropped := st.frames.Load(), st.dropped.Load()
	return Progress{
		Pipeline: st.pipeline, Frames: frames, Dropped: dropped, Errors: st.errors.count(),
		Done:    frames + dropped + st.failed.Load() + st.unreadable.Load(),
		Elapsed: time.Since(st.began), FPS: rec.rate.add(time.Now(), frames), Final: final,
	}
}
