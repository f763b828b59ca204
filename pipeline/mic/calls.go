package mic

import (
	"context"
	"fmt"
	"slices"
	"time"

	"corallite/internal/clock"
)

// calls makes calls into C that can hang: PulseAudio's library waits for its server without a limit. One that does not
// return in time is left to itself. No more are made when too many hang.
type calls struct {
	clock   clock.Clock
	hanging []hanging
}

// hanging is a call that nobody waits for any more.
type hanging struct {
	what     string
	returned <-chan struct{}
}

// callLimit is how long a call may take. endLimit is it for the end of a microphone that fell silent. maxHanging is how
// many may hang: each has a thread and a connection. The server that hangs may not be the one that is asked next.
const (
	callLimit  = 10 * time.Second
	endLimit   = time.Second
	maxHanging = 4
)

// do makes a call. undo is what takes its effect back, when nobody waits for it any more.
func (c *calls) do(ctx context.Context, what string, call func() (undo func() error, err error)) error {
	if err := c.tooMany(); err != nil {
		return err
	}
	result, given, returned := make(chan error), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(returned)
		undo, err := call()
		select {
		case result <- err:
		case <-given:
			if err == nil && undo != nil {
				_ = undo() // nobody is left to be told
			}
		}
	}()
	passed, stop := c.clock.After(callLimit)
	defer stop()
	var why error
	select {
	case err := <-result:
		<-returned
		return err
	case <-ctx.Done():
		why = ctx.Err()
	case <-passed:
		why = noAnswer(what, callLimit)
	}
	close(given)
	c.hanging = append(c.hanging, hanging{what, returned})
	return why
}

// end makes the call that ends a microphone, however many hang. One that fell silent gets a moment only.
func (c *calls) end(silent bool, call func() error) error {
	result, returned := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(returned)
		result <- call()
	}()
	limit := callLimit
	if silent {
		limit = endLimit
	}
	passed, stop := c.clock.After(limit)
	defer stop()
	select {
	case err := <-result:
		<-returned
		return err
	case <-passed:
		const what = "closing the microphone"
		c.hanging = append(c.hanging, hanging{what, returned})
		return noAnswer(what, limit)
	}
}

func noAnswer(what string, limit time.Duration) error {
	return fmt.Errorf("the sound system does not answer: %s took longer than %v", what, limit)
}

// tooMany says so when no further call is to be made, and forgets those that have returned.
func (c *calls) tooMany() error {
	c.hanging = slices.DeleteFunc(c.hanging, func(h hanging) bool {
		select {
		case <-h.returned:
			return true
		default:
			return false
		}
	})
	if n := len(c.hanging); n >= maxHanging {
		return fmt.Errorf("the sound system does not answer: %d calls have not ended yet, the oldest is %s", n, c.hanging[0].what)
	}
	return nil
}
