package reconnect

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"corallite/internal/backoff"
	"corallite/internal/clock"
)

// Session is one connection to a source, from opening to loss.
type Session[T any] interface {
	// Next waits for the next item, but only briefly (about a tenth of a second): then it returns ErrNothing or ErrEarly, so
	// that the Source can check the time and whether it was closed. Any other error means that the session is lost.
	Next(ctx context.Context) (T, error)
	// Note explains why the session gives nothing, such as "12 pictures could not be decoded"; empty if unknown.
	Note() string
	// Close ends the session. hung: it fell silent and will not answer a request to end.
	Close(hung bool) error
}

// Options of New.
type Options[T any] struct {
	Open func(ctx context.Context) (Session[T], error) // must return soon after ctx ends
	// Present is a cheap check whether there is something to open: a port that accepts connections, a device file. While
	// it returns true, attempts are at most MaxWait apart, whatever the back-off. Nil: only an attempt can tell.
	Present  func(ctx context.Context) bool
	Discard  func(T)        // releases an item that Next never returned; may be nil
	Deadline time.Duration  // a session that gives nothing for this long is lost; 0: 10 s
	Backoff  backoff.Policy // First 0: 1 s; Max 0: 30 s
	Steady   time.Duration  // a session that lives this long resets the back-off; 0: 10 s
	Clock    clock.Clock    // nil: the system clock
	Logger   *slog.Logger   // nil: nothing is logged
}

// Source returns the items of one session after the other. Next must be called by one goroutine at a time; all other
// methods may be called by any.
type Source[T any] struct {
	o       Options[T]
	closing context.Context // canceled by Close
	cancel  context.CancelFunc

	use      sync.Mutex // held by Start, by Next and by the end of Close; guards the fields below
	session  Session[T] // nil: lost, or not opened yet
	opened   time.Time  // when the session was opened, later: when its first item came
	last     time.Time  // when its last item came, or when it was opened
	gave     bool       // the session has given an item
	failures int        // failed attempts in a row, since the last steady session
	retryAt  time.Time  // end of the back-off
	earliest time.Time  // from when on Present may cut the back-off short
	first    T          // the item that Start received
	pending  bool       // first is valid
	starting bool       // in Start, which fails on a permanent error

	mu    sync.Mutex
	stats Stats
}

// Stats are the state of a Source and its history.
type Stats struct {
	Up        bool      // the source gives items
	Since     time.Time // since when Up has its value; zero: the source was never up
	Reopened  uint64    // how often a lost source came back
	Stalls    uint64    // sessions lost because nothing came for Deadline
	Attempts  uint64    // how often a session was opened, or tried to
	LastError string    // of the last loss or failed attempt; empty if there was none
}

// Lost returns why the source gives nothing now; empty if it does, or if nothing has failed yet.
func (s Stats) Lost() string {
	if s.Up {
		return ""
	}
	return s.LastError
}

// New returns a Source. It opens nothing yet.
func New[T any](o Options[T]) *Source[T] {
	if o.Deadline <= 0 {
		o.Deadline = 10 * time.Second
	}
	if o.Steady <= 0 {
		o.Steady = 10 * time.Second
	}
	if o.Clock == nil {
		o.Clock = clock.System{}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Discard == nil {
		o.Discard = func(T) {}
	}
	if o.Backoff.First <= 0 {
		o.Backoff.First = time.Second
	}
	if o.Backoff.Max <= 0 {
		o.Backoff.Max = 30 * time.Second
	}
	o.Backoff.Max = max(o.Backoff.Max, o.Backoff.First)
	s := &Source[T]{o: o}
	s.closing, s.cancel = context.WithCancel(context.Background())
	return s
}

// Start makes one attempt to open the source and waits for its first item, which the first Next returns. It returns a
// PermanentError, ErrClosed or ctx's error; any other failure is logged and retried by Next, and Start returns nil.
func (s *Source[T]) Start(ctx context.Context) error {
	s.use.Lock()
	defer s.use.Unlock()
	s.starting = true
	defer func() { s.starting = false }()
	item, err := s.attempt(ctx)
	switch {
	case err == nil:
		s.first, s.pending = item, true
		return nil
	case s.ended(ctx) != nil:
		return s.ended(ctx)
	case IsPermanent(err):
		return err
	}
	return nil
}

// Next returns the next item, however many sessions that takes. Its errors are ctx's and ErrClosed.
func (s *Source[T]) Next(ctx context.Context) (T, error) {
	s.use.Lock()
	defer s.use.Unlock()
	var none T
	if err := s.ended(ctx); err != nil {
		return none, err
	}
	if s.pending {
		item := s.first
		s.first, s.pending = none, false
		return item, nil
	}
	for {
		item, err := s.attempt(ctx)
		if err == nil {
			return item, nil
		}
		if err := s.ended(ctx); err != nil {
			return none, err
		}
	}
}

// ended returns why no item is wanted any more.
func (s *Source[T]) ended(ctx context.Context) error {
	if s.closing.Err() != nil {
		return ErrClosed
	}
	return ctx.Err()
}

// attempt waits for one item of the current session, or of a new one. Its error has already been logged.
func (s *Source[T]) attempt(ctx context.Context) (item T, err error) {
	if s.session == nil {
		if err := s.open(ctx); err != nil {
			return item, err
		}
	}
	for {
		item, err = s.session.Next(ctx)
		now := s.o.Clock.Now()
		switch {
		case err == nil:
			s.last = now
			if !s.gave {
				s.up(now)
			} else if s.failures > 0 && now.Sub(s.opened) >= s.o.Steady {
				s.failures = 0
			}
			return item, nil
		case s.ended(ctx) != nil:
			return item, s.ended(ctx) // the session may still be good
		case errors.Is(err, ErrEarly):
			s.last = now
		case !errors.Is(err, ErrNothing):
			s.lose(err, now)
			return item, err
		case now.Sub(s.last) >= s.o.Deadline:
			err = &StallError{After: s.o.Deadline, Note: s.session.Note()}
			s.lose(err, now)
			return item, err
		}
	}
}

// open waits for the end of the back-off and opens a session.
func (s *Source[T]) open(ctx context.Context) error {
	opening, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.closing, cancel)()
	if err := s.wait(opening); err != nil {
		return s.ended(ctx)
	}
	s.mu.Lock()
	s.stats.Attempts++
	s.mu.Unlock()
	session, err := s.o.Open(opening)
	now := s.o.Clock.Now()
	if err != nil {
		if s.ended(ctx) == nil {
			s.lose(err, now)
		}
		return err
	}
	s.session, s.gave, s.opened, s.last = session, false, now, now
	return nil
}

