package preview

import (
	"sync"
	"time"

	"gocv.io/x/gocv"

	"corallite/pipeline"
)

// grey is a frame whose picture is of a kind that is not drawn on.
type grey struct{ pipeline.Item }

var oneChannel = sync.OnceValue(func() gocv.Mat { return gocv.NewMatWithSize(4, 4, gocv.MatTypeCV8U) })

func (grey) Mat() gocv.Mat { return oneChannel() }

// stopped is a clock that a test moves.
type stopped struct {
	mu    sync.Mutex
	now   time.Time
	waits []wait
}

type wait struct {
	until time.Time
	c     chan time.Time
}

func (s *stopped) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *stopped) After(d time.Duration) (<-chan time.Time, func() bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := wait{s.now.Add(d), make(chan time.Time, 1)}
	s.waits = append(s.waits, w)
	return w.c, func() bool { return true }
}

// waiting is how many wait.
func (s *stopped) waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.waits)
}

// move lets time pass.
func (s *stopped) move(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
	var left []wait
	for _, w := range s.waits {
		if w.until.After(s.now) {
			left = append(left, w)
		} else {
			w.c <- s.now
		}
	}
	s.waits = left
}
