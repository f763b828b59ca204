package schema

import "slices"

// arity is the minimum and maximum number of inputs and outputs of an operator's kernel.
type arity struct{ in, inMost, out, outMost int }

const many = 1 << 20

// arities are those of the kernels of TensorFlow Lite 2.17, where they are fixed; an operator that is not here is not
// checked.
var arities = func() map[string]arity {
	m := map[string]arity{}
	for _, group := range []struct {
		a     arity
		names []string
	}{
		{arity{1, 1, 1, 1}, []string{
			"AVERAGE_POOL_2D", "DEPTH_TO_SPACE", "DEQUANTIZE", "FLOOR", "L2_NORMALIZATION", "L2_POOL_2D",
			"LOCAL_RESPONSE_NORMALIZATION", "LOGISTIC", "MAX_POOL_2D", "RELU", "RELU_N1_TO_1", "RELU6", "RELU_0_TO_1",
			"SOFTMAX", "SPACE_TO_DEPTH", "TANH", "SQUEEZE", "EXP", "LOG_SOFTMAX", "CAST", "NEG", "SIN", "LOG", "SQRT",
			"RSQRT", "SHAPE", "FAKE_QUANT", "LOGICAL_NOT", "SQUARE", "ZEROS_LIKE", "LEAKY_RELU", "ABS", "CEIL", "COS",
			"WHERE", "RANK", "ELU", "MATRIX_DIAG", "QUANTIZE", "ROUND", "HARD_SWISH", "DENSIFY", "IMAG", "REAL",
			"COMPLEX_ABS", "HASHTABLE_SIZE", "READ_VARIABLE", "GELU", "SIGN", "BITCAST", "BUCKETIZE",
		}},
		{arity{2, 2, 1, 1}, []string{
			"ADD", "MUL", "RESIZE_BILINEAR", "PAD", "GATHER", "TRANSPOSE", "MEAN", "SUB", "DIV", "PRELU", "MAXIMUM",
			"ARG_MAX", "MINIMUM", "LESS", "GREATER", "GREATER_EQUAL", "LESS_EQUAL", "TILE", "EXPAND_DIMS", "EQUAL",
			"NOT_EQUAL", "SUM", "POW", "ARG_MIN", "REDUCE_PROD", "REDUCE_MAX", "LOGICAL_OR", "LOGICAL_AND", "REDUCE_MIN",
			"FLOOR_DIV", "REDUCE_ANY", "FILL", "FLOOR_MOD", "RESIZE_NEAREST_NEIGHBOR", "SQUARED_DIFFERENCE", "MIRROR_PAD",
			"REVERSE_V2", "GATHER_ND", "REVERSE_SEQUENCE", "MATRIX_SET_DIAG", "SEGMENT_SUM", "BATCH_MATMUL", "CUMSUM",
			"BROADCAST_TO", "RFFT2D", "REDUCE_ALL", "BROADCAST_ARGS", "ATAN2", "BITWISE_XOR", "RIGHT_SHIFT", "EMBEDDING_LOOKUP",
			"MULTINOMIAL",
		}},
		{arity{3, 3, 1, 1}, []string{
			"BATCH_TO_SPACE_ND", "SPACE_TO_BATCH_ND", "PADV2", "SELECT", "SELECT_V2", "SLICE", "RANGE", "SCATTER_ND",
			"HASHTABLE_FIND", "DYNAMIC_UPDATE_SLICE", "UNSORTED_SEGMENT_PROD", "UNSORTED_SEGMENT_MAX",
			"UNSORTED_SEGMENT_SUM", "UNSORTED_SEGMENT_MIN",
		}},
		{arity{4, 4, 1, 1}, []string{"SPARSE_TO_DENSE", "ONE_HOT"}},
		{arity{4, 5, 1, 1}, []string{"STRIDED_SLICE"}},
		{arity{5, 5, 1, 1}, []string{"SVDF", "RNN"}},
		{arity{2, 3, 1, 1}, []string{"CONV_2D", "DEPTHWISE_CONV_2D", "CONV_3D"}},
		{arity{3, 4, 1, 1}, []string{"TRANSPOSE_CONV", "CONV_3D_TRANSPOSE"}},
		{arity{2, 3, 1, 2}, []string{"FULLY_CONNECTED"}},
		{arity{1, 2, 1, 1}, []string{"RESHAPE"}},
		{arity{1, many, 1, 1}, []string{"CONCATENATION", "PACK", "ADD_N"}},
		{arity{2, 2, 1, many}, []string{"SPLIT"}},
		{arity{3, 3, 1, many}, []string{"SPLIT_V"}},
		{arity{1, 1, 1, many}, []string{"UNPACK"}},
		{arity{2, 2, 2, 2}, []string{"TOPK_V2"}},
		{arity{1, 1, 2, 2}, []string{"UNIQUE"}},
		{arity{5, 5, 2, 2}, []string{"NON_MAX_SUPPRESSION_V4"}},
		{arity{6, 6, 2, 3}, []string{"NON_MAX_SUPPRESSION_V5"}},
		{arity{5, 24, 1, 4}, []string{"LSTM"}},
		{arity{20, 24, 1, 1}, []string{"UNIDIRECTIONAL_SEQUENCE_LSTM"}},
		{arity{0, 0, 1, 1}, []string{"HASHTABLE", "VAR_HANDLE"}},
		{arity{3, 3, 0, 0}, []string{"HASHTABLE_IMPORT"}},
		{arity{2, 2, 0, 0}, []string{"ASSIGN_VARIABLE"}},
		{arity{1, many, 0, many}, []string{"IF", "WHILE"}},
		{arity{1, 2, 1, 1}, []string{"RANDOM_STANDARD_NORMAL", "RANDOM_UNIFORM"}},
	} {
		for _, name := range group.names {
			m[name] = group.a
		}
	}
	return m
}()

func (r *reader) arity(o *Operator) {
	a, ok := arities[o.Name]
	if !ok || o.Custom {
		return
	}
	if in := len(o.Inputs); in < a.in || in > a.inMost {
		r.fail("%d inputs", in)
	}
	if out := len(o.Outputs); out < a.out || out > a.outMost {
		r.fail("%d outputs", out)
	}
}

// optionalInputs are the inputs that may be omitted, by operator.
var optionalInputs = map[string][]int{
	"CONV_2D": {2}, "DEPTHWISE_CONV_2D": {2}, "CONV_3D": {2}, "CONV_3D_TRANSPOSE": {3}, "TRANSPOSE_CONV": {3},
	"FULLY_CONNECTED": {2}, "SVDF": {3},
	// Input gate (when coupled with the forget gate), peepholes, projection, layer normalization.
	"LSTM": {1, 5, 9, 10, 11, 12, 16, 17, 20, 21, 22, 23}, "UNIDIRECTIONAL_SEQUENCE_LSTM": {1, 5, 9, 10, 11, 12, 16, 17, 20, 21, 22, 23},
}

// optional checks that only inputs are omitted whose presence the kernel checks.
func (r *reader) optional(o *Operator) {
	if _, fixed := arities[o.Name]; !fixed || o.Custom {
		return
	}
	for i, t := range o.Inputs {
		if t < 0 && !slices.Contains(optionalInputs[o.Name], i) {
			r.fail("required input %d is missing", i)
		}
	}
}
