package schema

// check verifies the relations between the parts, once each part is valid.
func (r *reader) check(m *Model) {
	for i := range m.Subgraphs {
		r.in("subgraph", i)
		r.order(&m.Subgraphs[i])
		for j := range m.Subgraphs[i].Operators {
			o := &m.Subgraphs[i].Operators[j]
			for _, s := range o.Subgraphs {
				if s < 0 || s >= len(m.Subgraphs) {
					r.fail("operator %d: %s: calls subgraph %d (number of subgraphs: %d)", j, o.Name, s, len(m.Subgraphs))
				}
			}
			if r.err == nil {
				r.in("operator", j)
				r.in(o.Name, -1)
				r.operatorOptions(o, &m.Subgraphs[i])
				r.out()
				r.out()
			}
		}
		r.out()
	}
	r.calls(m)
	r.signatures(m)
}

// order checks that each tensor has data before it is used (from the file, the caller, the last run, or an earlier
// operator), and that no two operators write it.
func (r *reader) order(g *Subgraph) {
	if r.err != nil {
		return
	}
	given := make([]bool, len(g.Tensors))
	for i, t := range g.Tensors {
		given[i] = t.Data != nil || t.Variable
	}
	fixed := append([]bool(nil), given...)
	for _, t := range g.Inputs {
		given[t], fixed[t] = true, true
	}
	for i, o := range g.Operators {
		for _, t := range o.Inputs {
			// A tensor without elements has no data to wait for.
			if t >= 0 && !given[t] && !empty(g.Tensors[t]) {
				r.fail("operator %d: %s: input tensor %d %q is used before it is computed", i, o.Name, t, g.Tensors[t].Name)
			}
		}
		for _, t := range o.Outputs {
			if fixed[t] {
				r.fail("operator %d: %s: output tensor %d %q is computed more than once", i, o.Name, t, g.Tensors[t].Name)
			}
			given[t], fixed[t] = true, true
		}
	}
	for _, t := range g.Outputs {
		if !given[t] && !empty(g.Tensors[t]) {
			r.fail("no operator computes output tensor %d %q", t, g.Tensors[t].Name)
		}
	}
}

func empty(t Tensor) bool { return t.Elements() == 0 }

// calls are the subgraphs in an operator's options. The runtime ignores options of another operator's type and uses
// subgraph 0 then.
func calls(o Operator, options2 table) []int {
	at := func(t table, ids ...int) []int {
		indices := make([]int, len(ids))
		for i, id := range ids {
			indices[i] = int(t.int32Or(id, 0))
		}
		return indices
	}
	switch o.Code {
	case opCall, opCallOnce:
		return at(o.options, 0)
	case opIf, opWhile:
		return at(o.options, 0, 1)
	case opStablehloWhile:
		return at(options2, 0, 1)
	case opStablehloComposite, opStablehloReduce:
		return at(options2, 1)
	case opStablehloScatter:
		return at(options2, 6)
	case opStablehloReduceWin:
		return at(options2, 5)
	case opStablehloSort:
		return at(options2, 2)
	}
	return nil
}

// calls checks that no subgraph calls itself, directly or through others: the runtime would overflow its
// stack.
func (r *reader) calls(m *Model) {
	const (
		unseen = iota
		open
		done
	)
	state := make([]int, len(m.Subgraphs))
	var visit func(i, depth int)
	visit = func(i, depth int) {
		if r.err != nil || state[i] == done {
			return
		}
		if state[i] == open || depth > 64 {
			r.fail("subgraph %d calls itself, or calls are nested deeper than 64", i)
			return
		}
		state[i] = open
		for _, o := range m.Subgraphs[i].Operators {
			for _, s := range o.Subgraphs {
				visit(s, depth+1)
			}
		}
		state[i] = done
	}
	for i := range m.Subgraphs {
		visit(i, 0)
	}
}

// signatures checks that a signature's tensors are inputs and outputs of its subgraph: others have no
// memory that a caller may write.
func (r *reader) signatures(m *Model) {
	for i, s := range m.Signatures {
		if r.err != nil {
			return
		}
		g := &m.Subgraphs[s.Subgraph]
		for _, n := range s.Inputs {
			if !contains(g.Inputs, n.Tensor) {
				r.fail("signature %d %q: input %q is not an input of subgraph %d", i, s.Key, n.Name, s.Subgraph)
			}
		}
		for _, n := range s.Outputs {
			if !contains(g.Outputs, n.Tensor) {
				r.fail("signature %d %q: output %q is not an output of subgraph %d", i, s.Key, n.Name, s.Subgraph)
			}
		}
	}
}

func contains(s []int, v int) bool {
	for _, x := range s {
		if x == v {
			return true
		}
	}
	return false
}
