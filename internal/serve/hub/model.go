package hub

import (
	"context"
	"slices"
	"sync"
	"time"

	"corallite/internal/didyoumean"
	"corallite/internal/part"
	"corallite/pipeline"
	"corallite/tflite/tensor"
)

// Model is a model that answers requests.
type Model struct {
	part.Served

	// What the tensors of the model are, as it was opened. They must not be changed.
	Inputs, Outputs []tensor.Info

	idle chan pipeline.Engine

	mu      sync.Mutex
	waiting int           // for an engine
	mean    time.Duration // that an engine is taken for; 0: not known
	device  pipeline.Device
}

// NewModel makes a model that is not one of a hub. Whoever makes it closes it with CloseEngines.
func NewModel(s part.Served) *Model {
	m := &Model{Served: s, idle: make(chan pipeline.Engine, len(s.Engines))}
	for _, e := range s.Engines {
		m.idle <- e
	}
	if len(s.Engines) > 0 {
		e := s.Engines[0]
		m.device, m.Inputs, m.Outputs = e.Device(), keep(e.Inputs()), keep(e.Outputs())
	}
	return m
}

// keep copies descriptions of tensors, which an engine may change.
func keep(all []tensor.Info) []tensor.Info {
	out := slices.Clone(all)
	for i := range out {
		out[i].Shape = slices.Clone(out[i].Shape)
	}
	return out
}

// Device is what ran the model last.
func (m *Model) Device() pipeline.Device {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.device
}

// wait is how long a request that comes now waits for an engine and its own run. Called with the lock.
func (m *Model) wait() time.Duration {
	if m.mean == 0 || len(m.idle) > 0 {
		return 0
	}
	engines := time.Duration(len(m.Engines))
	return m.mean * (time.Duration(m.waiting+1) + engines) / engines
}

// use has do use one of the model's engines, when it is there. A request that would not be done at its deadline is refused
// before it waits. The context of do does not end with the job: a client that goes away must not look like a device that
// hangs.
func (m *Model) use(j *Job, do func(ctx context.Context, e pipeline.Engine) error) error {
	m.mu.Lock()
	if deadline, ok := j.ctx.Deadline(); ok {
		if wait := m.wait(); wait > time.Until(deadline) {
			m.mu.Unlock()
			return busy(wait-time.Until(deadline), "model %s has so many requests that this one would wait %v: too long", m.Name, wait.Round(time.Millisecond))
		}
	}
	m.waiting++
	m.mu.Unlock()
	var e pipeline.Engine
	select {
	case e = <-m.idle:
	case <-j.ctx.Done():
	}
	m.mu.Lock()
	m.waiting--
	m.mu.Unlock()
	if e == nil {
		return j.failed(context.Cause(j.ctx))
	}
	began := time.Now()
	defer func() {
		m.took(time.Since(began), e.Device())
		m.idle <- e
	}()
	if err := do(context.WithoutCancel(j.ctx), e); err != nil {
		return j.failed(err)
	}
	return nil
}

// took keeps how long runs take: mostly as long as the last ones.
func (m *Model) took(d time.Duration, on pipeline.Device) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.device = on
	if m.mean == 0 {
		m.mean = d
		return
	}
	m.mean += (d - m.mean) / 8
}

// CloseEngines closes the model, which nobody may use any more.
func (m *Model) CloseEngines() error {
	if m.Close == nil {
		return nil
	}
	return m.Close()
}

// HasLabel fails for a label that results of the model cannot have. All are possible where labels are not known.
func (m *Model) HasLabel(label string) error {
	if len(m.Labels) == 0 || slices.Contains(m.Labels, label) {
		return nil
	}
	if near := didyoumean.Suggest(label, m.Labels); near != "" {
		return Bad("model %s has no label %q; did you mean %q?", m.Name, label, near)
	}
	return Bad("model %s has no label %q", m.Name, label)
}
