package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"corallite/internal/backoff"
)

// The waits between tries.
const (
	firstWait     = time.Second
	longestWait   = time.Minute
	longestAsked  = 10 * time.Minute // of what Retry-After may ask for
	longestAnswer = 64 << 10         // bytes of an answer that are read, to use the connection again
	mostRedirects = 5
)

// retryError is a failure that may pass.
type retryError struct {
	err   error
	after time.Duration // what the server asks to wait; 0: nothing
}

func (e *retryError) Error() string { return e.err.Error() }
func (e *retryError) Unwrap() error { return e.err }

// post makes one request. The error is a *retryError when another may do better.
func (s *Sink) post(ctx context.Context, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, s.o.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url.String(), bytes.NewReader(body))
	if err != nil {
		return withoutURL(err)
	}
	req.Header = s.header.Clone()
	resp, err := s.client.Do(req)
	if err != nil {
		err = withoutURL(err)
		if errors.Is(err, context.DeadlineExceeded) {
			err = fmt.Errorf("no response within %v", s.o.Timeout)
		}
		return &retryError{err: err}
	}
	defer resp.Body.Close()
	// The status tells all that is wanted of the answer; when its body breaks off, so does the connection.
	_, _ = io.CopyN(io.Discard, resp.Body, longestAnswer)
	switch code := resp.StatusCode; {
	case code >= 200 && code < 300:
		return nil
	case code >= 500 || code == http.StatusTooManyRequests:
		return &retryError{fmt.Errorf("the server responded %s", status(code)), s.retryAfter(resp.Header.Get("Retry-After"))}
	case code >= 300 && code < 400:
		return fmt.Errorf("the server responded %s; redirects are not followed: use the final address", status(code))
	default:
		return fmt.Errorf("the server responded %s", status(code))
	}
}

// status is a status in words that are not the server's.
func status(code int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", code, http.StatusText(code)))
}

// withoutURL takes the address off an error of net/http.
func withoutURL(err error) error {
	var at *url.Error
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

// mayFollow lets through redirects that keep the method, the scheme and the host. The answer to any other is the answer.
func mayFollow(req *http.Request, via []*http.Request) error {
	first, code := via[0], req.Response.StatusCode
	keeps := code == http.StatusTemporaryRedirect || code == http.StatusPermanentRedirect
	if !keeps || req.URL.Scheme != first.URL.Scheme || req.URL.Host != first.URL.Host || len(via) > mostRedirects {
		return http.ErrUseLastResponse
	}
	return nil
}

// retryAfter reads Retry-After, seconds or a date; 0 when there is none that can be read.
func (s *Sink) retryAfter(value string) time.Duration {
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, at.Sub(s.o.Clock.Now()))
	}
	return 0
}

// pause is the wait before the next try after so many failures, unless the server asks for a longer one.
func (s *Sink) pause(failures int, asked time.Duration) time.Duration {
	p := backoff.Policy{First: firstWait, Max: longestWait, Jitter: 0.5, Random: s.o.Random}
	return max(p.Wait(failures), min(asked, longestAsked))
}
