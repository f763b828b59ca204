package assemble

import (
	"sync"
	"time"

	"corallite/pipeline"
)

// pulse knows when the running streams of live sources last gave a sign of life: their collectors do ten times a second,
// unless something that they wait for hangs.
type pulse struct {
	mu   sync.Mutex
	last map[string]time.Time // by pipeline
}

func (p *pulse) beat(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last == nil {
		p.last = map[string]time.Time{}
	}
	p.last[name] = time.Now()
}

func (p *pulse) end(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.last, name)
}

// Alive reports whether all live pipelines that run have given a sign of life within that time. A stream of files may
// rightly wait for whoever reads its output.
func (b *Builder) Alive(within time.Duration) bool {
	b.pulse.mu.Lock()
	defer b.pulse.mu.Unlock()
	for _, at := range b.pulse.last {
		if time.Since(at) > within {
			return false
		}
	}
	return true
}

// watch follows the stream's signs of life until the function that it returns is called.
func (p *basePlan[T]) watch() (stop func()) {
	if !p.Source.Live() {
		return func() {}
	}
	progress := p.Progress
	p.b.pulse.beat(p.Name)
	p.Progress = func(now pipeline.Progress) {
		p.b.pulse.beat(p.Name)
		progress(now)
	}
	return func() { p.b.pulse.end(p.Name) }
}
