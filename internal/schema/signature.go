package schema

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrSignature is wrapped by errors about a signature that must be chosen or does not exist.
var ErrSignature = errors.New("signature")

// Entry is the graph that runs for a signature's key: its inputs and outputs are the signature's, in the order of the file
// and under the names that the signature has for them. "" is the main graph as it is; it is an error where several
// signatures lead to several graphs, of which the main one is as good as any. The graph shares what it can with m's.
func (m *Model) Entry(key string) (*Subgraph, error) {
	if key == "" {
		if len(m.Signatures) > 1 && slices.ContainsFunc(m.Signatures, func(s Signature) bool { return s.Subgraph != 0 }) {
			return nil, fmt.Errorf("it has several %ws (%s): choose one with signature: in YAML or --signature on the command line", ErrSignature, m.keys())
		}
		return m.Main(), nil
	}
	i := slices.IndexFunc(m.Signatures, func(s Signature) bool { return s.Key == key })
	switch {
	case i < 0 && len(m.Signatures) == 0:
		return nil, fmt.Errorf("it has no %w %q, and no others", ErrSignature, key)
	case i < 0:
		return nil, fmt.Errorf("it has no %w %q; it has %s", ErrSignature, key, m.keys())
	}
	s := m.Signatures[i]
	g := m.Subgraphs[s.Subgraph]
	g.Tensors = slices.Clone(g.Tensors)
	named := func(names []NamedTensor) []int {
		indices := make([]int, len(names))
		for i, n := range names {
			indices[i] = n.Tensor
			g.Tensors[n.Tensor].Name = n.Name
		}
		return indices
	}
	g.Inputs, g.Outputs = named(s.Inputs), named(s.Outputs)
	return &g, nil
}

// DescribeEntry is [Model.Describe] for the graph of a signature's key (see [Model.Entry]), in the order of its inputs and
// outputs; nil also where that is not the main graph, of which alone the metadata speak.
func (m *Model) DescribeEntry(key string) (*Description, error) {
	d, err := m.Describe()
	if d == nil || err != nil || key == "" {
		return d, err
	}
	i := slices.IndexFunc(m.Signatures, func(s Signature) bool { return s.Key == key })
	if i < 0 || m.Signatures[i].Subgraph != 0 {
		return nil, nil
	}
	ordered := func(names []NamedTensor, main []int, said []TensorDescription) []TensorDescription {
		all := make([]TensorDescription, len(names))
		for i, n := range names {
			if at := slices.Index(main, n.Tensor); at >= 0 && at < len(said) {
				all[i] = said[at]
			}
		}
		return all
	}
	s, g := m.Signatures[i], m.Main()
	return &Description{Inputs: ordered(s.Inputs, g.Inputs, d.Inputs), Outputs: ordered(s.Outputs, g.Outputs, d.Outputs), Detector: d.Detector}, nil
}

// keys are those of the signatures, for messages.
func (m *Model) keys() string {
	keys := make([]string, len(m.Signatures))
	for i, s := range m.Signatures {
		keys[i] = fmt.Sprintf("%q", s.Key)
	}
	return strings.Join(keys, ", ")
}
