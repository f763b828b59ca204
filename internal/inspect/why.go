package inspect

import (
	"context"
	"fmt"
	"slices"

	"corallite/internal/schema"
	"corallite/internal/tflitefile"
	"corallite/internal/worker"
	"corallite/tflite/tensor"
)

// variant is an operator by itself as a model, changed in one way.
type variant struct {
	means  string // what follows where the delegate takes it
	change func(*tflitefile.Model) bool
}

// variants are tried in this order; the first that is taken says why the operator was not.
var variants = []variant{
	{"alone it takes it: in this graph something around it stands against it", nil},
	{"it takes it with the sizes fixed", fixSizes},
	{"it takes it without its fused activation", dropActivation},
	{"it takes it as float32: as %s, or with these scales, it does not", toFloat},
	{"it takes it as float32 without its fused activation", func(m *tflitefile.Model) bool { return dropActivation(m) && toFloat(m) }},
	{"it takes it with constant operands in the place of computed ones", constantOperands},
}

// why finds out why a delegate leaves an operator, by asking it about the operator alone and about variants of it. "": the delegate
// takes none of them, or it cannot be asked.
func why(ctx context.Context, asker *worker.Asker, m *schema.Model, at Node) string {
	g := &m.Subgraphs[at.Subgraph]
	o := &g.Operators[at.Index]
	if o.Custom || len(o.Subgraphs) > 0 || o.Name == "CALL_ONCE" {
		return ""
	}
	for _, v := range variants {
		alone, err := alone(g, o)
		if err != nil {
			return ""
		}
		if v.change != nil && !v.change(alone) {
			continue
		}
		b, err := alone.Bytes()
		if err != nil {
			return ""
		}
		if _, err := schema.Read(b); err != nil {
			continue // no sound model
		}
		answer, err := asker.Ask(ctx, worker.Question{Path: "variant", Model: b})
		if ctx.Err() != nil {
			return ""
		}
		if err == nil && slices.ContainsFunc(answer.Taken, takenByFirst) {
			if v.means == variants[3].means {
				return fmt.Sprintf(v.means, typeOf(g, o))
			}
			return v.means
		}
	}
	return "it takes it in no form that was tried (alone, as float32, without a fused activation)"
}

func typeOf(g *schema.Subgraph, o *schema.Operator) tensor.Type {
	for _, t := range o.Inputs {
		if t >= 0 && g.Tensors[t].Data == nil {
			return g.Tensors[t].Type
		}
	}
	if len(o.Outputs) > 0 {
		return g.Tensors[o.Outputs[0]].Type
	}
	return tensor.NoType
}
