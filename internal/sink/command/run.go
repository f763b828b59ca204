package command

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"time"

	"corallite/internal/clock"
	"corallite/internal/lastwords"
	"corallite/internal/sink/background"
)

// Grace is how long a program that was asked to end (SIGTERM) may take before it is ended (SIGKILL), and how long
// what it left behind may keep its standard error open.
const Grace = 2 * time.Second

// errLimit is why a program was ended.
var errLimit = errors.New("the time limit")

// run runs the program with that environment to its end, or to the time limit. Its error says how it failed and what it said last.
func (p program) run(ctx context.Context, limit time.Duration, c clock.Clock, env []string) error {
	passed, stop := c.After(limit)
	defer stop()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	over := make(chan struct{})
	defer close(over)
	go func() {
		select {
		case <-passed:
			cancel(errLimit)
		case <-over:
		}
	}()

	said := lastwords.New(1)
	cmd := exec.CommandContext(ctx, p.path, p.args[1:]...)
	cmd.Args[0] = p.args[0]
	family := &kin{mark: Mark + "=" + rand.Text()}
	cmd.Env = append(slices.Clone(env), family.mark)
	cmd.Stderr = said
	cmd.WaitDelay = Grace
	ownGroup(cmd, family)
	err := cmd.Run()
	ended := ctx.Err() != nil
	if ended && cmd.Process != nil {
		killGroup(cmd.Process.Pid) // what did not end when it was asked to
		family.kill()
	}
	switch {
	case errors.Is(err, exec.ErrWaitDelay) && !ended:
		return nil // it ended well, and left something behind that goes on
	case err == nil:
		return nil
	case ended && errors.Is(context.Cause(ctx), background.ErrEnd):
		err = errors.New("killed because the run ended")
	case ended:
		err = fmt.Errorf("killed after its time limit of %v", limit)
	}
	if said.Empty() {
		return err
	}
	return fmt.Errorf("%w: %s", err, said.String())
}
