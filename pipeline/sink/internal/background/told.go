package background

import (
	"sync/atomic"

	"corallite/pipeline"
)

// Told is the part of a pipeline.Deferred sink that tells the stream what happened. Before Tell it tells nobody.
type Told struct {
	to atomic.Pointer[pipeline.Later]
}

// Tell is pipeline.Deferred's.
func (t *Told) Tell(to pipeline.Later) { t.to.Store(&to) }

// Failed tells of a failure.
func (t *Told) Failed(item string, err error) {
	if to := t.to.Load(); to != nil {
		(*to).Failed(item, err)
	}
}

// Lost tells of what was never done.
func (t *Told) Lost(n int) {
	if to := t.to.Load(); to != nil {
		(*to).Lost(n)
	}
}
