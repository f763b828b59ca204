package mqtt

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/paho"
)

// pause is how long a broker that could not take a message is left alone.
const pause = time.Second

// sendStates sends the states, the one that waits longest first.
func (l *Link) sendStates() {
	for l.work.Err() == nil {
		topic, s, up := l.nextState()
		if s == nil {
			select {
			case <-l.work.Done():
				return
			case <-l.wakeStates:
			}
			continue
		}
		err := l.publish(up, topic, s.payload, s.qos, s.retain)
		l.mu.Lock()
		switch {
		case err == nil:
			delete(l.refused, topic)
		case errors.Is(err, errRefused):
			if !l.refused[topic] {
				l.log.Warn("mqtt: a state is not published", "topic", topic, "error", err)
			}
			l.refused[topic] = true
		case l.states[topic] == s:
			s.pending = false
			l.pend(topic, s)
		}
		l.mu.Unlock()
		switch {
		case err == nil && s.sent != nil:
			s.sent()
		case err != nil && !errors.Is(err, errRefused):
			l.rest(up)
		}
	}
}

// nextState takes the next state that waits; nil: none does, or there is no connection.
func (l *Link) nextState() (string, *state, context.Context) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.up != nil && len(l.pending) > 0 {
		topic := l.pending[0]
		l.pending = l.pending[1:]
		if len(l.pending) == 0 {
			l.pending = nil
		}
		s := l.states[topic]
		if s == nil || !s.pending {
			continue
		}
		s.pending = false
		if !s.retain && s.payload != nil { // nobody asks for it again: its memory is given back
			l.states[topic] = &state{}
		}
		return topic, s, l.up
	}
	return "", nil, nil
}

// sendEvents sends the events, one after the other.
func (l *Link) sendEvents() {
	for l.work.Err() == nil {
		l.mu.Lock()
		e, number, ok := l.queue.first()
		up := l.up
		l.mu.Unlock()
		if !ok || up == nil {
			select {
			case <-l.work.Done():
				return
			case <-l.wakeEvents:
			}
			continue
		}
		err := l.publish(up, e.Topic, e.Payload, 1, false)
		if err != nil && !errors.Is(err, errRefused) {
			l.rest(up)
			continue
		}
		l.mu.Lock()
		l.queue.done(number)
		lost := uint64(0)
		if len(l.queue.all) == 0 && l.losing > 0 {
			lost, l.losing = l.losing, 0
		}
		l.mu.Unlock()
		if lost > 0 {
			l.log.Warn("mqtt: events were lost while there was no connection, or it was too slow", "events", lost)
		}
		if err != nil {
			l.log.Warn("mqtt: an event is lost", "topic", e.Topic, "error", err)
			l.tell([]event{e})
		}
	}
}

// rest waits a little before a message is tried again, or until the connection changes.
func (l *Link) rest(up context.Context) {
	if up.Err() != nil {
		return
	}
	select {
	case <-time.After(pause):
	case <-up.Done():
	}
}

// publish sends one message and waits until the broker has it, where qos is 1. The error is errRefused when it never will.
func (l *Link) publish(up context.Context, topic string, payload []byte, qos byte, retain bool) error {
	l.mu.Lock()
	broker, limits := l.broker, l.limits
	l.mu.Unlock()
	if limits.size > 0 && len(payload)+len(topic)+32 > limits.size {
		return fmt.Errorf("%w: it is %d bytes long, and the broker takes at most %d", errRefused, len(payload), limits.size)
	}
	r, err := broker.Publish(up, &paho.Publish{Topic: topic, Payload: payload, QoS: min(qos, limits.qos), Retain: retain && limits.retain})
	switch {
	case err == nil:
		return nil
	case r != nil && r.ReasonCode >= 0x80 && r.ReasonCode != 0x97 && r.ReasonCode != 0x80 && r.ReasonCode != 0x83:
		return fmt.Errorf("%w: %v", errRefused, err)
	case errors.Is(err, autopaho.ConnectionDownError):
		return context.Canceled
	}
	return err
}
