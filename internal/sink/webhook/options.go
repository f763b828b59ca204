package webhook

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"

	"corallite/internal/clock"
	"corallite/internal/environ"
	"corallite/internal/regfile"
)

func (o Options) orDefault() Options {
	if o.Queue <= 0 {
		o.Queue = DefaultQueue
	}
	if o.Retries < 0 {
		o.Retries = DefaultRetries
	}
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Flush < 0 {
		o.Flush = DefaultFlush
	}
	if o.Clock == nil {
		o.Clock = clock.System{}
	}
	if o.Random == nil {
		o.Random = rand.Float64
	}
	return o
}

// address reads Options.URL.
func address(raw string) (*url.URL, error) {
	raw, err := environ.Expand(raw, nil)
	if err != nil {
		return nil, fmt.Errorf("url: %w", err)
	}
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		// The parser's own error repeats the address.
		return nil, errors.New("url: invalid address: expected https://host/path or http://host/path")
	}
	return u, nil
}

var (
	headerName = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$") // RFC 9110, token
	control    = regexp.MustCompile(`[\x00-\x08\x0a-\x1f\x7f]`)      // what no header's value may have
)

// header makes what goes with each request.
func header(o Options) (http.Header, error) {
	h := http.Header{"Content-Type": {"application/json"}, "User-Agent": {"corallite"}}
	if o.Token != "" {
		if control.MatchString(o.Token) {
			return nil, errors.New("the token contains a line break or another control character")
		}
		h.Set("Authorization", "Bearer "+o.Token)
	}
	for name, values := range o.Headers {
		switch canonical := http.CanonicalHeaderKey(name); {
		case !headerName.MatchString(name):
			return nil, fmt.Errorf("headers: %q is not a valid header name", name)
		case canonical == "Host" || canonical == "Content-Length" || canonical == "Transfer-Encoding":
			return nil, fmt.Errorf("headers: %s is set by the request itself and cannot be given", canonical)
		case canonical == "Authorization" && o.Token != "":
			return nil, errors.New("headers: Authorization and a token exclude each other, as the token is sent in that header")
		}
		h.Del(name)
		for _, v := range values {
			v, err := environ.Expand(v, nil)
			if err == nil && control.MatchString(v) {
				err = errors.New("the value contains a line break or another control character")
			}
			if err != nil {
				return nil, fmt.Errorf("headers: %s: %w", name, err)
			}
			h.Add(name, v)
		}
	}
	return h, nil
}

// Token reads a token from an environment variable or from a file, of which a line's end at the end is cut off. Both
// names empty: no token.
func Token(env, file string) (string, error) {
	var token string
	switch {
	case env != "":
		token = os.Getenv(env)
		if token == "" {
			return "", fmt.Errorf("environment variable %s is not set or empty", env)
		}
	case file != "":
		data, err := regfile.Read(file, 1<<16)
		if err != nil {
			return "", fmt.Errorf("token file: %w", err)
		}
		if token = strings.TrimRight(string(data), "\r\n"); token == "" {
			return "", fmt.Errorf("token file %s is empty", file)
		}
	}
	return token, nil
}
