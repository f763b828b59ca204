package devicepool

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"time"

	"corallite/delegate"
	"corallite/delegate/edgetpu"
	"corallite/internal/failover"
	"corallite/internal/heat"
	"corallite/internal/schema"
	"corallite/internal/worker"
	"corallite/tflite/tensor"
)

// Options of a Pool. The zero Options are those of a program that has configured nothing.
type Options struct {
	Library string          // libedgetpu's path; "": as edgetpu.Load finds it
	EdgeTPU edgetpu.Options // for every device
	// Files are all model files that will be opened: a child may read no others, and what it may read is fixed when it
	// starts.
	Files []string
	// ExtraPaths are further files and folders that children may use, which only a simulator needs.
	ExtraPaths []string
	// EdgeTPUEnv are names of environment variables that the Edge TPUs' children get beside the usual ones.
	EdgeTPUEnv []string
	// Named are the device strings of all models: a device that one of them asks for by name is not taken by models
	// that take any.
	Named   []string
	Heat    heat.Options
	Backoff failover.BackoffOptions
	// OpenLimit is how long a device may take to open for a model; 0: a minute, and 15 s while a model that can begin
	// on the CPU waits for it.
	OpenLimit time.Duration
	// GiveUp is how long a run of a model that has no CPU model waits for its device; 0: failover's default.
	GiveUp time.Duration
	// Verified remembers which models have run once in a child; nil: models run in this process untried.
	Verified *worker.VerifiedModels
	Logger   *slog.Logger // nil: none
}

// Pool is what its engines share. Its methods can be called from several goroutines.
type Pool struct {
	o        Options
	patience context.Context // of New
	named    []edgetpu.Spec

	parking sync.Mutex // held while engines are moved to the CPU or back because of heat

	enumerating sync.Mutex         // held while libedgetpu is asked for its devices
	inventory   *answeredInventory // nil: it was not asked yet

	asking sync.Mutex // held while another provider is probed
	asked  []askedProvider

	mu      sync.Mutex
	devices []*device       // in the order in which they were first used
	told    bool            // that the CPU runs the models
	capped  map[string]bool // models that were told that they have too many threads
}

