package camera

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"

	"corallite/internal/environ"
	"corallite/internal/reconnect"
	"corallite/internal/redact"
	"corallite/internal/regfile"
)

// Credentials are what a camera on the network wants to know. They go into the setup of the child process that connects,
// and nowhere else: errors, logs, names and process lists do not show them.
type Credentials struct {
	User, Password string // of HTTP (Basic, Digest), RTSP and what else ffmpeg reads
	Token          string // of HTTP: sent as "Authorization: Bearer …"
}

// Secret reads what does not belong into a configuration from where it says that it is: "env:NAME" is an environment
// variable, "file:PATH" the first line of a file, and "" is "". A secret that is empty is an error. Anything else is an
// error that does not repeat it, because it may be the secret itself.
func Secret(from string) (string, error) {
	kind, name, _ := strings.Cut(from, ":")
	switch {
	case from == "":
		return "", nil
	case kind == "env":
		value := os.Getenv(name)
		if value == "" {
			return "", fmt.Errorf("the environment variable %s, which holds a camera's credentials, is not set or empty", name)
		}
		return value, nil
	case kind == "file":
		data, err := regfile.Read(name, 1<<16)
		if err != nil {
			return "", fmt.Errorf("the file of a camera's credentials: %w", err)
		}
		line, _, _ := strings.Cut(string(data), "\n")
		if line = strings.TrimSuffix(line, "\r"); line == "" {
			return "", fmt.Errorf("%s, which holds a camera's credentials: its first line is empty", name)
		}
		return line, nil
	}
	return "", errors.New("a camera's credentials are not written down here: give env:NAME (an environment variable) or file:PATH")
}

// address is a URL in parts.
type address struct {
	url   *url.URL // without its user
	shown string   // and without what its query says
	clean redactor // of what it had that is secret
	Credentials
}

// parseAddress takes a URL apart. ${NAME} in it is an environment variable, percent-encoded where it stands. The user
// and the password come from c, or from the URL itself.
func parseAddress(raw string, c Credentials) (address, error) {
	raw, err := environ.Expand(strings.TrimSpace(raw), func(_, value string) string { return escaped(value) })
	if err != nil {
		return address{}, err
	}
	u, err := url.Parse(raw)
	if err != nil || u.Scheme == "" || u.Host == "" && u.Opaque == "" {
		// The parser's own error repeats the address.
		return address{}, errors.New("the address cannot be read: rtsp://host/path or http://host/path is expected, with special characters in a password percent-encoded")
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

// escaped is a value percent-encoded, for any place of an address.
func escaped(value string) string { return strings.ReplaceAll(url.QueryEscape(value), "+", "%20") }

// redactor takes what is secret out of text: what it knows to be secret, and what looks as if it were, since ffmpeg and
// GStreamer repeat what they were given.
type redactor struct{ known *strings.Replacer }

func newRedactor(c Credentials, query url.Values) redactor {
	secrets := []string{c.Password, c.Token}
	for _, values := range query {
		for _, v := range values {
			if len(v) >= 4 { // shorter ones are numbers of channels and the like, and parts of any text
				secrets = append(secrets, v)
			}
		}
	}
	if c.Password != "" {
		secrets = append(secrets, base64.StdEncoding.EncodeToString([]byte(c.User+":"+c.Password)))
	}
	return redactorFor(secrets)
}

// redactorFor knows those secrets, in each way in which an address may have them.
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
	return redactor{strings.NewReplacer(pairs...)}
}

func (r redactor) text(s string) string { return redact.Text(r.known.Replace(s)) }

// error is an error without what is secret; whether it is permanent is kept.
func (r redactor) error(err error) error {
	if err == nil || errors.Is(err, reconnect.ErrNothing) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
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

// logger is a logger that goes through the redactor.
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

// attr leaves numbers and times as they are and makes text of everything else.
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
