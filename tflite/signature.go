package tflite

import (
	"context"
	"fmt"
	"slices"

	"corallite/internal/schema"
	"corallite/tflite/internal/capi"
	"corallite/tflite/tensor"
)

// signature is what the file says of a signature.
type signature struct {
	key     string
	inputs  []tensor.Info // named as the signature names them
	outputs []tensor.Info
}

func signatureOf(s schema.Signature, g *schema.Subgraph) signature {
	return signature{s.Key, named(s.Inputs, g), named(s.Outputs, g)}
}

func named(names []schema.NamedTensor, g *schema.Subgraph) []tensor.Info {
	infos := make([]tensor.Info, len(names))
	for i, n := range names {
		infos[i] = g.Tensors[n.Tensor].Info
		infos[i].Name = n.Name
	}
	return infos
}

// Signatures are the keys of the model's signatures, named entries with named inputs and outputs; mostly none or
// "serving_default".
func (i *Interpreter) Signatures() []string {
	keys := make([]string, len(i.signatures))
	for k, s := range i.signatures {
		keys[k] = s.key
	}
	return keys
}

// SignatureRunner runs one signature of a model. It belongs to its interpreter, which frees it, and shares its
// goroutine. Its inputs and outputs are in the order of the file and carry the signature's names. It implements
// [tensor.Engine]; its Close does nothing.
type SignatureRunner struct {
	interp *Interpreter
	key    string
	runner *capi.Runner
	cancel func()
	io     ports
}

var _ tensor.Engine = (*SignatureRunner)(nil)

// Signature prepares a signature to run beside the interpreter's own graph. For an engine that runs nothing but one
// signature there is [Options.Signature].
func (i *Interpreter) Signature(key string) (*SignatureRunner, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closed {
		return nil, ErrClosed
	}
	k := slices.IndexFunc(i.signatures, func(s signature) bool { return s.key == key })
	if k < 0 {
		return nil, fmt.Errorf("tflite: the model has no signature %q (it has %q)", key, i.Signatures())
	}
	if err := runnersMissing(); err != nil {
		return nil, err
	}
	s := i.signatures[k]
	runner := capi.NewRunner(i.interp, key)
	if runner == nil {
		return nil, i.failed("TfLiteInterpreterGetSignatureRunner", Failed)
	}
	r := &SignatureRunner{interp: i, key: key, runner: runner, cancel: runner.Cancel,
		io: ports{inInfos: slices.Clone(s.inputs), outInfos: slices.Clone(s.outputs)}}
	err := r.io.init(portNames(s.inputs, s.outputs))
	if err == nil {
		err = r.allocate()
	}
	if err != nil {
		r.free()
		return nil, fmt.Errorf("signature %q: %w", key, err)
	}
	i.runners = append(i.runners, r)
	return r, nil
}

func (r *SignatureRunner) allocate() error {
	if s := Status(r.runner.Allocate()); s != OK {
		r.interp.dropViews()
		r.io.dropViews()
		return r.interp.failed("TfLiteSignatureRunnerAllocateTensors", s)
	}
	r.interp.drainLog()
	if err := r.interp.refresh(); err != nil {
		return err
	}
	return r.io.refresh(r.interp.interp, r.runner) // it may not be among the interpreter's runners yet
}

// Key is the signature's name.
func (r *SignatureRunner) Key() string { return r.key }

// Inputs describes the signature's inputs.
func (r *SignatureRunner) Inputs() []tensor.Info { return r.io.inInfos }

// Outputs describes the signature's outputs.
func (r *SignatureRunner) Outputs() []tensor.Info { return r.io.outInfos }

// Input is as [Interpreter.Input].
func (r *SignatureRunner) Input(i int) tensor.Tensor { return r.io.input(i) }

// Output is as [Interpreter.Output].
func (r *SignatureRunner) Output(i int) tensor.Tensor { return r.io.output(i) }

// Device is the interpreter's.
func (r *SignatureRunner) Device() tensor.Device { return r.interp.Device() }

// Close does nothing: the interpreter's Close frees its runners.
func (r *SignatureRunner) Close() error { return nil }

// Resize is as [Interpreter.Resize]. Views of the interpreter and of other runners are void too: they may share the
// graph.
func (r *SignatureRunner) Resize(input int, shape []int) error {
	r.interp.mu.Lock()
	defer r.interp.mu.Unlock()
	if r.interp.closed {
		return ErrClosed
	}
	if input < 0 || input >= len(r.io.inInfos) {
		return fmt.Errorf("tflite: invalid input %d (the signature has %d)", input, len(r.io.inInfos))
	}
	dims, err := dimensions(r.io.inInfos[input], shape)
	if err != nil {
		return err
	}
	if r.interp.sharesWeights() {
		return keepsShape(r.io.inInfos[input], shape)
	}
	if s := Status(r.runner.Resize(r.io.inInfos[input].Name, dims)); s != OK {
		return r.interp.failed("TfLiteSignatureRunnerResizeInputTensor", s)
	}
	return r.allocate()
}

// Invoke is as [Interpreter.Invoke], for the signature's graph.
func (r *SignatureRunner) Invoke(ctx context.Context) error {
	r.interp.mu.Lock()
	defer r.interp.mu.Unlock()
	if r.interp.closed {
		return ErrClosed
	}
	if err := r.interp.watch.begin(ctx, r.cancel); err != nil {
		return err
	}
	s := Status(r.runner.Invoke())
	r.interp.watch.end()
	err := r.interp.refreshAfterRun()
	return r.interp.ended(ctx, "TfLiteSignatureRunnerInvoke", s, err)
}

func (r *SignatureRunner) free() {
	r.io.free()
	if r.runner != nil {
		r.runner.Delete()
		r.runner = nil
	}
}
