// Package inspect says what is in a model's file: its inputs and outputs, operators, weights, what it says of itself, what of it
// the Edge TPU's compiler would take, and what is known to go wrong. Nothing of the file is executed here; what delegates and the
// runtime make of it package worker asks in a child process, and it is added to the report.
package inspect

import (
	"encoding/json"

	"corallite/tflite"
)

// Report is what was found. Its JSON is stable: fields are added, not changed.
type Report struct {
	File       File            `json:"file"`
	Metadata   json.RawMessage `json:"metadata,omitempty"` // TensorFlow Lite Metadata, by the names of their schema
	Said       []Said          `json:"said,omitempty"`     // the same, and what exporters pack into the file, in sentences
	Packed     []Packed        `json:"packed,omitempty"`
	Entries    []Entry         `json:"entries,omitempty"` // the file's own metadata entries
	Signatures []Signature     `json:"signatures,omitempty"`
	Subgraphs  []Subgraph      `json:"subgraphs"`
	Kinds      []Kind          `json:"operators"` // counted by kind, the most multiply-accumulates first
	Total      Total           `json:"total"`
	Weights    Weights         `json:"weights"`
	EdgeTPU    EdgeTPU         `json:"edgetpu"`
	Runtime    Runtime         `json:"runtime"`
	Traps      []Trap          `json:"traps"`
}

// File is about the file itself.
type File struct {
	Path           string `json:"path"`
	Bytes          int    `json:"bytes"`
	SHA256         string `json:"sha256"`
	Schema         int    `json:"schema"`
	Description    string `json:"description,omitempty"`
	MinimumRuntime string `json:"minimum_runtime,omitempty"` // of TensorFlow Lite, as its converter wrote it
	Converter      string `json:"converter,omitempty"`       // TensorFlow's version, as the converter wrote it
	Compiled       bool   `json:"compiled"`                  // for the Edge TPU
}

// Said is something that the file says of the model.
type Said struct {
	Name string `json:"name"`
	Text string `json:"text"`
	By   string `json:"by"` // "metadata", or the packed file
}

// Packed is a file that is packed behind the model.
type Packed struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
}

// Entry is a metadata entry.
type Entry struct {
	Name  string `json:"name"`
	Bytes int    `json:"bytes"`
}

// Signature is a named entry into a subgraph.
type Signature struct {
	Key      string  `json:"key"`
	Subgraph int     `json:"subgraph"`
	Inputs   []Named `json:"inputs"`
	Outputs  []Named `json:"outputs"`
}

// Named is a signature's name for an input or output of its subgraph, in the signature's order.
type Named struct {
	Name     string `json:"name"`
	Position int    `json:"position"` // among the subgraph's, which may be in another order
}

// Subgraph is a graph.
type Subgraph struct {
	Index     int        `json:"index"`
	Name      string     `json:"name,omitempty"`
	Inputs    []Port     `json:"inputs"`
	Outputs   []Port     `json:"outputs"`
	Tensors   int        `json:"tensors"`
	Operators []Operator `json:"operators"`
	MACs      int64      `json:"macs"` // of one run, each called subgraph once
}

// Port is a tensor as people see it: an input, an output, or one that an operator reads or writes.
type Port struct {
	Tensor         int           `json:"tensor"` // index in the subgraph
	Name           string        `json:"name"`
	Type           string        `json:"type"`
	Shape          []int         `json:"shape"`
	ShapeSignature []int         `json:"shape_signature,omitempty"` // -1: open
	Quantization   *Quantization `json:"quantization,omitempty"`
}

// Quantization is how integers stand for real numbers.
type Quantization struct {
	Scale     float32 `json:"scale"`      // of the first slice
	ZeroPoint int32   `json:"zero_point"` // of the first slice
	Slices    int     `json:"slices,omitempty"`
	Axis      *int    `json:"axis,omitempty"`
	LeastStep float32 `json:"least_scale,omitempty"`
	MostStep  float32 `json:"most_scale,omitempty"`
	// Least and Most are the real numbers that the type's values stand for; with several slices, those of all together.
	Least float64 `json:"least"`
	Most  float64 `json:"most"`
}

// Operator is a node, in the order in which nodes run.
type Operator struct {
	Index     int            `json:"index"`
	Name      string         `json:"name"`
	Version   int            `json:"version"`
	Custom    bool           `json:"custom,omitempty"`
	Options   map[string]any `json:"options,omitempty"`
	Inputs    []Operand      `json:"inputs"`
	Outputs   []Operand      `json:"outputs"`
	MACs      int64          `json:"macs"`
	Unknown   bool           `json:"macs_unknown,omitempty"`
	Subgraphs []int          `json:"subgraphs,omitempty"` // that it calls
}

// Operand is an operator's input or output.
type Operand struct {
	Tensor int    `json:"tensor"` // -1: left out
	Name   string `json:"name,omitempty"`
	Type   string `json:"type,omitempty"`
	Shape  []int  `json:"shape,omitempty"`
	Const  bool   `json:"constant,omitempty"`
}

// Kind is all operators of one name and version.
type Kind struct {
	Name    string `json:"name"`
	Version int    `json:"version"`
	Custom  bool   `json:"custom,omitempty"`
	Known   bool   `json:"known"` // to the runtime, or to Corallite
	Count   int    `json:"count"`
	MACs    int64  `json:"macs"`
}

// Total is of the whole main graph.
type Total struct {
	Operators int   `json:"operators"`
	MACs      int64 `json:"macs"`
	Unknown   int   `json:"operators_without_macs"` // whose multiply-accumulates are not known, and are not in MACs
	Loops     bool  `json:"loops,omitempty"`        // with WHILE, whose body is counted once
}

