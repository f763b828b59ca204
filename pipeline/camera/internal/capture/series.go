package capture

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"time"
)

// series is a response of JPEGs, one after the other, with nothing between them. If it ends after the first one, it was a
// single picture, which is requested again and again.
type series struct {
	h        *httpInput
	response *http.Response
	in       *bufio.Reader
	buffers  buffers
	read1    bool       // one picture was read
	due      time.Time  // of the first picture
	single   *snapshots // nil: not known to be a single picture
}

func newSeries(h *httpInput, response *http.Response, in *bufio.Reader) *series {
	return &series{h: h, response: response, in: in, due: time.Now()}
}

func (s *series) read(wanted func(captured int64) bool) (*offer, error) {
	if s.single != nil {
		return s.single.read(wanted)
	}
	_, err := s.in.Peek(1)
	if s.read1 && errors.Is(err, io.EOF) {
		s.end()
		return s.single.read(wanted)
	}
	if err != nil {
		return nil, ended(err)
	}
	captured := monotonic()
	data, err := readJPEG(s.in, s.buffers.get())
	if !s.read1 && err != nil && s.h.ctx.Err() == nil {
		s.end()
		return nil, damagedError{err}
	}
	if err != nil {
		return nil, err
	}
	s.read1 = true
	return s.buffers.compressed(captured, 0, data, wanted), nil
}

// end closes the response, which was a single picture.
func (s *series) end() {
	_ = s.response.Body.Close() // all of it was read
	s.single = newSnapshots(s.h, nil)
	s.single.due = s.due
}

func (s *series) close() {
	_ = s.response.Body.Close() // no more data is wanted
	s.h.client.CloseIdleConnections()
}
