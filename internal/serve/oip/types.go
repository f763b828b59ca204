package oip

import (
	"fmt"
	"strconv"

	"corallite/internal/serve/hub"
	"corallite/tflite/tensor"
)

// datatypes are the protocol's names of types.
var datatypes = map[tensor.Type]string{
	tensor.Bool: "BOOL", tensor.UInt8: "UINT8", tensor.UInt16: "UINT16", tensor.UInt32: "UINT32", tensor.UInt64: "UINT64",
	tensor.Int8: "INT8", tensor.Int16: "INT16", tensor.Int32: "INT32", tensor.Int64: "INT64",
	tensor.Float16: "FP16", tensor.BFloat16: "BF16", tensor.Float32: "FP32", tensor.Float64: "FP64", tensor.String: "BYTES",
}

// datatype is the protocol's name of a type; of one that it has no name for TensorFlow Lite's.
func datatype(t tensor.Type) string {
	if name, ok := datatypes[t]; ok {
		return name
	}
	return t.String()
}

// TensorInfo describes a tensor.
type TensorInfo struct {
	Name       string         `json:"name"`
	Datatype   string         `json:"datatype"`
	Shape      []int          `json:"shape"`
	Parameters map[string]any `json:"parameters,omitempty"` // scale and zero_point of one that is quantized
}

// describe describes tensors. Those without a name get one, and of two with the same name the second.
func describe(kind string, all []tensor.Info) []TensorInfo {
	out, taken := make([]TensorInfo, len(all)), map[string]bool{}
	for i, t := range all {
		name := t.Name
		if name == "" || taken[name] {
			name = kind + "_" + strconv.Itoa(i)
		}
		taken[name] = true
		out[i] = TensorInfo{Name: name, Datatype: datatype(t.Type), Shape: append([]int{}, t.Shape...)}
		if q := t.Quantization; q.Quantized() && !q.PerChannel() {
			out[i].Parameters = map[string]any{"scale": q.Scale(), "zero_point": q.ZeroPoint()}
		}
	}
	return out
}

// find is the index of a tensor.
func find(kind, name string, all []TensorInfo) (int, error) {
	names := make([]string, len(all))
	for i, t := range all {
		if t.Name == name {
			return i, nil
		}
		names[i] = t.Name
	}
	return 0, hub.Bad("there is no %s %q; there are %q", kind, name, names)
}

// shaped is a shape for messages.
func shaped(shape []int) string { return fmt.Sprint(shape) }
