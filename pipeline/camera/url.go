package camera

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"slices"
	"strings"

	"corallite/internal/environ"
	"corallite/internal/reconnect"
	"corallite/internal/redact"
	"corallite/internal/regfile"
)

// Credentials are those of a network camera. They are sent to the child process that connects and appear nowhere else: not in
// errors, logs, names or process lists.
type Credentials struct {
	User, Password string // of HTTP (Basic, Digest), RTSP and whatever else ffmpeg reads
	Token          string // of HTTP: sent as "Authorization: Bearer …"
}

// Secret reads a secret from an environment variable ("env:NAME") or from the first line of a file ("file:PATH"); "" is "".
// An empty secret is an error. So is anything else, and the error does not repeat it, because it may be the secret itself.
func Secret(from string) (string, error) {
	kind, name, _ := strings.Cut(from, ":")
	switch {
	case from == "":
		return "", nil
	case kind == "env":
		value := os.Getenv(name)
		if value == "" {
			return "", fmt.Errorf("the environment variable %s with a camera's credentials is not set or empty", name)
		}
		return value, nil
	case kind == "file":
		data, err := regfile.Read(name, 1<<16)
		if err != nil {
			return "", fmt.Errorf("file with a camera's credentials: %w", err)
		}
		line, _, _ := strings.Cut(string(data), "\n")
		if line = strings.TrimSuffix(line, "\r"); line == "" {
			return "", fmt.Errorf("%s: the first line, a camera's credentials, is empty", name)
		}
		return line, nil
	}
	return "", errors.New("a camera's credentials must be env:NAME (an environment variable) or file:PATH, not the secret itself")
}

// address is a URL in parts.
type address struct {
	url   *url.URL // without user and password
	shown string   // also without query values
	clean redactor // of its secrets
	Credentials
}

// parseAddress parses a URL, after replacing each ${NAME} by that environment variable, percent-encoded. User and password
// come from c, or else from the URL.
func parseAddress(raw string, c Credentials) (address, error) {
	raw, err := environ.Expand(strings.TrimSpace(raw), func(_, value string) string { return escaped(value) })
	if err != nil {
		return address{}, err
	}
	u, err := url.Parse(raw)
	if err != nil || u.Scheme == "" || u.Host == "" && u.Opaque == "" {
		// The parser's error would repeat the address, with its secrets.
		return address{}, errors.New("invalid address (want rtsp://host/path or http://host/path, with special characters of a password percent-encoded)")
	}
	if u.User != nil {
		if c.User == "" {
			c.User = u.User.Username()
		}
		if password, ok := u.User.Password(); ok && c.Password == "" {
			c.Password = password
		}
		u.User = nil
	}
	clean := newRedactor(c, u.Query())
	return address{url: u, shown: clean.text(redact.URL(u)), clean: clean, Credentials: c}, nil
}

// escaped percent-encodes a value for any part of an address.
func escaped(value string) string { return strings.ReplaceAll(url.QueryEscape(value), "+", "%20") }

// redactor removes secrets from text: known ones, and what looks like one, because ffmpeg and GStreamer repeat their
// arguments.
type redactor struct {
	known   *strings.Replacer
	secrets []string
}

func newRedactor(c Credentials, query url.Values) redactor {
	secrets := []string{c.Password, c.Token}
	for _, values := range query {
		for _, v := range values {
			if len(v) >= 4 { // shorter ones are channel numbers and the like, which occur in any text
				secrets = append(secrets, v)
			}
		}
	}
	if c.Password != "" {
		secrets = append(secrets, base64.StdEncoding.EncodeToString([]byte(c.User+":"+c.Password)))
	}
	return redactorFor(secrets)
}

// redactorFor returns a redactor of secrets in every encoding that an address may use.
func redactorFor(secrets []string) redactor {
	var pairs []string
	for _, s := range secrets {
		if s == "" {
			continue
		}
		for _, form := range []string{s, url.QueryEscape(s), url.PathEscape(s), url.UserPassword("", s).String()} {
			pairs = append(pairs, form, redact.Hidden)
		}
	}
	return redactor{strings.NewReplacer(pairs...), secrets}
}

// and returns a redactor of more secrets.
func (r redactor) and(more ...string) redactor {
	return redactorFor(append(slices.Clone(r.secrets), more...))
}

func (r redactor) text(s string) string { return redact.Text(r.known.Replace(s)) }

// error removes secrets from an error and keeps whether it is permanent.
func (r redactor) error(err error) error {
	if err == nil || errors.Is(err, reconnect.ErrNothing) || errors.Is(err, reconnect.ErrEarly) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	var stall *reconnect.StallError
	if errors.As(err, &stall) {
		return &reconnect.StallError{After: stall.After, Note: r.text(stall.Note)}
	}
	clean := errors.New(r.text(err.Error()))
	if reconnect.IsPermanent(err) {
		return reconnect.Permanent(clean)
	}
	return clean
}

// logger returns a logger that redacts.
func (r redactor) logger(to *slog.Logger) *slog.Logger {
	return slog.New(redactingHandler{to.Handler(), r})
}

type redactingHandler struct {
	slog.Handler
	r redactor
}

func (h redactingHandler) Handle(ctx context.Context, record slog.Record) error {
	clean := slog.NewRecord(record.Time, record.Level, h.r.text(record.Message), record.PC)
	record.Attrs(func(a slog.Attr) bool {
		clean.AddAttrs(h.r.attr(a))
		return true
	})
	return h.Handler.Handle(ctx, clean)
}

func (h redactingHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	clean := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		clean[i] = h.r.attr(a)
	}
	return redactingHandler{h.Handler.WithAttrs(clean), h.r}
}

func (h redactingHandler) WithGroup(name string) slog.Handler {
	return redactingHandler{h.Handler.WithGroup(name), h.r}
}

// attr redacts everything but numbers and times, as text.
func (r redactor) attr(a slog.Attr) slog.Attr {
	value := a.Value.Resolve()
	switch value.Kind() {
	case slog.KindString, slog.KindAny:
		return slog.String(a.Key, r.text(value.String()))
	case slog.KindGroup:
		members := make([]any, 0, len(value.Group()))
		for _, m := range value.Group() {
			members = append(members, r.attr(m))
		}
		return slog.Group(a.Key, members...)
	}
	return a
}