// New makes a Pool; it opens nothing. The error is one of the options. Once ctx ends, libedgetpu is no longer waited for:
// models that can begin on the CPU do, and for others Open fails with an error that wraps context.Canceled, as Read does
// for a model that is being tried. Engines that are open go on.
func New(ctx context.Context, o Options) (*Pool, error) {
	if err := o.EdgeTPU.Validate(); err != nil {
		return nil, err
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	f := &Pool{o: o, patience: ctx}
	for _, name := range o.Named {
		s, err := edgetpu.ParseSpec(name)
		if err != nil {
			return nil, err
		}
		if s.One() {
			f.named = append(f.named, s)
		}
	}
	return f, nil
}

// Request is a model to open.
type Request struct {
	Name     string            // of the model, in messages
	Model    *delegate.Model   // read; it can be closed when Open has returned
	Segments []*delegate.Model // the compiled model in parts, in order; nil: Model's own compiled file
	Choice   delegate.Choice   // nil: auto
	Device   string            // as edgetpu.ParseSpec reads it
	Threads  int               // of the CPU, for one run; 0: 1; at most one for each processor of the machine
	Shapes   [][]int           // of the CPU's inputs, where the file leaves them open, by index; nil: as the file says
	Engines  int               // how many are wanted; at least 1
	Spread   bool              // more engines than asked for when that keeps more devices or segments busy
	Priority int               // where a device is shared
	Isolate  *bool             // nil: where it does not run on the CPU
	Deadline time.Duration     // of a run in a child; 0: from the measured times
}

func (r *Request) isolated(otherwise bool) bool {
	if r.Isolate == nil {
		return otherwise
	}
	return *r.Isolate
}

// parts are the compiled files, in order.
func (r *Request) parts() []*delegate.Model {
	if len(r.Segments) > 0 {
		return r.Segments
	}
	return []*delegate.Model{r.Model}
}

// Shapes chooses the shapes of the inputs that a model's file leaves open, by the input's index, with nil for those that
// stay as the file says. Its error is why the model cannot be run.
type Shapes func(g *schema.Subgraph) ([][]int, error)

// Read reads a model's files like [delegate.Read], and tries the one that the CPU runs in a child, if it never ran on this
// machine: a file that crashes the runtime is an error and not a crash. The trial ends with ctx and with the pool's
// patience. signature is the key of the signature to run (see [delegate.Model.Select]). It gives the shapes that choose has
// chosen, for the Request; choose may be nil.
func (p *Pool) Read(ctx context.Context, files delegate.Files, signature string, choose Shapes) (_ *delegate.Model, shapes [][]int, err error) {
	m, err := delegate.Read(files)
	if err != nil {
		return nil, nil, err
	}
	if err := m.Select(signature); err != nil {
		m.Close()
		return nil, nil, err
	}
	if choose != nil {
		if shapes, err = choose(m.Graph()); err != nil {
			m.Close()
			return nil, nil, fmt.Errorf("model %s: %w", m.Path(), err)
		}
	}
	if p.o.Verified != nil && files.CPU != "" {
		patient, stop := p.patient(ctx)
		defer stop()
		err := worker.ProbeModel(patient, worker.ModelProbeOptions{Path: files.CPU, Shapes: shapes, Signature: signature, Verified: p.o.Verified, Logger: p.o.Logger})
		if err != nil {
			m.Close()
			if ctx.Err() == nil && errors.Is(err, context.Canceled) {
				err = fmt.Errorf("model %s: %w", files.CPU, interruption{})
			}
			return nil, nil, err
		}
	}
	return m, shapes, nil
}

// Open makes engines for a model, to be used side by side, each closed by the caller before the Pool. The items of the choice
// are tried in order. Where the choice has the CPU, engines fall back to it whenever a device fails.
func (p *Pool) Open(ctx context.Context, r Request) ([]tensor.Engine, error) {
	if err := r.Choice.Validate(); err != nil {
		return nil, err
	}
	r.Threads = p.threads(r)
	if r.Engines < 1 {
		return nil, fmt.Errorf("devicepool: invalid number of engines %d (want at least 1)", r.Engines)
	}
	var refused []delegate.FallbackReason
	wanted := false
	accelerators := r.Choice.Accelerators()
	for i, item := range accelerators {
		o := opener{pool: p, request: r, item: item, more: i+1 < len(accelerators)}
		engines, missed, err := o.open(ctx)
		if engines != nil || err != nil {
			return engines, err
		}
		if len(r.Choice) == 1 {
			return nil, delegate.CannotRun(item, r.Model.Path(), missed.Causes)
		}
		for _, cause := range missed.Causes {
			refused = append(refused, delegate.FallbackReason{Delegate: item.String(), Reason: reasonOf(cause)})
		}
		wanted = wanted || missed.Wanted
	}
	cpu := r.Choice.OnCPU()
	if len(cpu) == 0 { // several accelerators, none of them with the CPU behind it
		return nil, fmt.Errorf("model %s: nothing that may run it can: %s", r.Model.Path(), reasons(refused))
	}
	return p.openCPU(ctx, r, cpu, refused, wanted)
}

func reasons(refused []delegate.FallbackReason) string {
	all := make([]string, len(refused))
	for i, r := range refused {
		all[i] = r.Reason
	}
	return strings.Join(all, "; ")
}

// candidates are the Edge TPUs for a model, or the causes why there is none.
func (p *Pool) candidates(ctx context.Context, r Request) (delegate.Candidates, error) {
	if len(r.Segments) > 0 {
		if err := checkSegments(r.Segments, r.Model); err != nil {
			return delegate.Candidates{}, err
		}
	}
	o := delegate.Options{
		Choice: delegate.EdgeTPU, Device: r.Device, EdgeTPULibrary: p.o.Library, EdgeTPU: p.o.EdgeTPU, Enumerate: p.enumerate,
	}
	if !r.isolated(true) {
		o.Enumerate = nil // in this process, where it will run too
	}
	var all delegate.Candidates
	for _, m := range r.parts() {
		c, err := m.Candidates(ctx, o)
		if err != nil || len(c.Causes) > 0 {
			return c, err
		}
		all = c
	}
	all.Devices = p.free(all.Devices, r.Device)
	return all, nil
}

// threads are those that a model gets: more than the machine has processors only get into each other's way.
func (p *Pool) threads(r Request) int {
	most := runtime.NumCPU()
	if r.Threads <= most {
		return r.Threads
	}
	p.mu.Lock()
	told := p.capped[r.Name]
	if p.capped == nil {
		p.capped = map[string]bool{}
	}
	p.capped[r.Name] = true
	p.mu.Unlock()
	if !told {
		p.o.Logger.Warn(fmt.Sprintf("threads: %d is more than the machine has processors: the model gets %d", r.Threads, most), "model", r.Name)
	}
	return most
}

// free leaves out what other models asked for by name, unless nothing would be left.
func (p *Pool) free(devices []edgetpu.Device, wanted string) []edgetpu.Device {
	if s, err := edgetpu.ParseSpec(wanted); err != nil || s.One() {
		return devices
	}
	taken := map[edgetpu.Device]bool{}
	for _, s := range p.named {
		if fit, err := p.o.EdgeTPU.System.Select(s, devices); err == nil {
			taken[fit[0]] = true
		}
	}
	var free []edgetpu.Device
	for _, d := range devices {
		if !taken[d] {
			free = append(free, d)
		}
	}
	if len(free) == 0 {
		return devices
	}
	return free
}

// device gives the device whose hardware is the one wanted, making it when it is wanted for the first time. Both functions are
// called with the lock held.
func (p *Pool) device(is func(hardware) bool, make func() hardware) *device {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, d := range p.devices {
		if is(d.hardware) {
			return d
		}
	}
	d := newDevice(p, make())
	p.devices = append(p.devices, d)
	return d
}

// all gives the devices in use.
func (p *Pool) all() []*device {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]*device(nil), p.devices...)
}

// Close ends the children. Engines that are still open fail from then on. Twice is safe.
func (p *Pool) Close() error {
	var errs []error
	for _, d := range p.all() {
		errs = append(errs, d.shut())
	}
	return errors.Join(errs...)
}
