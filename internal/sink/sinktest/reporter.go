// Package sinktest has somebody whom the sinks that work in the background tell of their failures, for tests.
package sinktest

import (
	"slices"
	"strings"
	"sync"
	"testing"
)

// Reporter is a pipeline.ErrorReporter that keeps what it is told.
type Reporter struct {
	mu     sync.Mutex
	failed []string
	lost   int
}

// Failed keeps "ITEM: ERROR".
func (l *Reporter) Failed(item string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failed = append(l.failed, item+": "+err.Error())
}

// Lost counts.
func (l *Reporter) Lost(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost += n
}

// Failures are the failures so far.
func (l *Reporter) Failures() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.failed)
}

// Want compares what was told. Each failure need only have the text, but a text that ends in "$" must be its end.
func (l *Reporter) Want(t *testing.T, lost int, failed ...string) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	same := l.lost == lost && len(l.failed) == len(failed)
	for i := 0; same && i < len(failed); i++ {
		if end, isEnd := strings.CutSuffix(failed[i], "$"); isEnd {
			same = strings.HasSuffix(l.failed[i], end)
		} else {
			same = strings.Contains(l.failed[i], failed[i])
		}
	}
	if !same {
		t.Errorf("lost %d, not %d; failed\n%q, not\n%q", l.lost, lost, l.failed, failed)
	}
}
