package inspect

import (
	"fmt"

	"corallite/delegate/edgetpu"
	"corallite/internal/schema"
)

// edgeTPU says what the file has for the Edge TPU, or what the compiler would make of it.
func (r *Report) edgeTPU(m *schema.Model) {
	if !m.Compiled() {
		r.EdgeTPU.Mapping = mapping(m)
		return
	}
	for gi := range m.Subgraphs {
		for i := range m.Subgraphs[gi].Operators {
			o := &m.Subgraphs[gi].Operators[i]
			if o.Name != schema.CompiledOp {
				r.EdgeTPU.OnCPU = append(r.EdgeTPU.OnCPU, o.Name)
				continue
			}
			p, err := edgetpu.ParsePackage(o.CustomOptions)
			if err != nil {
				r.EdgeTPU.Error = fmt.Sprintf("node %d: %v", i, err)
				continue
			}
			r.EdgeTPU.Packages = append(r.EdgeTPU.Packages, packageOf(gi, i, p))
		}
	}
}

func packageOf(subgraph, node int, p *edgetpu.Package) Package {
	out := Package{Subgraph: subgraph, Node: node, MinimumRuntime: p.MinRuntimeVersion, Compiler: p.CompilerVersion, Executables: []Executable{}}
	for _, e := range p.Executables {
		x := Executable{Type: e.Type.String(), Chip: e.Chip, ParameterBytes: e.ParameterBytes, ScratchBytes: e.ScratchBytes, Cycles: e.EstimatedCycles}
		if e.Token != 0 {
			x.Token = fmt.Sprintf("%016x", e.Token)
		}
		if e.Type == edgetpu.ParameterCaching {
			out.OnChip += e.ParameterBytes
		} else {
			out.OffChip += e.ParameterBytes
			out.Cycles += e.EstimatedCycles
		}
		out.Executables = append(out.Executables, x)
	}
	return out
}
