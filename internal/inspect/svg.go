package inspect

import (
	"bytes"
	"fmt"
	"html"
	"strconv"
	"strings"

	"corallite/tflite/tensor"
)

func number(i int) string { return strconv.Itoa(i) }

// brief is "int8[1,224,224,3]".
func (p Port) brief() string { return p.Type + tensor.ShapeString(p.Shape) }

func (o Operand) brief() string {
	if o.Tensor < 0 {
		return ""
	}
	return o.Type + tensor.ShapeString(o.Shape)
}

const (
	layerHeight = 76.0
	boxHeight   = 40.0
	margin      = 24.0
)

// colours of operators by what they do.
var colours = []struct{ names, fill, what string }{
	{"CONV_2D DEPTHWISE_CONV_2D TRANSPOSE_CONV CONV_3D CONV_3D_TRANSPOSE", "#cfe3fb", "convolution"},
	{"FULLY_CONNECTED BATCH_MATMUL LSTM UNIDIRECTIONAL_SEQUENCE_LSTM SVDF RNN UNIDIRECTIONAL_SEQUENCE_RNN", "#fbe0c3", "dense, recurrent"},
	{"AVERAGE_POOL_2D MAX_POOL_2D MEAN SUM REDUCE_MAX REDUCE_MIN ARG_MAX TOPK_V2", "#d9f0d3", "pooling, reduction"},
	{"QUANTIZE DEQUANTIZE CAST", "#f6d3de", "conversion"},
	{"RELU RELU6 LOGISTIC SOFTMAX TANH HARD_SWISH PRELU LEAKY_RELU ELU GELU", "#e6dcf5", "activation"},
}

func colourOf(o Operator) string {
	if o.Custom {
		return "#ffd95a"
	}
	for _, c := range colours {
		for name := range strings.FieldsSeq(c.names) {
			if name == o.Name {
				return c.fill
			}
		}
	}
	return "#eceff1"
}

// SVG draws the graphs: operators from above to below, tensors as lines between them. A dashed red frame is an operator that
// the first delegate with an answer leaves to the built-in kernels.
func (r *Report) SVG() []byte {
	var body bytes.Buffer
	width, height := 0.0, 0.0
	left, by := r.leftBy()
	for gi := range r.Subgraphs {
		g := &r.Subgraphs[gi]
		title := fmt.Sprintf("%s: %d operators, %s multiply-accumulates", r.titleOf(gi), len(g.Operators), large(g.MACs))
		d, ok := g.draw()
		if !ok {
			title += " (nothing to draw, or too large)"
		}
		height += margin
		fmt.Fprintf(&body, `<text x="%g" y="%g" class="title">%s</text>`+"\n", margin, height, escaped(title))
		width = max(width, float64(9.2*float64(len([]rune(title))))+2*margin)
		height += 12
		if !ok {
			continue
		}
		w, h := drawGraph(&body, g, d, height, func(node int) bool { return left[Node{gi, node}] })
		width, height = max(width, w), height+h
	}
	height += margin
	height = legend(&body, height, by)
	width = max(width, 640)
	var out bytes.Buffer
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f" font-family="system-ui, sans-serif" font-size="12">`+"\n", width, height, width, height)
	out.WriteString("<style>.title{font-size:15px;font-weight:600}.sub{fill:#5a6570;font-size:11px}.edge{fill:none;stroke:#8a97a3;stroke-width:1.2}.box{stroke:#8a97a3}.left{stroke:#c62828;stroke-width:2;stroke-dasharray:5 3}</style>\n")
	fmt.Fprintf(&out, `<rect width="%.0f" height="%.0f" fill="#fff"/>`+"\n", width, height)
	out.WriteString(`<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" orient="auto-start-reverse"><path d="M0 0 8 4 0 8z" fill="#8a97a3"/></marker></defs>` + "\n")
	out.Write(body.Bytes())
	out.WriteString("</svg>\n")
	return out.Bytes()
}

func (r *Report) titleOf(subgraph int) string {
	if subgraph == 0 {
		return r.File.Path
	}
	if name := r.Subgraphs[subgraph].Name; name != "" {
		return fmt.Sprintf("subgraph %d (%s)", subgraph, name)
	}
	return fmt.Sprintf("subgraph %d", subgraph)
}

// leftBy is what the first delegate with an answer leaves.
func (r *Report) leftBy() (left map[Node]bool, by string) {
	left = map[Node]bool{}
	for _, d := range r.Runtime.Delegates {
		if d.Error != "" || d.Name == "none" {
			continue
		}
		for _, l := range d.Left {
			for _, n := range l.Nodes {
				left[n] = true
			}
		}
		return left, d.Name
	}
	return left, ""
}

