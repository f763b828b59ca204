package mqtt

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/paho"

	"corallite/internal/clock"
	"corallite/internal/part"
)

// Link is the connection of a program to its broker. Its methods may be called by several goroutines at once.
type Link struct {
	c       Broker
	how     connection
	version string
	devices func() []part.Device
	log     *slog.Logger
	clock   clock.Clock

	wakeStates, wakeEvents chan struct{}
	work                   context.Context // of the goroutines
	end                    context.CancelFunc
	busy                   sync.WaitGroup

	mu       sync.Mutex
	before   map[string]map[string]string // memory.Components of the last run
	memory   memory
	unsaved  bool
	states   map[string]*state
	order    []string // of states: in which they are sent at a new connection
	pending  []string // topics of states that are to be sent
	queue    queue
	losing   uint64 // events lost since the last message about it
	handlers map[string]func(payload string)
	ticks    []func(now time.Time)
	started  bool
	closed   bool
	broker   *autopaho.ConnectionManager
	up       context.Context // ends with the connection; nil: there is none
	down     context.CancelFunc
	limits   limits
	tried    bool              // a connection was made, or could not be
	trouble  string            // the last error of connecting that was logged
	refused  map[string]bool   // topics that the broker does not take
	claimed  map[string]string // levels of topics, and what they are for
	saveErr  string            // of tick and Close
	journal  journal           // likewise
	saveNow  chan struct{}     // wakes tick
}

// limits are what the broker said that it takes.
type limits struct {
	qos    byte
	retain bool
	size   int // of a packet; 0: any
}

// state is the newest message of a topic.
type state struct {
	payload []byte
	qos     byte
	retain  bool
	pending bool
	gone    bool   // an empty message that removes a retained one
	sent    func() // is called once the broker has it
}

func newLink(c Broker, how connection, env part.ServiceEnv) (*Link, error) {
	l := &Link{
		c: c, how: how, version: env.Version, devices: env.Devices, log: env.Logger, clock: clock.System{},
		wakeStates: make(chan struct{}, 1), wakeEvents: make(chan struct{}, 1), saveNow: make(chan struct{}, 1),
		states: map[string]*state{}, handlers: map[string]func(string){}, refused: map[string]bool{}, queue: queue{most: max(c.Queue, 1)},
	}
	if l.log == nil {
		l.log = slog.New(slog.DiscardHandler)
	}
	var err error
	if l.memory, err = recall(c.State); err != nil {
		return nil, err
	}
	l.before = l.memory.Components
	l.memory.Components = map[string]map[string]string{}
	for topic, components := range l.before {
		l.memory.Components[topic] = components
	}
	l.journal = journal{path: strings.TrimSuffix(c.State, ".json") + ".events", every: journalEvery}
	damaged, err := l.journal.recallEvents(&l.queue)
	if err != nil {
		return nil, err
	}
	if damaged > 0 {
		l.log.Warn("mqtt: lines of the events that waited are damaged: these events are lost", "file", l.journal.path, "lines", damaged)
	}
	l.work, l.end = context.WithCancel(context.Background())
	if c.Home != nil {
		l.handle(c.Home.Prefix+"/status", func(payload string) {
			if payload == "online" {
				l.resend()
			}
		})
	}
	l.set(l.topic(l.availability()), []byte("online"), 1, true)
	l.announceProgram()
	return l, nil
}

// availability is the topic below the prefix that says whether the program is there.
func (l *Link) availability() string {
	if l.c.Style == StyleFrigate {
		return "available"
	}
	return "status"
}

// topic is a topic below the prefix.
func (l *Link) topic(parts ...string) string { return l.c.Prefix + "/" + strings.Join(parts, "/") }

// handle has a function told what comes on a topic. It is called before Start.
func (l *Link) handle(topic string, f func(payload string)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.handlers[topic] = f
}

// every has a function called a few times a second. It is called before Start.
func (l *Link) every(f func(now time.Time)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ticks = append(l.ticks, f)
}

// remember gives a function what survives a restart of a pipeline, and keeps what it changes.
func (l *Link) remember(pipeline string, f func(r *remembered)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f(l.memory.of(pipeline))
	l.unsaved = true
	wake(l.saveNow) // nobody changes much, and what was switched is not to come back after a power cut
}

// connected reports whether there is a connection.
func (l *Link) connected() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.up != nil
}

// set makes a message the newest of its topic. A retained one that is the same as the last is not sent again.
func (l *Link) set(topic string, payload []byte, qos byte, retain bool) {
	l.put(topic, state{payload: payload, qos: qos, retain: retain})
}

func (l *Link) put(topic string, s state) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	old := l.states[topic]
	switch {
	case old == nil:
		l.order = append(l.order, topic)
		l.unsaved = l.unsaved || s.retain
	case s.retain && !old.gone && bytes.Equal(old.payload, s.payload):
		return
	case old.pending:
		s.pending = true
	}
	l.states[topic] = &s
	l.pend(topic, &s)
}

