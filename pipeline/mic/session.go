package mic

import (
	"context"
	"errors"
	"fmt"
	"time"

	"corallite/internal/reconnect"
	"corallite/pipeline/audio"
	"corallite/pipeline/mic/internal/backend"
)

// session is a microphone from opening to loss.
type session struct {
	source     *LiveSource
	backend    backend.Backend
	connection backend.Connection
	microphone Microphone
	stream     backend.Stream
	ring       *ring
}

// pollInterval is how long Next waits before it says that nothing came.
const pollInterval = 100 * time.Millisecond

var (
	errStopped = errors.New("the sound system stopped the microphone")
	errGone    = errors.New("the sound server has ended")
)

// start finds the microphone in the connection and starts it.
func (s *session) start() error {
	all, err := s.connection.Microphones(false)
	if err != nil {
		return err
	}
	if s.microphone, err = choose(all, s.source.wanted); err != nil {
		return s.source.absent(err)
	}
	id := s.microphone.ID
	if s.source.wanted == defaultName {
		id = "" // follow the default when the user changes it
	}
	if err := s.open(id); err != nil {
		return fmt.Errorf("microphone %s: %w", s.microphone, err)
	}
	return nil
}

func (s *session) open(id string) (err error) {
	if s.stream, err = s.connection.Open(id); err != nil {
		return err
	}
	format := s.stream.Format()
	l := layout{channels: format.Channels, rate: format.Rate}
	if l.encoding, err = encodingNamed(format.Encoding); err == nil {
		err = l.check()
	}
	if err == nil {
		s.ring = newRing(l.rate, &s.source.reader.counts)
		samples := make([]float32, 0, l.rate)
		err = s.stream.Start(func(data []byte) {
			samples, _ = l.mono(samples[:0], data)
			s.ring.put(samples, s.source.calls.clock.Now())
		})
	}
	if err != nil {
		return errors.Join(err, s.stream.Close())
	}
	return nil
}

// Next returns the next chunk.
func (s *session) Next(ctx context.Context) (*audio.Chunk, error) {
	in := &s.source.reader
	elapsed, stop := s.source.calls.clock.After(pollInterval)
	defer stop()
	for over := false; ; {
		if err := in.pull(); err != nil {
			return nil, err
		}
		switch {
		case in.full():
			return in.next(), nil
		case over && s.connection.Gone():
			return nil, errGone
		case over:
			return nil, reconnect.ErrNothing
		}
		select {
		case <-in.ring.wake:
		case <-s.stream.Stopped():
			return nil, errStopped
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-elapsed:
			over = true // look once more at what came meanwhile
		}
	}
}

// Note is empty: nothing is known of a microphone that is silent.
func (s *session) Note() string { return "" }

// Close ends the session; one whose sound system hangs is abandoned.
func (s *session) Close(hung bool) error { return s.source.calls.close(hung, s.close) }

func (s *session) close() error { return errors.Join(s.stream.Close(), s.connection.Close()) }
