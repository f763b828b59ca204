package inspect

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"corallite/internal/schema"
	"corallite/tflite"
	"corallite/tflite/tensor"
)

// Static looks at a model's file, of which nothing is executed. The error says why it is no model; a model that the runtime
// cannot run has a report, which says why.
func Static(path string, file []byte) (*Report, error) {
	m, refused, err := schema.Survey(file)
	if err != nil {
		return nil, err
	}
	r := &Report{
		File: File{
			Path: path, Bytes: len(file), SHA256: fmt.Sprintf("%x", sha256.Sum256(file)), Schema: m.Version,
			Description: m.Description, Compiled: m.Compiled(),
		},
		Weights: weights(m), Traps: []Trap{},
		Runtime: Runtime{Version: tflite.RuntimeVersion()},
	}
	for _, e := range refused {
		r.Runtime.Refused = append(r.Runtime.Refused, e.Error())
	}
	r.entries(m)
	for _, s := range m.Signatures {
		r.Signatures = append(r.Signatures, signature(s, &m.Subgraphs[s.Subgraph]))
	}
	for i := range m.Subgraphs {
		r.Subgraphs = append(r.Subgraphs, subgraph(i, &m.Subgraphs[i]))
	}
	r.count(m)
	r.said(file, m)
	r.edgeTPU(m)
	r.traps(m)
	return r, nil
}

// entries are the metadata entries, and what the usual ones say.
func (r *Report) entries(m *schema.Model) {
	for _, e := range m.Metadata {
		r.Entries = append(r.Entries, Entry{e.Name, len(e.Data)})
		switch e.Name {
		case "min_runtime_version":
			r.File.MinimumRuntime = strings.TrimRight(printable(e.Data), " ")
		case "CONVERSION_METADATA":
			r.File.Converter = converter(e.Data)
		}
	}
}

// printable is text up to its first zero byte.
func printable(b []byte) string {
	text, _, _ := strings.Cut(string(b), "\x00")
	if len(text) > 64 {
		text = text[:64]
	}
	return strings.ToValidUTF8(text, "?")
}

func signature(s schema.Signature, g *schema.Subgraph) Signature {
	named := func(names []schema.NamedTensor, list []int) []Named {
		all := []Named{}
		for _, n := range names {
			all = append(all, Named{n.Name, slices.Index(list, n.Tensor)})
		}
		return all
	}
	return Signature{s.Key, s.Subgraph, named(s.Inputs, g.Inputs), named(s.Outputs, g.Outputs)}
}

func subgraph(index int, g *schema.Subgraph) Subgraph {
	s := Subgraph{Index: index, Name: g.Name, Tensors: len(g.Tensors), Inputs: []Port{}, Outputs: []Port{}, Operators: []Operator{}}
	for _, t := range g.Inputs {
		s.Inputs = append(s.Inputs, port(t, &g.Tensors[t]))
	}
	for _, t := range g.Outputs {
		s.Outputs = append(s.Outputs, port(t, &g.Tensors[t]))
	}
	for i := range g.Operators {
		o := &g.Operators[i]
		n, known := macs(g, o)
		if !known {
			n = 0
		}
		x := Operator{
			Index: i, Name: o.Name, Version: o.Version, Custom: o.Custom, MACs: n, Unknown: !known, Subgraphs: o.Subgraphs,
			Inputs: operands(g, o.Inputs), Outputs: operands(g, o.Outputs),
		}
		for _, option := range o.Options() {
			if option.Name == "quantized_bias_type" && option.Value == tensor.Float32.String() {
				continue // not set
			}
			if x.Options == nil {
				x.Options = map[string]any{}
			}
			x.Options[option.Name] = finite(option.Value)
		}
		s.Operators = append(s.Operators, x)
		s.MACs = add(s.MACs, n)
	}
	return s
}

// add keeps a sum of hostile numbers from turning negative.
func add(a, b int64) int64 {
	if sum := a + b; sum >= a {
		return sum
	}
	return math.MaxInt64
}

// finite makes of numbers that JSON does not have words.
func finite(v any) any {
	switch f := v.(type) {
	case float32:
		if math.IsNaN(float64(f)) || math.IsInf(float64(f), 0) {
			return fmt.Sprint(f)
		}
	case []float32:
		all := make([]any, len(f))
		for i, x := range f {
			all[i] = finite(x)
		}
		return all
	}
	return v
}

