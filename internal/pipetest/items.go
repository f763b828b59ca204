package pipetest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"corallite/internal/refcount"
	"corallite/pipeline"
)

// Items makes FakeItems and watches their references. The zero value is ready.
type Items struct {
	// Recycle uses the memory of released items again, as real sources do. Without it a released item stays
	// released, so that a late use of it is noticed.
	Recycle bool

	pool     sync.Pool
	made     atomic.Int64
	released atomic.Int64
	mu       sync.Mutex
	misuse   []error
}

// FakeItem is an Item without contents but a value.
type FakeItem struct {
	Value uint64 // 0 once released

	meta  pipeline.Meta
	refs  refcount.Count
	items *Items
}

// New makes an item with one reference.
func (p *Items) New(value uint64, meta pipeline.Meta) *FakeItem {
	p.made.Add(1)
	var it *FakeItem
	if p.Recycle {
		it, _ = p.pool.Get().(*FakeItem)
	}
	if it == nil {
		it = &FakeItem{items: p}
	}
	it.Value, it.meta = value, meta
	it.refs.Start()
	return it
}

// Made is how many items were made.
func (p *Items) Made() int { return int(p.made.Load()) }

// Alive is how many items have references now.
func (p *Items) Alive() int { return int(p.made.Load() - p.released.Load()) }

// Err is nil when every item was released exactly as often as it was retained, and never used after that.
func (p *Items) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	errs := p.misuse
	if n := p.Alive(); n != 0 {
		errs = append(errs[:len(errs):len(errs)], fmt.Errorf("%d of %d items were not released", n, p.Made()))
	}
	return errors.Join(errs...)
}

func (p *Items) wrong(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.misuse = append(p.misuse, fmt.Errorf(format, args...))
}

// Meta says where the item came from.
func (it *FakeItem) Meta() *pipeline.Meta { return &it.meta }

// Retain adds a reference.
func (it *FakeItem) Retain() {
	if !it.refs.Retain() {
		it.items.wrong("item %d was retained after its last release", it.meta.Seq)
	}
}

// Release gives a reference back.
func (it *FakeItem) Release() {
	last, ok := it.refs.Release()
	if !ok {
		it.items.wrong("item %d was released once too often", it.meta.Seq)
	}
	if !last {
		return
	}
	// A plain write: the race detector sees who still reads the item.
	it.Value = 0
	it.items.released.Add(1)
	if it.items.Recycle {
		it.items.pool.Put(it)
	}
}

// InUse says whether the item has a reference.
func (it *FakeItem) InUse() bool { return it.refs.InUse() }
