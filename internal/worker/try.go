package worker

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"corallite/delegate"
	"corallite/delegate/edgetpu"
	"corallite/internal/isolate"
	"corallite/internal/regfile"
	"corallite/tflite"
	"corallite/tflite/tensor"
)

// trialKind is the kind of child that tries models.
const trialKind = "trial"

// trialDeadline limits opening a model and running it once.
const trialDeadline = time.Minute

// trialRequest comes with the model in shared memory, which may be longer than the model.
type trialRequest struct {
	Path   string  `json:"path"` // for messages
	Bytes  int     `json:"bytes"`
	Shapes [][]int `json:"shapes"`

	Signature string `json:"signature"` // "": the main graph
}

// serveTrials opens and runs each model that it receives.
func serveTrials(c *isolate.Child) error {
	return c.Serve(func(request []byte, shared []*isolate.Memory, reply []byte) (int, error) {
		var r trialRequest
		if err := json.Unmarshal(request, &r); err != nil {
			return 0, err
		}
		if len(shared) != 1 || r.Bytes < 0 || r.Bytes > len(shared[0].Bytes()) {
			return 0, errors.New("a memory with the model was expected")
		}
		err := runOnce(r, shared[0].Bytes()[:r.Bytes])
		if e := shared[0].Close(); e != nil {
			return 0, e
		}
		return answered(reply, err)
	})
}

// runOnce runs a model as the CPU path does, with zeros as inputs.
func runOnce(r trialRequest, b []byte) error {
	m, err := delegate.ReadBytes(r.Path, b)
	if err != nil {
		return err
	}
	defer m.Close()
	if !m.ForCPU() {
		return nil // compiled models always run in a child
	}
	if r.Signature != "" {
		if err := m.Select(r.Signature); err != nil {
			return err
		}
	}
	all, err := m.Open(context.Background(), delegate.Options{Choice: delegate.CPU, Shapes: r.Shapes}, 1)
	if err != nil {
		return err
	}
	e := all[0]
	err = fillWithZeros(e)
	if err == nil {
		err = e.Invoke(context.Background())
	}
	if err != nil {
		err = fmt.Errorf("model %s: %w", r.Path, err)
	}
	return errors.Join(err, e.Close())
}

// fillWithZeros fills the inputs, whose memory has old contents, with zeros and empty strings.
func fillWithZeros(e delegate.Engine) error {
	for i, info := range e.Inputs() {
		clear(e.Input(i).Data)
		if info.Type != tensor.String {
			continue
		}
		// Without strings the runtime follows a null pointer.
		const most = 1 << 16 // strings; models with more are refused
		takes, ok := e.(interface {
			SetStrings(input int, values ...string) error
		})
		if !ok {
			return fmt.Errorf("input %d holds strings, which %T does not take", i, e)
		}
		if err := takes.SetStrings(i, make([]string, min(max(info.Elements(), 0), most))...); err != nil {
			return err
		}
	}
	return nil
}

// ModelProbe tries models in a child, which it starts when needed and keeps until it dies or is closed. Its methods may
// be called concurrently, one trial at a time.
type ModelProbe struct {
	Logger   *slog.Logger  // for the child's messages; nil: dropped
	Deadline time.Duration // of opening and running a model; 0: a minute
	Shapes   [][]int       // as in delegate.Options, for all models

	Signature string // of all models, as in delegate.Options; "": the main graph

	mu    sync.Mutex
	child *isolate.Process
	reply []byte
}

// Run opens and runs a model once with zeros, in the child. A crash or hang is an ordinary error that names the model.
// What a model does to the child's memory may show only later: if models are not trusted, use a ModelProbe for one
// model only.
func (t *ModelProbe) Run(ctx context.Context, path string, model []byte) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.start(ctx); err != nil {
		return fmt.Errorf("model %s: %w", path, err)
	}
	memory, err := isolate.NewMemory(max(len(model), 1))
	if err != nil {
		return fmt.Errorf("model %s: %w", path, err)
	}
	defer memory.Close()
	copy(memory.Bytes(), model)
	request, err := json.Marshal(trialRequest{path, len(model), t.Shapes, t.Signature})
	if err != nil {
		return err
	}
	limit := t.Deadline
	if limit <= 0 {
		limit = trialDeadline
	}
	n, err := t.child.Call(ctx, request, t.reply, isolate.CallOptions{Deadline: limit, Send: []*isolate.Memory{memory}})
	if err != nil {
		if death := (*isolate.DeathError)(nil); errors.As(err, &death) {
			err = fmt.Errorf("the runtime does not survive it: %w", err)
		}
		_ = t.end() // err has the reason already
		return fmt.Errorf("model %s: %w", path, err)
	}
	s, _, rest, err := parseReply(t.reply[:n])
	switch {
	case err != nil:
		return fmt.Errorf("model %s: %w", path, err)
	case s == statusOK:
		return nil
	}
	return received(rest, edgetpu.System{})
}

func (t *ModelProbe) start(ctx context.Context) error {
	if t.child != nil {
		return nil
	}
	p, err := isolate.Start(ctx, isolate.Options{Kind: trialKind, Name: "trial of models", Logger: t.Logger})
	t.child, t.reply = p, make([]byte, isolate.MaxMessage)
	return err
}

// end ends the child; the next trial starts another.
func (t *ModelProbe) end() error {
	if t.child == nil {
		return nil
	}
	err := t.child.Close()
	t.child = nil
	return err
}

// Close ends the child. The ModelProbe can be used again.
func (t *ModelProbe) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.end()
}

// ModelProbeOptions of ProbeModel.
type ModelProbeOptions struct {
	Path      string          // of the model
	Shapes    [][]int         // as in delegate.Options
	Signature string          // as in delegate.Options
	Verified  *VerifiedModels // models that passed; nil: none
	Logger    *slog.Logger
}

// ProbeModel is [ModelProbe.Run] for one file, unless it passed before. A pass is remembered.
func ProbeModel(ctx context.Context, o ModelProbeOptions) error {
	if info, err := os.Stat(o.Path); err != nil || !info.Mode().IsRegular() {
		return nil // opening it reports better what is wrong
	}
	sum, err := o.Verified.sumOf(o.Path)
	if err == nil && o.Verified.Has(sum, o.Signature) {
		return nil
	}
	b, err := regfile.Read(o.Path, tflite.MaxModel)
	if err != nil {
		return fmt.Errorf("model: %w", err)
	}
	t := &ModelProbe{Logger: o.Logger, Shapes: o.Shapes, Signature: o.Signature}
	if err := t.Run(ctx, filepath.Clean(o.Path), b); err != nil {
		return errors.Join(err, t.Close())
	}
	o.Verified.Add(sha256.Sum256(b), o.Signature)
	return t.Close()
}
