package assemble

import (
	"errors"
	"math"
	"slices"

	"corallite/configs"
	"corallite/internal/control"
	"corallite/internal/draw"
	"corallite/internal/life"
	"corallite/internal/part"
	"corallite/internal/wyoming"
	"corallite/pipeline"
	"corallite/pipeline/audio"
	"corallite/pipeline/camera"
	"corallite/pipeline/vision"
)

// plan is a pipeline on its way from the configuration to a run.
type plan interface {
	pipeline.Runner
	name() string
	openSource() error     // a live source that needs no model; other plans open theirs at the same time
	open() error           // what of the source and the models is not open yet
	probe() error          // whether files that sinks are to write can be written
	openFirstSinks() error // those that change nothing that is there
	openLastSinks() error
	openOtherSinks() error // those that the configuration does not name
	close() error          // what was opened and is not run
}

// plan is the plan of a pipeline, by what its source gives.
func (b *Builder) plan(name string, p configs.Pipeline) plan {
	if c, ok := p.Source.(*wyoming.Config); ok {
		return &wyomingPlan{basePlan: newBasePlan[*audio.Chunk](b, name, p), config: c}
	}
	pictures, sound := b.cfg.Takers(p)
	switch {
	case p.Sounds() || len(pictures) == 0 && len(sound) > 0:
		return b.soundPlan(name, p)
	case len(sound) > 0:
		return b.bothPlan(name, p, pictures, sound)
	}
	return b.visionPlan(name, p)
}

func (b *Builder) visionPlan(name string, p configs.Pipeline) *visionPlan {
	return &visionPlan{basePlan: newBasePlan[*vision.Frame](b, name, p)}
}

func (b *Builder) soundPlan(name string, p configs.Pipeline) *soundPlan {
	return &soundPlan{basePlan: newBasePlan[*audio.Chunk](b, name, p)}
}

// basePlan is what plans of all items have in common.
type basePlan[T pipeline.Item] struct {
	*pipeline.Stream[T]
	b         *Builder
	c         configs.Pipeline
	named     []string          // models: all of the pipeline
	observers []part.Observer   // sinks that follow how the stream does
	control   *control.Pipeline // nil: nothing is changed while it runs
	// heard makes a gate for the sound beside the pictures, whose results go to the same sinks; nil: there is none.
	heard func(life.Options) (pipeline.Gate, error)
}

func newBasePlan[T pipeline.Item](b *Builder, name string, p configs.Pipeline) basePlan[T] {
	base := basePlan[T]{b: b, c: p, named: p.Models, control: newControl(p), Stream: &pipeline.Stream[T]{
		Name: name, Progress: b.Console.Progress, OnError: ReportTo(b.Console),
		OnResume: resumeTo(b.Console, name),
	}}
	if c := base.control; c != nil {
		base.Hold = func() bool { return !c.On() }
	}
	return base
}

func (p *basePlan[T]) name() string { return p.Name }

func (p *basePlan[T]) probe() error { return probe(p.c) }

func (p *basePlan[T]) openOtherSinks() error {
	if p.b.Sinks == nil {
		return nil
	}
	sinks, err := p.b.Sinks(p.Name, p.Source)
	p.Sinks = append(p.Sinks, sinks...)
	return err
}

// close closes the source and the sinks.
func (p *basePlan[T]) close() error {
	var errs []error
	if p.Source != nil {
		errs = append(errs, p.Source.Close())
	}
	for _, k := range p.Sinks {
		if k.Sink != nil {
			errs = append(errs, k.Sink.Close())
		}
	}
	return errors.Join(errs...)
}

// visionPlan is a pipeline of pictures.
type visionPlan struct {
	basePlan[*vision.Frame]
	models   []*VisionModel
	sounding bool // the sound of the source will be opened as well
}

func (p *visionPlan) openSource() error {
	if !p.c.Source.About().Live {
		return nil
	}
	source, _, err := p.b.selectFrom(p.c, p.sounding)
	if err == nil {
		p.Source = source
	}
	return err
}

// aFew pictures are done before it pays to give back the memory that was needed at the start.
const aFew = 16

func (p *visionPlan) open() error {
	items := 0
	if p.Source == nil {
		source, n, err := p.b.selectFrom(p.c, p.sounding)
		if err != nil {
			return err
		}
		p.Source, items = source, n
	}
	if items == 0 || items > aFew {
		p.b.many = true
	}
	all, err := p.b.openModels(p.b.ctx, p.c, items, p.control)
	if err != nil {
		return err
	}
	p.models = all
	for _, m := range all {
		model, err := m.Model()
		if err != nil {
			return err
		}
		p.Models = append(p.Models, model)
	}
	return nil
}

func (p *visionPlan) openFirstSinks() error { return p.openSinks(false, p.sinkEnv()) }

func (p *visionPlan) openLastSinks() error {
	if err := p.openSinks(true, p.sinkEnv()); err != nil {
		return err
	}
	if err := p.tap(p.sinkEnv()); err != nil {
		return err
	}
	held, selects := p.Source.(*camera.Select)
	for _, k := range p.Sinks {
		if viewer, ok := k.Sink.(interface{ Show(f draw.Frame) }); ok {
			show := func(f *vision.Frame) { viewer.Show(f) }
			p.OnHeld = show
			if selects {
				held.OnHeld(show)
			}
		}
	}
	return nil
}

// openOtherSinks also tells the source the size of pictures that is needed, now that it is known who takes them.
func (p *visionPlan) openOtherSinks() error {
	if err := p.basePlan.openOtherSinks(); err != nil {
		return err
	}
	by := p.reduction()
	if by == nil {
		return nil
	}
	if source, ok := p.Source.(camera.Reducer); ok {
		source.Reduce(by)
	}
	if source, ok := p.Source.(camera.SingleUser); ok && len(p.models) == 1 && !several(p.models[0]) {
		source.SingleUse()
	}
	return nil
}

// several says whether a model looks at a picture more than once.
func several(m *VisionModel) bool {
	_, ok := m.Task.(pipeline.MultiRunTask[*vision.Frame])
	return ok || m.looks
}

// reduction says how many times smaller a picture may be for all who take it; nil: somebody needs all of it.
func (p *visionPlan) reduction() func(width, height int) float64 {
	for _, k := range p.Sinks {
		if _, ok := k.Sink.(pipeline.EventSink); !ok {
			return nil
		}
	}
	if slices.ContainsFunc(p.c.Sinks, looks) {
		return nil
	}
	var models []reducible
	for _, m := range p.models {
		r, ok := m.Task.(reducible)
		if !ok || m.options.Refiner != nil || m.cuts {
			return nil
		}
		models = append(models, r)
	}
	return func(width, height int) float64 {
		least := math.Inf(1)
		for _, m := range models {
			least = min(least, m.Reduction(width, height))
		}
		return least
	}
}

// reducible is a task that says how many times smaller, in both directions, a picture of width × height pixels may be decoded
// for it.
type reducible interface {
	Reduction(width, height int) float64
}

func (p *visionPlan) sinkEnv() part.SinkEnv {
	env := p.basePlan.sinkEnv()
	env.Videos = moves(p.Source)
	return env
}
