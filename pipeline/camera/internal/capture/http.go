package capture

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"corallite/internal/reconnect"
)

// Limits of HTTP.
const (
	dialLimit       = 5 * time.Second  // for connecting, and for the TLS handshake
	headerLimit     = 10 * time.Second // for the header of a response
	bodyLimit       = 10 * time.Second // for a single picture
	maxPictureFile  = 32 << 20         // bytes of a compressed picture
	defaultInterval = time.Second
)

// httpInput is an address that net/http reads.
type httpInput struct {
	o      Options
	ctx    context.Context
	client *http.Client
	auth   authorization
}

// openHTTP requests the address once and chooses the reader by the first bytes of the response.
func openHTTP(ctx context.Context, b *box, o Options) (input, error) {
	connect, answer := dialLimit, headerLimit
	if o.Timeout > 0 {
		connect, answer = o.Timeout, o.Timeout
	}
	dialer := &net.Dialer{Timeout: connect}
	h := &httpInput{o: o, ctx: ctx, auth: authorization{o: o}, client: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return &headless{Conn: c}, nil
		},
		TLSHandshakeTimeout: connect, ResponseHeaderTimeout: answer,
		Proxy:           http.ProxyFromEnvironment,
		TLSClientConfig: &tls.Config{InsecureSkipVerify: o.AnyCertificate}, // only if the user asks for it
	}}}
	response, err := h.get()
	if err != nil {
		h.client.CloseIdleConnections()
		return nil, err
	}
	b.setNote("%s responds but sends no data", o.Shown)
	in := bufio.NewReaderSize(response.Body, 64<<10)
	stated, parameters, _ := mime.ParseMediaType(response.Header.Get("Content-Type")) // "" where it is no media type
	start := head(in)
	kind, text := recognize(start, stated)
	if kind == multipartContent || kind == pictureContent {
		err = o.onlyHTTP()
	}
	switch {
	case err != nil:
	case kind == multipartContent || kind == pictureContent:
		err = b.noSound(o, "MJPEG and single pictures have none")
	}
	switch {
	case err != nil:
	case kind == multipartContent:
		boundary := firstBoundary(start)
		if boundary == "" {
			boundary = parameters["boundary"]
		}
		return newMultipart(h, response.Body, in, boundary), nil
	case kind == pictureContent:
		if isJPEG(start) && (response.ContentLength < 0 || response.ContentLength > maxPictureFile) {
			return newSeries(h, response, in), nil
		}
		response.Body = readCloser{in, response.Body}
		return newSnapshots(h, response), nil
	case kind == pageContent:
		err = reconnect.Permanent(fmt.Errorf("the address returns %s, not a picture or a stream", text))
	}
	_ = response.Body.Close() // only its beginning was needed
	h.client.CloseIdleConnections()
	if err != nil {
		return nil, err
	}
	b.setNote("opening %s with ffmpeg", o.Shown)
	return openStream(ctx, b, o)
}

type readCloser struct {
	io.Reader
	io.Closer
}

// get requests the address. The status of the response is 200, and the caller closes its body.
func (h *httpInput) get() (*http.Response, error) {
	for try := 0; ; try++ {
		request, err := http.NewRequestWithContext(h.ctx, http.MethodGet, h.o.Target, nil)
		if err != nil {
			return nil, reconnect.Permanent(errors.New("invalid address"))
		}
		setHeader(request.Header, h.o.Options)
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
		_ = response.Body.Close() // only the header is needed
		if response.StatusCode == http.StatusUnauthorized && try == 0 && h.auth.accept(challenges) {
			continue
		}
		return nil, refused(response.StatusCode, response.Status, h.auth.given())
	}
}

// setHeader sets the header of a request, as ffmpeg's libraries would by their options.
func setHeader(header http.Header, options map[string]string) {
	header.Set("User-Agent", userAgent)
	for name, field := range map[string]string{"user_agent": "User-Agent", "referer": "Referer"} {
		if value, ok := options[name]; ok {
			header.Set(field, value)
		}
	}
	for line := range strings.SplitSeq(options["headers"], "\n") {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			header.Set(strings.TrimSpace(name), strings.TrimSpace(value))
		}
	}
}

// onlyHTTP reports options that hold only for ffmpeg's libraries, which do not read the address.
func (o Options) onlyHTTP() error {
	for _, name := range slices.Sorted(maps.Keys(o.Options)) {
		if name != "user_agent" && name != "referer" && name != "headers" {
			return reconnect.Permanent(fmt.Errorf("option %s is of no use: the address gives MJPEG or single pictures, which ffmpeg's libraries do not read", name))
		}
	}
	return nil
}

// withoutAddress removes the address, which may contain secrets, from an error of net/http. An untrusted certificate is a
// permanent error.
func withoutAddress(err error) error {
	var of *url.Error
	if errors.As(err, &of) {
		err = of.Err
	}
	var certificate *tls.CertificateVerificationError
	if errors.As(err, &certificate) {
		return reconnect.Permanent(fmt.Errorf("%w; for a camera with a self-signed certificate, set any_certificate: true", err))
	}
	return unreachable(err)
}

// unreachable reduces the error of a connection to the system's words ("connection refused"), without the address, which is
// known.
func unreachable(err error) error {
	var call *os.SyscallError
	if errors.As(err, &call) && call.Syscall == "connect" {
		return call.Err
	}
	return err
}

// refused returns the error of a status that is not success (RFC 9110, section 15; RFC 2326, section 11).
func refused(code int, status string, given bool) error {
	err := fmt.Errorf("the server responded %q", status)
	switch {
	case code == http.StatusUnauthorized && !given:
		return reconnect.Permanent(fmt.Errorf("%w: it requires a user and a password, and none are configured", err))
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		return reconnect.Permanent(fmt.Errorf("%w: it rejects the user or the password", err))
	case code == http.StatusNotFound || code == http.StatusGone:
		return reconnect.Permanent(fmt.Errorf("%w: no such stream", err))
	}
	return err
}

// readFull reads n bytes into buf, which grows only as bytes arrive.
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
