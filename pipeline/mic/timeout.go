package mic

import (
	"context"
	"fmt"
	"slices"
	"time"

	"corallite/internal/clock"
)

// guardedCalls makes calls of a sound system that may hang: PulseAudio's library waits for its server without a limit. A
// call that does not return in time is abandoned. When too many are hanging, no more are made.
type guardedCalls struct {
	clock     clock.Clock
	abandoned []abandonedCall
}

// abandonedCall is a call that nobody waits for any more.
type abandonedCall struct {
	what     string
	returned <-chan struct{}
}

// callTimeout limits a call. closeTimeout limits the closing of a microphone that fell silent. maxAbandoned is how many
// calls may hang: each holds a thread and a connection. (The server that hangs may not be the one that is asked next.)
const (
	callTimeout  = 10 * time.Second
	closeTimeout = time.Second
	maxAbandoned = 4
)

// do makes a call, which returns how to undo its effect. An abandoned call is undone when it returns after all.
func (c *guardedCalls) do(ctx context.Context, what string, call func() (undo func() error, err error)) error {
	if err := c.check(); err != nil {
		return err
	}
	result, abandoned, returned := make(chan error), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(returned)
		undo, err := call()
		select {
		case result <- err:
		case <-abandoned:
			if err == nil && undo != nil {
				_ = undo() // nobody is left to report to
			}
		}
	}()
	elapsed, stop := c.clock.After(callTimeout)
	defer stop()
	var why error
	select {
	case err := <-result:
		<-returned
		return err
	case <-ctx.Done():
		why = ctx.Err()
	case <-elapsed:
		why = timeoutError(what, callTimeout)
	}
	close(abandoned)
	c.abandoned = append(c.abandoned, abandonedCall{what, returned})
	return why
}

// close makes the call that closes a microphone, however many are hanging. A microphone that is hung gets less time.
func (c *guardedCalls) close(hung bool, call func() error) error {
	result, returned := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(returned)
		result <- call()
	}()
	limit := callTimeout
	if hung {
		limit = closeTimeout
	}
	elapsed, stop := c.clock.After(limit)
	defer stop()
	select {
	case err := <-result:
		<-returned
		return err
	case <-elapsed:
		const what = "closing the microphone"
		c.abandoned = append(c.abandoned, abandonedCall{what, returned})
		return timeoutError(what, limit)
	}
}

func timeoutError(what string, limit time.Duration) error {
	return fmt.Errorf("the sound system does not respond: %s took longer than %v", what, limit)
}

// check forgets the abandoned calls that have returned, and fails when too many are left.
func (c *guardedCalls) check() error {
	c.abandoned = slices.DeleteFunc(c.abandoned, func(a abandonedCall) bool {
		select {
		case <-a.returned:
			return true
		default:
			return false
		}
	})
	if n := len(c.abandoned); n >= maxAbandoned {
		return fmt.Errorf("the sound system does not respond: %d calls are still waiting, the oldest is %s", n, c.abandoned[0].what)
	}
	return nil
}
