package hub

import (
	"sync"

	"corallite/pipeline"
)

// subscriberQueue is how many events wait for a subscriber; a slower one loses the oldest.
const subscriberQueue = 64

// bus passes events on to all who follow them.
type bus struct {
	mu  sync.Mutex
	all map[*Subscription]struct{}
}

// Subscription gets events.
type Subscription struct {
	bus    *bus
	events chan pipeline.Event

	mu   sync.Mutex
	lost uint64
}

// Subscribe follows the events of all requests, and what Publish gives. Whoever subscribes closes it.
func (h *Hub) Subscribe() *Subscription {
	s := &Subscription{bus: &h.bus, events: make(chan pipeline.Event, subscriberQueue)}
	h.bus.mu.Lock()
	defer h.bus.mu.Unlock()
	if h.bus.all == nil {
		h.bus.all = map[*Subscription]struct{}{}
	}
	h.bus.all[s] = struct{}{}
	return s
}

// Publish gives an event of a pipeline to all subscribers. It never waits.
func (h *Hub) Publish(e pipeline.Event) { h.bus.publish(e) }

func (b *bus) publish(e pipeline.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for s := range b.all {
		for {
			select {
			case s.events <- e:
			default:
				select {
				case <-s.events:
					s.mu.Lock()
					s.lost++
					s.mu.Unlock()
				default:
				}
				continue
			}
			break
		}
	}
}

// Events are the events, the oldest first.
func (s *Subscription) Events() <-chan pipeline.Event { return s.events }

// Lost is how many events came faster than they were taken, and were left out.
func (s *Subscription) Lost() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lost
}

// Close ends it. Twice is safe.
func (s *Subscription) Close() {
	s.bus.mu.Lock()
	defer s.bus.mu.Unlock()
	delete(s.bus.all, s)
}
