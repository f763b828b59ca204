package pipetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"go.uber.org/goleak"

	"corallite/internal/panicerr"
)

// defaultWait is how long a call may take when a case names no time.
const defaultWait = 10 * time.Second

// check is one rule of a contract.
type check struct {
	name string
	run  func() error
}

// runAll runs every check and joins what is wrong.
func runAll(checks []check) error {
	var errs []error
	for _, c := range checks {
		if err := c.leakless(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", c.name, err))
		}
	}
	return errors.Join(errs...)
}

// subtests runs every check as a subtest.
func subtests(t *testing.T, checks []check) {
	t.Helper()
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			if err := c.leakless(); err != nil {
				t.Error(err)
			}
		})
	}
}

// leakless runs the check and looks for goroutines that it left behind. A panic is an error.
func (c check) leakless() error {
	before := goleak.IgnoreCurrent()
	if err := c.safely(); err != nil {
		return err
	}
	return goleak.Find(before)
}

func (c check) safely() (err error) {
	err = c.recovered()
	if p, ok := err.(*panicerr.Error); ok {
		err = fmt.Errorf("%v\n%s", p, p.Stack)
	}
	return err
}

func (c check) recovered() (err error) {
	defer panicerr.Recover(&err, "it")
	return c.run()
}

// within runs f and fails when it has not returned in time; what names f.
func within(d time.Duration, what string, f func() error) error {
	done := make(chan error, 1)
	go func() { done <- check{run: f}.safely() }()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
		return fmt.Errorf("%s has not returned after %v", what, d)
	}
}

// closeTwice closes c two times.
func closeTwice(c interface{ Close() error }) error {
	if err := c.Close(); err != nil {
		return fmt.Errorf("close: %w", err)
	}
	if err := c.Close(); err != nil {
		return fmt.Errorf("second close: %w", err)
	}
	return nil
}
