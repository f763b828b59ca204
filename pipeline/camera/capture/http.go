package capture

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"corallite/internal/reconnect"
)

// Limits of what is done over HTTP.
const (
	dialLimit      = 5 * time.Second  // for a connection and for TLS
	headerLimit    = 10 * time.Second // for the beginning of an answer
	bodyLimit      = 10 * time.Second // for a single picture
	maxPictureFile = 32 << 20         // bytes of a compressed picture
	usualInterval  = time.Second
)

// httpInput is an address that is read by Go.
type httpInput struct {
	o      Options
	ctx    context.Context
	client *http.Client
	auth   authorization
}

// openHTTP asks for the address once, and goes by what comes.
func openHTTP(ctx context.Context, b *board, o Options) (input, error) {
	dialer := &net.Dialer{Timeout: dialLimit}
	h := &httpInput{o: o, ctx: ctx, auth: authorization{o: o}, client: &http.Client{Transport: &http.Transport{
		DialContext: dialer.DialContext, TLSHandshakeTimeout: dialLimit, ResponseHeaderTimeout: headerLimit,
		Proxy:           http.ProxyFromEnvironment,
		TLSClientConfig: &tls.Config{InsecureSkipVerify: o.AnyCertificate}, // only where the user asks for it
	}}}
	response, err := h.get()
	if err != nil {
		h.client.CloseIdleConnections()
		return nil, err
	}
	kind, parameters, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if err != nil && kind == "" {
		kind = "application/octet-stream"
	}
	switch {
	case strings.HasPrefix(kind, "multipart/"):
		return newMultipart(h, response.Body, parameters["boundary"]), nil
	case strings.HasPrefix(kind, "image/"):
		return newSnapshots(h, response), nil
	case strings.HasPrefix(kind, "text/") || strings.HasSuffix(kind, "html") || kind == "application/json":
		err = reconnect.Permanent(fmt.Errorf("the address shows %s, not a picture or a stream", kind))
	}
	_ = response.Body.Close() // it was only looked at
	h.client.CloseIdleConnections()
	if err != nil {
		return nil, err
	}
	b.say("%s is opened by ffmpeg", o.Shown)
	return openStream(ctx, b, o)
}

// get asks for the address. The answer's status is 200, and its body is to be closed.
func (h *httpInput) get() (*http.Response, error) {
	for try := 0; ; try++ {
		request, err := http.NewRequestWithContext(h.ctx, http.MethodGet, h.o.Target, nil)
		if err != nil {
			return nil, reconnect.Permanent(errors.New("the address cannot be read"))
		}
		request.Header.Set("User-Agent", "corallite")
		if answer := h.auth.header(http.MethodGet, request.URL.RequestURI()); answer != "" {
			request.Header.Set("Authorization", answer)
		}
		response, err := h.client.Do(request)
		if err != nil {
			return nil, withoutAddress(err)
		}
		if response.StatusCode == http.StatusOK {
			return response, nil
		}
		challenges := response.Header.Values("WWW-Authenticate")
		_ = response.Body.Close() // only its head is of use
		if response.StatusCode == http.StatusUnauthorized && try == 0 && h.auth.accept(challenges) {
			continue
		}
		return nil, refused(response.StatusCode, response.Status, h.auth.given())
	}
}

// withoutAddress is an error of package http without the address, which may hold what is secret. A certificate that
// is not trusted does not become trusted.
func withoutAddress(err error) error {
	var of *url.Error
	if errors.As(err, &of) {
		err = of.Err
	}
	var certificate *tls.CertificateVerificationError
	if errors.As(err, &certificate) {
		return reconnect.Permanent(fmt.Errorf("%w; where the camera made its certificate itself, it must be allowed to", err))
	}
	return unreachable(err)
}

// unreachable is why a connection could not be made, in the system's words alone ("connection refused"): the address and
// package net's words for the call are known, or are of no use.
func unreachable(err error) error {
	var call *os.SyscallError
	if errors.As(err, &call) && call.Syscall == "connect" {
		return call.Err
	}
	return err
}

// refused is the error of a status that is not success (RFC 9110, section 15; RFC 2326, section 11).
func refused(code int, status string, given bool) error {
	err := fmt.Errorf("the server answers %q", status)
	switch {
	case code == http.StatusUnauthorized && !given:
		return reconnect.Permanent(fmt.Errorf("%w: it wants a user and a password, and none are given", err))
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		return reconnect.Permanent(fmt.Errorf("%w: it refuses the user or the password", err))
	case code == http.StatusNotFound || code == http.StatusGone:
		return reconnect.Permanent(fmt.Errorf("%w: there is no such stream", err))
	}
	return err
}

// multipart is a stream of pictures, each a part (RFC 2046, section 5.1), as cameras send it: with boundaries that do
// not match what was announced, and with or without lengths.
type multipart struct {
	h        *httpInput
	body     io.ReadCloser
	in       *bufio.Reader
	boundary string
	data     []byte
}

func newMultipart(h *httpInput, body io.ReadCloser, boundary string) *multipart {
	// "--" belongs in front of it in the stream; many cameras announce it with that.
	return &multipart{h: h, body: body, in: bufio.NewReaderSize(body, 64<<10), boundary: "--" + strings.TrimLeft(boundary, "-")}
}

