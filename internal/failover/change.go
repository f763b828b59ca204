package failover

import (
	"errors"
	"log/slog"
	"strings"
	"time"
	"unicode"

	"corallite/internal/panicerr"
)

// Kind is a kind of Change.
type Kind string

const (
	Failover   Kind = "failover"    // the device failed in a run
	OpenFailed Kind = "open failed" // it could not be opened
	Rejected   Kind = "rejected"    // it was opened and failed its trial
	Restored   Kind = "restored"    // it passed its trial and runs the model again
	Parked     Kind = "parked"      // it stands still on purpose
	Unparked   Kind = "unparked"    // and may run again
)

// Change is what happened to the device of an Engine.
type Change struct {
	Kind   Kind
	Model  string        // Options.Name
	Device string        // the device's name, as it was when it ran last; "" when it never did
	Reason string        // one line for people: why it failed, is not back, or is parked
	Next   time.Time     // after Failover, OpenFailed and Rejected: when it is tried next; at once where that is over
	Lost   time.Duration // after Restored: how long it was lost
}

// cause is why the device does not run the model. It does not change.
type cause struct {
	err    error
	reason string // err in one line
}

func causeOf(err error) *cause { return &cause{err, reasonOf(err)} }

// maxReason is how many characters a reason may have.
const maxReason = 200

// reasonOf is an error in one line for people. An error that knows such a line itself, by a method Reason, is asked
// for it wherever it stands in the chain, so that the line begins with the cause and not with who met it.
func reasonOf(err error) string {
	text := err.Error()
	var known interface{ Reason() string }
	if errors.As(err, &known) && known.Reason() != "" {
		text = known.Reason()
	}
	return oneLine(text)
}

// oneLine joins the lines of a text, takes control characters out, and cuts what is too long.
func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "�"))
	var lines []string
	for line := range strings.Lines(text) {
		if words := strings.Fields(line); len(words) > 0 {
			lines = append(lines, strings.Join(words, " "))
		}
	}
	text = strings.Join(lines, "; ")
	if text == "" {
		return "no reason was given"
	}
	if runes := []rune(text); len(runes) > maxReason {
		text = string(runes[:maxReason-1]) + "…"
	}
	return text
}

// tell hands a change to OnChange and the log.
func (e *Engine) tell(level slog.Level, message string, c Change, attributes ...any) {
	c.Model = e.o.Name
	if e.o.OnChange != nil {
		e.o.OnChange(c)
	}
	attributes = append([]any{"device", c.Device}, attributes...)
	if c.Reason != "" {
		attributes = append(attributes, "reason", c.Reason)
	}
	if !c.Next.IsZero() {
		attributes = append(attributes, "tried_in", max(0, c.Next.Sub(e.clock.Now())).Round(time.Millisecond))
	}
	e.log.Log(e.work, level, message, attributes...)
}

// setLost makes the state StateWaiting.
func (e *Engine) setLost(why *cause, next time.Time) {
	var more []any
	if p := (*panicerr.Error)(nil); errors.As(why.err, &p) {
		more = append(more, "stack", string(p.Stack))
	}
	message := "the device failed: the CPU takes over"
	if e.fallback == nil {
		message = "the device failed: the model waits for it"
	}
	e.tell(slog.LevelWarn, message, Change{Kind: Failover, Device: e.deviceName(), Reason: why.reason, Next: next}, more...)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.device, e.lost, e.phase, e.next, e.tried = nil, why, StateWaiting, next, ""
	e.lostAt = e.clock.Now()
	e.failovers++
	e.account()
}

// failedAgain goes back to StateWaiting after a try. The same reason again and again is logged once.
func (e *Engine) failedAgain(why *cause, rejected bool, next time.Time) {
	c := Change{Kind: OpenFailed, Device: e.deviceName(), Reason: why.reason, Next: next}
	level, message := slog.LevelInfo, "the device cannot be opened"
	if rejected {
		c.Kind, level, message = Rejected, slog.LevelWarn, "the device failed its trial"
	}
	e.mu.Lock()
	if e.tried == why.reason {
		level = slog.LevelDebug
	}
	e.tried, e.phase, e.next = why.reason, StateWaiting, next
	if rejected {
		e.rejected++
	}
	e.mu.Unlock()
	e.tell(level, message, c)
}

// takeBack makes u the device, for the next run.
func (e *Engine) takeBack(u *unit) {
	e.mu.Lock()
	e.name = u.Device().Name
	lost := e.clock.Now().Sub(e.lostAt)
	e.mu.Unlock()
	// Told before, or the device could fail again first.
	e.tell(slog.LevelInfo, "the device runs the model again", Change{Kind: Restored, Device: e.deviceName(), Lost: lost},
		"after", lost.Round(time.Millisecond))
	e.mu.Lock()
	e.device, e.phase = u, ""
	e.restores++
	e.account()
	e.mu.Unlock()
	select {
	case e.back <- struct{}{}:
	default: // one is enough
	}
}

// Park moves the model to the fallback from the next run on, for a reason of one line ("the Edge TPU is 84 °C"), though
// the device works. Its engine stays open. Without a fallback it does nothing. A device that is lost is got back all the
// same, and then stands still.
func (e *Engine) Park(reason string) {
	if e.fallback == nil {
		return
	}
	reason = oneLine(reason)
	e.mu.Lock()
	was := e.parked
	e.parked = causeOf(errors.New(reason))
	e.account()
	e.mu.Unlock()
	if was == nil {
		e.tell(slog.LevelInfo, "the device is parked: the CPU takes over",
			Change{Kind: Parked, Device: e.deviceName(), Reason: reason})
	}
}

// Unpark lets the device run the model again, from the next run on.
func (e *Engine) Unpark() {
	e.mu.Lock()
	was := e.parked
	e.parked = nil
	e.account()
	e.mu.Unlock()
	if was != nil {
		e.tell(slog.LevelInfo, "the device may run the model again", Change{Kind: Unparked, Device: e.deviceName()})
	}
}

func (e *Engine) deviceName() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.name
}
