package configs

import (
	"maps"
	"os"
	"slices"
	"strings"

	"corallite/internal/environ"
	"corallite/internal/redact"
)

// HasSecret says whether an address has a password or another secret in it that is no ${NAME}.
func HasSecret(address string) bool { return literal(redact.InAddress(address)) != "" }

// literal says which of those secrets stands there as it is, and not as ${NAME}: "a password", "the value of \"token\"".
// It is "" when none does.
func literal(secrets []redact.Secret) string {
	for _, s := range secrets {
		if len(environ.Variables(s.Value)) == 0 {
			return s.What
		}
	}
	return ""
}

// readable is what is wrong with a secret in a file.
func readable(what, wayOut string) string {
	return "contains " + what + ", readable by anyone who can read this file: " + wayOut
}

// inItsPlace is the way out where there is no key for a secret.
const inItsPlace = "write ${NAME}, an environment variable, in its place"

// reader reports secrets in what tells ffmpeg or GStreamer what to read, and variables in it that are not there.
func (s *settings) reader(p path, text string, secrets []redact.Secret) {
	if what := literal(secrets); what != "" {
		s.problem(p, "%s", readable(what, inItsPlace))
	}
	s.notSet(p, environ.Variables(text))
}

// notSet reports environment variables that are not there. It says whether there were any.
func (s *settings) notSet(p path, names []string) bool {
	for _, name := range names {
		if os.Getenv(name) == "" {
			s.problem(p, "environment variable %s is not set", name)
			return true
		}
	}
	return false
}

// webhookSecrets reports secrets in a webhook's address and headers.
func (s *settings) webhookSecrets(p path, sink Sink) {
	if what := literal(redact.InAddress(sink.URL)); what != "" {
		s.problem(p.to("url"), "%s", readable(what, inItsPlace))
	}
	if strings.Contains(sink.URL, redact.Hidden) {
		s.problem(p.to("url"), "%s stands for what config show did not print: config show --secrets prints it", redact.Hidden)
	}
	for _, h := range sink.Headers {
		plain := slices.ContainsFunc(h.Values, func(v string) bool { return v != "" && len(environ.Variables(v)) == 0 })
		if plain && redact.Names(h.Name) {
			s.problem(p.to("headers", h.Name), "%s", readable("a secret", inItsPlace))
		}
	}
}

// variables reports environment variables that are to be handed on and are not there.
func (s *settings) variables(p path, names []string) {
	for i, name := range names {
		s.notSet(s.item(p, i), []string{name})
	}
}

// withoutSecrets is a copy of c for people to look at, with redact.Hidden in the place of what is secret.
func (c *Config) withoutSecrets() *Config {
	shown := *c
	shown.Pipelines = maps.Clone(c.Pipelines)
	for name, p := range shown.Pipelines {
		p.Sinks = slices.Clone(p.Sinks)
		for i := range p.Sinks {
			p.Sinks[i].URL = hostOnly(p.Sinks[i].URL)
		}
		shown.Pipelines[name] = p
	}
	return &shown
}

// hostOnly hides what follows the host of an address, unless the environment has all of it.
func hostOnly(address string) string {
	begin := strings.Index(address, "://")
	if begin += len("://"); begin < len("://") {
		begin = 0
	}
	host := strings.IndexAny(address[begin:], "/?#")
	if host < 0 || strings.Trim(environ.Replace(address[begin+host:], ""), "/") == "" {
		return address
	}
	return address[:begin+host] + "/" + redact.Hidden
}
