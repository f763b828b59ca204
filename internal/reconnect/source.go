package reconnect

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"corallite/internal/clock"
)

// Life is a source from its opening to its loss.
type Life[T any] interface {
	// Next waits for the next item, but only for a moment (a tenth of a second or so): then it returns ErrNothing, so
	// that the Source can look at the time and at whether it was closed. Any other error means that the life is lost.
	Next(ctx context.Context) (T, error)
	// Note is what is to be known of a life that gives nothing: "12 pictures could not be decoded"; "": nothing.
	Note() string
	// Close ends it. hung says that it fell silent, so that asking it to end would be in vain.
	Close(hung bool) error
}

// Options of New.
type Options[T any] struct {
	Open func(ctx context.Context) (Life[T], error) // returns soon after ctx ends
	// There says quickly whether a try has something to open: a port that answers, a device file. While it says so, tries
	// are at most Soon apart, whatever the back-off; nil: only a try tells.
	There    func(ctx context.Context) bool
	Discard  func(T)       // gives back an item that nobody gets; nil: nothing is to be done
	Deadline time.Duration // nothing for so long: the life is lost; 0: 10 s
	Backoff  Backoff
	Steady   time.Duration // a life of so long resets the back-off; 0: 10 s
	Clock    clock.Clock   // nil: the machine's
	Logger   *slog.Logger  // nil: nothing is logged
}

// Source gives the items of one life after the other. Next is called by one goroutine, the rest by any.
type Source[T any] struct {
	o        Options[T]
	ending   context.Context // ends with Close
	end      context.CancelFunc
	turn     sync.Mutex // held by Start, Next, and Close at its end. What follows is its
	life     Life[T]    // nil: lost
	began    time.Time  // the life
	last     time.Time  // when it gave something, or began
	gave     bool       // the life has given an item
	failed   int        // tries in a row, since a steady life
	retry    time.Time  // not before
	soon     time.Time  // nor before this, when something is there
	first    T          // what Start got
	pending  bool       // first is there
	starting bool       // in Start, where what is permanent ends it

	mu    sync.Mutex
	stats Stats
}

// Stats are what has become of a Source.
type Stats struct {
	Up        bool      `json:"up"`       // a life gives items
	Since     time.Time `json:"since"`    // since when it is up, or is not; zero: it never was up
	Reopened  uint64    `json:"reopened"` // how often it came back
	Stalls    uint64    `json:"stalls"`   // lives lost because nothing came
	Tries     uint64    `json:"tries"`    // how often it was opened
	LastError string    `json:"last_error,omitempty"`
}

// Lost is why it gives nothing now; "": it does, or nothing is wrong yet.
func (s Stats) Lost() string {
	if s.Up {
		return ""
	}
	return s.LastError
}

// New makes a Source, which opens nothing yet.
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
	o.Backoff = o.Backoff.orDefault()
	s := &Source[T]{o: o}
	s.ending, s.end = context.WithCancel(context.Background())
	return s
}

// Start tries once to open the source and waits for its first item, which Next will give. It returns a PermanentError
// as it is, ctx's error when ctx ended, and nil for everything else: what can come back is logged and waited for.
func (s *Source[T]) Start(ctx context.Context) error {
	s.turn.Lock()
	defer s.turn.Unlock()
	s.starting = true
	defer func() { s.starting = false }()
	item, err := s.try(ctx)
	switch {
	case err == nil:
		s.first, s.pending = item, true
		return nil
	case s.over(ctx) != nil:
		return s.over(ctx)
	case IsPermanent(err):
		return err
	}
	return nil
}

// Next gives the next item, however many lives that takes. Its errors are ctx's and ErrClosed.
func (s *Source[T]) Next(ctx context.Context) (T, error) {
	s.turn.Lock()
	defer s.turn.Unlock()
	var none T
	if err := s.over(ctx); err != nil {
		return none, err
	}
	if s.pending {
		item := s.first
		s.first, s.pending = none, false
		return item, nil
	}
	for {
		item, err := s.try(ctx)
		if err == nil {
			return item, nil
		}
		if err := s.over(ctx); err != nil {
			return none, err
		}
	}
}

// over is why no item is wanted any more.
func (s *Source[T]) over(ctx context.Context) error {
	if s.ending.Err() != nil {
		return ErrClosed
	}
	return ctx.Err()
}

