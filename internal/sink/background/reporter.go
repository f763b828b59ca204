package background

import (
	"sync/atomic"

	"corallite/pipeline"
)

// Reporter is the part of a pipeline.AsyncSink that reports to the stream. Before SetReporter, reports are dropped.
type Reporter struct {
	to atomic.Pointer[pipeline.ErrorReporter]
}

// SetReporter is pipeline.AsyncSink's.
func (t *Reporter) SetReporter(to pipeline.ErrorReporter) { t.to.Store(&to) }

// Failed reports a failure.
func (t *Reporter) Failed(item string, err error) {
	if to := t.to.Load(); to != nil {
		(*to).Failed(item, err)
	}
}

// Lost reports what was never done.
func (t *Reporter) Lost(n int) {
	if to := t.to.Load(); to != nil {
		(*to).Lost(n)
	}
}
