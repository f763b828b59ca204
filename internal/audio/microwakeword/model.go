package microwakeword

import (
	"context"
	"errors"
	"fmt"
	"math"

	"corallite/pipeline"
	"corallite/tflite/tensor"
)

// model runs a streaming model on rows of features.
type model struct {
	engine pipeline.Engine
	stride int    // rows per run
	table  []byte // the quantized value of each feature; the last entry also for all higher ones
	zero   int    // of the output: probability = scale × (stored − zero)
	scale  float64
	signed bool // the output has type int8
	used   bool // it ran since the last reset
}

// newModel checks that the engine's input is features and its output one probability.
func newModel(e pipeline.Engine) (*model, error) {
	in, out := e.Inputs(), e.Outputs()
	if len(in) != 1 || len(out) != 1 {
		return nil, fmt.Errorf("it has %d inputs and %d outputs, want one of each", len(in), len(out))
	}
	shape := in[0].Shape
	if len(shape) != 3 || shape[0] != 1 || shape[1] < 1 || shape[2] != Channels {
		return nil, fmt.Errorf("its input %q has the shape %s, want [1,N,%d]: N rows of the features of the audio front end",
			in[0].Name, tensor.ShapeString(shape), Channels)
	}
	if out[0].Elements() != 1 {
		return nil, fmt.Errorf("its output %q has the shape %s, want one probability", out[0].Name, tensor.ShapeString(out[0].Shape))
	}
	if err := errors.Join(quantized("input", in[0]), quantized("output", out[0])); err != nil {
		return nil, err
	}
	return &model{
		engine: e, stride: shape[1], table: tableOf(in[0]),
		zero: int(out[0].Quantization.ZeroPoint()), scale: float64(out[0].Quantization.Scale()), signed: out[0].Type == tensor.Int8,
	}, nil
}

func quantized(what string, t tensor.Info) error {
	q := t.Quantization
	if (t.Type == tensor.Int8 || t.Type == tensor.UInt8) && len(q.Scales) == 1 && q.Scale() > 0 {
		return nil
	}
	return fmt.Errorf("its %s %q holds %s (%s), want int8 or uint8 with one scale", what, t.Name, t.Type, q)
}

// tableOf quantizes each feature: its value divided by the scale, plus the zero point, rounded half to even like NumPy
// in pymicro-wakeword. Values above the type's range are clamped.
func tableOf(in tensor.Info) []byte {
	lowest, highest := -128.0, 127.0
	if in.Type == tensor.UInt8 {
		lowest, highest = 0, 255
	}
	q := in.Quantization
	var table []byte
	for v := range math.MaxUint16 + 1 {
		x := math.RoundToEven(float64(v)*Scale/float64(q.Scale()) + float64(q.ZeroPoint()))
		table = append(table, byte(int(min(max(x, lowest), highest))))
		if x >= highest {
			break
		}
	}
	return table
}

// run takes stride rows of features and returns the output's stored value minus its zero point.
func (m *model) run(ctx context.Context, rows []uint16) (int, error) {
	last := uint16(len(m.table) - 1)
	to := m.engine.Input(0).Data
	if len(to) != len(rows) {
		return 0, fmt.Errorf("the engine's input has %d bytes, not %d: it was closed, or given another shape", len(to), len(rows))
	}
	for i, v := range rows {
		to[i] = m.table[min(v, last)]
	}
	m.used = true
	if err := m.engine.Invoke(ctx); err != nil {
		return 0, err
	}
	stored := m.engine.Output(0).Data[0]
	if m.signed {
		return int(int8(stored)) - m.zero, nil
	}
	return int(stored) - m.zero, nil
}

// strides is the number of runs that take at least that many rows.
func (m *model) strides(rows int) int { return (rows + m.stride - 1) / m.stride }

// reset makes the model forget all sound. An engine without Reset gets silence instead, until its state contains
// nothing else.
func (m *model) reset(ctx context.Context) error {
	if !m.used {
		return nil
	}
	if r, can := m.engine.(tensor.Resetter); can {
		if err := r.Reset(); err != nil {
			return err
		}
		m.used = false
		return nil
	}
	silence := make([]uint16, m.stride*Channels)
	for range m.strides(memory) {
		if _, err := m.run(ctx, silence); err != nil {
			return err
		}
	}
	return nil
}
