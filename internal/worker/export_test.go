package worker

import (
	"encoding/json"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"corallite/internal/isolate"
)

// fakes are children that replace the real one in tests: HostOptions.Library names them, and what follows the colon is
// their argument.
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
	try := all[trialKind]
	all[trialKind] = func(c *isolate.Child) error {
		c.Logger.Info(TrialBegins)
		if signal, err := strconv.Atoi(os.Getenv(SignalEnv)); err == nil {
			return c.Serve(func([]byte, []*isolate.Memory, []byte) (int, error) {
				return 0, unix.Kill(unix.Getpid(), unix.Signal(signal))
			})
		}
		return try(c)
	}
	return all
}

// TrialBegins is what a child that tries models logs first in a test.
const TrialBegins = "a trial begins"

// SignalEnv is the number of a signal that ends such a child when it has got a model.
const SignalEnv = "CORALLITE_SIM_TRIAL_SIGNAL" // by its name it reaches children