// MaxWait is the longest wait between attempts while Options.Present says that there is something to open.
const MaxWait = 5 * time.Second

// checkEvery is how often Present is called once MaxWait has passed.
const checkEvery = time.Second

// wait waits for the end of the back-off, or until there is something to open. Its error is ctx's.
func (s *Source[T]) wait(ctx context.Context) error {
	for {
		now := s.o.Clock.Now()
		rest := s.retryAt.Sub(now)
		wait := rest
		if s.o.Present != nil && wait > 0 {
			early := s.earliest.Sub(now)
			if early <= 0 && s.o.Present(ctx) {
				wait = 0
			}
			if early <= 0 {
				early = checkEvery
			}
			wait = min(wait, early)
		}
		if wait <= 0 || ctx.Err() != nil {
			return ctx.Err()
		}
		passed, stop := s.o.Clock.After(wait)
		select {
		case <-passed:
		case <-ctx.Done():
		}
		stop()
		if wait == rest { // waited in full, whatever the clock shows now
			return ctx.Err()
		}
	}
}

// up records the first item of a session.
func (s *Source[T]) up(now time.Time) {
	s.gave, s.opened = true, now
	s.mu.Lock()
	was := s.stats
	s.stats.Up, s.stats.Since = true, now
	if !was.Since.IsZero() {
		s.stats.Reopened++
	}
	s.mu.Unlock()
	if was.LastError == "" {
		return
	}
	attrs := []any{"attempts", s.failures}
	if !was.Since.IsZero() {
		attrs = append(attrs, "after", now.Sub(was.Since).Round(time.Millisecond))
	}
	s.o.Logger.Info("source is back", attrs...)
}

// lose closes the session, if there is one, and schedules the next attempt. It warns once for each outage.
func (s *Source[T]) lose(err error, now time.Time) {
	var stall *StallError
	stalled := errors.As(err, &stall)
	steady := s.gave && now.Sub(s.opened) >= s.o.Steady
	if s.session != nil {
		if closeErr := s.session.Close(stalled); closeErr != nil && !stalled {
			s.o.Logger.Debug("closing the lost source failed", "error", closeErr)
		}
		s.session = nil
	}
	if steady {
		s.failures = 0
	}
	s.failures++
	wait := s.o.Backoff.Wait(s.failures)
	s.retryAt, s.earliest = now.Add(wait), now.Add(MaxWait)

	s.mu.Lock()
	was := s.stats
	if was.Up {
		s.stats.Up, s.stats.Since = false, now
	}
	if stalled {
		s.stats.Stalls++
	}
	s.stats.LastError = err.Error()
	s.mu.Unlock()
	switch {
	case s.starting && IsPermanent(err): // Start returns it; nothing is retried
	case was.Up:
		s.o.Logger.Warn("source lost; reconnecting", "error", err, "next_try", wait)
	case was.LastError == "":
		s.o.Logger.Warn("no data from the source yet; retrying", "error", err, "next_try", wait)
	default:
		s.o.Logger.Debug("source still unavailable", "error", err, "next_try", wait)
	}
}

// Stats returns the state of the source.
func (s *Source[T]) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stats
}

// Close ends the source and any waiting Next. It may be called twice.
func (s *Source[T]) Close() error {
	s.cancel()
	s.use.Lock()
	defer s.use.Unlock()
	if s.pending {
		var none T
		s.o.Discard(s.first)
		s.first, s.pending = none, false
	}
	if s.session == nil {
		return nil
	}
	session, silent := s.session, s.o.Clock.Now().Sub(s.last)
	s.session = nil
	return session.Close(silent > silence)
}

// silence is the time without an item after which Close treats a session as hung.
const silence = 2 * time.Second
