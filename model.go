package corallite

import (
	"context"
	"errors"
	"fmt"
	"image"
	"log/slog"
	"sync"

	"corallite/configs"
	"corallite/internal/assemble"
	"corallite/internal/devicepool"
	"corallite/models"
	"corallite/pipeline"
	"corallite/pipeline/vision"
)

// ErrClosed is returned by the methods of a Model that was closed.
var ErrClosed = errors.New("corallite: the model is closed")

// Model is a model that is ready to run. Its methods may be called by several goroutines at once: each run waits for an
// engine (Options.Engines). While Events or Listen uses a model, no other method may.
type Model struct {
	name   string
	c      configs.Model
	logger *slog.Logger
	pool   *devicepool.Pool

	vision  *assemble.VisionModel // nil: the model is for sound
	audio   *assemble.AudioModels // ready for the next run, because it holds state; nil: not open
	frames  *vision.Pool
	engines chan pipeline.Engine // that nobody uses

	closing context.Context // ends with Close
	stop    context.CancelFunc

	mu     sync.Mutex
	closed bool
	stream bool           // Events or Listen uses the model
	calls  int            // other methods that do
	inUse  sync.WaitGroup // of both
}

// Open opens a model of the catalog by its name (see `corallite models list`; it must have been pulled), or a .tflite file
// by its path. What is wrong with an option is a *configs.SpecError that names it. When ctx ends, a device that is not
// there yet is not waited for.
func Open(ctx context.Context, nameOrPath string, o Options) (*Model, error) {
	store, err := models.Open(models.Options{})
	if err != nil {
		return nil, err
	}
	m := &Model{logger: loggerOr(o.Logger), frames: vision.NewPool(1)}
	spec, err := o.spec(nameOrPath)
	if err == nil {
		m.name, m.c, err = spec.Find(store, vision.ReadLabels)
	}
	if err != nil {
		return nil, fmt.Errorf("corallite: open %s: %w", nameOrPath, err)
	}
	if m.c.Gallery != "" {
		m.c.Vector = new(bool) // Embed gives it, too
		*m.c.Vector = true
	}
	if m.c.Task == "" {
		return nil, fmt.Errorf("corallite: open %s: the catalog does not know the file: set Options.Task to what it does (Detect, Classify, Segment, Pose, Embed, Keyword)", nameOrPath)
	}
	m.closing, m.stop = context.WithCancel(context.Background())
	if err := m.open(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("corallite: open %s: %w", nameOrPath, err), m.Close())
	}
	return m, nil
}

func (m *Model) open(ctx context.Context) error {
	how, err := assemble.DevicePoolOptions([]configs.Model{m.c}, configs.EdgeTPU{}, m.logger)
	if err != nil {
		return err
	}
	// ctx is that of opening: many cancel it when Open has returned, and a device that is lost later is waited for.
	patience, cancel := context.WithCancel(m.closing)
	defer context.AfterFunc(ctx, cancel)()
	if m.pool, err = devicepool.New(patience, how); err != nil {
		return err
	}
	if m.c.Listens() {
		return m.openAudio(ctx)
	}
	m.vision, err = assemble.OpenModel(context.WithoutCancel(ctx), m.request())
	if err != nil {
		return err
	}
	m.engines = make(chan pipeline.Engine, len(m.vision.Engines))
	for _, e := range m.vision.Engines {
		m.engines <- e
	}
	return nil
}

// Name is the model's name in the catalog, or that of its file without the ending.
func (m *Model) Name() string { return m.name }

// Task is what the model does: Detect, Classify and so on.
func (m *Model) Task() string { return m.c.Task }

// Labels are the labels of the model's classes; empty: it has none, or has them packed into its file.
func (m *Model) Labels() []string { return append([]string(nil), m.c.Labels...) }

// Close frees the model. It ends what Events and Listen do, and waits for the other methods. Twice is safe.
func (m *Model) Close() error {
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return nil
	}
	m.closed = true
	m.mu.Unlock()
	m.stop()
	m.inUse.Wait()
	errs := []error{m.closeAudio()}
	if m.vision != nil {
		errs = append(errs, m.vision.Close())
	}
	if m.pool != nil {
		errs = append(errs, m.pool.Close())
	}
	return errors.Join(append(errs, m.frames.Close())...)
}

// methods are what a model for a task is called with.
var methods = map[string]string{
	Detect: "Detect", Classify: "Classify", Segment: "Segment", Pose: "Pose", Embed: "Embed", Keyword: "Listen", Wakeword: "Listen",
}

// wrongMethod says that a method is not for the model's task.
func (m *Model) wrongMethod(called string) error {
	return fmt.Errorf("corallite: %s is a model for %s: call %s, not %s", m.name, m.c.Task, methods[m.c.Task], called)
}

// enter counts a caller; leave is called when it is done.
func (m *Model) enter(stream bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.closed:
		return ErrClosed
	case m.stream:
		return fmt.Errorf("corallite: %s is in use by Events or Listen: open it once more, or wait until that has ended", m.name)
	case stream && m.calls > 0:
		return fmt.Errorf("corallite: %s is in use: Events and Listen need it for themselves", m.name)
	}
	m.stream = stream
	if !stream {
		m.calls++
	}
	m.inUse.Add(1)
	return nil
}

func (m *Model) leave(stream bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if stream {
		m.stream = false
	} else {
		m.calls--
	}
	m.inUse.Done()
}

// Detect finds objects in a picture, the best first. Any image.Image will do; *Pixels are what a program has as bytes.
func (m *Model) Detect(ctx context.Context, picture image.Image) ([]pipeline.Detection, error) {
	r, err := m.run(ctx, picture, Detect)
	return r.Detections, err
}

// Classify says what a picture shows, the best first; of a model for Embed with a Gallery, what the picture is like.
func (m *Model) Classify(ctx context.Context, picture image.Image) ([]pipeline.Class, error) {
	r, err := m.run(ctx, picture, Classify)
	return r.Classes, err
}

// Segment says what each part of a picture belongs to.
func (m *Model) Segment(ctx context.Context, picture image.Image) (*pipeline.Mask, error) {
	r, err := m.run(ctx, picture, Segment)
	return r.Mask, err
}

// Pose finds people's key points.
func (m *Model) Pose(ctx context.Context, picture image.Image) ([]pipeline.Pose, error) {
	r, err := m.run(ctx, picture, Pose)
	return r.Poses, err
}

// Embed turns a picture into a vector of length 1 (L2): the product of two of them says how alike their pictures are.
func (m *Model) Embed(ctx context.Context, picture image.Image) (pipeline.Vector, error) {
	r, err := m.run(ctx, picture, Embed)
	return r.Embedding, err
}

// run runs the model on one picture.
func (m *Model) run(ctx context.Context, picture image.Image, task string) (r pipeline.Result, err error) {
	named := task == Classify && m.c.Task == Embed && m.c.Gallery != ""
	if task != m.c.Task && !named {
		return r, m.wrongMethod(methods[task])
	}
	if err := m.enter(false); err != nil {
		return r, err
	}
	defer m.leave(false)
	f, err := m.frame(picture)
	if err != nil {
		return r, fmt.Errorf("corallite: %w", err)
	}
	defer f.Release()
	select {
	case e := <-m.engines:
		defer func() { m.engines <- e }()
		if r, err = vision.Once(ctx, e, m.vision.Task, f); err == nil {
			r, err = m.vision.Refine(ctx, f, r)
		}
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if err != nil {
		return r, fmt.Errorf("corallite: %s: %w", m.name, err)
	}
	return r, nil
}
