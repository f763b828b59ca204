package pipeline

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// recorder gathers what a Summary and Progress tell, in memory that does not grow: about 0.15 MB a model. Only the
// collector uses it, and Run after it.
type recorder struct {
	models []modelRecord
	rate   rate
}

// modelRecord is what is known of one model's events.
type modelRecord struct {
	name, task string
	events     uint64
	last       Device
	devices    map[string]uint64
	prepare    *hdrhistogram.Histogram
	invoke     *hdrhistogram.Histogram
	decode     *hdrhistogram.Histogram
	total      *hdrhistogram.Histogram
}

// longest is the longest latency that is told apart; what takes longer counts as this.
const longest = time.Hour

// newHistogram counts nanoseconds with two significant digits, so that quantiles are within 1 %.
func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(1, int64(longest), 2) }

func newRecorder[T Item](r *run[T]) *recorder {
	rec := &recorder{}
	for _, l := range r.lanes {
		rec.models = append(rec.models, modelRecord{
			name: l.model.Name, task: l.task, last: l.model.device(), devices: map[string]uint64{},
			prepare: newHistogram(), invoke: newHistogram(), decode: newHistogram(), total: newHistogram(),
		})
	}
	return rec
}

// record counts an event of a model.
func (rec *recorder) record(model int, ev *Event) {
	m := &rec.models[model]
	if !ev.Quiet {
		m.events++
	}
	m.last = Device{Name: ev.Device, Degraded: ev.Degraded, Reason: ev.Reason}
	m.devices[ev.Device]++
	recordTime(m.prepare, ev.Latency.Prepare)
	recordTime(m.invoke, ev.Latency.Invoke)
	recordTime(m.decode, ev.Latency.Decode)
	recordTime(m.total, ev.Latency.Total)
}

func recordTime(h *hdrhistogram.Histogram, d time.Duration) {
	// The only error is a value out of range, which the bounds here exclude.
	_ = h.RecordValue(int64(min(max(d, 0), longest)))
}

func quantiles(h *hdrhistogram.Histogram) Quantiles {
	at := func(q float64) float64 { return Milliseconds(time.Duration(h.ValueAtQuantile(q))) }
	return Quantiles{P50: at(50), P95: at(95)}
}

func (m *modelRecord) summary() ModelSummary {
	return ModelSummary{
		Task: m.task, Events: m.events, Devices: m.devices,
		Device: m.last.Name, Degraded: m.last.Degraded, Reason: m.last.Reason,
		Latency: LatencySummary{
			Prepare: quantiles(m.prepare), Invoke: quantiles(m.invoke),
			Decode: quantiles(m.decode), Total: quantiles(m.total),
		},
	}
}

// summary is the Summary of a run that has ended, with the error that ended it or nil.
func (rec *recorder) summary(t *tally, err error) Summary {
	elapsed, frames, dropped := time.Since(t.began), t.frames.Load(), t.dropped.Load()
	sum := Summary{
		Frames: frames, Dropped: dropped, Failed: t.failed.Load(),
		Seconds: round(elapsed.Seconds(), 3), FramesPerSecond: round(perSecond(frames, elapsed), 2),
		Interrupted: t.interrupted.Load(), Reopened: t.reopened.Load(), Skipped: t.skipped, Lost: t.lost, Sound: t.sound,
		Drops:  DropSummary{Source: dropped, Sinks: t.sinkDrops()},
		Errors: t.book.report(),
		Models: map[string]ModelSummary{},
		Motion: t.motion,
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

// progress is how far the run is.
func (rec *recorder) progress(t *tally, final bool) Progress {
	frames, dropped := t.frames.Load(), t.dropped.Load()
	return Progress{
		Pipeline: t.pipeline, Frames: frames, Dropped: dropped, Errors: t.book.count(),
		Done:    frames + dropped + t.failed.Load() + t.unreadable.Load(),
		Elapsed: time.Since(t.began), FPS: rec.rate.add(time.Now(), frames), Final: final,
	}
}
