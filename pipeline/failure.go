package pipeline

import (
	"errors"
	"log/slog"
	"sync"
	"time"

	"corallite/internal/panicerr"
)

// The stages that a Failure can come from.
const (
	StageSource = "source"
	StageModel  = "model"
	StageSink   = "sink"
)

// Failure is one failure after which the stream continued.
type Failure struct {
	Stage string // StageSource, StageModel or StageSink
	Name  string // of the model or the sink; empty for the source
	Item  string // the file, device or item concerned
	Err   error
}

// Entry is the failure as it stands in a Summary.
func (f Failure) Entry() ErrorEntry {
	return ErrorEntry{Stage: f.Stage, Name: f.Name, Item: f.Item, Error: innermost(f.Err).Error()}
}

// PanicError is a panic of a part of the pipeline, as an error.
type PanicError = panicerr.Error

// Failures are logged one by one up to logEach; after that at most one each logPause, so that a camera that fails on
// every frame does not fill a disk.
const (
	logEach  = 100
	logPause = 10 * time.Second
)

// errorLog counts failures, keeps the first ones and logs them.
type errorLog struct {
	log     *slog.Logger
	onError func(Failure)
	limit   int

	mu         sync.Mutex
	total      uint64
	kept       []Failure
	lastLogged time.Time
	unlogged   int
}

func newErrorLog(log *slog.Logger, limit int, onError func(Failure)) *errorLog {
	if limit <= 0 {
		limit = DefaultMaxErrors
	}
	return &errorLog{log: log, limit: limit, onError: onError}
}

func (b *errorLog) add(f Failure) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.total++
	if len(b.kept) < b.limit {
		b.kept = append(b.kept, f)
	}
	b.write(f)
	if b.onError != nil {
		b.onError(f)
	}
}

// write logs f, subject to the rate limit.
func (b *errorLog) write(f Failure) {
	now := time.Now()
	if b.total > logEach && now.Sub(b.lastLogged) < logPause {
		b.unlogged++
		return
	}
	attrs := []any{"stage", f.Stage}
	if f.Name != "" {
		attrs = append(attrs, "name", f.Name)
	}
	if f.Item != "" {
		attrs = append(attrs, "item", f.Item)
	}
	attrs = append(attrs, "error", innermost(f.Err))
	if b.unlogged > 0 {
		attrs = append(attrs, "not_logged_before", b.unlogged)
	}
	var p *PanicError
	if errors.As(f.Err, &p) {
		b.log.Error("item failed", append(attrs, "stack", string(p.Stack))...)
	} else {
		b.log.Warn("item failed", attrs...)
	}
	b.lastLogged, b.unlogged = now, 0
}

// innermost removes the item's name from an error that is logged with the item.
func innermost(err error) error {
	if one, ok := err.(*ItemError); ok && one.Err != nil {
		return one.Err
	}
	return err
}

func (b *errorLog) count() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.total
}

// report is its part of the summary.
func (b *errorLog) report(recovered uint64) ErrorSummary {
	b.mu.Lock()
	defer b.mu.Unlock()
	sum := ErrorSummary{Total: b.total, Recovered: recovered, First: []ErrorEntry{}}
	for _, f := range b.kept {
		sum.First = append(sum.First, f.Entry())
	}
	return sum
}
