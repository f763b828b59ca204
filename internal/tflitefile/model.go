// Package tflitefile reads a .tflite file (schema version 3d, https://github.com/tensorflow/tensorflow
// tensorflow/compiler/mlir/lite/schema/schema.fbs) so that it can be changed and written again: a file with other metadata,
// other weights, other operators. Nothing is lost on the way: what is not changed comes out with the same contents, packed
// files, signatures and metadata included. A file whose schema is newer, or whose contents lie outside of it, is refused.
//
// What a file means, and whether the runtime runs it, package schema says; give it what [Model.Bytes] wrote.
package tflitefile

import "corallite/internal/flatfile"

// Model is all of a .tflite file. Its slices may be changed; those of bytes are copies of the file's.
type Model struct {
	Version        uint32          `fb:"0"`
	OperatorCodes  []*OperatorCode `fb:"1"`
	Subgraphs      []*Subgraph     `fb:"2"`
	Description    string          `fb:"3"`
	Buffers        []*Buffer       `fb:"4"` // the first is empty: that of tensors without contents
	MetadataBuffer []int32         `fb:"5"` // deprecated
	Metadata       []*Metadata     `fb:"6"`
	Signatures     []*Signature    `fb:"7"`
	ExternalGroups []*External     `fb:"8"` // contents in other files: refused
	External       []*External     `fb:"9"`

	// Packed are the files in the ZIP archive behind the model, in its order: labels, mostly.
	Packed []Packed
	// Trailing is what else stands behind the model.
	Trailing []byte

	archived bool   // there is an archive, if an empty one
	comment  string // of it
}

// External stands for what is not read.
type External struct{}

// OperatorCode is a kind of operator.
type OperatorCode struct {
	Deprecated int8   `fb:"0"` // the code, or 127 where it is larger; files before TensorFlow 2.4 have no other
	Custom     string `fb:"1"`
	Version    int32  `fb:"2,default=1"`
	Builtin    int32  `fb:"3"`
}

// Code is the number of the operator (BuiltinOperator): the greater of the two fields, as the runtime has it.
func (c *OperatorCode) Code() int { return max(int(c.Deprecated), int(c.Builtin)) }

// Subgraph is a graph.
type Subgraph struct {
	Tensors       []*Tensor   `fb:"0"`
	Inputs        []int32     `fb:"1"`
	Outputs       []int32     `fb:"2"`
	Operators     []*Operator `fb:"3"`
	Name          string      `fb:"4"`
	DebugMetadata int32       `fb:"5,default=-1"`
}

// Tensor is a tensor of a subgraph.
type Tensor struct {
	Shape          []int32        `fb:"0"`
	Type           int8           `fb:"1"` // TensorType of the schema: see schema.TypeOf
	Buffer         uint32         `fb:"2"` // index into Model.Buffers; 0: no contents
	Name           string         `fb:"3"`
	Quantization   *Quantization  `fb:"4"`
	Variable       bool           `fb:"5"`
	Sparsity       *Sparsity      `fb:"6"`
	ShapeSignature []int32        `fb:"7"` // -1: may change
	HasRank        bool           `fb:"8"`
	Variants       []*VariantType `fb:"9"`
	ExternalBuffer uint32         `fb:"10"` // contents in another file: refused
}

// Quantization is how integers stand for real numbers: real = scale · (integer − zero point).
type Quantization struct {
	Min       []float32      `fb:"0"`
	Max       []float32      `fb:"1"`
	Scale     []float32      `fb:"2"`
	ZeroPoint []int64        `fb:"3"`
	Details   flatfile.Union `fb:"5,union=QuantizationDetails"`
	Dimension int32          `fb:"6"` // along which there are several scales
}

// CustomQuantization, BlockwiseQuantization and MultiAxisQuantization are other ways, in Quantization.Details.
type CustomQuantization struct {
	Custom []byte `fb:"0,align=16"`
}

// BlockwiseQuantization names the tensors with the scales and zero points of blocks.
type BlockwiseQuantization struct {
	Scales     int32 `fb:"0"`
	ZeroPoints int32 `fb:"1"`
	BlockSize  int32 `fb:"2"`
}

// MultiAxisQuantization is BlockwiseQuantization along several dimensions.
type MultiAxisQuantization struct {
	Scales     int32   `fb:"0"`
	ZeroPoints int32   `fb:"1"`
	BlockSize  int32   `fb:"2"`
	Dimensions []int32 `fb:"3"`
}

// Sparsity is how a tensor's contents leave zeros out.
type Sparsity struct {
	Order      []int32      `fb:"0"`
	Blocks     []int32      `fb:"1"`
	Dimensions []*Dimension `fb:"2"`
}

// Dimension is one of Sparsity's.
type Dimension struct {
	Format   int8           `fb:"0"`
	Size     int32          `fb:"1"`
	Segments flatfile.Union `fb:"3,union=SparseIndexVector"`
	Indices  flatfile.Union `fb:"5,union=SparseIndexVector"`
}

// Int32Vector, Uint16Vector and Uint8Vector are index vectors of a Dimension.
type Int32Vector struct {
	Values []int32 `fb:"0"`
}

// Uint16Vector has indices of 16 bits.
type Uint16Vector struct {
	Values []uint16 `fb:"0,align=4"`
}

// Uint8Vector has indices of 8 bits.
type Uint8Vector struct {
	Values []byte `fb:"0,align=4"`
}

// VariantType is what a tensor of the type VARIANT holds.
type VariantType struct {
	Shape   []int32 `fb:"0"`
	Type    int8    `fb:"1"`
	HasRank bool    `fb:"2"`
}

// Operator is a node of a subgraph.
type Operator struct {
	Code          uint32         `fb:"0"` // index into Model.OperatorCodes
	Inputs        []int32        `fb:"1"` // -1: an optional input that is left out
	Outputs       []int32        `fb:"2"`
	Options       flatfile.Union `fb:"4,union=BuiltinOptions"` // of *flatfile.Fields
	Custom        []byte         `fb:"5"`
	CustomFormat  int8           `fb:"6"`
	Mutating      []bool         `fb:"7"`
	Intermediates []int32        `fb:"8"`
	LargeOffset   uint64         `fb:"9"` // options outside of the FlatBuffer: refused
	LargeSize     uint64         `fb:"10"`
	Options2      flatfile.Union `fb:"12,union=BuiltinOptions2"`
	DebugMetadata int32          `fb:"13,default=-1"`
}

// Buffer is the contents of tensors or of metadata.
type Buffer struct {
	Data   []byte `fb:"0,align=16"`
	Offset uint64 `fb:"1"` // contents outside of the FlatBuffer: refused
	Size   uint64 `fb:"2"`
}

// Metadata names a buffer that is no tensor's.
type Metadata struct {
	Name   string `fb:"0"`
	Buffer uint32 `fb:"1"`
}

// Signature is a named entry into a subgraph.
type Signature struct {
	Inputs   []*NamedTensor `fb:"0"`
	Outputs  []*NamedTensor `fb:"1"`
	Key      string         `fb:"2"`
	Tag      string         `fb:"3"` // deprecated
	Subgraph uint32         `fb:"4"`
}

// NamedTensor is a signature's name for a tensor of its subgraph.
type NamedTensor struct {
	Name   string `fb:"0"`
	Tensor uint32 `fb:"1"`
}
