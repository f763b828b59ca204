package doctor

import (
	"encoding/json"
	"errors"
	"fmt"

	"corallite/delegate/edgetpu"
	"corallite/internal/isolate"
	"corallite/tflite"
)

// Handlers are for isolate.Main: they serve the child that Isolated starts.
func Handlers() map[string]isolate.Handler { return map[string]isolate.Handler{Kind: serve} }

// patient is what the child has opened.
type patient struct {
	attempt     Attempt
	library     *edgetpu.Library
	delegate    *edgetpu.Delegate
	interpreter *tflite.Interpreter
}

// serve does one stage for each request.
func serve(c *isolate.Child) error {
	var p patient
	if err := json.Unmarshal(c.Setup, &p.attempt); err != nil {
		return err
	}
	err := c.Serve(func(request []byte, _ []*isolate.Memory, reply []byte) (int, error) {
		b, err := json.Marshal(p.stage(Stage(request)))
		if err != nil {
			return 0, err
		}
		if len(b) > len(reply) {
			return 0, fmt.Errorf("an answer of %d bytes", len(b))
		}
		return copy(reply, b), nil
	})
	return errors.Join(err, p.close())
}

func (p *patient) stage(s Stage) answer {
	var a answer
	var err error
	switch s {
	case Loading:
		err = p.load(&a)
	case Listing:
		a.Listed, err = p.library.List()
	case Opening:
		p.delegate, err = p.library.Open(*p.attempt.Device, edgetpu.Options{})
	case Preparing:
		err = p.prepare()
	default:
		err = fmt.Errorf("there is no stage %q", s)
	}
	if err == nil {
		return a
	}
	const most = 4 << 10 // nobody reads more
	a.Error = err.Error()
	if len(a.Error) > most {
		a.Error = a.Error[:most]
	}
	if load := (*edgetpu.LoadError)(nil); errors.As(err, &load) {
		a.Load = &loadError{load.Kind.Error(), load.Path, load.Detail}
	}
	return a
}

func (p *patient) load(a *answer) (err error) {
	if p.library, err = edgetpu.Load(p.attempt.Library); err != nil {
		return err
	}
	a.Path = p.library.Path()
	version, err := p.library.Version()
	a.Version = &version
	return err
}

// prepare makes an interpreter, which owns the delegate from then on.
func (p *patient) prepare() (err error) {
	options := tflite.Options{Delegates: []tflite.Delegate{p.delegate}}
	if p.attempt.Model == "" {
		p.interpreter, err = tflite.New(tflite.ProbeModel(), options)
	} else {
		p.interpreter, err = tflite.Open(p.attempt.Model, options)
	}
	return err
}

// close closes everything, in order.
func (p *patient) close() error {
	var errs []error
	if p.interpreter != nil {
		errs = append(errs, p.interpreter.Close())
	}
	if p.delegate != nil {
		p.delegate.Delete()
	}
	if p.library != nil {
		errs = append(errs, p.library.Close())
	}
	return errors.Join(errs...)
}
