package command

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"
	"unicode"

	"corallite/internal/clock"
	"corallite/pipeline/sink/internal/background"
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

	var said lastLine
	cmd := exec.CommandContext(ctx, p.path, p.args[1:]...)
	cmd.Args[0] = p.args[0]
	family := &kin{mark: Mark + "=" + rand.Text()}
	cmd.Env = append(slices.Clone(env), family.mark)
	cmd.Stderr = &said
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
		err = errors.New("ended, because the run has ended and it went on")
	case ended:
		err = fmt.Errorf("ended after %v, its time limit", limit)
	}
	if line := said.String(); line != "" {
		err = fmt.Errorf("%w: %s", err, line)
	}
	return err
}

// lastLine keeps the last line that has something in it of what is written to it. Only its end is kept of a long one.
type lastLine struct {
	last, now []byte
}

const longestLine = 300 // bytes

// Write never fails.
func (l *lastLine) Write(b []byte) (int, error) {
	for _, c := range b {
		switch {
		case c != '\n' && c != '\r':
			if len(l.now) == longestLine {
				l.now = append(l.now[:0], l.now[1:]...)
			}
			l.now = append(l.now, c)
		case len(bytes.TrimSpace(l.now)) > 0:
			l.last, l.now = l.now, l.last[:0]
		default:
			l.now = l.now[:0]
		}
	}
	return len(b), nil
}

// shown keeps what a program says from moving a terminal's cursor or changing its colours.
func shown(r rune) rune {
	switch {
	case r == '\t':
		return ' '
	case unicode.IsPrint(r):
		return r
	}
	return unicode.ReplacementChar
}

func (l *lastLine) String() string {
	for _, line := range [][]byte{l.now, l.last} {
		if s := strings.TrimSpace(strings.Map(shown, strings.ToValidUTF8(string(line), "\uFFFD"))); s != "" {
			return s
		}
	}
	return ""
}