func (m *multipart) read(reserve reserve) (int64, error) {
	length, err := m.head()
	if err != nil {
		return 0, err
	}
	captured := monotonic()
	if length >= 0 {
		if m.data, err = readFull(m.in, m.data, length); err != nil {
			return 0, ended(err)
		}
	} else if err := m.picture(); err != nil {
		return 0, err
	}
	return captured, decode(m.data, reserve)
}

// maxHead is how many bytes without the head of a part are read before the stream is given up as something else.
const maxHead = 1 << 20

// head reads to the end of the next part's head and returns its length; -1: it does not say.
func (m *multipart) head() (length int, err error) {
	length = -1
	for began, read := false, 0; read < maxHead; {
		line, err := m.in.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return 0, ended(err)
		}
		read += len(line)
		text := strings.TrimSpace(string(line[:min(len(line), 256)]))
		name, value, isField := strings.Cut(text, ":")
		switch {
		case m.isBoundary(text):
			began, length = true, -1
		case began && text == "":
			return length, nil
		case began && isField && strings.EqualFold(name, "Content-Length"):
			if _, err := fmt.Sscan(value, &length); err != nil || length < 0 || length > maxPictureFile {
				return 0, fmt.Errorf("the stream announces a picture of %q bytes", strings.TrimSpace(value))
			}
		}
	}
	return 0, errors.New("the stream is no stream of pictures: it has no parts")
}

// isBoundary says whether a line begins a part. A boundary is there to be found, so one that only looks like the one
// that was announced counts as well.
func (m *multipart) isBoundary(line string) bool {
	return strings.HasPrefix(line, "--") && (m.boundary == "--" || strings.Contains(line, m.boundary[2:]))
}

// picture reads a JPEG whose length was not said: from its first marker to its last (ITU-T T.81, table B.1).
func (m *multipart) picture() error {
	m.data = m.data[:0]
	for last := byte(0); len(m.data) < maxPictureFile; {
		c, err := m.in.ReadByte()
		if err != nil {
			return ended(err)
		}
		m.data = append(m.data, c)
		if last == 0xff && c == 0xd9 {
			return nil
		}
		last = c
	}
	return errors.New("the stream sends a picture without an end")
}

func ended(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the server ended the stream")
	}
	return fmt.Errorf("the stream broke off: %w", err)
}

func (m *multipart) rate() float64 { return 0 }

func (m *multipart) close() {
	_ = m.body.Close() // nothing more is wanted of it
	m.h.client.CloseIdleConnections()
}

// readFull reads n bytes into buf, which grows when it must, and only as far as bytes come.
func readFull(from io.Reader, buf []byte, n int) ([]byte, error) {
	const step = 1 << 20
	buf = buf[:0]
	for len(buf) < n {
		more := min(n-len(buf), step)
		start := len(buf)
		if cap(buf) < start+more {
			grown := make([]byte, start, 2*start+more)
			copy(grown, buf)
			buf = grown
		}
		buf = buf[:start+more]
		if _, err := io.ReadFull(from, buf[start:]); err != nil {
			return buf[:start], err
		}
	}
	return buf, nil
}

// snapshots is a picture that is asked for again and again.
type snapshots struct {
	h        *httpInput
	first    *http.Response // not read yet
	interval time.Duration
	due      time.Time
	data     []byte
}

func newSnapshots(h *httpInput, first *http.Response) *snapshots {
	s := &snapshots{h: h, first: first, interval: h.o.Interval, due: time.Now()}
	if s.interval <= 0 {
		s.interval = usualInterval
	}
	return s
}

func (s *snapshots) read(reserve reserve) (int64, error) {
	response := s.first
	if s.first = nil; response == nil {
		if err := s.wait(); err != nil {
			return 0, err
		}
		var err error
		if response, err = s.h.get(); err != nil {
			return 0, s.failed(err)
		}
	}
	captured := monotonic()
	defer response.Body.Close()
	// Closing the body ends a reading that hangs.
	defer time.AfterFunc(bodyLimit, func() { _ = response.Body.Close() }).Stop()
	size, err := response.ContentLength, error(nil)
	switch {
	case size > maxPictureFile:
		return 0, fmt.Errorf("the server announces a picture of %d bytes", size)
	case size >= 0:
		s.data, err = readFull(response.Body, s.data, int(size))
	default:
		s.data, err = io.ReadAll(io.LimitReader(response.Body, maxPictureFile))
	}
	if err != nil {
		return 0, s.failed(ended(err))
	}
	return captured, decode(s.data, reserve)
}

// failed is the error of one picture. The next one may come, and a camera that stays away is noticed by its silence.
func (s *snapshots) failed(err error) error {
	if s.h.ctx.Err() != nil {
		return err
	}
	return damagedError{err}
}

// wait waits until the next picture is due. Those that are missed are not made up for.
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

func (s *snapshots) rate() float64 { return float64(time.Second) / float64(s.interval) }

func (s *snapshots) close() {
	if s.first != nil {
		_ = s.first.Body.Close() // it was never read
	}
	s.h.client.CloseIdleConnections()
}
