package reconnect

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"corallite/internal/backoff"
	"corallite/internal/clock/clocktest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errLost = errors.New("lost")

// fakeSession gives the answers of its script in turn, each a tenth of a second after the last; at its end it is silent.
type fakeSession struct {
	clock  *clocktest.Clock
	script []any // an int is an item, an error an error, a time.Duration a silence before what follows
	closed []bool
}

func (l *fakeSession) Next(context.Context) (int, error) {
	l.clock.Advance(100 * time.Millisecond)
	if len(l.script) == 0 {
		return 0, ErrNothing
	}
	next := l.script[0]
	l.script = l.script[1:]
	switch v := next.(type) {
	case int:
		return v, nil
	case time.Duration:
		l.clock.Advance(v)
		return 0, ErrNothing
	default:
		return 0, v.(error)
	}
}

func (l *fakeSession) Note() string { return "a note" }

func (l *fakeSession) Close(hung bool) error {
	l.closed = append(l.closed, hung)
	return nil
}

// made is a Source whose tries to open have these outcomes: an error, or the script of a session. The last goes on for ever.
func made(outcomes ...any) (*Source[int], *clocktest.Clock, *[]*fakeSession) {
	clock, sessions, n := clocktest.Running(time.Unix(1e9, 0)), new([]*fakeSession), 0
	return New(Options[int]{Clock: clock, Deadline: 5 * time.Second, Steady: 10 * time.Second,
		Backoff: backoff.Policy{First: time.Second, Max: 4 * time.Second},
		Open: func(context.Context) (Session[int], error) {
			outcome := outcomes[min(n, len(outcomes)-1)]
			n++
			if err, ok := outcome.(error); ok {
				return nil, err
			}
			session := &fakeSession{clock: clock, script: append([]any(nil), outcome.([]any)...)}
			*sessions = append(*sessions, session)
			return session, nil
		}}), clock, sessions
}

func next(t *testing.T, s *Source[int], want int) {
	t.Helper()
	if got, err := s.Next(context.Background()); got != want || err != nil {
		t.Fatalf("Next: %d, %v; want %d", got, err, want)
	}
}

func TestLostAndBack(t *testing.T) {
	s, clock, sessions := made([]any{1, 2, errLost}, errLost, []any{}, []any{3})
	if err := s.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	next(t, s, 1)
	next(t, s, 2)
	next(t, s, 3) // after an error, a try that fails and a session that gives nothing
	got := s.Stats()
	if !got.Up || got.Reopened != 1 || got.Stalls != 1 || got.Attempts != 4 || got.LastError != "no data for 5s: a note" {
		t.Errorf("%+v", got)
	}
	if want := []time.Duration{time.Second, 2 * time.Second, 4 * time.Second}; !slices.Equal(clock.Waits(), want) {
		t.Errorf("waited %v, want %v", clock.Waits(), want)
	}
	if c := (*sessions)[1].closed; len(c) != 1 || !c[0] {
		t.Errorf("the silent session was closed %v, want once as hung", c)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if c := (*sessions)[2].closed; len(c) != 1 || c[0] {
		t.Errorf("the last session was closed %v, want once, not as hung", c)
	}
	if _, err := s.Next(context.Background()); !errors.Is(err, ErrClosed) {
		t.Errorf("Next after Close: %v", err)
	}
}

func TestBackoffStartsAnewAfterASteadySession(t *testing.T) {
	s, clock, _ := made([]any{errLost}, []any{errLost}, []any{errLost}, []any{1, 4 * time.Second, 2, 4 * time.Second, 3, 4 * time.Second, 4, errLost}, []any{5})
	for want := 1; want <= 5; want++ {
		next(t, s, want)
	}
	if w := clock.Waits(); len(w) != 4 || w[2] != 4*time.Second || w[3] != time.Second {
		t.Errorf("waited %v", clock.Waits())
	}
}

func TestStart(t *testing.T) {
	for _, outcome := range []any{Permanent(errLost), []any{Permanent(errLost)}} { // of the opening, of the first item
		s, _, _ := made(outcome)
		var log bytes.Buffer
		s.o.Logger = slog.New(slog.NewTextHandler(&log, nil))
		if err := s.Start(context.Background()); !IsPermanent(err) || !errors.Is(err, errLost) {
			t.Errorf("Start: %v", err)
		}
		if log.Len() > 0 || s.Stats().Attempts != 1 {
			t.Errorf("what is refused at once is told once, by the error; it was logged:\n%s", &log)
		}
	}
	s, _, _ := made(errLost, []any{7})
	if err := s.Start(context.Background()); err != nil {
		t.Errorf("Start: %v; what can come back is waited for", err)
	}
	if got := s.Stats(); got.Up || got.LastError != "lost" {
		t.Errorf("%+v", got)
	}
	next(t, s, 7)
	if got := s.Stats(); !got.Up || got.Reopened != 0 {
		t.Errorf("%+v", got)
	}
	// Permanent later: it is waited for.
	s, _, _ = made([]any{1, Permanent(errLost)}, Permanent(errLost), []any{2})
	next(t, s, 1)
	next(t, s, 2)
}

func TestContextEnds(t *testing.T) {
	s, _, sessions := made([]any{1})
	next(t, s, 1)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Next: %v", err)
	}
	if len((*sessions)[0].closed) != 0 {
		t.Error("the end of a context cost the session")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestStartIsDiscarded(t *testing.T) {
	s, _, _ := made([]any{9})
	discarded := 0
	s.o.Discard = func(item int) { discarded += item }
	if err := s.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil || discarded != 9 {
		t.Errorf("Close: %v; discarded %d, want 9", err, discarded)
	}
}

// TestSoonWhileSomethingIsThere has the back-off grow while there is nothing to open, and tries within 5 s, and within a
// second of a look, when there is.
func TestSoonWhileSomethingIsThere(t *testing.T) {
	const long = 30 * time.Second
	for _, c := range []struct {
		name  string
		after time.Duration // since the start, from which on there is something; < 0: from the beginning
		want  time.Duration // the longest between two tries while there is
		tries int           // in the first five minutes, at least
	}{
		{"always there", -1, MaxWait, 60}, {"never there", time.Hour, long, 13}, {"there after 100 s", 100 * time.Second, MaxWait, 45},
	} {
		var tries []time.Time
		clock := clocktest.Running(time.Unix(1e9, 0))
		start := clock.Now()
		there := func(context.Context) bool { return clock.Now().Sub(start) >= c.after }
		ctx, cancel := context.WithCancel(t.Context())
		s := New(Options[int]{Clock: clock, Present: there, Open: func(context.Context) (Session[int], error) {
			tries = append(tries, clock.Now())
			if clock.Now().Sub(start) > 5*time.Minute {
				cancel()
			}
			return nil, errLost
		}})
		if _, err := s.Next(ctx); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		longest, late := time.Duration(0), time.Duration(0)
		for i := 1; i < len(tries); i++ {
			gap := tries[i].Sub(tries[i-1])
			if there := tries[i-1].Sub(start) >= c.after; there || c.after == time.Hour {
				longest = max(longest, gap)
			} else if back := start.Add(max(c.after, 0)); tries[i].After(back) {
				late = max(late, tries[i].Sub(back)) // the first try after it came
			}
		}
		if longest != c.want || len(tries) < c.tries || late > checkEvery {
			t.Errorf("%s: %d tries, at most %v apart, the first %v late", c.name, len(tries), longest, late)
		}
	}
}
