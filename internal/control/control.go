// Package control has what can be changed of a pipeline while it runs: whether its models run, and their score thresholds.
package control

import (
	"math"
	"slices"
	"sync"
	"sync/atomic"
)

// Pipeline are the controls of one pipeline. Its methods may be called by several goroutines at once.
type Pipeline struct {
	off atomic.Bool

	mu         sync.Mutex
	thresholds []*Threshold
}

// Switch lets the models run or not. What a live source gives meanwhile is passed over; a file waits.
func (p *Pipeline) Switch(on bool) { p.off.Store(!on) }

// On reports whether the models run.
func (p *Pipeline) On() bool { return !p.off.Load() }

// Add adds the threshold of a model, and returns it. A model that is opened several times has one threshold.
func (p *Pipeline) Add(model string, value float64) *Threshold {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.IndexFunc(p.thresholds, func(t *Threshold) bool { return t.Model == model }); i >= 0 {
		return p.thresholds[i]
	}
	t := &Threshold{Model: model, Configured: value}
	t.Set(value)
	p.thresholds = append(p.thresholds, t)
	return t
}

// Thresholds are the thresholds in the order of the models.
func (p *Pipeline) Thresholds() []*Threshold {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.thresholds)
}

// Floor is the lowest value of a Threshold: models on pictures are decoded down to it.
const Floor = 0.1

// Threshold is the score threshold of a model.
type Threshold struct {
	Model      string
	Configured float64 // what the configuration has, 0 to 1
	bits       atomic.Uint64
}

// Least is the lowest value.
func (t *Threshold) Least() float64 { return min(Floor, t.Configured) }

// Get is the threshold as it is now.
func (t *Threshold) Get() float64 { return math.Float64frombits(t.bits.Load()) }

// Set changes the threshold; false if the value is not between Least and 1.
func (t *Threshold) Set(value float64) bool {
	if !(value >= t.Least() && value <= 1) {
		return false
	}
	t.bits.Store(math.Float64bits(value))
	return true
}
