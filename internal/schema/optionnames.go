package schema

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"

	"corallite/tflite/tensor"
)

// optionNames are the fields of the tables of options, in the order of their ids, as schema.fbs names them. Behind a colon
// stands what a number means, behind = what it is where the file does not have it (else 0).
var optionNames = map[string]string{
	"Conv2D":          "padding:padding stride_w stride_h fused_activation_function:activation dilation_w_factor=1 dilation_h_factor=1 quantized_bias_type:type",
	"DepthwiseConv2D": "padding:padding stride_w stride_h depth_multiplier fused_activation_function:activation dilation_w_factor=1 dilation_h_factor=1",
	"Conv3D": "padding:padding stride_d stride_w stride_h fused_activation_function:activation dilation_d_factor=1 dilation_w_factor=1 " +
		"dilation_h_factor=1",
	"TransposeConv":              "padding:padding stride_w stride_h fused_activation_function:activation quantized_bias_type:type",
	"Pool2D":                     "padding:padding stride_w stride_h filter_width filter_height fused_activation_function:activation",
	"FullyConnected":             "fused_activation_function:activation weights_format keep_num_dims:bool asymmetric_quantize_inputs:bool quantized_bias_type:type",
	"SVDF":                       "rank fused_activation_function:activation asymmetric_quantize_inputs:bool",
	"RNN":                        "fused_activation_function:activation asymmetric_quantize_inputs:bool",
	"SequenceRNN":                "time_major:bool fused_activation_function:activation asymmetric_quantize_inputs:bool",
	"BidirectionalSequenceRNN":   "time_major:bool fused_activation_function:activation merge_outputs:bool asymmetric_quantize_inputs:bool",
	"LSTM":                       "fused_activation_function:activation cell_clip:float proj_clip:float kernel_type asymmetric_quantize_inputs:bool",
	"UnidirectionalSequenceLSTM": "fused_activation_function:activation cell_clip:float proj_clip:float time_major:bool asymmetric_quantize_inputs:bool diagonal_recurrent_tensors:bool",
	"BidirectionalSequenceLSTM":  "fused_activation_function:activation cell_clip:float proj_clip:float merge_outputs:bool time_major:bool=1 asymmetric_quantize_inputs:bool",
	"Softmax":                    "beta:float",
	"Concatenation":              "axis fused_activation_function:activation",
	"Add":                        "fused_activation_function:activation pot_scale_int16:bool=1",
	"Sub":                        "fused_activation_function:activation pot_scale_int16:bool=1",
	"Mul":                        "fused_activation_function:activation",
	"Div":                        "fused_activation_function:activation",
	"L2Norm":                     "fused_activation_function:activation",
	"LocalResponseNormalization": "radius bias:float alpha:float beta:float",
	"ResizeBilinear":             "new_height new_width align_corners:bool half_pixel_centers:bool",
	"ResizeNearestNeighbor":      "align_corners:bool half_pixel_centers:bool",
	"Reshape":                    "new_shape",
	"Squeeze":                    "squeeze_dims",
	"SkipGram":                   "ngram_size max_skip_size include_all_ngrams:bool",
	"SpaceToDepth":               "block_size",
	"DepthToSpace":               "block_size",
	"Gather":                     "axis batch_dims",
	"Reducer":                    "keep_dims:bool",
	"StridedSlice":               "begin_mask end_mask ellipsis_mask new_axis_mask shrink_axis_mask offset:bool",
	"Split":                      "num_splits",
	"SplitV":                     "num_splits",
	"Cast":                       "in_data_type:type out_data_type:type",
	"ArgMax":                     "output_type:type",
	"ArgMin":                     "output_type:type",
	"Shape":                      "out_type:type",
	"SparseToDense":              "validate_indices:bool",
	"FakeQuant":                  "min:float max:float num_bits narrow_range:bool",
	"Pack":                       "values_count axis",
	"Unpack":                     "num axis",
	"OneHot":                     "axis",
	"LeakyRelu":                  "alpha:float",
	"MirrorPad":                  "mode:mirror",
	"Unique":                     "idx_out_type:type=2",
	"ReverseSequence":            "seq_dim batch_dim",
	"If":                         "then_subgraph_index else_subgraph_index",
	"While":                      "cond_subgraph_index body_subgraph_index",
	"Call":                       "subgraph",
	"CallOnce":                   "init_subgraph_index",
	"BatchMatMul":                "adj_x:bool adj_y:bool asymmetric_quantize_inputs:bool",
	"Cumsum":                     "exclusive:bool reverse:bool",
	"Hashtable":                  "table_id key_dtype:type value_dtype:type",
	"VarHandle":                  "container shared_name",
	"Random":                     "seed seed2",
	"Bucketize":                  "boundaries:float",
	"Gelu":                       "approximate:bool",
	"LSHProjection":              "type",
	"EmbeddingLookupSparse":      "combiner",
	"ConcatEmbeddings":           "num_channels num_columns_per_channel embedding_dim_per_channel",
}

