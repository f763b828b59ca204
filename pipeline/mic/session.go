package mic

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
	sound      decoder
}

// pollInterval is how long Next waits before it says that nothing came.
const pollInterval = 100 * time.Millisecond

var (
	errStopped = errors.New("the sound system stopped the microphone")
	errGone    = errors.New("the sound server has ended")
)

// start finds the microphone in the connection and starts it.
func (s *session) start(ctx context.Context) error {
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
	channels := 0
	if s.source.channel > 0 && s.connection.AsksChannels() {
		if channels, err = channelsOf(ctx, s.microphone); err != nil {
			return err
		}
	}
	if err := s.open(id, channels); err != nil {
		return fmt.Errorf("microphone %s: %w", s.microphone, err)
	}
	return nil
}

// channelsOf returns how many channels a microphone has, of which miniaudio can be asked in a child process only.
func channelsOf(ctx context.Context, m Microphone) (int, error) {
	all, err := Microphones(ctx)
	if err != nil {
		return 0, err
	}
	for _, one := range all {
		if one.ID == m.ID && len(one.Channels) > 0 {
			return slices.Max(one.Channels), nil
		}
	}
	return 0, fmt.Errorf("microphone %s: the sound system does not say how many channels it has", m)
}

func (s *session) open(id string, channels int) (err error) {
	if s.stream, err = s.connection.Open(id, channels); err != nil {
		return err
	}
	format := s.stream.Format()
	l := layout{channels: format.Channels, rate: format.Rate}
	if l.encoding, err = encodingNamed(format.Encoding); err == nil {
		err = l.check()
	}
	s.sound.mixer.Channel = s.source.channel
	if err == nil {
		if err = s.sound.begin(l); err != nil {
			err = reconnect.Permanent(err)
		}
	}
	if err == nil {
		s.ring = newRing(l.rate, &s.source.reader.counts)
		samples := make([]float32, 0, l.rate)
		err = s.stream.Start(func(data []byte) {
			samples, _ = s.sound.mono(samples[:0], data)
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
			s.source.warned = s.sound.mixer.Report(s.source.log, s.source.warned) || s.source.warned
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
