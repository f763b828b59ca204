package mic

import (
	"context"
	"fmt"
	"time"

	"corallite/internal/clock"
)

// calls makes calls into C that can hang: PulseAudio's library waits for its server without a limit. One that does not
// return in time is left to itself, and no other is made until it returned.
type calls struct {
	clock   clock.Clock
	hanging chan struct{} // closed when the call that hangs has returned; nil: none hangs
	what    string        // the call that hangs
}

// callLimit is how long a call may take. endLimit is it for the end of a microphone that fell silent.
const (
	callLimit = 10 * time.Second
	endLimit  = time.Second
)

// do makes a call. undo is what takes its effect back, when nobody waits for it any more.
func (c *calls) do(ctx context.Context, what string, call func() (undo func() error, err error)) error {
	if c.hanging != nil {
		select {
		case <-c.hanging:
			c.hanging = nil
		default:
			return fmt.Errorf("the sound system does not answer: %s has not ended yet", c.what)
		}
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
		why = fmt.Errorf("the sound system does not answer: %s took longer than %v", what, callLimit)
	}
	close(given)
	c.hanging, c.what = returned, what
	return why
}

// end makes the call that ends a microphone. One that hung gets a moment only.
func (c *calls) end(hung bool, call func() error) error {
	result, returned := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(returned)
		result <- call()
	}()
	limit := callLimit
	if hung {
		limit = endLimit
	}
	passed, stop := c.clock.After(limit)
	defer stop()
	select {
	case err := <-result:
		<-returned
		return err
	case <-passed:
		c.hanging, c.what = returned, "closing the microphone"
		return fmt.Errorf("the sound system does not answer: closing the microphone took longer than %v", limit)
	}
}
