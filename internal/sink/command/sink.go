package command

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"time"

	"corallite/internal/clock"
	"corallite/internal/environ"
	"corallite/internal/life"
	"corallite/internal/sink/background"
	"corallite/pipeline"
)

// The defaults of Options.
const (
	DefaultTimeout = 10 * time.Second
	DefaultQueue   = 16
)

// Options of New.
type Options struct {
	// On has the program and its arguments for each label that starts one. A program without a slash is looked up in
	// PATH.
	On map[string][]string
	// Env are further environment variables of this program that the others get, beside those of environ.Usual: they
	// get no others. A "*" at the end stands for any ending.
	Env []string
	// Parallel is how many programs run at a time; 0: one.
	Parallel int
	// Queue is how many may wait for that; 0: DefaultQueue.
	Queue int
	// Timeout is how long a program may run; 0: DefaultTimeout.
	Timeout time.Duration
	life.Options

	Clock clock.Clock // nil: the machine's
}

// Sink starts programs. It is not Lossless.
type Sink struct {
	background.Reporter
	o     Options
	on    map[string]program
	queue *background.Queue[job]
}

// program is a program that was found, with its arguments.
type program struct {
	path string
	args []string // the first is the program as it was written
}

// job is a program to start.
type job struct {
	program
	found found
	item  string // what errors call the item
	env   []string
}

// New makes a sink. A program that is not there is an error that names the label and the program.
func New(o Options) (*Sink, error) {
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Clock == nil {
		o.Clock = clock.System{}
	}
	s := &Sink{o: o, on: map[string]program{}}
	for label, args := range o.On {
		path, err := Find(args)
		if err != nil {
			return nil, fmt.Errorf("label %q: %w", label, err)
		}
		s.on[label] = program{path, slices.Clone(args)}
	}
	queue := o.Queue
	if queue <= 0 {
		queue = DefaultQueue
	}
	s.queue = background.New(background.Options[job]{
		Do: s.do, Parallel: max(o.Parallel, 1), Queue: queue, Lost: s.Lost, Clock: o.Clock,
	})
	return s, nil
}

// Find is the path of a program that is given with its arguments.
func Find(args []string) (string, error) {
	if len(args) == 0 || args[0] == "" {
		return "", errors.New("no program given")
	}
	path, err := exec.LookPath(args[0])
	// What it is about stands before it.
	var not *exec.Error
	if errors.As(err, &not) {
		err = not.Err
	}
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	if err != nil {
		return "", fmt.Errorf("program %q: %w", args[0], err)
	}
	return path, nil
}

// Consume starts the programs of what was found, or has them wait. A label starts its program once an event, with the
// best of its scores.
func (s *Sink) Consume(_ context.Context, r pipeline.Report) error {
	if s.queue.Closed() {
		return fmt.Errorf("command: %w", os.ErrClosed)
	}
	for i := range r.Events {
		ev := &r.Events[i]
		for _, f := range labelled(&ev.Result) {
			p, ok := s.on[f.label]
			if !ok {
				continue
			}
			s.queue.Put(job{program: p, found: f, item: fmt.Sprintf("%s item %d", ev.Source, ev.Seq), env: append(environ.Pick(s.o.Env...), environment(ev, f)...)})
		}
	}
	return nil
}

// do runs one program.
func (s *Sink) do(ctx context.Context, j job) {
	if err := j.run(ctx, s.o.Timeout, s.o.Clock, j.env); err != nil {
		s.Failed(j.item, fmt.Errorf("%q of label %q: %w", j.args[0], j.found.label, err))
	}
}

// EventsOnly says that the sink does not look at pictures.
func (*Sink) EventsOnly() {}

// Lossless is false: a source is not held back for programs.
func (s *Sink) Lossless() bool { return false }

// Close waits for what runs and waits, for one time limit.
func (s *Sink) Close() error {
	s.queue.Close(s.o.Timeout)
	return nil
}
