package schema

// operatorOptions refuses what the runtime's kernels do not check themselves.
func (r *reader) operatorOptions(o *Operator, g *Subgraph) {
}
