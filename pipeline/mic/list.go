package mic

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"corallite/internal/isolate"
)

// childKind is the kind of child that lists microphones.
const childKind = "microphones"

// Handlers are what isolate.Main needs to know so that this program can be the child that lists microphones.
func Handlers() map[string]isolate.Handler {
	return map[string]isolate.Handler{childKind: serveList}
}

// Microphones are the microphones that there are now. A child process lists them, because miniaudio crashes when one of
// them goes just then, and PulseAudio's library waits without end for a server that hangs. It may take some seconds.
func Microphones(ctx context.Context) ([]Microphone, error) {
	all, err := askChild(ctx)
	var died *isolate.DeathError
	if errors.As(err, &died) && died.Hung == 0 {
		all, err = askChild(ctx) // what went just then is gone now
	}
	return all, err
}

// askChild starts the child. It is not confined: sound systems have their files all over the machine, and nothing that
// comes from elsewhere is read.
func askChild(ctx context.Context) ([]Microphone, error) {
	p, err := isolate.Start(ctx, isolate.Options{Kind: childKind, Sandbox: isolate.Sandbox{Off: true}})
	if err != nil {
		return nil, err
	}
	reply := make([]byte, isolate.MaxMessage)
	n, err := p.Call(ctx, nil, reply, isolate.CallOptions{Deadline: callLimit})
	var died *isolate.DeathError
	if errors.As(err, &died) && died.Hung > 0 {
		err = fmt.Errorf("%w: %w", noAnswer("listing the microphones", callLimit), err)
	}
	if err := errors.Join(err, p.Close()); err != nil {
		return nil, err
	}
	var l listed
	if err := json.Unmarshal(reply[:n], &l); err != nil {
		return nil, fmt.Errorf("the list of microphones: %w", err)
	}
	if l.Error != "" {
		return nil, errors.New(l.Error)
	}
	return l.Microphones, nil
}

// listed is what the child answers.
type listed struct {
	Microphones []Microphone
	Error       string
}

func serveList(c *isolate.Child) error {
	return c.Serve(func(_ []byte, _ []*isolate.Memory, reply []byte) (int, error) {
		var l listed
		var err error
		if l.Microphones, err = listHere(); err != nil {
			l.Error = err.Error()
		}
		b, err := json.Marshal(l)
		if err == nil && len(b) > len(reply) {
			err = fmt.Errorf("a list of %d microphones does not go into %d bytes", len(l.Microphones), len(reply))
		}
		if err != nil {
			return 0, err
		}
		return copy(reply, b), nil
	})
}

func listHere() ([]Microphone, error) {
	s, err := openSystem(nil)
	if err != nil {
		return nil, err
	}
	devices, err := s.devices(true)
	return described(devices), errors.Join(err, s.close())
}
