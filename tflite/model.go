package tflite

import (
	"fmt"
	"runtime"
	"sync/atomic"

	tfl "github.com/mattn/go-tflite"

	"corallite/internal/schema"
	"corallite/tflite/internal/capi"
)

// Model is a model that was read and verified, for any number of interpreters: they share its bytes and the
// runtime's TfLiteModel. Close may come before theirs: what they share is freed with the last of them. It may be used
// by several goroutines at once, Close excepted.
type Model struct {
	shared  *shared // nil after Close
	schema  *schema.Model
	cleanup runtime.Cleanup
}

// Load reads the model in the file and verifies it (package schema): the very bytes that were verified are those that
// the runtime sees, whatever happens to the file. Errors name the file.
func Load(path string) (*Model, error) {
	memory, err := readFile(path)
	if err != nil {
		return nil, err
	}
	m, err := newModel(memory)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// LoadBytes is [Load] for a model in memory, of which it keeps a copy.
func LoadBytes(model []byte) (*Model, error) {
	memory := capi.Memory(len(model))
	if memory == nil {
		return nil, fmt.Errorf("tflite: a model of %d bytes: %w", len(model), errNoMemory)
	}
	copy(memory, model)
	return newModel(memory)
}

// newModel takes ownership of memory.
func newModel(memory []byte) (*Model, error) {
	s := &shared{memory: memory}
	s.users.Store(1)
	models.Add(1)
	description, err := s.start()
	if err != nil {
		s.release()
		return nil, err
	}
	m := &Model{shared: s, schema: description}
	m.cleanup = runtime.AddCleanup(m, func(struct{}) { leaked.Add(1) }, struct{}{})
	return m, nil
}

// Schema is what the file says. It points into the model's bytes: it is valid until Close, and nil after it.
func (m *Model) Schema() *Schema { return m.schema }

// Interpreter prepares the model to run. The delegates are freed also when it fails.
func (m *Model) Interpreter(o Options) (*Interpreter, error) {
	if m.shared == nil {
		release(o.Delegates)
		return nil, ErrClosed
	}
	return open(m, o)
}

// Interpreters prepares the model to run n times side by side, n of at least 1. delegates gives each interpreter its own
// delegates; an XNNPACK delegate made with what it is given ([Weights.NewXNNPACK]) packs the model's weights once for all,
// and its interpreter cannot be resized. nil is such an XNNPACK delegate, or the built-in kernels where [Options] say so or
// XNNPACK cannot run the model. When one fails, those before it are closed. o.Delegates must be empty.
func (m *Model) Interpreters(n int, o Options, delegates func(*Weights) ([]Delegate, error)) ([]*Interpreter, error) {
	if len(o.Delegates) > 0 {
		release(o.Delegates)
		return nil, fmt.Errorf("tflite: %d delegates in the options of several interpreters, each of which needs its own", len(o.Delegates))
	}
	if n < 1 {
		return nil, fmt.Errorf("tflite: invalid number of interpreters %d (want at least 1)", n)
	}
	if delegates == nil && !o.Builtin {
		all, err := m.interpreters(n, o, func(w *Weights) ([]Delegate, error) {
			x, err := w.NewXNNPACK(o.Threads)
			return []Delegate{x}, err
		})
		if err == nil || m.shared == nil {
			return all, err
		}
		o.Builtin = true
	}
	return m.interpreters(n, o, delegates)
}

func (m *Model) interpreters(n int, o Options, delegates func(*Weights) ([]Delegate, error)) (all []*Interpreter, err error) {
	var weights *Weights
	if n > 1 && delegates != nil && m.shared != nil { // one alone has nobody to share with
		weights = newWeights(m)
		defer weights.release()
	}
	defer func() {
		if err != nil {
			for _, i := range all {
				_ = i.Close() // it has no error to give
			}
			all = nil
		}
	}()
	for range n {
		each := o
		if delegates != nil {
			if each.Delegates, err = delegates(weights); err != nil {
				return all, err
			}
		}
		i, err := m.Interpreter(each)
		if err != nil {
			return all, err
		}
		all = append(all, i)
	}
	return all, weights.finalize()
}

// Close gives the model back. Its interpreters live on. Twice is safe.
func (m *Model) Close() error {
	if m.shared != nil {
		m.cleanup.Stop()
		m.shared.release()
		m.shared, m.schema = nil, nil
	}
	return nil
}

// shared is what the interpreters of a model have in common, counted by its users.
type shared struct {
	users  atomic.Int32
	memory []byte    // the model, in C memory
	log    *capi.Log // of the making of model only; an interpreter has one of its own
	model  *tfl.Model
}

func (s *shared) start() (*schema.Model, error) {
	m, err := schema.Read(s.memory)
	if err != nil {
		return nil, err
	}
	if s.log = capi.NewLog(); s.log == nil {
		return nil, errNoMemory
	}
	if s.model = capi.NewModel(s.memory, s.log); s.model == nil {
		return nil, &Error{Op: "TfLiteModelCreate", Status: Failed, Detail: s.log.Take()}
	}
	return m, nil
}

// hold adds a user. Only a user may add another, so that the count never comes back from zero.
func (s *shared) hold() *shared {
	s.users.Add(1)
	return s
}

// release takes a user away; the last one frees the model and then its bytes.
func (s *shared) release() {
	if s.users.Add(-1) > 0 {
		return
	}
	s.model.Delete() // nil is safe
	if s.log != nil {
		s.log.Delete()
	}
	capi.Free(s.memory)
	models.Add(-1)
}
