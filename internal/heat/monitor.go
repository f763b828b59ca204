package heat

import (
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"corallite/delegate/edgetpu"
)

// Monitor watches one device's temperature. It reads it itself after Start, or gets readings through Feed.
type Monitor struct {
	o Options

	feeding sync.Mutex // held during a reading and its effects
	policy  policy
	trips   trips
	told    float64 // share of busy time last passed to OnRest
	failed  bool    // the last reading failed
	warned  bool    // warned that Move lies above trip point 0
	closed  bool

	mu    sync.Mutex // guards what Stats shows
	stats Stats
	last  time.Time // when stats were last updated

	life    sync.Mutex // guards the goroutine's start and end
	started bool
	ended   bool
	stop    chan struct{}
	done    chan struct{}
}

// New makes a Monitor. The caller closes it.
func New(o Options) (*Monitor, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	return &Monitor{o: o, policy: newPolicy(o), told: 1, stop: make(chan struct{}), done: make(chan struct{})}, nil
}

// Start begins to read the temperature, at once and then every Interval, until Close or until the device turns out to
// have no sensor. It works once.
func (m *Monitor) Start() error {
	m.life.Lock()
	defer m.life.Unlock()
	switch {
	case m.o.Read == nil:
		return errors.New("heat: there is nothing to read the temperature with (Options.Read)")
	case m.ended:
		return errors.New("heat: the monitor was closed")
	case m.started:
		return errors.New("heat: the monitor was started already")
	}
	m.started = true
	go m.watch()
	return nil
}

func (m *Monitor) watch() {
	defer close(m.done)
	for {
		r, err := m.o.Read()
		if !m.feed(m.o.Clock.Now(), r, err) {
			return
		}
		passed, stop := m.o.Clock.After(m.o.Interval)
		select {
		case <-passed:
		case <-m.stop:
			stop()
			return
		}
	}
}

// Close stops watching and waits for what is under way. No callback runs after it: models that have moved stay on the
// CPU. Close twice is safe.
func (m *Monitor) Close() {
	m.life.Lock()
	defer m.life.Unlock()
	if m.ended {
		return
	}
	m.ended = true
	close(m.stop)
	if m.started {
		<-m.done
	}
	m.feeding.Lock()
	defer m.feeding.Unlock()
	m.closed = true
}

// Feed takes the result of reading the temperature at a time, as edgetpu.System.Temperature returns it. Times must not
// go back.
func (m *Monitor) Feed(at time.Time, r edgetpu.Reading, err error) { m.feed(at, r, err) }

// feed reports whether it makes sense to continue.
func (m *Monitor) feed(at time.Time, r edgetpu.Reading, err error) (more bool) {
	m.feeding.Lock()
	defer m.feeding.Unlock()
	if m.closed {
		return false
	}
	m.pass(at)
	if err == nil && (math.IsNaN(r.Now) || math.IsNaN(r.Trip[0])) {
		err = fmt.Errorf("a temperature of %v °C", r.Now)
	}
	if err != nil {
		return !m.fail(err)
	}
	m.recover(r)
	m.trips.note(m.o.Logger, r)
	before := m.policy.state
	m.policy.step(at, r.Now, r.Trip[0])
	m.show(at, r)
	m.tell(before, r)
	return true
}

// fail handles a failed reading. It reports whether the device never showed a temperature.
func (m *Monitor) fail(err error) (none bool) {
	again := m.failed
	m.failed = true
	gone := errors.Is(err, edgetpu.ErrGone)
	m.mu.Lock()
	known, was := m.stats.Known, m.stats.Gone
	m.stats.Gone = was || gone // until it answers
	m.mu.Unlock()
	switch {
	case gone && !was:
		m.o.Logger.Warn(err.Error())
		if m.o.OnGone != nil {
			m.o.OnGone(err)
		}
	case gone:
	case errors.Is(err, edgetpu.ErrNoSensor) && !known:
		if !again {
			m.o.Logger.Debug(err.Error())
		}
		return true
	case !again:
		m.o.Logger.Warn("the temperature of the Edge TPU cannot be read", "error", err)
	}
	return false
}

// recover logs the first good reading after failed ones.
func (m *Monitor) recover(r edgetpu.Reading) {
	if !m.failed {
		return
	}
	m.failed = false
	m.o.Logger.Info("the temperature of the Edge TPU can be read again", "celsius", r.Now)
}

// tell calls the callbacks for what has changed.
func (m *Monitor) tell(before State, r edgetpu.Reading) {
	p, log := &m.policy, m.o.Logger
	limits := p.thresholds.resolve(r.Trip[0])
	if p.mode != Off && p.canMove && limits.Move >= r.Trip[0] && !m.warned {
		m.warned = true
		log.Warn("the models will move to the CPU only past the point from which the driver slows the Edge TPU down",
			"move", limits.Move, "trip", r.Trip[0])
	}
	changed := p.work != m.told && (p.work == 1 || math.Abs(p.work-m.told) >= fine)
	if changed && p.state != Moved {
		m.told = p.work
		if m.o.OnRest != nil {
			m.o.OnRest(p.rest())
		}
	}
	if p.state == before {
		return
	}
	switch {
	case p.state == Moved:
		log.Warn(fmt.Sprintf("%s: its models move to the CPU", at(r.Now)), "back", limits.Back, "least", p.away)
		m.o.OnMove(at(r.Now))
		return
	case before == Moved:
		log.Info(fmt.Sprintf("%s again: its models come back from the CPU", at(r.Now)))
		if m.o.OnBack != nil {
			m.o.OnBack()
		}
	}
	switch {
	case p.state == Throttling:
		log.Info(fmt.Sprintf("%s: it rests between runs from now on", at(r.Now)), "move", limits.Move)
	case before == Throttling:
		log.Info(fmt.Sprintf("%s again: it needs no more rest", at(r.Now)))
	}
}

// at is the start of messages about a temperature, and the reason in events.
func at(celsius float64) string { return fmt.Sprintf("the Edge TPU is at %.1f °C", celsius) }
