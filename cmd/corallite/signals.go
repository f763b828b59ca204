package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// signalError is the signal that ended a command's context.
type signalError struct{ signal syscall.Signal }

func (e signalError) Error() string {
	if e.signal == syscall.SIGINT {
		return "interrupted"
	}
	return e.signal.String()
}

// Is lets it pass for context.Canceled, which packages below look for.
func (e signalError) Is(target error) bool { return target == context.Canceled }

// cutShort is the exit code of a command that a signal kept from doing what was asked for, 128 and the signal's number
// as shells have it; exitDone for any other. What is meant to go on until a signal comes returns no error then.
func cutShort(ctx context.Context, err error) int {
	var by signalError
	if errors.Is(err, context.Canceled) && errors.As(context.Cause(ctx), &by) {
		return 128 + int(by.signal)
	}
	return exitDone
}

// sayWithin is how long the end waits for standard error to take the word of it.
const sayWithin = 200 * time.Millisecond

// onSignals calls cancel at the first signal; the second ends the process.
func onSignals(cancel context.CancelCauseFunc, stderr *status) (stop func()) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // as under nohup
		signal.Notify(signals, syscall.SIGHUP)
	}
	done := make(chan struct{})
	go func() {
		select {
		case s := <-signals:
			said := make(chan struct{})
			go func() {
				defer close(said)
				stderr.Say(slog.LevelInfo, fmt.Sprintf("%v: finishing up; press Ctrl-C again to quit now", s))
			}()
			select {
			case <-said:
			case <-time.After(sayWithin): // nobody reads standard error
			}
			number, _ := s.(syscall.Signal)
			cancel(signalError{number})
		case <-done:
			return
		}
		select {
		case s := <-signals:
			number, _ := s.(syscall.Signal)
			os.Exit(128 + int(number))
		case <-done:
		}
	}()
	return func() {
		signal.Stop(signals)
		close(done)
		cancel(nil)
	}
}
