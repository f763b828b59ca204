package schema

import "fmt"

// optionsLayout is one table of the unions BuiltinOptions and BuiltinOptions2: its fields in the order of their ids.
// 1, 4, 8: a number of so many bytes; B, I, L: a vector of elements of 1, 4, 8 bytes; s: a string.
type optionsLayout struct{ name, fields string }

// builtinOptions are the members of the union BuiltinOptions; the union's tag is the index + 1.
var builtinOptions = [...]optionsLayout{
	{"Conv2D", "1441441"},
	{"DepthwiseConv2D", "1444144"},
	{"ConcatEmbeddings", "4II"},
	{"LSHProjection", "1"},
	{"Pool2D", "144441"},
	{"SVDF", "411"},
	{"RNN", "11"},
	{"FullyConnected", "11111"},
	{"Softmax", "4"},
	{"Concatenation", "41"},
	{"Add", "11"},
	{"L2Norm", "1"},
	{"LocalResponseNormalization", "4444"},
	{"LSTM", "14411"},
	{"ResizeBilinear", "4411"},
	{"Call", "4"},
	{"Reshape", "I"},
	{"SkipGram", "441"},
	{"SpaceToDepth", "4"},
	{"EmbeddingLookupSparse", "1"},
	{"Mul", "1"},
	{"Pad", ""},
	{"Gather", "44"},
	{"BatchToSpaceND", ""},
	{"SpaceToBatchND", ""},
	{"Transpose", ""},
	{"Reducer", "1"},
	{"Sub", "11"},
	{"Div", "1"},
	{"Squeeze", "I"},
	{"SequenceRNN", "111"},
	{"StridedSlice", "444441"},
	{"Exp", ""},
	{"TopKV2", ""},
	{"Split", "4"},
	{"LogSoftmax", ""},
	{"Cast", "11"},
	{"Dequantize", ""},
	{"MaximumMinimum", ""},
	{"ArgMax", "1"},
	{"Less", ""},
	{"Neg", ""},
	{"PadV2", ""},
	{"Greater", ""},
	{"GreaterEqual", ""},
	{"LessEqual", ""},
	{"Select", ""},
	{"Slice", ""},
	{"TransposeConv", "14411"},
	{"SparseToDense", "1"},
	{"Tile", ""},
	{"ExpandDims", ""},
	{"Equal", ""},
	{"NotEqual", ""},
	{"Shape", "1"},
	{"Pow", ""},
	{"ArgMin", "1"},
	{"FakeQuant", "4441"},
	{"Pack", "44"},
	{"LogicalOr", ""},
	{"OneHot", "4"},
	{"LogicalAnd", ""},
	{"LogicalNot", ""},
	{"Unpack", "44"},
	{"FloorDiv", ""},
	{"Square", ""},
	{"ZerosLike", ""},
	{"Fill", ""},
	{"BidirectionalSequenceLSTM", "144111"},
	{"BidirectionalSequenceRNN", "1111"},
	{"UnidirectionalSequenceLSTM", "144111"},
	{"FloorMod", ""},
	{"Range", ""},
	{"ResizeNearestNeighbor", "11"},
	{"LeakyRelu", "4"},
	{"SquaredDifference", ""},
	{"MirrorPad", "1"},
	{"Abs", ""},
	{"SplitV", "4"},
	{"Unique", "1"},
	{"ReverseV2", ""},
	{"AddN", ""},
	{"GatherNd", ""},
	{"Cos", ""},
	{"Where", ""},
	{"Rank", ""},
	{"ReverseSequence", "44"},
	{"MatrixDiag", ""},
	{"Quantize", ""},
	{"MatrixSetDiag", ""},
	{"HardSwish", ""},
	{"If", "44"},
	{"While", "44"},
	{"DepthToSpace", "4"},
	{"NonMaxSuppressionV4", ""},
	{"NonMaxSuppressionV5", ""},
	{"ScatterNd", ""},
	{"SelectV2", ""},
	{"Densify", ""},
	{"SegmentSum", ""},
	{"BatchMatMul", "111"},
	{"Cumsum", "11"},
	{"CallOnce", "4"},
	{"BroadcastTo", ""},
	{"Rfft2d", ""},
	{"Conv3D", "14441444"},
	{"Hashtable", "411"},
	{"HashtableFind", ""},
	{"HashtableImport", ""},
	{"HashtableSize", ""},
	{"VarHandle", "ss"},
	{"ReadVariable", ""},
	{"AssignVariable", ""},
	{"Random", "88"},
	{"Bucketize", "I"},
	{"Gelu", "1"},
	{"DynamicUpdateSlice", ""},
	{"UnsortedSegmentProd", ""},
	{"UnsortedSegmentMax", ""},
	{"UnsortedSegmentMin", ""},
	{"UnsortedSegmentSum", ""},
	{"ATan2", ""},
	{"Sign", ""},
	{"Bitcast", ""},
	{"BitwiseXor", ""},
	{"RightShift", ""},
}

