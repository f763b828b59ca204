package tflite

import (
	"corallite/internal/schema"
	"corallite/tflite/internal/capi"
)

// Taken is a piece of a graph that a delegate runs as one.
type Taken struct {
	Subgraph int   // of the file
	Delegate int   // which of Options.Delegates, in their order, runs it; with the default choice XNNPACK is 0
	Nodes    []int // operators of the subgraph, rising
}

// Plan says which pieces of the model's graphs delegates have taken; what is in none the built-in kernels run. It is known of an
// interpreter with [Options.Observe]; without delegates it is empty. Graphs that control-flow operators call are among them
// where the runtime offers them to delegates.
func (i *Interpreter) Plan(m *Schema) []Taken {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closed || len(i.own) == 0 {
		return nil
	}
	last, ok := i.own[len(i.own)-1].(counter)
	if !ok || !last.keeps {
		return nil
	}
	which := map[int64]int{}
	n := 0
	for _, d := range i.own {
		if _, ok := d.(counter); !ok {
			which[int64(uintptr(d.Ptr()))] = n
			n++
		}
	}
	var all []Taken
	next := 0
	for _, g := range lastSeen(last.Plan()) {
		for next < len(m.Subgraphs) && !g.isOf(&m.Subgraphs[next]) { // the runtime passes over some
			next++
		}
		if next == len(m.Subgraphs) {
			break
		}
		all = append(all, g.taken(next, &m.Subgraphs[next], which)...)
		next++
	}
	return all
}

// planned is a graph after delegates have taken their pieces.
type planned struct{ nodes []plannedNode }

type plannedNode struct {
	index           int
	delegate        int64 // 0: none
	inputs, outputs []int
}

// lastSeen reads what a counter has kept: of each graph the last time that it was seen, in the order of the first.
func lastSeen(plan []int64) []planned {
	take := func() int64 {
		if len(plan) == 0 {
			return 0
		}
		v := plan[0]
		plan = plan[1:]
		return v
	}
	list := func() []int {
		all := make([]int, take())
		for i := range all {
			all[i] = int(take())
		}
		return all
	}
	var order []int64
	graphs := map[int64]planned{}
	for len(plan) > 0 {
		id := take()
		if _, ok := graphs[id]; !ok {
			order = append(order, id)
		}
		g := planned{nodes: make([]plannedNode, take())}
		for i := range g.nodes {
			g.nodes[i] = plannedNode{index: int(take()), delegate: take(), inputs: list(), outputs: list()}
		}
		graphs[id] = g
	}
	all := make([]planned, len(order))
	for i, id := range order {
		all[i] = graphs[id]
	}
	return all
}

// isOf says whether the nodes that no delegate has taken are those of a subgraph of the file.
func (p planned) isOf(g *schema.Subgraph) bool {
	for _, n := range p.nodes {
		if n.delegate != 0 {
			continue
		}
		if n.index >= len(g.Operators) || len(n.outputs) != len(g.Operators[n.index].Outputs) {
			return false
		}
		for k, t := range g.Operators[n.index].Outputs {
			if n.outputs[k] != t {
				return false
			}
		}
	}
	return true
}

// taken finds the operators of each delegate's node: those that have left the plan and whose results lead to the node's outputs.
func (p planned) taken(subgraph int, g *schema.Subgraph, which map[int64]int) []Taken {
	gone := make([]bool, len(g.Operators))
	for i := range gone {
		gone[i] = true
	}
	for _, n := range p.nodes {
		if n.index < len(gone) {
			gone[n.index] = false
		}
	}
	maker := map[int]int{} // the operator that makes a tensor
	for i, o := range g.Operators {
		for _, t := range o.Outputs {
			maker[t] = i
		}
	}
	var all []Taken
	owner := map[int]int{} // of an operator, into all
	for _, n := range p.nodes {
		if n.delegate == 0 {
			continue
		}
		piece := len(all)
		all = append(all, Taken{Subgraph: subgraph, Delegate: which[n.delegate]})
		wanted := append([]int(nil), n.outputs...)
		given := map[int]bool{}
		for _, t := range n.inputs {
			given[t] = true
		}
		for len(wanted) > 0 {
			t := wanted[len(wanted)-1]
			wanted = wanted[:len(wanted)-1]
			o, made := maker[t]
			if _, taken := owner[o]; !made || given[t] || !gone[o] || taken {
				continue
			}
			owner[o] = piece
			wanted = append(wanted, g.Operators[o].Inputs...)
		}
	}
	for i := range g.Operators { // rising
		if piece, ok := owner[i]; ok {
			all[piece].Nodes = append(all[piece].Nodes, i)
		} else if gone[i] && len(all) > 0 { // its results are not used; it is with those before it
			all[len(all)-1].Nodes = append(all[len(all)-1].Nodes, i)
		}
	}
	return all
}

// MemoryUse is where the tensors of the main graph have their memory, in bytes.
type MemoryUse struct {
	Arena      int64 `json:"arena"`      // the runtime's memory for tensors that are computed, of which several share a place
	Persistent int64 `json:"persistent"` // that for tensors which keep their contents
	Tensors    int64 `json:"tensors"`    // what the tensors in the arena would need without sharing
	Dynamic    int64 `json:"dynamic"`    // tensors that are allocated one by one: their sizes depend on the data
	Constant   int64 `json:"constant"`   // constants, in the file's own bytes
}

// MemoryUse is what the runtime has allocated; memory inside of delegates is not in it. It is an error where the library cannot
// tell.
func (i *Interpreter) MemoryUse() (MemoryUse, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closed {
		return MemoryUse{}, ErrClosed
	}
	for _, f := range []string{"TfLiteInterpreterGetTensor", "TfLiteOpaqueTensorGetAllocationType"} {
		if err := need(f); err != nil {
			return MemoryUse{}, err
		}
	}
	return MemoryUse(capi.MemoryUse(i.interp)), nil
}