// pend has a state sent. Called with the lock.
func (l *Link) pend(topic string, s *state) {
	if !s.pending {
		s.pending = true
		l.pending = append(l.pending, topic)
	}
	wake(l.wakeStates)
}

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// keeps says that a topic has a retained message, of which nothing is known yet: it stays.
func (l *Link) keeps(topic string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.states[topic] == nil {
		l.states[topic] = &state{retain: true}
		l.order = append(l.order, topic)
	}
}

// resend has all retained states sent again.
func (l *Link) resend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, topic := range l.order {
		if s := l.states[topic]; s != nil && s.retain && (s.payload != nil || s.gone) {
			l.pend(topic, s)
		}
	}
	wake(l.wakeEvents)
}

// send queues an event.
func (l *Link) send(topic string, payload []byte, lost func(n int)) {
	l.mu.Lock()
	var gone []event
	if l.closed {
		gone = []event{{lost: lost}}
	} else {
		gone = l.queue.put(event{topic, payload, lost, l.clock.Now()})
	}
	first := len(gone) > 0 && l.losing == 0
	l.losing += uint64(len(gone))
	l.mu.Unlock()
	wake(l.wakeEvents)
	if first {
		l.log.Warn("mqtt: more events wait than the queue holds: the oldest are lost", "queue", l.c.Queue)
	}
	l.tell(gone)
}

func (l *Link) tell(gone []event) {
	for _, e := range gone {
		if e.lost != nil {
			e.lost(1)
		}
	}
}

// Start removes what the configuration no longer has, and connects.
func (l *Link) Start() {
	l.mu.Lock()
	if l.started || l.closed {
		l.mu.Unlock()
		return
	}
	l.started = true
	old := l.memory.Retained
	l.mu.Unlock()
	for _, topic := range old {
		l.mu.Lock()
		known := l.states[topic] != nil
		l.mu.Unlock()
		if !known {
			l.put(topic, state{qos: 1, retain: true, gone: true, sent: func() { l.forget(topic) }})
		}
	}
	l.connect()
	l.busy.Go(l.sendStates)
	l.busy.Go(l.sendEvents)
	l.busy.Go(l.tick)
}

// forget forgets a topic whose retained message is removed.
func (l *Link) forget(topic string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s := l.states[topic]; s != nil && s.gone {
		delete(l.states, topic)
		l.order = slices.DeleteFunc(l.order, func(t string) bool { return t == topic })
		delete(l.memory.Components, topic)
		l.unsaved = true
	}
}

// tickEvery is how often tick looks at what time brings.
const tickEvery = 200 * time.Millisecond

func (l *Link) tick() {
	ticker := time.NewTicker(tickEvery)
	defer ticker.Stop()
	for n := 0; ; n++ {
		select {
		case <-l.work.Done():
			return
		case <-l.saveNow:
			l.save(false)
			continue
		case <-ticker.C:
		}
		now := l.clock.Now()
		l.mu.Lock()
		all := slices.Clone(l.ticks)
		l.mu.Unlock()
		for _, f := range all {
			f(now)
		}
		if n%50 == 0 {
			l.showDevices()
		}
		if n%5 == 0 {
			l.save(false)
		}
	}
}

// Close sends what waits, for as long as the flush takes, says that the program is gone, and ends the connection. Twice
// is safe.
func (l *Link) Close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil
	}
	started, broker := l.started, l.broker
	l.mu.Unlock()
	if started {
		l.flush()
	}
	l.mu.Lock()
	l.closed = true
	up, limits := l.up, l.limits
	l.mu.Unlock()
	if up != nil {
		bye := "offline"
		if l.c.Style == StyleFrigate {
			bye = "stopped"
		}
		ctx, cancel := context.WithTimeout(up, 2*time.Second)
		_, _ = broker.Publish(ctx, &paho.Publish{Topic: l.topic(l.availability()), Payload: []byte(bye), QoS: min(1, limits.qos), Retain: limits.retain})
		cancel()
	}
	if broker != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		_ = broker.Disconnect(ctx)
		cancel()
	}
	l.end()
	l.busy.Wait()
	if started {
		l.save(true)
	}
	return nil
}

// flush waits until all is sent, for a while, if there is a connection, or nobody knows yet whether there will be one: the
// end of a short file may come before it.
func (l *Link) flush() {
	deadline, stop := l.clock.After(l.c.Flush)
	defer stop()
	for {
		l.mu.Lock()
		done := l.up == nil && l.tried || len(l.queue.all) == 0 && len(l.pending) == 0
		l.mu.Unlock()
		if done {
			return
		}
		select {
		case <-deadline:
			return
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// errRefused is why a message will never be taken.
var errRefused = errors.New("the broker refuses the message")
