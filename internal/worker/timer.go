package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"corallite/delegate/edgetpu"
	"corallite/internal/environ"
	"corallite/internal/isolate"
	"corallite/tflite"
)

// timerKind is the kind of child that measures how long a model runs.
const timerKind = "time"

// Timer opens a model in a child process of its own, and measures its runs there, so that neither other models nor the way
// to the child count. Whoever opened it closes it.
type Timer struct {
	child  *isolate.Process
	reply  []byte
	answer *isolate.Memory
}

// TimerOptions say what is measured. Item and what follows are as in AskerOptions.
type TimerOptions struct {
	AskerOptions
	Path      string // for messages
	Model     []byte
	Shapes    [][]int
	Signature string
	Threads   int // of each engine; 0: 1
	Engines   int // that run side by side; 0: 1
	Profile   bool
	Deadline  time.Duration // of opening, 0: a minute
}

// timerOpen opens a model.
type timerOpen struct {
	Path      string  `json:"path"`
	Bytes     int     `json:"bytes"`
	Shapes    [][]int `json:"shapes"`
	Signature string  `json:"signature"`
	Threads   int     `json:"threads"`
	Engines   int     `json:"engines"`
	Profile   bool    `json:"profile"`
}

// timerRun runs the open model.
type timerRun struct {
	Seconds float64 `json:"seconds"`
	Runs    int     `json:"runs"` // at least so many of each engine
	Keep    bool    `json:"keep"` // the times; else it is a warm-up
}

// timerRequest is one of the two.
type timerRequest struct {
	Open *timerOpen `json:"open,omitempty"`
	Run  *timerRun  `json:"run,omitempty"`
}

// Opened is how long it took until a model was ready.
type Opened struct {
	Device  string        `json:"device"`
	Load    time.Duration `json:"load"`  // reading, verifying, opening all engines
	First   time.Duration `json:"first"` // the first run
	Threads int           `json:"threads"`
	Engines int           `json:"engines"`
}

// Timed is what a time of running gave.
type Timed struct {
	Runs    []time.Duration `json:"runs"`    // of all engines, each in its order; at most maxTimes
	Count   int             `json:"count"`   // of runs, also of those whose times were not kept
	Elapsed time.Duration   `json:"elapsed"` // from the first to the last
	Grown   int64           `json:"grown"`   // by how much the process has grown since before the model was there, in bytes; 0: not known
	CPU     time.Duration   `json:"cpu"`     // processor time of all threads
	Times   []tflite.OpTime `json:"times"`   // with Profile: of the first engine's operators
}

// StartTimer opens the model. An error is why the delegate does not take it.
func StartTimer(ctx context.Context, o TimerOptions) (*Timer, Opened, error) {
	t := &Timer{reply: make([]byte, isolate.MaxMessage)}
	var opened Opened
	var err error
	if t.answer, err = isolate.NewMemory(answerBytes); err != nil {
		return nil, opened, err
	}
	if t.child, err = startAsked(ctx, timerKind, "bench ", o.AskerOptions); err != nil {
		return nil, opened, errors.Join(err, t.answer.Close())
	}
	model, err := isolate.NewMemory(max(len(o.Model), 1))
	if err == nil {
		request := timerRequest{Open: &timerOpen{
			Path: o.Path, Bytes: copy(model.Bytes(), o.Model), Shapes: o.Shapes, Signature: o.Signature, Threads: o.Threads, Engines: o.Engines, Profile: o.Profile,
		}}
		err = t.call(ctx, request, max(o.Deadline, trialDeadline), &opened, model)
		err = errors.Join(err, model.Close())
	}
	if err != nil {
		return nil, opened, errors.Join(err, t.Close())
	}
	return t, opened, nil
}

// runDeadline is how much longer than asked a time of running may take.
const runDeadline = 2 * time.Minute

// Run runs all engines for so long, and at least so many times each, and gives the times unless it is a warm-up.
func (t *Timer) Run(ctx context.Context, seconds float64, runs int, keep bool) (Timed, error) {
	var timed Timed
	err := t.call(ctx, timerRequest{Run: &timerRun{seconds, runs, keep}}, time.Duration(seconds*float64(time.Second))+runDeadline, &timed)
	return timed, err
}

func (t *Timer) call(ctx context.Context, request timerRequest, deadline time.Duration, answer any, send ...*isolate.Memory) error {
	if t.child == nil {
		return ErrClosed
	}
	text, err := json.Marshal(request)
	if err != nil {
		return err
	}
	n, err := t.child.Call(ctx, text, t.reply, isolate.CallOptions{Deadline: deadline, Send: append(send, t.answer)})
	if err != nil {
		_ = t.Close() // err has the reason already
		if death := (*isolate.DeathError)(nil); errors.As(err, &death) && ctx.Err() == nil {
			return fmt.Errorf("it does not survive this model: its process %s", death.Cause())
		}
		return err
	}
	return readAnswer(t.reply[:n], t.answer, answer)
}

// Close ends the child. Twice is safe.
func (t *Timer) Close() error {
	if t.child == nil {
		return nil
	}
	err := errors.Join(t.child.Close(), t.answer.Close())
	t.child = nil
	return err
}

// readAnswer reads JSON in shared memory, or the error that came instead.
func readAnswer(reply []byte, from *isolate.Memory, to any) error {
	s, _, body, err := parseReply(reply)
	switch {
	case err != nil:
		return err
	case s != statusOK:
		return received(body, edgetpu.System{})
	}
	size, err := parseCount(body)
	if err != nil || size > len(from.Bytes()) {
		return errors.New("the child's answer is not well formed")
	}
	return json.Unmarshal(from.Bytes()[:size], to)
}

// startAsked starts a child that has one delegate.
func startAsked(ctx context.Context, kind, name string, o AskerOptions) (*isolate.Process, error) {
	access := o.Item.Access()
	access.Read = append(access.Read, o.Access.Read...)
	access.ReadWrite = append(access.ReadWrite, o.Access.ReadWrite...)
	access.Env = append(access.Env, o.Access.Env...)
	device := ""
	if o.Device != (edgetpu.Device{}) {
		device = o.Device.Path
	}
	return isolate.Start(ctx, isolate.Options{
		Kind: kind, Name: name + o.Item.String(), Logger: o.Logger, Env: environ.Pick(access.Env...),
		Sandbox: sandbox(HostOptions{Library: o.Library, Device: o.Device, Access: access}),
		Setup:   askSetup{o.Item, device, o.Library},
	})
}
