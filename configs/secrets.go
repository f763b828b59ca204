package configs

import (
	"os"

	"corallite/internal/environ"
	"corallite/internal/key"
	"corallite/internal/redact"
)

// HasSecret says whether an address has a password or another secret in it that is no ${NAME}.
func HasSecret(address string) bool { return redact.Written(redact.InAddress(address)) != "" }

// reader reports secrets in what tells ffmpeg or GStreamer what to read, and variables in it that are not set.
func (s *layers) reader(p path, text string, secrets []redact.Secret) {
	if what := redact.Written(secrets); what != "" {
		s.problem(p, key.CodeSecret, "%s", redact.InFile(what, redact.Instead))
	}
	s.notSet(p, environ.Variables(text))
}

// notSet reports environment variables that are not set. It says whether there were any.
func (s *layers) notSet(p path, names []string) bool {
	for _, name := range names {
		if os.Getenv(name) == "" {
			s.problem(p, key.CodeNotSet, "environment variable %s is not set", name)
			return true
		}
	}
	return false
}

// variables reports environment variables that are to be handed on and are not set.
func (s *layers) variables(p path, names []string) {
	for i, name := range names {
		s.notSet(s.item(p, i), []string{name})
	}
}
