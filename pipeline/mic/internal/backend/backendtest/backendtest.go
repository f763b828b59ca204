// Package backendtest is a sound system in memory, for tests: its microphones capture what a test says, and it can freeze,
// end and come back as a sound server does. It works in real time; in a bubble of testing/synctest that is no time at all,
// and exact.
package backendtest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"corallite/pipeline/mic/internal/backend"
)

// Period is how often a microphone delivers samples, which are then that old at most.
const Period = 10 * time.Millisecond

// System is a sound system. Its methods may be called by any goroutine.
type System struct {
	format backend.Format

	mu          sync.Mutex
	microphones []backend.Microphone
	streams     []*stream
	frozen      chan struct{} // closed by Thaw; nil: not frozen
	down        bool
	signal      func(i int64, channel int) int16
	opened      int
	closed      int
}

// New returns a System with these microphones, which all deliver 16-bit samples of that rate and number of channels.
func New(rate, channels int, microphones ...backend.Microphone) *System {
	return &System{format: backend.Format{Encoding: "s16le", Rate: rate, Channels: channels}, microphones: microphones}
}

// Play has all microphones capture a signal from now on: sample i since the stream was started, the same in all channels.
// Nil is silence, as at the beginning.
func (s *System) Play(signal func(i int64) int16) {
	if signal == nil {
		s.PlayChannels(nil)
		return
	}
	s.PlayChannels(func(i int64, _ int) int16 { return signal(i) })
}

// PlayChannels is Play with a signal for each channel, from 0.
func (s *System) PlayChannels(signal func(i int64, channel int) int16) {
	s.change(func() { s.signal = signal })
}

// Plug adds a microphone.
func (s *System) Plug(m backend.Microphone) {
	s.change(func() { s.microphones = append(s.microphones, m) })
}

// Unplug removes a microphone; the system stops its streams, and those of the default if it was that.
func (s *System) Unplug(id string) {
	s.change(func() {
		wasDefault := false
		s.microphones = slices.DeleteFunc(s.microphones, func(m backend.Microphone) bool {
			wasDefault = wasDefault || m.ID == id && m.Default
			return m.ID == id
		})
		for _, open := range s.streams {
			if open.id == id || open.id == "" && wasDefault {
				open.stopOnce.Do(func() { close(open.stopped) })
			}
		}
	})
}

// Freeze makes every call block, and every stream fall silent, until Thaw.
func (s *System) Freeze() { s.change(func() { s.frozen = make(chan struct{}) }) }

// Thaw ends Freeze.
func (s *System) Thaw() {
	s.change(func() {
		close(s.frozen)
		s.frozen = nil
	})
}

// Stop ends the server: open streams fall silent for good, and nothing can connect until Restart.
func (s *System) Stop() {
	s.change(func() {
		s.down = true
		for _, open := range s.streams {
			open.dead = true
		}
	})
}

// Restart starts the server again.
func (s *System) Restart() { s.change(func() { s.down = false }) }

// Open returns how many connections are open.
func (s *System) Open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.opened - s.closed
}

func (s *System) change(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// wait blocks while the system is frozen.
func (s *System) wait() {
	s.mu.Lock()
	frozen := s.frozen
	s.mu.Unlock()
	if frozen != nil {
		<-frozen
	}
}

// Name is "memory".
func (s *System) Name() string { return "memory" }

// ErrDown is the error of Connect after Stop.
var ErrDown = errors.New("the server is down")

// Connect connects to the system.
func (s *System) Connect() (backend.Connection, error) {
	s.wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return nil, ErrDown
	}
	s.opened++
	return &connection{system: s}, nil
}

// AsksChannels is false.
func (c *connection) AsksChannels() bool { return false }

// connection is a connection to a System.
type connection struct {
	system *System
	once   sync.Once
}

func (c *connection) Microphones(bool) ([]backend.Microphone, error) {
	c.system.wait()
	c.system.mu.Lock()
	defer c.system.mu.Unlock()
	all := slices.Clone(c.system.microphones)
	for i := range all {
		all[i].Backend = c.system.Name()
	}
	return all, nil
}

func (c *connection) Open(id string, _ int) (backend.Stream, error) {
	s := c.system
	s.wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return nil, ErrDown
	}
	if id != "" && !slices.ContainsFunc(s.microphones, func(m backend.Microphone) bool { return m.ID == id }) {
		return nil, fmt.Errorf("no microphone %q", id)
	}
	open := &stream{system: s, id: id, stopped: make(chan struct{}), closing: make(chan struct{})}
	s.streams = append(s.streams, open)
	return open, nil
}

func (c *connection) Gone() bool {
	c.system.mu.Lock()
	defer c.system.mu.Unlock()
	return c.system.down
}

func (c *connection) Close() error {
	c.system.wait()
	c.once.Do(func() { c.system.change(func() { c.system.closed++ }) })
	return nil
}

// stream is an open microphone of a System.
type stream struct {
	system   *System
	id       string
	dead     bool // guarded by system.mu
	stopped  chan struct{}
	stopOnce sync.Once
	closing  chan struct{}
	running  sync.WaitGroup
}

func (s *stream) Format() backend.Format { return s.system.format }

func (s *stream) Start(receive func(data []byte)) error {
	s.system.wait()
	s.running.Go(func() {
		ticker := time.NewTicker(Period)
		defer ticker.Stop()
		for at := int64(0); ; {
			select {
			case <-ticker.C:
			case <-s.stopped:
				return
			case <-s.closing:
				return
			}
			var data []byte
			if data, at = s.next(at); data != nil {
				receive(data)
			}
		}
	})
	return nil
}

// next returns the samples of one Period, the first of which has the index at; nil when the stream is silent.
func (s *stream) next(at int64) (data []byte, end int64) {
	s.system.mu.Lock()
	defer s.system.mu.Unlock()
	end = at + int64(s.system.format.Rate)*int64(Period)/int64(time.Second)
	if s.dead || s.system.frozen != nil {
		return nil, end
	}
	for ; at < end; at++ {
		for channel := range s.system.format.Channels {
			var sample int16
			if s.system.signal != nil {
				sample = s.system.signal(at, channel)
			}
			data = binary.LittleEndian.AppendUint16(data, uint16(sample))
		}
	}
	return data, end
}

func (s *stream) Stopped() <-chan struct{} { return s.stopped }

func (s *stream) Close() error {
	s.system.wait()
	close(s.closing)
	s.running.Wait()
	s.system.change(func() {
		s.system.streams = slices.DeleteFunc(s.system.streams, func(open *stream) bool { return open == s })
	})
	return nil
}
