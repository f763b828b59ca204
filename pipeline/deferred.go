package pipeline

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
	// Lost counts what was taken by Consume and never done because there was too much of it. It stands in the Summary
	// beside the reports that the sink's queue lost.
	Lost(n int)
}

// later is an outlet's Later.
type later struct {
	o *outlet
	t *tally
}

func (l later) Failed(item string, err error) {
	l.t.book.add(Failure{Stage: StageSink, Name: l.o.name, Item: item, Err: err})
}

// Lost logs the first loss; the Summary has the sum.
func (l later) Lost(n int) {
	if n <= 0 {
		return
	}
	l.o.dropped.Add(uint64(n))
	l.o.overrun.Do(func() {
		l.t.log.Warn("more came than the sink can do: what waits longest is lost", "sink", l.o.name)
	})
}
