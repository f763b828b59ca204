package hub

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"corallite/internal/didyoumean"
	"corallite/internal/english"
	"corallite/internal/part"
	"corallite/pipeline/camera"
)

// The defaults of Options.
const (
	DefaultQueue   = 64
	DefaultTimeout = 10 * time.Second
	DefaultMaxBody = 32 << 20
)

// MaxPixels is how many pixels a picture may have.
const MaxPixels = 100_000_000

const (
	bodyMemory  = 256 << 20 // of all requests in progress
	pixelMemory = 768 << 20 // of all pictures that are decoded; the largest one fits
)

// Options say what a Hub takes.
type Options struct {
	Models  []part.Served
	Queue   int           // requests in progress at a time; 0: DefaultQueue
	Timeout time.Duration // of a request, from its header to its answer; 0: DefaultTimeout
	MaxBody int64         // bytes of a request; 0: DefaultMaxBody
	Name    string        // of the pipeline in events; "": "serve"
	Logger  *slog.Logger  // gets failures of models; nil: nobody does
}

// Hub has the models that answer requests. It is safe for concurrent use.
type Hub struct {
	o       Options
	models  []*Model
	decoder *camera.Decoder
	places  *semaphore.Weighted // requests
	bodies  *semaphore.Weighted // bytes
	pixels  *semaphore.Weighted // bytes
	decodes *semaphore.Weighted // requests that have, or make, a decoded picture
	seq     atomic.Uint64
	bus     bus

	closing context.Context
	stop    context.CancelFunc

	mu     sync.Mutex
	closed bool
	jobs   sync.WaitGroup
}

// New makes a hub. It takes the models, which Close closes, also after an error.
func New(o Options) (*Hub, error) {
	o.Queue, o.Timeout, o.MaxBody = cmp.Or(o.Queue, DefaultQueue), cmp.Or(o.Timeout, DefaultTimeout), cmp.Or(o.MaxBody, int64(DefaultMaxBody))
	o.Name = cmp.Or(o.Name, "serve")
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	h := &Hub{o: o, decoder: camera.NewDecoder()}
	h.closing, h.stop = context.WithCancel(context.Background())
	free := 0 // engines that leave the CPU free
	for _, s := range o.Models {
		m := NewModel(s)
		h.models = append(h.models, m)
		for _, e := range s.Engines {
			if e.Device().LeavesCPUFree {
				free++
			}
		}
	}
	if len(h.models) == 0 {
		return nil, errors.Join(errors.New("there are no models to answer with"), h.Close())
	}
	h.places = semaphore.NewWeighted(int64(o.Queue))
	h.bodies = semaphore.NewWeighted(max(bodyMemory, 4*o.MaxBody))
	h.pixels = semaphore.NewWeighted(pixelMemory)
	// More at a time would only wait for each other with their pictures in memory.
	h.decodes = semaphore.NewWeighted(int64(free + runtime.GOMAXPROCS(0)))
	return h, nil
}

// Models are all models, in the order in which they were given. The slice must not be changed.
func (h *Hub) Models() []*Model { return h.models }

// MaxBody is how many bytes a request may have.
func (h *Hub) MaxBody() int64 { return h.o.MaxBody }

// Model is the model of a name; the error, with status 404, names those that there are.
func (h *Hub) Model(name string) (*Model, error) {
	var names []string
	for _, m := range h.models {
		if m.Name == name {
			return m, nil
		}
		names = append(names, m.Name)
	}
	if near := didyoumean.Suggest(name, names); near != "" {
		return nil, Fault(http.StatusNotFound, "there is no model %q; did you mean %q?", name, near)
	}
	return nil, Fault(http.StatusNotFound, "there is no model %q; there are %s", name, strings.Join(names, ", "))
}

