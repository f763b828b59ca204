package tflite

import (
	"context"
	"fmt"
	"slices"

	"corallite/tflite/internal/capi"
	"corallite/tflite/schema"
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
func (n *Interpreter) Signatures() []string {
	keys := make([]string, len(n.signatures))
	for i, s := range n.signatures {
		keys[i] = s.key
	}
	return keys
}

// SignatureRunner runs one signature of a model. It belongs to its interpreter, which frees it, and shares its
// goroutine. Its inputs and outputs are in the order of the file and carry the signature's names. It implements
// [tensor.Engine]; its Close does nothing.
type SignatureRunner struct {
	n      *Interpreter
	key    string
	runner *capi.Runner
	cancel func()
	io     ports
}

var _ tensor.Engine = (*SignatureRunner)(nil)

// Signature prepares a signature to run.
func (n *Interpreter) Signature(key string) (*SignatureRunner, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return nil, ErrClosed
	}
	i := slices.IndexFunc(n.signatures, func(s signature) bool { return s.key == key })
	if i < 0 {
		return nil, fmt.Errorf("no signature %q; there are %q", key, n.Signatures())
	}
	for _, f := range []string{
		"TfLiteInterpreterGetSignatureRunner", "TfLiteSignatureRunnerResizeInputTensor", "TfLiteSignatureRunnerAllocateTensors",
		"TfLiteSignatureRunnerGetInputTensor", "TfLiteSignatureRunnerGetOutputTensor", "TfLiteSignatureRunnerInvoke",
		"TfLiteSignatureRunnerDelete",
	} {
		if err := need(f); err != nil {
			return nil, err
		}
	}
	s := n.signatures[i]
	runner := capi.NewRunner(n.interp, key)
	if runner == nil {
		return nil, n.failed("TfLiteInterpreterGetSignatureRunner", Failed)
	}
	r := &SignatureRunner{n: n, key: key, runner: runner, cancel: runner.Cancel,
		io: ports{inInfos: slices.Clone(s.inputs), outInfos: slices.Clone(s.outputs)}}
	var names []string
	for _, info := range slices.Concat(s.inputs, s.outputs) {
		names = append(names, info.Name)
	}
	err := r.io.init(names)
	if err == nil {
		err = r.allocate()
	}
	if err != nil {
		r.free()
		return nil, fmt.Errorf("signature %q: %w", key, err)
	}
	n.runners = append(n.runners, r)
	return r, nil
}

func (r *SignatureRunner) allocate() error {
	if s := Status(r.runner.Allocate()); s != OK {
		r.n.drop()
		r.io.drop()
		return r.n.failed("TfLiteSignatureRunnerAllocateTensors", s)
	}
	r.n.drain()
	if err := r.n.refresh(); err != nil {
		return err
	}
	return r.io.refresh(r.n.interp, r.runner) // it may not be among the interpreter's runners yet
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
func (r *SignatureRunner) Device() tensor.Device { return r.n.Device() }

// Close does nothing: the interpreter's Close frees its runners.
func (r *SignatureRunner) Close() error { return nil }

// Resize is as [Interpreter.Resize]. Views of the interpreter and of other runners are void too: they may share the
// graph.
func (r *SignatureRunner) Resize(input int, shape []int) error {
	r.n.mu.Lock()
	defer r.n.mu.Unlock()
	if r.n.closed {
		return ErrClosed
	}
	if input < 0 || input >= len(r.io.inInfos) {
		return fmt.Errorf("input %d of %d", input, len(r.io.inInfos))
	}
	dims, err := dimensions(r.io.inInfos[input], shape)
	if err != nil {
		return err
	}
	if r.n.sharesWeights() {
		return keepsShape(r.io.inInfos[input], shape)
	}
	if s := Status(r.runner.Resize(r.io.inInfos[input].Name, dims)); s != OK {
		return r.n.failed("TfLiteSignatureRunnerResizeInputTensor", s)
	}
	return r.allocate()
}

// Invoke is as [Interpreter.Invoke], for the signature's graph.
func (r *SignatureRunner) Invoke(ctx context.Context) error {
	r.n.mu.Lock()
	defer r.n.mu.Unlock()
	if r.n.closed {
		return ErrClosed
	}
	if err := r.n.watch.begin(ctx, r.cancel); err != nil {
		return err
	}
	s := Status(r.runner.Invoke())
	r.n.watch.end()
	err := r.n.look()
	return r.n.ended(ctx, "TfLiteSignatureRunnerInvoke", s, err)
}

func (r *SignatureRunner) free() {
	r.io.free()
	if r.runner != nil {
		r.runner.Delete()
		r.runner = nil
	}
}
