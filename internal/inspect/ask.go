package inspect

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"corallite/internal/isolate"
	"corallite/internal/schema"
	"corallite/internal/worker"
	"corallite/tflite"
)

// Asking says whom Ask asks, and how.
type Asking struct {
	Askers    []Asked
	Shapes    [][]int
	Signature string
	Deadline  time.Duration     // of opening and running the model, for each; 0: a minute
	Progress  func(what string) // nil: none
}

// Ask asks delegates, each in a child process of its own, what they take of the model, and what memory a run needs. What is wrong
// with one stands in its Error, and is none of Ask's, which is ctx's alone.
func (r *Report) Ask(ctx context.Context, file []byte, a Asking) error {
	m, _, err := schema.Survey(file)
	if err != nil {
		return nil // Static has said so
	}
	r.Runtime.Asked = true
	for _, each := range a.Askers {
		if a.Progress != nil {
			a.Progress("asking " + each.Name)
		}
		d := r.ask(ctx, m, file, a, each)
		if err := ctx.Err(); err != nil {
			return err
		}
		r.Runtime.Delegates = append(r.Runtime.Delegates, d)
	}
	return nil
}

// Asked is an asker with the name that reports have.
type Asked struct {
	Name  string
	Asker *worker.Asker // nil: Err says why it cannot be asked
	Err   error
	Why   bool // whether to ask about variants of what it leaves
}

func (r *Report) ask(ctx context.Context, m *schema.Model, file []byte, a Asking, each Asked) Delegate {
	d := Delegate{Name: each.Name, Nodes: r.Total.Operators}
	if each.Asker == nil {
		d.Error = each.Err.Error()
		return d
	}
	q := worker.Question{Path: r.File.Path, Model: file, Shapes: a.Shapes, Signature: a.Signature, Run: true, Deadline: a.Deadline}
	answer, err := each.Asker.Ask(ctx, q)
	if died := (*isolate.DeathError)(nil); errors.As(err, &died) { // perhaps of the run alone
		q.Run = false
		var again error
		if answer, again = each.Asker.Ask(ctx, q); again == nil {
			answer.RunError, err = err.Error(), nil
		}
	}
	if err != nil {
		d.Error = reason(err, r.File.Path)
		return d
	}
	d.RunError = strings.TrimPrefix(answer.RunError, "model "+r.File.Path+": ")
	if answer.RunError == "" {
		d.Memory = &Memory{MemoryUse: answer.Memory, Peak: answer.Resident}
	}
	taken := d.partitions(m, answer.Taken, each.Name)
	d.left(m, taken)
	if each.Why {
		for i := range d.Left {
			l := &d.Left[i]
			l.Why = why(ctx, each.Asker, m, l.Nodes[0])
		}
	}
	return d
}

// reason is an error without what stands around it in a report.
func reason(err error, path string) string {
	text := strings.TrimPrefix(err.Error(), "model "+path+": ")
	if title, rest, ok := strings.Cut(text, " cannot run it: "); ok && !strings.Contains(title, ":") {
		text = rest // the title stands beside it
	}
	return strings.ReplaceAll(text, "(Options.Shapes)", "(--shape)")
}

// partitions are the pieces that the delegate itself has taken; XNNPACK behind it does not count. The child is not trusted: nodes
// that are not there are left out.
func (d *Delegate) partitions(m *schema.Model, pieces []tflite.Taken, name string) map[Node]bool {
	taken := map[Node]bool{}
	for _, p := range pieces {
		if p.Delegate != 0 || p.Subgraph < 0 || p.Subgraph >= len(m.Subgraphs) || name == "none" {
			continue
		}
		part := Partition{Subgraph: p.Subgraph, Nodes: []int{}}
		for _, n := range p.Nodes {
			if node := (Node{p.Subgraph, n}); n >= 0 && n < len(m.Subgraphs[p.Subgraph].Operators) && !taken[node] {
				taken[node] = true
				part.Nodes = append(part.Nodes, n)
			}
		}
		d.Partitions = append(d.Partitions, part)
	}
	d.Taken = len(taken)
	return taken
}

// left collects what was not taken: operators of a name with the same types.
func (d *Delegate) left(m *schema.Model, taken map[Node]bool) {
	if d.Name == "none" {
		return
	}
	at := map[string]int{}
	for gi := range m.Subgraphs {
		g := &m.Subgraphs[gi]
		for i := range g.Operators {
			node := Node{gi, i}
			if taken[node] {
				continue
			}
			key := kindOf(g, &g.Operators[i])
			if _, ok := at[key]; !ok {
				at[key] = len(d.Left)
				d.Left = append(d.Left, Left{Name: key})
			}
			l := &d.Left[at[key]]
			l.Nodes = append(l.Nodes, node)
		}
	}
}

// kindOf is an operator's name with the types that it reads and writes: "SOFTMAX (int8)".
func kindOf(g *schema.Subgraph, o *schema.Operator) string {
	var types []string
	for _, list := range [][]int{o.Inputs, o.Outputs} {
		for _, t := range list {
			if t < 0 || g.Tensors[t].Data != nil {
				continue
			}
			if s := g.Tensors[t].Type.String(); !slices.Contains(types, s) {
				types = append(types, s)
			}
		}
	}
	if len(types) == 0 {
		return o.Name
	}
	return fmt.Sprintf("%s (%s)", o.Name, strings.Join(types, ", "))
}

func takenByFirst(t tflite.Taken) bool { return t.Delegate == 0 && len(t.Nodes) > 0 }
