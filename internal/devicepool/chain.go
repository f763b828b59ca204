package devicepool

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"corallite/delegate"
	"corallite/tflite/tensor"
)

// chain runs a model that the Edge TPU compiler split: the outputs of each part are the inputs of the next. Several
// chains over the same devices make a pipeline, because while one chain's second part runs, another's first part can.
type chain struct {
	parts []tensor.Engine // at least one
	wires [][]int         // wires[k][i]: which output of part k-1 is input i of part k
	shown tensor.Device
}

// newChain owns the parts from here on, also when it fails.
func newChain(parts []tensor.Engine) (*chain, error) {
	c := &chain{parts: parts, wires: make([][]int, len(parts))}
	devices := make([]tensor.Device, len(parts))
	for k, p := range parts {
		devices[k] = p.Device()
		if k == 0 {
			continue
		}
		var err error
		if c.wires[k], err = connect(parts[k-1].Outputs(), p.Inputs()); err != nil {
			return nil, errors.Join(fmt.Errorf("segment %d does not follow segment %d: %w", k, k-1, err), c.Close())
		}
	}
	c.shown = devices[0]
	c.shown.Name = joinDevices(devices)
	return c, nil
}

// joinDevices is "edgetpu:usb:2-1+usb:2-2", each device once.
func joinDevices(devices []tensor.Device) string {
	var names []string
	seen := map[string]bool{}
	for _, d := range devices {
		if seen[d.Name] {
			continue
		}
		seen[d.Name] = true
		if len(names) > 0 && d.Kind == devices[0].Kind {
			d.Name = strings.TrimPrefix(d.Name, d.Kind+":") // it stands before the first
		}
		names = append(names, d.Name)
	}
	return strings.Join(names, "+")
}

// connect finds for each input the output that it is: the one of its name, or where names differ the one at its place.
func connect(outputs, inputs []tensor.Info) ([]int, error) {
	if len(outputs) != len(inputs) {
		return nil, fmt.Errorf("%d outputs for %d inputs", len(outputs), len(inputs))
	}
	byName := make(map[string]int, len(outputs))
	for i, o := range outputs {
		byName[o.Name] = i
	}
	wires := make([]int, len(inputs))
	for i, in := range inputs {
		at, named := byName[in.Name]
		if !named || len(byName) != len(outputs) {
			at = i
		}
		if !outputs[at].Same(in) {
			return nil, fmt.Errorf("output %v is not input %v", outputs[at], in)
		}
		wires[i] = at
	}
	return wires, nil
}

// checkSegments finds out, before anything is opened, whether the segments follow one another and are the model.
func checkSegments(segments []*delegate.Model, whole *delegate.Model) error {
	for k, s := range segments[1:] {
		if _, err := connect(segments[k].Graph().OutputInfos(), s.Graph().InputInfos()); err != nil {
			return fmt.Errorf("%s does not follow %s: %w", s.Path(), segments[k].Path(), err)
		}
	}
	if !whole.ForCPU() {
		return nil
	}
	return whole.SameAs(segments[0], segments[len(segments)-1])
}

func (c *chain) last() tensor.Engine { return c.parts[len(c.parts)-1] }

// Inputs are those of the first part.
func (c *chain) Inputs() []tensor.Info { return c.parts[0].Inputs() }

// Outputs are those of the last part.
func (c *chain) Outputs() []tensor.Info { return c.last().Outputs() }

// Input is the first part's.
func (c *chain) Input(i int) tensor.Tensor { return c.parts[0].Input(i) }

// Output is the last part's.
func (c *chain) Output(i int) tensor.Tensor { return c.last().Output(i) }

// Invoke runs the parts one after the other.
func (c *chain) Invoke(ctx context.Context) error {
	for k, p := range c.parts {
		if k > 0 {
			for i, from := range c.wires[k] {
				copy(p.Input(i).Data, c.parts[k-1].Output(from).Data)
			}
		}
		if err := p.Invoke(ctx); err != nil {
			if len(c.parts) > 1 {
				err = fmt.Errorf("segment %d of %d: %w", k, len(c.parts), err)
			}
			return err
		}
	}
	return nil
}

// Device names all devices.
func (c *chain) Device() tensor.Device { return c.shown }

// Reset sets the variable tensors of all parts to their start.
func (c *chain) Reset() error {
	var errs []error
	for _, p := range c.parts {
		if r, ok := p.(interface{ Reset() error }); ok {
			errs = append(errs, r.Reset())
		}
	}
	return errors.Join(errs...)
}

// Close closes the parts, the last first.
func (c *chain) Close() error {
	var errs []error
	for i := len(c.parts) - 1; i >= 0; i-- {
		errs = append(errs, c.parts[i].Close())
	}
	return errors.Join(errs...)
}