// Option is one of an operator's options.
type Option struct {
	Name  string
	Value any // int64, float32, bool, string, []int64, []float32
}

// String is "stride_w=2".
func (o Option) String() string { return fmt.Sprintf("%s=%v", o.Name, o.Value) }

// optionField is an entry of optionNames.
type optionField struct {
	name, kind string
	def        int64
}

var optionFields = sync.OnceValue(func() map[string][]optionField {
	all := map[string][]optionField{}
	for table, text := range optionNames {
		for word := range strings.FieldsSeq(text) {
			var f optionField
			if name, def, ok := strings.Cut(word, "="); ok {
				word = name
				_, _ = fmt.Sscan(def, &f.def)
			}
			f.name, f.kind, _ = strings.Cut(word, ":")
			all[table] = append(all[table], f)
		}
	}
	return all
})

// Options are the operator's options by the schema's names, those included that the file leaves at their defaults; nil: it has
// none, or only ones that are not known here.
func (o *Operator) Options() []Option {
	if !o.options.present() {
		return nil
	}
	layout := builtinOptions[o.optionsType-1]
	fields := optionFields()[layout.name]
	if len(fields) != len(layout.fields) {
		return nil
	}
	all := make([]Option, len(fields))
	for i, f := range fields {
		all[i] = Option{f.name, o.options.option(i, layout.fields[i], f)}
	}
	return all
}

// Option is the number of an option; def where the operator has none of that name.
func (o *Operator) Option(name string, def int) int {
	for _, x := range o.Options() {
		if x.Name != name {
			continue
		}
		switch v := x.Value.(type) {
		case int64:
			return int(v)
		case bool:
			if v {
				return 1
			}
			return 0
		}
	}
	return def
}

// Activation is the activation that is fused into the operator: "RELU6"; "": none.
func (o *Operator) Activation() string {
	for _, x := range o.Options() {
		if s, ok := x.Value.(string); ok && x.Name == "fused_activation_function" && s != "NONE" {
			return s
		}
	}
	return ""
}

func (t table) option(id int, layout byte, f optionField) any {
	number := f.def
	switch layout {
	case '1':
		if p := t.field(id, 1); p != 0 {
			number = int64(int8(t.r.buf[p]))
		}
	case '4':
		if p := t.field(id, 4); p != 0 {
			number = int64(int32(binary.LittleEndian.Uint32(t.r.buf[p:])))
		}
	case '8':
		number = int64(t.uint64(id))
	case 's':
		return t.text(id)
	case 'I':
		if f.kind == "float" {
			return t.floats(id)
		}
		values := []int64{}
		for _, v := range t.ints(id) {
			values = append(values, int64(v))
		}
		return values
	}
	switch f.kind {
	case "float":
		return math.Float32frombits(uint32(number))
	case "bool":
		return number != 0
	case "padding":
		return wordOf(number, "SAME", "VALID")
	case "activation":
		return wordOf(number, "NONE", "RELU", "RELU_N1_TO_1", "RELU6", "TANH", "SIGN_BIT")
	case "mirror":
		return wordOf(number, "REFLECT", "SYMMETRIC")
	case "type":
		if kind, ok := TypeOf(int8(number)); ok {
			return tensor.Type(kind).String()
		}
	}
	return number
}

// wordOf is a word of an enumeration, or the number of one that is newer.
func wordOf(n int64, words ...string) any {
	if n >= 0 && n < int64(len(words)) {
		return words[n]
	}
	return n
}

// RawOptions is the table of an operator's options: its name without "Options", and its fields as the file has them,
// little-endian; nil: absent. The name is "" where there are none, or only ones that are not known here.
func (o *Operator) RawOptions() (name string, values [][]byte) {
	if !o.options.present() {
		return "", nil
	}
	layout := builtinOptions[o.optionsType-1]
	values = make([][]byte, len(layout.fields))
	raw := Raw{o.options}
	for i, kind := range layout.fields {
		switch kind {
		case '1', '4', '8':
			values[i] = raw.Scalar(i, int(kind-'0'))
		case 's':
			if raw.Has(i) {
				values[i] = []byte(raw.Text(i))
			}
		default:
			if b, _, ok := raw.Vector(i, map[rune]int{'B': 1, 'I': 4, 'L': 8}[kind]); ok {
				values[i] = b
			}
		}
	}
	return layout.name, values
}

// OptionIndex is the id of an option in the table of that name, such as "Conv2DOptions"; -1: it has none of that name.
func OptionIndex(table, option string) int {
	return slices.IndexFunc(optionFields()[strings.TrimSuffix(table, "Options")], func(f optionField) bool { return f.name == option })
}