func operands(g *schema.Subgraph, list []int) []Operand {
	all := []Operand{}
	for _, i := range list {
		if i < 0 {
			all = append(all, Operand{Tensor: -1})
			continue
		}
		t := &g.Tensors[i]
		all = append(all, Operand{i, t.Name, t.Type.String(), ints(t.Shape), t.Data != nil})
	}
	return all
}

func port(index int, t *schema.Tensor) Port {
	p := Port{Tensor: index, Name: t.Name, Type: t.Type.String(), Shape: ints(t.Shape)}
	if slices.Contains(t.ShapeSignature, -1) {
		p.ShapeSignature = t.ShapeSignature
	}
	p.Quantization = quantization(t)
	return p
}

// quantization gives the least and the greatest real number of each tensor that is quantized to 16 bits or fewer.
func quantization(t *schema.Tensor) *Quantization {
	q := t.Quantization
	if len(q.Scales) == 0 {
		return nil
	}
	r := &Quantization{Scale: q.Scales[0], ZeroPoint: q.ZeroPoints[0]}
	low, high, ok := values(t.Type)
	r.Least, r.Most = math.Inf(1), math.Inf(-1)
	r.LeastStep, r.MostStep = q.Scales[0], q.Scales[0]
	for i, s := range q.Scales {
		r.LeastStep, r.MostStep = min(r.LeastStep, s), max(r.MostStep, s)
		z := float64(q.ZeroPoints[i])
		r.Least = min(r.Least, float64(float64(s)*(low-z)))
		r.Most = max(r.Most, float64(float64(s)*(high-z)))
	}
	if !ok {
		r.Least, r.Most = 0, 0
	}
	if len(q.Scales) == 1 {
		r.LeastStep, r.MostStep = 0, 0
	} else {
		axis := q.Axis
		r.Slices, r.Axis = len(q.Scales), &axis
	}
	return r
}

// values is the range of a type's integers.
func values(t tensor.Type) (low, high float64, ok bool) {
	switch t {
	case tensor.Int8:
		return -128, 127, true
	case tensor.UInt8:
		return 0, 255, true
	case tensor.Int16:
		return math.MinInt16, math.MaxInt16, true
	case tensor.UInt16:
		return 0, math.MaxUint16, true
	case tensor.Int4:
		return -8, 7, true
	}
	return 0, 0, false
}

// knownCustom are the custom operators that run here: the runtime's own, and the one that Corallite brings.
var knownCustom = []string{
	"TFLite_Detection_PostProcess", "AudioSpectrogram", "Mfcc", "RandomStandardNormal", "NumericVerify", "HashTableV2", schema.PosenetOp,
}

// count sums the main graph up, with the graphs that it calls.
func (r *Report) count(m *schema.Model) {
	type key struct {
		name    string
		version int
	}
	kinds := map[key]*Kind{}
	for gi := range r.Subgraphs {
		for i := range r.Subgraphs[gi].Operators {
			o := &r.Subgraphs[gi].Operators[i]
			k := key{o.Name, o.Version}
			if kinds[k] == nil {
				known := !o.Custom || slices.Contains(knownCustom, o.Name) || o.Name == schema.CompiledOp
				kinds[k] = &Kind{Name: o.Name, Version: o.Version, Custom: o.Custom, Known: known}
			}
			kinds[k].Count++
			kinds[k].MACs = add(kinds[k].MACs, o.MACs)
			r.Total.Operators++
			r.Total.MACs = add(r.Total.MACs, o.MACs)
			if o.Unknown && len(o.Subgraphs) == 0 {
				r.Total.Unknown++
			}
			r.Total.Loops = r.Total.Loops || o.Name == "WHILE"
		}
	}
	r.Kinds = []Kind{}
	for _, k := range kinds {
		r.Kinds = append(r.Kinds, *k)
	}
	slices.SortFunc(r.Kinds, func(a, b Kind) int {
		return cmp.Or(cmp.Compare(b.MACs, a.MACs), cmp.Compare(b.Count, a.Count), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Version, b.Version))
	})
}

// said reads what the file says of the model: TensorFlow Lite Metadata, and what exporters pack into it.
func (r *Report) said(file []byte, m *schema.Model) {
	said, packed, meta, err := saidBy(file, m)
	if err != nil {
		r.trap("metadata", "%v", err)
	}
	r.Said, r.Packed = said, packed
	if meta != nil {
		if text, err := json.Marshal(meta); err == nil {
			r.Metadata = text
		}
	}
}

func (r *Report) trap(code, format string, args ...any) {
	r.Traps = append(r.Traps, Trap{code, fmt.Sprintf(format, args...)})
}
