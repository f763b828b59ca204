package tflite

import (
	"unsafe"

	tfl "github.com/mattn/go-tflite"

	"corallite/tflite/internal/capi"
	"corallite/tflite/tensor"
)

// ports is the inputs and outputs of an interpreter or a runner: their descriptions, and views of their memory that are
// made again only when the runtime has moved or resized a tensor.
type ports struct {
	inInfos, outInfos []tensor.Info
	inputs, outputs   []tensor.Tensor
	views             *capi.Views
}

// init makes the views; the names are a signature's, of inputs and then outputs.
func (p *ports) init(names []string) error {
	if p.views != nil {
		return nil
	}
	if p.views = capi.NewViews(len(p.inInfos), len(p.outInfos), names); p.views == nil {
		return errNoMemory
	}
	return nil
}

// refresh looks at the tensors again. It allocates only when something has changed.
func (p *ports) refresh(i *tfl.Interpreter, r *capi.Runner) error {
	changed, err := p.views.Refresh(i, r)
	if err != nil {
		p.dropViews()
		return err
	}
	if p.inputs == nil {
		p.inputs, p.outputs = make([]tensor.Tensor, len(p.inInfos)), make([]tensor.Tensor, len(p.outInfos))
	} else if !changed {
		return nil
	}
	for k := range p.inputs {
		set(&p.inputs[k], &p.inInfos[k], p.views.At(k))
	}
	for k := range p.outputs {
		set(&p.outputs[k], &p.outInfos[k], p.views.At(len(p.inputs)+k))
	}
	return nil
}

// set makes t the view v. A changed shape gets a new slice, as callers may hold the old one.
func set(t *tensor.Tensor, info *tensor.Info, v capi.View) {
	info.Type = tensor.Type(v.Type())
	if !v.HasShape(info.Shape) {
		info.Shape = v.Shape()
	}
	t.Info, t.Data = *info, nil
	if p, n := v.Data(), v.Bytes(); p != nil && n > 0 {
		// The runtime's memory of that tensor, n bytes, in place until the next run, resize or close; after a run and
		// a resize refresh looks again.
		t.Data = unsafe.Slice((*byte)(p), n)
	}
}

// dropViews forgets the views, whose memory may be gone.
func (p *ports) dropViews() { p.inputs, p.outputs = nil, nil }

func (p *ports) free() {
	p.dropViews()
	if p.views != nil {
		p.views.Delete()
		p.views = nil
	}
}

func (p *ports) input(i int) tensor.Tensor  { return at(p.inputs, i) }
func (p *ports) output(i int) tensor.Tensor { return at(p.outputs, i) }

func at(ts []tensor.Tensor, i int) tensor.Tensor {
	if i < 0 || i >= len(ts) {
		return tensor.Tensor{}
	}
	return ts[i]
}
