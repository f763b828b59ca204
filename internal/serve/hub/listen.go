package hub

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"corallite/internal/panicerr"
	"corallite/pipeline"
	"corallite/pipeline/audio"
	"corallite/pipeline/mic"
)

// Listener is the model for sound of a name, or, for "", the first.
func (h *Hub) Listener(name string) (*Model, error) {
	if name != "" {
		m, err := h.Model(name)
		if err == nil && m.Hear == nil {
			return m, Bad("%s is a model for %s, which takes no sound", name, m.Task)
		}
		return m, err
	}
	if i := slices.IndexFunc(h.models, func(m *Model) bool { return m.Hear != nil }); i >= 0 {
		return h.models[i], nil
	}
	return nil, Fault(http.StatusNotFound, "there is no model for sound (task keyword or wakeword)")
}

// Listen finds words in a recording: a file's content in a format of mic.NewRecording. The model hears it as if it had
// heard nothing before; a threshold below the model's own changes nothing.
func (j *Job) Listen(m *Model, recording []byte, w Want) (pipeline.Event, error) {
	e := pipeline.Event{
		Pipeline: j.h.o.Name, Seq: j.h.seq.Add(1) - 1, Source: cmp.Or(w.Source, "request"), Model: m.Name, Task: m.Task,
	}
	if err := j.enter(); err != nil {
		return e, err
	}
	e.Time = j.began
	if len(recording) == 0 {
		return e, Bad("the recording is empty")
	}
	if err := j.Count(int64(len(recording))); err != nil { // ffmpeg gets a copy
		return e, err
	}
	words := pipeline.Keywords{}
	err := m.use(j, func(_ context.Context, engine pipeline.Engine) (err error) {
		defer panicerr.Recover(&err, "model "+m.Name)
		began := time.Now()
		open := func(rate int) (audio.Source, error) {
			return mic.NewRecording(recording, mic.RecordingOptions{Name: e.Source, Rate: rate})
		}
		err = m.Hear(j.ctx, open, func(k pipeline.Keyword) { words = append(words, k) })
		e.Latency.Invoke = time.Since(began)
		d := engine.Device()
		e.Device, e.Degraded, e.Reason, e.Wanted = d.Name, d.Degraded, d.Reason, d.Wanted
		return err
	})
	if err != nil {
		if j.ctx.Err() != nil && e.Latency.Invoke > j.h.o.Timeout/2 { // it is not that others were before it
			return e, Fault(http.StatusRequestEntityTooLarge, "hearing the recording takes longer than the %v that a request may take: send it in parts, or set a longer timeout", j.h.o.Timeout)
		}
		if AsError(err).Status == http.StatusInternalServerError && j.ctx.Err() == nil {
			j.h.o.Logger.Warn("a request failed", "model", m.Name, "error", err)
		}
		return e, err
	}
	e.Keywords = w.words(words)
	e.Latency.Total = time.Since(j.began)
	j.h.bus.publish(e)
	return e, nil
}

// words are those that are wanted, in the order in which they were heard.
func (w Want) words(all pipeline.Keywords) pipeline.Keywords {
	all = slices.DeleteFunc(all, func(k pipeline.Keyword) bool {
		return w.Threshold != nil && k.Score < float32(*w.Threshold) || w.Keep != nil && !w.Keep(k.Label)
	})
	if w.Max == nil || *w.Max == 0 || len(all) <= *w.Max {
		return all
	}
	scores := make([]float32, len(all))
	for i, k := range all {
		scores[i] = k.Score
	}
	slices.Sort(scores)
	least, same := scores[len(scores)-*w.Max], 0 // of words with the least score the first
	for _, s := range scores[len(scores)-*w.Max:] {
		if s == least {
			same++
		}
	}
	return slices.DeleteFunc(all, func(k pipeline.Keyword) bool {
		if k.Score == least {
			same--
		}
		return k.Score < least || k.Score == least && same < 0
	})
}
