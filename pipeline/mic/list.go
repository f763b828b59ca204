package mic

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"corallite/internal/isolate"
)

// childKind is the kind of the child process that lists microphones.
const childKind = "microphones"

// Handlers returns what isolate.Main needs so that this program can serve as the child that lists microphones.
func Handlers() map[string]isolate.Handler {
	return map[string]isolate.Handler{childKind: serveList}
}

// Microphones lists the microphones that there are now, with details. A child process does it, because miniaudio crashes
// when a device vanishes meanwhile, and PulseAudio's library waits for ever for a server that hangs. It may take some
// seconds.
func Microphones(ctx context.Context) ([]Microphone, error) {
	all, err := askChild(ctx)
	var died *isolate.DeathError
	if errors.As(err, &died) && died.Hung == 0 {
		all, err = askChild(ctx) // the device that vanished is gone now
	}
	return all, err
}

// askChild starts the child. It is not sandboxed: sound systems keep their files in many places, and the child reads nothing
// from strangers.
func askChild(ctx context.Context) ([]Microphone, error) {
	p, err := isolate.Start(ctx, isolate.Options{Kind: childKind, Sandbox: isolate.Sandbox{Off: true}})
	if err != nil {
		return nil, err
	}
	reply := make([]byte, isolate.MaxMessage)
	n, err := p.Call(ctx, nil, reply, isolate.CallOptions{Deadline: callTimeout})
	var died *isolate.DeathError
	if errors.As(err, &died) && died.Hung > 0 {
		err = fmt.Errorf("%w: %w", timeoutError("listing the microphones", callTimeout), err)
	}
	if err := errors.Join(err, p.Close()); err != nil {
		return nil, err
	}
	var l listed
	if err := json.Unmarshal(reply[:n], &l); err != nil {
		return nil, fmt.Errorf("listing the microphones: %w", err)
	}
	if l.Error != "" {
		return nil, errors.New(l.Error)
	}
	return l.Microphones, nil
}

// listed is the answer of the child.
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
			err = fmt.Errorf("the list of %d microphones is larger than %d bytes", len(l.Microphones), len(reply))
		}
		if err != nil {
			return 0, err
		}
		return copy(reply, b), nil
	})
}

func listHere() ([]Microphone, error) {
	c, _, err := connect(Backends())
	if err != nil {
		return nil, err
	}
	all, err := c.Microphones(true)
	return all, errors.Join(err, c.Close())
}
