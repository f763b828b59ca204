package inspect

import (
	"corallite/internal/schema"
)

// macs are the multiply-accumulates of one run of an operator, for the shapes in the file; known is false where they cannot be
// told: the operator is a custom one, or a shape is open. Operators that do not multiply by weights have 0. As papers count
// them: without additions of biases, activations and scaling. An operator with several time steps counts all of them.
func macs(g *schema.Subgraph, o *schema.Operator) (n int64, known bool) {
	c := counted{g, o, true}
	switch o.Name {
	case "CONV_2D": // [batch,height,width,out] with filters [out,height,width,in]
		n = c.elements(c.out(0)) * c.product(c.in(1), 1)
	case "CONV_3D": // filters [depth,height,width,in,out]
		n = c.elements(c.out(0)) * c.between(c.in(1), 0, 4)
	case "DEPTHWISE_CONV_2D": // filters [1,height,width,out]
		n = c.elements(c.out(0)) * c.between(c.in(1), 1, 3)
	case "TRANSPOSE_CONV": // inputs: output's shape, filters [out,height,width,in], picture
		n = c.elements(c.in(2)) * c.between(c.in(1), 0, 3)
	case "CONV_3D_TRANSPOSE": // filters [depth,height,width,out,in]
		n = c.elements(c.in(2)) * c.between(c.in(1), 0, 4)
	case "FULLY_CONNECTED": // weights [out,in]
		if w := c.in(1); w != nil && len(w.Shape) == 2 && w.Shape[1] > 0 {
			n = c.elements(c.in(0)) * int64(w.Shape[0])
		} else {
			c.known = false
		}
	case "BATCH_MATMUL": // [..,rows,inner] by [..,inner,columns]
		inner := c.in(0)
		if inner == nil || len(inner.Shape) < 2 {
			return 0, false
		}
		d := inner.Shape[len(inner.Shape)-1]
		if o.Option("adj_x", 0) != 0 {
			d = inner.Shape[len(inner.Shape)-2]
		}
		n = c.elements(c.out(0)) * int64(d)
	case "LSTM", "UNIDIRECTIONAL_SEQUENCE_LSTM", "BIDIRECTIONAL_SEQUENCE_LSTM", "RNN", "UNIDIRECTIONAL_SEQUENCE_RNN", "BIDIRECTIONAL_SEQUENCE_RNN":
		n = c.recurrent()
	case "SVDF": // features [units·rank,in] once, time [units·rank,memory] once
		n = c.batch(c.in(0)) * (c.weight(1) + c.weight(2))
	default:
		return 0, !o.Custom && len(o.Subgraphs) == 0
	}
	return n, c.known
}

// counted takes the sizes of an operator's operands; known becomes false with the first that is open or absent.
type counted struct {
	g     *schema.Subgraph
	o     *schema.Operator
	known bool
}

func (c *counted) at(list []int, i int) *schema.Tensor {
	if i >= len(list) || list[i] < 0 {
		c.known = false
		return nil
	}
	t := &c.g.Tensors[list[i]]
	for i, d := range t.ShapeSignature {
		if d < 0 && i > 0 { // where only the number of items is open, the file's shape is that of one
			c.known = false
		}
	}
	return t
}

func (c *counted) in(i int) *schema.Tensor { return c.at(c.o.Inputs, i) }

func (c *counted) out(i int) *schema.Tensor { return c.at(c.o.Outputs, i) }

func (c *counted) elements(t *schema.Tensor) int64 {
	if t == nil || len(t.Shape) == 0 {
		c.known = false
		return 0
	}
	return int64(t.Elements())
}

// product is that of the dimensions from first on.
func (c *counted) product(t *schema.Tensor, first int) int64 {
	if t == nil {
		return 0
	}
	return c.between(t, first, len(t.Shape))
}

func (c *counted) between(t *schema.Tensor, first, end int) int64 {
	if t == nil || len(t.Shape) < end || first >= len(t.Shape) {
		c.known = false
		return 0
	}
	n := int64(1)
	for _, d := range t.Shape[first:end] {
		n *= int64(d)
	}
	return n
}

// weight is the elements of an input that may be left out.
func (c *counted) weight(i int) int64 {
	if i >= len(c.o.Inputs) || c.o.Inputs[i] < 0 {
		return 0
	}
	return int64(c.g.Tensors[c.o.Inputs[i]].Elements())
}

// batch is the first dimension.
func (c *counted) batch(t *schema.Tensor) int64 {
	if t == nil || len(t.Shape) == 0 {
		c.known = false
		return 0
	}
	return int64(t.Shape[0])
}

// recurrent counts each weight once for each step of each sequence. Weights are the constant matrices among the inputs; biases
// and peepholes are vectors.
func (c *counted) recurrent() int64 {
	x := c.in(0)
	if x == nil || len(x.Shape) < 2 {
		c.known = false
		return 0
	}
	steps := int64(x.Shape[0])
	if len(x.Shape) > 2 {
		steps *= int64(x.Shape[1])
	}
	var weights int64
	for i := 1; i < len(c.o.Inputs); i++ {
		if at := c.o.Inputs[i]; at >= 0 && c.g.Tensors[at].Data != nil && len(c.g.Tensors[at].Shape) == 2 {
			weights += c.weight(i)
		}
	}
	return steps * weights
}
