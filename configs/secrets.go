package configs

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"corallite/internal/redact"
)

// HasSecret says whether an address has a password or another secret in it that is no ${NAME}.
func HasSecret(address string) bool {
	return strings.Contains(address, "://") && literalSecret(address) != ""
}

// literalSecret says what of an address is secret and stands in it as it is: "a password", "the value of \"token\""; "".
func literalSecret(address string) string {
	_, rest, _ := strings.Cut(address, "://")
	rest, query, _ := strings.Cut(rest, "?")
	authority, _, _ := strings.Cut(rest, "/")
	if i := strings.LastIndex(authority, "@"); i >= 0 {
		if _, password, _ := strings.Cut(authority[:i], ":"); password != "" && !variable.MatchString(password) {
			return "a password"
		}
	}
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if redact.Names(name) && value != "" && !variable.MatchString(value) {
			return fmt.Sprintf("the value of %q", name)
		}
	}
	return ""
}

// readable is what is wrong with a secret in a file.
func readable(what, wayOut string) string {
	return "contains " + what + ", readable by anyone who can read this file: " + wayOut
}

// webhookSecrets reports secrets in a webhook's address and headers.
func (s *settings) webhookSecrets(p path, sink Sink) {
	const wayOut = "write ${NAME}, an environment variable, in its place"
	if what := literalSecret(sink.URL); what != "" {
		s.problem(p.to("url"), "%s", readable(what, wayOut))
	}
	for _, h := range sink.Headers {
		secret := slices.ContainsFunc([]string{"authorization", "proxy-authorization", "cookie"}, func(name string) bool { return strings.EqualFold(name, h.Name) })
		literal := slices.ContainsFunc(h.Values, func(v string) bool { return v != "" && !variable.MatchString(v) })
		if literal && (secret || redact.Names(h.Name)) {
			s.problem(p.to("headers", h.Name), "%s", readable("a secret", wayOut))
		}
	}
}

// variables reports environment variables that are to be handed on and are not there.
func (s *settings) variables(p path, names []string) {
	for i, name := range names {
		if os.Getenv(name) == "" {
			s.problem(s.item(p, i), "environment variable %s is not set", name)
		}
	}
}