// builtinOptions2 are the members of the union BuiltinOptions2.
var builtinOptions2 = [...]optionsLayout{
	{"StablehloConcatenate", "8"},
	{"StablehloBroadcastInDim", "L"},
	{"StablehloSlice", "LLL"},
	{"StablehloConvolution", "LLLLB88L88L88L88I"},
	{"StablehloCustomCall", "s1s4IB"},
	{"StablehloReduce", "L4"},
	{"StablehloScatter", "1LLL814"},
	{"StablehloCompare", "44"},
	{"StablehloDynamicSlice", "L"},
	{"StablehloPad", "LLL"},
	{"StablehloIota", "8"},
	{"StablehloDotGeneral", "LLLLI"},
	{"StablehloReduceWindow", "LLLLL4"},
	{"StablehloSort", "814"},
	{"StablehloWhile", "44"},
	{"StablehloGather", "LLL8L1"},
	{"StablehloTranspose", "L"},
	{"Dilate", ""},
	{"StablehloRngBitGenerator", "1"},
	{"ReduceWindow", "4"},
	{"StableHLOComposite", "s4B14"},
	{"StablehloShiftLeft", ""},
	{"StablehloCase", "I"},
}

// OptionsString is the operator's options for messages: "Conv2DOptions[0 2 2 1]", numbers in the order of their
// fields, which the schema names; "" when it has none.
func (o *Operator) OptionsString() string {
	if !o.options.present() {
		return ""
	}
	layout := builtinOptions[o.optionsType-1]
	fields := make([]string, len(layout.fields))
	for i, kind := range layout.fields {
		switch kind {
		case '1':
			fields[i] = fmt.Sprint(o.options.byteOr(i, 0))
		case '4':
			fields[i] = fmt.Sprint(o.options.int32Or(i, 0))
		case '8':
			fields[i] = fmt.Sprint(int64(o.options.uint64(i)))
		case 'I':
			fields[i] = fmt.Sprint(o.options.ints(i))
		default:
			fields[i] = "…"
		}
	}
	return fmt.Sprintf("%sOptions%v", layout.name, fields)
}

// options checks the table of a union that lies in field id+1 of t, with its tag in field id. An unknown tag is
// left alone: the runtime reads only tables that it knows.
func (t table) options(id int, layouts []optionsLayout) (tag byte, options table) {
	tag = t.byteOr(id, 0)
	if tag == 0 || int(tag) > len(layouts) {
		return tag, table{}
	}
	options = t.sub(id + 1)
	if !options.present() {
		return tag, table{}
	}
	layout := layouts[tag-1]
	t.r.in(layout.name+"Options", -1)
	defer t.r.out()
	for i, kind := range layout.fields {
		switch kind {
		case '1':
			options.field(i, 1)
		case '4':
			options.field(i, 4)
		case '8':
			options.field(i, 8)
		case 'B':
			options.vector(i, 1)
		case 'I':
			options.vector(i, 4)
		case 'L':
			options.vector(i, 8)
		case 's':
			options.text(i)
		}
	}
	return tag, options
}
