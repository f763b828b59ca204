package background

import (
	"sync/atomic"

	"corallite/pipeline"
)

// Reporter is the part of a pipeline.AsyncSink sink that tells the stream what happened. Before SetReporter it tells nobody.
type Reporter struct {
	to atomic.Pointer[pipeline.ErrorReporter]
}

// SetReporter is pipeline.AsyncSink's.
func (t *Reporter) SetReporter(to pipeline.ErrorReporter) { t.to.Store(&to) }

// Failed tells of a failure.
func (t *Reporter) Failed(item string, err error) {
	if to := t.to.Load(); to != nil {
		(*to).Failed(item, err)
	}
}

// Lost tells of what was never done.
func (t *Reporter) Lost(n int) {
	if to := t.to.Load(); to != nil {
		(*to).Lost(n)
	}
}
