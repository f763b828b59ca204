package pipeline

import (
	"context"
	"time"
)

// Flow is a model whose items belong together: it holds what was before, as a streaming model does, or looks at windows
// that are longer than an item, and may run its engines several times for one item, or not at all. Where a Task is asked
// before and after one run of an engine that the Stream makes, a Flow makes its runs itself.
//
// A Flow serves one Stream. It owns nothing that must be closed: its engines stay with whoever opened them.
type Flow[T Item] interface {
	// Name is the task as the configuration and the events name it: "wakeword", "keyword".
	Name() string
	// Take takes the next item, and gives what is to be said now. One call at a time, in the order of the items. A Result
	// that is Quiet gives no event. An *ItemError, or a panic, is counted and the next item comes; any other error ends the
	// pipeline.
	Take(ctx context.Context, in T) (Result, error)
	// Device is what ran the model last.
	Device() Device
}

// Audible is a Source of sound. A live one keeps its sound until it is taken, because an item left out would tear what
// is heard: the Stream then reads it no faster than its models take items, and what is lost when they cannot keep up
// for long is the oldest, which the source counts.
type Audible interface {
	Sound() SoundSummary
}

// SoundSummary is what came of a source of sound.
type SoundSummary struct {
	Seconds   float64 `json:"seconds"`     // of sound that the source gave
	LostS     float64 `json:"lost_s"`      // seconds that came and that nobody took in time
	Overruns  uint64  `json:"overruns"`    // how often that happened
	HeldBackS float64 `json:"held_back_s"` // seconds in which there was no voice, so that no model ran
	LevelDBFS float64 `json:"level_dbfs"`  // root mean square of all of it, in dB of full scale; -120 is digital silence
	PeakDBFS  float64 `json:"peak_dbfs"`   // the loudest sample
}

// serveFlow is the whole work of a lane whose model is a Flow: one worker, so that items come in order.
func (l *lane[T]) serveFlow() {
	device := l.model.Flow.Device()
	for {
		l.credits <- struct{}{}
		j, more := <-l.queue
		if !more {
			return
		}
		if !l.r.ending() {
			device = l.take(j, device)
		}
		l.finish(j)
	}
}

// take gives an item to the Flow and makes this lane's event. It returns what ran the model.
func (l *lane[T]) take(j *job[T], before Device) Device {
	a, began := &j.answers[l.index], time.Now()
	found, err := l.takeSafely(j.item)
	now := time.Now()
	a.event.Latency.Invoke, a.event.Latency.Total = now.Sub(began), now.Sub(j.at)
	if err != nil {
		if !l.r.ending() {
			l.taskFailed(j, "take", err)
		}
		return before
	}
	device := l.model.Flow.Device()
	l.ranOn(a, before, device)
	a.event.Result = found
	l.sign(a, j.item.Meta())
	return device
}

func (l *lane[T]) takeSafely(item T) (res Result, err error) {
	defer recovered(&err, "take")
	return l.model.Flow.Take(l.r.work, item)
}