// try waits for one item of the present life, or of a new one. Its error has been told already.
func (s *Source[T]) try(ctx context.Context) (item T, err error) {
	if s.life == nil {
		if err := s.open(ctx); err != nil {
			return item, err
		}
	}
	for {
		item, err = s.life.Next(ctx)
		now := s.o.Clock.Now()
		switch {
		case err == nil:
			s.last = now
			if !s.gave {
				s.up(now)
			} else if s.failed > 0 && now.Sub(s.began) >= s.o.Steady {
				s.failed = 0
			}
			return item, nil
		case s.over(ctx) != nil:
			return item, s.over(ctx) // the life may still be good
		case !errors.Is(err, ErrNothing):
			s.lose(err, now)
			return item, err
		case now.Sub(s.last) >= s.o.Deadline:
			err = &StallError{After: s.o.Deadline, Note: s.life.Note()}
			s.lose(err, now)
			return item, err
		}
	}
}

// open waits until the back-off is over and begins a life.
func (s *Source[T]) open(ctx context.Context) error {
	opening, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.ending, cancel)()
	if err := s.wait(opening); err != nil {
		return s.over(ctx)
	}
	s.mu.Lock()
	s.stats.Tries++
	s.mu.Unlock()
	life, err := s.o.Open(opening)
	now := s.o.Clock.Now()
	if err != nil {
		if s.over(ctx) == nil {
			s.lose(err, now)
		}
		return err
	}
	s.life, s.gave, s.began, s.last = life, false, now, now
	return nil
}

// Soon is the longest time between tries while there is something to try.
const Soon = 5 * time.Second

// lookEvery is how often it is looked whether there is something, once Soon has passed.
const lookEvery = time.Second

// wait waits until the back-off is over, or there is something to try. Its error is ctx's.
func (s *Source[T]) wait(ctx context.Context) error {
	for {
		now := s.o.Clock.Now()
		rest := s.retry.Sub(now)
		wait := rest
		if s.o.There != nil && wait > 0 {
			early := s.soon.Sub(now)
			if early <= 0 && s.o.There(ctx) {
				wait = 0
			}
			if early <= 0 {
				early = lookEvery
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
		if wait == rest { // all of it, whatever the clock shows now
			return ctx.Err()
		}
	}
}

// up notes a life's first item.
func (s *Source[T]) up(now time.Time) {
	s.gave, s.began = true, now
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
	attrs := []any{"tries", s.failed}
	if !was.Since.IsZero() {
		attrs = append(attrs, "after", now.Sub(was.Since).Round(time.Millisecond))
	}
	s.o.Logger.Info("source is back", attrs...)
}

// lose ends the life, if there is one, and says so unless nothing has come since it was said last.
func (s *Source[T]) lose(err error, now time.Time) {
	var stall *StallError
	stalled := errors.As(err, &stall)
	steady := s.gave && now.Sub(s.began) >= s.o.Steady
	if s.life != nil {
		if closing := s.life.Close(stalled); closing != nil && !stalled {
			s.o.Logger.Debug("source was lost: closing it", "error", closing)
		}
		s.life = nil
	}
	if steady {
		s.failed = 0
	}
	s.failed++
	wait := s.o.Backoff.after(s.failed)
	s.retry, s.soon = now.Add(wait), now.Add(Soon)

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
	case s.starting && IsPermanent(err): // Start returns it, and nothing is tried again
	case was.Up:
		s.o.Logger.Warn("source lost: it is tried again until it is back", "error", err, "next_try", wait)
	case was.LastError == "":
		s.o.Logger.Warn("source gives nothing yet: it is tried again until it does", "error", err, "next_try", wait)
	default:
		s.o.Logger.Debug("source is not back yet", "error", err, "next_try", wait)
	}
}

// Stats are what has become of it so far.
func (s *Source[T]) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stats
}

// Close ends the source and a Next that waits. Twice is safe.
func (s *Source[T]) Close() error {
	s.end()
	s.turn.Lock()
	defer s.turn.Unlock()
	if s.pending {
		var none T
		s.o.Discard(s.first)
		s.first, s.pending = none, false
	}
	if s.life == nil {
		return nil
	}
	life, silent := s.life, s.o.Clock.Now().Sub(s.last)
	s.life = nil
	return life.Close(silent > silence)
}

// silence is after how long a life is not asked to end any more, but ended.
const silence = 2 * time.Second
