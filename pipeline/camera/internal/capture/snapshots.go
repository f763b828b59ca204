package capture

import (
	"fmt"
	"io"
	"net/http"
	"time"
)

// snapshots is a picture that is requested again and again.
type snapshots struct {
	h        *httpInput
	first    *http.Response // not read yet; nil: read already
	interval time.Duration
	due      time.Time
	buffers  buffers
}

func newSnapshots(h *httpInput, first *http.Response) *snapshots {
	s := &snapshots{h: h, first: first, interval: h.o.Interval, due: time.Now()}
	if s.interval <= 0 {
		s.interval = defaultInterval
	}
	return s
}

func (s *snapshots) read(wanted func(captured int64) bool) (*offer, error) {
	response := s.first
	if s.first = nil; response == nil {
		if err := s.wait(); err != nil {
			return nil, err
		}
		var err error
		if response, err = s.h.get(); err != nil {
			return nil, s.failed(err)
		}
	}
	captured := monotonic()
	defer response.Body.Close()
	// Closing the body unblocks a read that hangs.
	defer time.AfterFunc(bodyLimit, func() { _ = response.Body.Close() }).Stop()
	size, data, err := response.ContentLength, s.buffers.get(), error(nil)
	switch {
	case size > maxPictureFile:
		return nil, fmt.Errorf("the server announces a picture of %d bytes", size)
	case size >= 0:
		data, err = readFull(response.Body, data, int(size))
	default:
		data, err = io.ReadAll(io.LimitReader(response.Body, maxPictureFile))
	}
	if err != nil {
		return nil, s.failed(ended(err))
	}
	return s.buffers.compressed(captured, float64(time.Second)/float64(s.interval), data, wanted), nil
}

// failed returns the error of one picture. The next one may be good; a camera that is gone is noticed by its silence.
func (s *snapshots) failed(err error) error {
	if s.h.ctx.Err() != nil {
		return err
	}
	return damagedError{err}
}

// wait waits until the next picture is due; missed ones are skipped.
func (s *snapshots) wait() error {
	now := time.Now()
	if s.due = s.due.Add(s.interval); s.due.Before(now) {
		s.due = now
		return s.h.ctx.Err()
	}
	timer := time.NewTimer(s.due.Sub(now))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-s.h.ctx.Done():
		return s.h.ctx.Err()
	}
}

func (s *snapshots) close() {
	if s.first != nil {
		_ = s.first.Body.Close() // was never read
	}
	s.h.client.CloseIdleConnections()
}