// drawGraph draws one graph below top, and returns the room that it takes.
func drawGraph(out *bytes.Buffer, g *Subgraph, d *drawing, top float64, left func(int) bool) (width, height float64) {
	least, most := 0.0, 0.0
	for _, s := range d.spots {
		least, most = min(least, s.x-float64(s.width/2)), max(most, s.x+float64(s.width/2))
	}
	x := func(s spot) float64 { return s.x - least + margin }
	y := func(s spot) float64 { return top + 12 + float64(float64(s.layer)*layerHeight) }
	for _, l := range d.lines {
		var path strings.Builder
		for k, i := range l.through {
			s := d.spots[i]
			switch {
			case k == 0:
				fmt.Fprintf(&path, "M%.1f %.1f", x(s), y(s)+boxHeight)
			default:
				before := d.spots[l.through[k-1]]
				fromY := y(before) + boxHeight
				toY := y(s)
				fmt.Fprintf(&path, "C%.1f %.1f %.1f %.1f %.1f %.1f", x(before), fromY+float64((toY-fromY)/2), x(s), fromY+float64((toY-fromY)/2), x(s), toY)
				if s.node < 0 { // straight through the layer
					fmt.Fprintf(&path, "L%.1f %.1f", x(s), toY+boxHeight)
				}
			}
		}
		fmt.Fprintf(out, `<path class="edge" d="%s" marker-end="url(#tip)"><title>%s</title></path>`+"\n", path.String(), escaped(l.label))
	}
	for _, s := range d.spots {
		if s.node < 0 {
			continue
		}
		fill, class, radius, about := "#fff", "box", 18.0, ""
		if s.node < len(g.Operators) {
			o := g.Operators[s.node]
			fill, radius, about = colourOf(o), 5, o.about()
			if left(s.node) {
				class = "box left"
			}
		} else {
			about = g.portOf(s.node).Name
		}
		fmt.Fprintf(out, `<g><title>%s</title><rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%g" rx="%g" fill="%s"/>`, escaped(about), class, x(s)-float64(s.width/2), y(s), s.width, boxHeight, radius, fill)
		fmt.Fprintf(out, `<text x="%.1f" y="%.1f" text-anchor="middle">%s</text><text class="sub" x="%.1f" y="%.1f" text-anchor="middle">%s</text></g>`+"\n",
			x(s), y(s)+17, escaped(s.label), x(s), y(s)+32, escaped(s.sub))
	}
	return most - least + 2*margin, 12 + float64(float64(len(d.layers))*layerHeight)
}

// portOf is the input or output that a node of the drawing stands for.
func (g *Subgraph) portOf(node int) Port {
	i := node - len(g.Operators)
	if i < len(g.Inputs) {
		return g.Inputs[i]
	}
	return g.Outputs[i-len(g.Inputs)]
}

// about is what the pointer shows of an operator.
func (o Operator) about() string {
	text := fmt.Sprintf("%d %s, version %d\nin: %s\nout: %s", o.Index, o.Name, o.Version, shapes(o.Inputs), shapes(o.Outputs))
	if s := o.optionsText(); s != "" {
		text += "\n" + s
	}
	if o.MACs > 0 {
		text += "\n" + large(o.MACs) + " multiply-accumulates"
	}
	return text
}

func legend(out *bytes.Buffer, y float64, by string) float64 {
	x := margin
	entry := func(fill, class, what string) {
		fmt.Fprintf(out, `<rect class="%s" x="%g" y="%g" width="16" height="12" fill="%s"/><text x="%g" y="%g" class="sub">%s</text>`+"\n", class, x, y, fill, x+22, y+10, escaped(what))
		x += 22 + float64(7*float64(len(what))) + 14
	}
	for _, c := range colours {
		entry(c.fill, "box", c.what)
	}
	entry("#ffd95a", "box", "custom")
	if by != "" {
		x, y = margin, y+20
		entry("#fff", "box left", by+" leaves it to the CPU's built-in kernels, or to another delegate")
	}
	return y + 12 + margin
}

// escaped makes text safe in XML, which has no control characters.
func escaped(s string) string {
	s = strings.Map(func(c rune) rune {
		if c < ' ' && c != '\n' && c != '\t' || c == 0xFFFE || c == 0xFFFF {
			return '\uFFFD'
		}
		return c
	}, strings.ToValidUTF8(s, "\uFFFD"))
	return html.EscapeString(s)
}
