package assemble

import (
	"cmp"
	"slices"
	"sync"

	"corallite/pipeline"
)

// order lets two streams of the same files give a sink their reports in the order of their times in the files, pictures
// before sound of the same time: a report waits until the other stream has passed its time. A gate in front of the sink's
// queue says how far each stream is, also where it finds nothing.
//
// It always goes on: of two reports that wait the earlier one is let through, and a stream whose queues are full holds a
// report that is earlier than what the other one waits for. So no report may be lost on its way through a queue: it is for
// lossless sinks of files alone.
type order struct {
	mu    sync.Mutex
	moved sync.Cond
	files []string // in the order in which they are read
	sides [2]side
}

// side is one of the two streams.
type side struct {
	at      place   // of its last item
	source  string  // of that item
	begun   bool    // there was one
	passed  place   // up to which all of its reports are in the queue
	waiting []place // of those that the sink has not taken
	ended   bool
}

// place is a time in one of several files.
type place struct {
	file     int
	position int64 // nanoseconds
}

func (p place) compare(o place) int {
	return cmp.Or(cmp.Compare(p.file, o.file), cmp.Compare(p.position, o.position))
}

// newOrder makes an order for files that both streams read in this order; a stream may leave some out.
func newOrder(files []string) *order {
	o := &order{files: slices.Clone(files)}
	o.moved.L = &o.mu
	for i := range o.sides {
		o.sides[i].passed = place{-1, 0}
	}
	return o
}

// item notes that a stream comes to an item.
func (o *order) item(side int, m *pipeline.Meta) {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := &o.sides[side]
	if next := int64(m.Position); !s.begun || m.Source != s.source || next < s.at.position {
		from := 0
		if s.begun {
			from = s.at.file + 1
		}
		if i := slices.Index(o.files[min(from, len(o.files)):], m.Source); i >= 0 {
			s.at.file = from + i
		} else { // under another name
			s.at.file = len(o.files)
			o.files = append(o.files, m.Source)
		}
	}
	s.begun, s.source, s.at.position = true, m.Source, int64(m.Position)
}

// queued notes that a report goes into the sink's queue.
func (o *order) queued(side int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := &o.sides[side]
	s.waiting = append(s.waiting, s.at)
}

// past notes that all reports of the item are in the queue.
func (o *order) past(side int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := &o.sides[side]
	s.passed = s.at
	o.moved.Broadcast()
}

// end notes that a stream gives no more.
func (o *order) end(side int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sides[side].ended = true
	o.moved.Broadcast()
}

// turn waits until the next report of a stream is due.
func (o *order) turn(side int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for !o.due(side) {
		o.moved.Wait()
	}
}

func (o *order) due(side int) bool {
	own, other := &o.sides[side], &o.sides[1-side]
	if len(own.waiting) == 0 { // unreachable: queued comes first
		return true
	}
	reach := other.passed
	switch {
	case len(other.waiting) > 0:
		reach = other.waiting[0]
	case other.ended:
		return true
	}
	d := reach.compare(own.waiting[0])
	return d > 0 || d == 0 && side == 0
}

// taken notes that the sink has taken the next report of a stream.
func (o *order) taken(side int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if s := &o.sides[side]; len(s.waiting) > 0 {
		s.waiting = s.waiting[1:]
	}
	o.moved.Broadcast()
}

// orderedGate is a stream's gate in front of a sink whose reports come in order.
type orderedGate struct {
	order *order
	side  int
	gate  pipeline.Gate // nil: all reports with events pass
}

func (g *orderedGate) putter(put func(pipeline.Report)) func(pipeline.Report) {
	return func(r pipeline.Report) {
		g.order.queued(g.side)
		put(r)
	}
}

// Pass implements pipeline.Gate.
func (g *orderedGate) Pass(r pipeline.Report, put func(pipeline.Report)) {
	g.order.item(g.side, r.Item.Meta())
	put = g.putter(put)
	switch {
	case g.gate != nil:
		g.gate.Pass(r, put)
	case len(r.Events) > 0:
		put(r)
	}
	g.order.past(g.side)
}

// End implements pipeline.Gate.
func (g *orderedGate) End(put func(pipeline.Report)) {
	if g.gate != nil {
		g.gate.End(g.putter(put))
	}
	g.order.end(g.side)
}
