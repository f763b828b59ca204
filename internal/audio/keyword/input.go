package keyword

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"corallite/internal/audio/mel"
	"corallite/tflite/tensor"
)

// input writes windows to the model's input.
type input struct {
	values    []float32 // of a window
	width     int       // of a unit
	perWindow float32
	span      float32             // from the floor to the loudest value of a window; 0: values as they are
	as        tensor.Quantization // for an input of int16 that has none: samples as they are
}

// newInput checks the model's input and returns the number of units in a window.
func newInput(inputs []tensor.Info, o Options, front frontEnd) (in *input, units int64, err error) {
	if len(inputs) != 1 {
		return nil, 0, fmt.Errorf("the model has %d inputs (want one): %s", len(inputs), list(inputs))
	}
	info := inputs[0]
	in = &input{width: front.width, perWindow: float32(o.PerWindow), span: float32(span(o))}
	if err := in.stores(info, o.Features); err != nil {
		return nil, 0, err
	}
	if o.Features == Waveform {
		units, err = samplesOf(info, o.Rate)
	} else {
		units, err = rowsOf(info, front)
	}
	if err != nil {
		return nil, 0, err
	}
	in.values = make([]float32, info.Elements())
	return in, units, nil
}

// stores checks whether features can be stored in the type of the input.
func (in *input) stores(info tensor.Info, f Features) error {
	switch q := info.Quantization; info.Type {
	case tensor.Float32:
		return nil
	case tensor.Int8, tensor.UInt8, tensor.Int16:
		if q.Quantized() && !q.PerChannel() {
			return nil
		}
		if info.Type == tensor.Int16 && f == Waveform && !q.Quantized() {
			in.as = tensor.PerTensor(1.0/32768, 0)
			return nil
		}
		return fmt.Errorf("the model's input has no single scale and zero point: %s", info)
	default:
		return fmt.Errorf("%s features cannot be stored in an input of %s (want float32, int8, uint8 or int16): %s", f, info.Type, info)
	}
}

// dimensions returns the dimensions of a shape that are not 1.
func dimensions(info tensor.Info) (d []int) {
	for _, n := range info.Shape {
		if n != 1 {
			d = append(d, n)
		}
	}
	return d
}

// samplesOf returns the number of samples in an input, at least 10 ms: a dimension that the model leaves open shows as 1.
func samplesOf(info tensor.Info, rate int) (int64, error) {
	d := dimensions(info)
	if len(d) == 2 {
		return 0, fmt.Errorf("features of %s need a model whose input is [N] or [1,N], N samples; it is %s, which looks like rows of features: set features.kind to %s",
			Waveform, info, LogMel)
	}
	if len(d) != 1 || d[0] < max(rate/100, 2) {
		return 0, fmt.Errorf("features of %s need a model whose input is [N] or [1,N], N samples, at least 10 ms; it is %s"+
			" (a model that leaves N open must be exported with a fixed one)", Waveform, info)
	}
	return int64(d[0]), nil
}

// rowsOf returns the number of rows in an input.
func rowsOf(info tensor.Info, front frontEnd) (int64, error) {
	bins := front.width
	fail := func(format string, args ...any) (int64, error) {
		return 0, fmt.Errorf("features of %s with %d bins need a model whose input is [1,rows,%d,1], [1,rows,%d] or [1,rows×%d]; it is %s: "+format,
			append([]any{front.name, bins, bins, bins, bins, info}, args...)...)
	}
	d := dimensions(info)
	switch {
	case len(d) == 2 && d[1] == bins && d[0] > 0:
		return int64(d[0]), nil
	case len(d) == 1 && d[0] > 0 && d[0]%bins == 0:
		return int64(d[0] / bins), nil
	case len(d) == 2 && d[0] == bins:
		return fail("its bins come first; export it with the bins last")
	case len(d) == 2 && front.name == LogMel:
		return fail("set features.bins to %d, if that is what it was trained with", d[1])
	case len(d) == 1 && front.name == LogMel:
		return fail("set features.bins to a number that divides %d, or features.kind to %s, if it takes samples", d[0], Waveform)
	case len(d) == 1 || len(d) == 2:
		return fail("it was trained with other features, or takes samples (features.kind: %s)", Waveform)
	default:
		return fail("unsupported shape")
	}
}

// write writes the window that ends with unit end to the model's input.
func (in *input) write(dst tensor.Tensor, h *history, end int64) error {
	h.read(in.values, end)
	if in.perWindow > 0 {
		in.normalize()
	}
	if in.span > 0 {
		in.lift()
	}
	if in.as.Quantized() {
		dst.Quantization = in.as
	}
	return tensor.SetReal(dst, in.values)
}

// normalize normalizes each bin to a mean of 0 and a standard deviation of 1 / perWindow.
func (in *input) normalize() {
	rows := float64(len(in.values) / in.width)
	for b := range in.width {
		sum := 0.0
		for i := b; i < len(in.values); i += in.width {
			sum += float64(in.values[i])
		}
		mean, squares := sum/rows, 0.0
		for i := b; i < len(in.values); i += in.width {
			d := float64(in.values[i]) - mean
			squares += float64(d * d)
		}
		scale := 0.0
		if std := math.Sqrt(squares / rows); std > 1e-6 { // less is what rounding leaves of a constant
			scale = 1 / (float64(in.perWindow) * std)
		}
		for i := b; i < len(in.values); i += in.width {
			in.values[i] = float32((float64(in.values[i]) - mean) * scale)
		}
	}
}

// span is RangeDB in the unit of the features.
func span(o Options) float64 {
	perDB := math.Ln10 / 10 // of the logarithm of a power
	if o.Mel.Spectrum == mel.Magnitude {
		perDB /= 2
	}
	if len(o.Mel.Std) == 1 {
		perDB /= o.Mel.Std[0]
	}
	return o.RangeDB * perDB
}

// lift replaces each value by its height above the floor.
func (in *input) lift() {
	floor := slices.Max(in.values) - in.span
	for i, v := range in.values {
		in.values[i] = max(v-floor, 0)
	}
}

// list formats tensors for a message.
func list(infos []tensor.Info) string {
	var each []string
	for _, info := range infos {
		each = append(each, info.String())
	}
	return strings.Join(each, ", ")
}
