package pipeline

import (
	"errors"
	"fmt"
)

// Deferred is a Sink that goes on working after Consume has returned: it starts programs, sends to a server. What comes
// of that it tells later. The Stream calls Tell once, before the first Consume; a sink that is in no Stream is told
// nothing and must work all the same.
type Deferred interface {
	Sink
	Tell(to Later)
}

// Later takes what a Deferred sink has to tell, from any goroutine, until its Close returns.
type Later interface {
	// Failed counts and logs a failure as if Consume had returned it as an ItemError. item is what it was about.
	Failed(item string, err error)
	// Lost counts what was taken by Consume and never done because there was too much of it, or no time left. It stands
	// in the Summary among the sink's drops. The first loss is a failure as well, so that it does not go unseen.
	Lost(n int)
}

var errOverrun = errors.New("more came than it can do: what waits longest is lost (the summary has how many)")

// later is an outlet's Later.
type later struct {
	o *outlet
	t *tally
}

func (l later) Failed(item string, err error) {
	l.t.book.add(Failure{Stage: StageSink, Name: l.o.name, Item: item, Err: &ItemError{Source: item, Err: err}})
}

func (l later) Lost(n int) {
	if n <= 0 {
		return
	}
	l.o.dropped.Add(uint64(n))
	l.o.overrun.Do(func() {
		l.t.book.add(Failure{Stage: StageSink, Name: l.o.name, Err: fmt.Errorf("sink %s: %w", l.o.name, errOverrun)})
	})
}
