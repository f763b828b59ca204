package worker

import (
	"encoding/json"
	"strings"

	"corallite/internal/isolate"
)

// fakes are children that tests put in the place of the real one: HostOptions.Library names them, and what follows
// the colon is theirs.
var fakes = map[string]func(c *isolate.Child, argument string) error{"lie": lie, "try": tryToLeave}

// WithFakes adds them to Handlers.
func WithFakes(all map[string]isolate.Handler) map[string]isolate.Handler {
	real := all[Kind]
	all[Kind] = func(c *isolate.Child) error {
		var s hostSetup
		if err := json.Unmarshal(c.Setup, &s); err != nil {
			return err
		}
		name, argument, _ := strings.Cut(s.Library, ":")
		if f := fakes[name]; f != nil {
			return f(c, argument)
		}
		return real(c)
	}
	return all
}