// For is the model of a name that does a task, or, for "", the first that does it.
func (h *Hub) For(task, name string) (*Model, error) {
	if name != "" {
		m, err := h.Model(name)
		if err == nil && m.Task != task {
			return nil, Bad("%s is a model for %s, not for %s", name, m.Task, task)
		}
		return m, err
	}
	if i := slices.IndexFunc(h.models, func(m *Model) bool { return m.Task == task }); i >= 0 {
		return h.models[i], nil
	}
	return nil, Fault(http.StatusNotFound, "there is no model for %s", task)
}

// Close waits for the requests in progress, which it ends, and closes the models. Twice is safe.
func (h *Hub) Close() error {
	h.mu.Lock()
	if h.closed {
		h.mu.Unlock()
		return nil
	}
	h.closed = true
	h.mu.Unlock()
	h.stop()
	h.jobs.Wait()
	var errs []error
	for _, m := range h.models {
		errs = append(errs, m.CloseEngines())
	}
	return errors.Join(append(errs, h.decoder.Close())...)
}

// Job is a request in progress, for one goroutine.
type Job struct {
	h       *Hub
	ctx     context.Context
	cancel  context.CancelFunc
	detach  func() bool
	began   time.Time
	body    int64    // bytes that are counted
	buffers [][]byte // with them
	pixels  int64
	slot    bool // of decodes
	placed  bool // it has a place in the queue
	frame   interface{ Release() }
}

// Begin begins a request. ctx is the request's; the job's ends with it, at its deadline, and when the hub is closed.
func (h *Hub) Begin(ctx context.Context) (*Job, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, Fault(http.StatusServiceUnavailable, "the server is being closed")
	}
	h.jobs.Add(1)
	j := &Job{h: h, began: time.Now()}
	j.ctx, j.cancel = context.WithCancel(ctx)
	j.detach = context.AfterFunc(h.closing, j.cancel)
	return j, nil
}

// enter takes a place in the queue, unless there is none; the job's time counts from here. It comes before what takes time,
// and after the request was read: clients that send slowly keep nobody out.
func (j *Job) enter() error {
	if j.placed {
		return nil
	}
	if !j.h.places.TryAcquire(1) {
		return busy(0, "there are already %s in progress, the maximum", english.Count(j.h.o.Queue, "request"))
	}
	j.placed, j.began = true, time.Now()
	cancel := j.cancel
	var end context.CancelFunc
	j.ctx, end = context.WithTimeout(j.ctx, j.h.o.Timeout)
	j.cancel = func() { end(); cancel() }
	return nil
}

// Context is the job's.
func (j *Job) Context() context.Context { return j.ctx }

// Hub is the job's.
func (j *Job) Hub() *Hub { return j.h }

// End gives back what the job has. What it gave, such as its body, must not be used any more.
func (j *Job) End() {
	j.drop()
	j.detach()
	j.cancel()
	for _, b := range j.buffers {
		recycle(b)
	}
	j.buffers = nil
	j.h.bodies.Release(j.body)
	if j.placed {
		j.h.places.Release(1)
	}
	j.h.jobs.Done()
}

// drop gives the decoded picture back.
func (j *Job) drop() {
	if j.frame != nil {
		j.frame.Release()
		j.frame = nil
	}
	j.h.pixels.Release(j.pixels)
	j.pixels = 0
	if j.slot {
		j.h.decodes.Release(1)
		j.slot = false
	}
}

// failed is err as the job's: what ended with its deadline says so.
func (j *Job) failed(err error) error {
	if j.ctx.Err() != nil && errors.Is(context.Cause(j.ctx), context.DeadlineExceeded) {
		return busy(0, "the request could not be answered within %v: the models are too busy", j.h.o.Timeout)
	}
	if j.h.closing.Err() != nil {
		return Fault(http.StatusServiceUnavailable, "the server is being closed")
	}
	return fmt.Errorf("%w", err)
}

// Elapsed is how long ago the job began.
func (j *Job) Elapsed() time.Duration { return time.Since(j.began) }