// Weights are the constants of all graphs.
type Weights struct {
	Count      int          `json:"count"`      // buffers
	Bytes      int          `json:"bytes"`      // each buffer once
	Parameters int64        `json:"parameters"` // elements, each buffer once
	Types      []TypeBytes  `json:"types"`
	Largest    []Constant   `json:"largest"`
	Shared     int          `json:"shared_tensors"` // that use another one's buffer
	Repeated   int          `json:"repeated_bytes"` // of buffers with the contents of another
	Zeros      float64      `json:"zeros"`          // the share of elements that are 0
	Sparse     int          `json:"sparse_tensors"` // in the sparse format
	Compressed *Compression `json:"compression,omitempty"`
}

// TypeBytes are the constants of one type.
type TypeBytes struct {
	Type       string `json:"type"`
	Count      int    `json:"count"`
	Bytes      int    `json:"bytes"`
	Parameters int64  `json:"parameters"`
}

// Constant is a large one.
type Constant struct {
	Subgraph int     `json:"subgraph"`
	Tensor   int     `json:"tensor"`
	Name     string  `json:"name"`
	Type     string  `json:"type"`
	Shape    []int   `json:"shape"`
	Bytes    int     `json:"bytes"`
	Zeros    float64 `json:"zeros"`
	Sparse   bool    `json:"sparse,omitempty"`
}

// Compression is what the constants would need.
type Compression struct {
	Deflate int `json:"deflate_bytes"` // as zip and gzip would make of all constants, one after the other
	Entropy int `json:"entropy_bytes"` // of the single bytes, each constant by itself: what a code for bytes cannot go below
}

// EdgeTPU is what the file has for the Edge TPU, or what the compiler would make of it.
type EdgeTPU struct {
	Packages []Package `json:"packages,omitempty"` // of a compiled model, in the order of its nodes
	OnCPU    []string  `json:"on_cpu,omitempty"`   // operators of a compiled model that stay on the CPU, in order
	Mapping  *Mapping  `json:"mapping,omitempty"`  // of a model that is not compiled
	Error    string    `json:"error,omitempty"`    // why a package cannot be read
}

// Package is what the compiler put into one node.
type Package struct {
	Subgraph       int          `json:"subgraph"`
	Node           int          `json:"node"`
	MinimumRuntime int          `json:"minimum_runtime"` // of libedgetpu: the number in RuntimeVersion(…)
	Compiler       string       `json:"compiler"`
	OnChip         int          `json:"parameter_bytes_on_chip"`  // kept in the device's memory
	OffChip        int          `json:"parameter_bytes_off_chip"` // sent with each run
	Cycles         int64        `json:"estimated_cycles"`         // of the device's clock for one run; 0: not said
	Executables    []Executable `json:"executables"`
}

// Executable is one program for the device.
type Executable struct {
	Type           string `json:"type"` // stand-alone, parameter-caching, execution-only
	Chip           string `json:"chip"`
	ParameterBytes int    `json:"parameter_bytes"`
	ScratchBytes   int    `json:"scratch_bytes"` // host memory for one run
	Cycles         int64  `json:"estimated_cycles"`
	Token          string `json:"caching_token,omitempty"` // models with the same one share the device's memory
}

// Mapping is what the compiler would put onto the Edge TPU, by its published rules. It does not come back to the Edge TPU: what
// depends on an operator that it does not take runs on the CPU too.
type Mapping struct {
	Mapped int      `json:"mapped"`         // at least
	Most   int      `json:"mapped_at_most"` // where operators are taken for which it depends on sizes, by rules that are not published
	Of     int      `json:"of"`
	Stops  []Stop   `json:"stops,omitempty"` // operators that it does not take, in order
	Notes  []string `json:"notes,omitempty"`
}

// Stop is an operator that the compiler does not take.
type Stop struct {
	Node int    `json:"node"`
	Name string `json:"name"`
	Why  string `json:"why"`
}

// Runtime is what this machine's runtime and delegates make of the model, asked in a child process.
type Runtime struct {
	Version   string     `json:"version"`
	Refused   []string   `json:"refused,omitempty"` // why Corallite does not run it
	Asked     bool       `json:"asked"`             // false: only the file was looked at
	Delegates []Delegate `json:"delegates,omitempty"`
}

// Delegate is what one way to run the model takes of it.
type Delegate struct {
	Name       string      `json:"name"` // "none" (built-in kernels), "xnnpack", "plugin:LIBRARY", "edgetpu"
	Error      string      `json:"error,omitempty"`
	Nodes      int         `json:"nodes"` // of all subgraphs, as the file has them
	Taken      int         `json:"taken"`
	Partitions []Partition `json:"partitions,omitempty"`
	Left       []Left      `json:"left,omitempty"`
	Memory     *Memory     `json:"memory,omitempty"`
	RunError   string      `json:"run_error,omitempty"` // of one run with zeros
}

// Memory is what a run needs, in bytes, as the runtime has allocated it.
type Memory struct {
	tflite.MemoryUse
	Peak int64 `json:"process"` // by how much a process grows at most that opens the model and runs it once, the file included
}

// Partition is a piece of the graph that a delegate runs as one.
type Partition struct {
	Subgraph int   `json:"subgraph"`
	Nodes    []int `json:"nodes"`
}

// Left is what a delegate leaves to others.
type Left struct {
	Name  string `json:"name"`
	Nodes []Node `json:"nodes"`
	Why   string `json:"why,omitempty"` // what was found by asking the delegate about variants of the operator
}

// Node is a node of a subgraph.
type Node struct {
	Subgraph int `json:"subgraph"`
	Index    int `json:"index"`
}

// Trap is something that is known to go wrong, or to be slow.
type Trap struct {
	Code string `json:"code"`
	Text string `json:"text"`
}
