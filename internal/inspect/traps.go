package inspect

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"corallite/internal/schema"
	"corallite/tflite/tensor"
)

// traps are what is known to go wrong with models, or to make them slow, as far as the file shows it. Each says what follows
// and what to do.
func (r *Report) traps(m *schema.Model) {
	for gi := range m.Subgraphs {
		r.floatLayers(&m.Subgraphs[gi])
	}
	g := m.Main()
	r.halves(m)
	if n := r.Weights.Sparse; n > 0 {
		r.trap("sparse", "%s in the sparse format: XNNPACK refuses such models where they are 8-bit integers, and the slower built-in kernels run them; the file is smaller, runs are not faster", tensors(n))
	}
	r.openSizes(g)
	r.channelsFirst(g)
	r.logits(m)
	r.signatureOrder()
	for _, k := range r.Kinds {
		switch {
		case strings.HasPrefix(k.Name, "Flex"):
			r.trap("flex", "operator %s is TensorFlow's own, which TensorFlow Lite's runtime does not have: convert it without SELECT_TF_OPS, or export without what needs it (for YOLO: nms)", k.Name)
		case k.Custom && !k.Known:
			r.trap("custom", "custom operator %s is in no runtime that is here: the model opens only with a delegate that takes it", k.Name)
		}
	}
	if r.File.MinimumRuntime != "" && newer(r.File.MinimumRuntime, r.Runtime.Version) {
		r.trap("runtime", "its converter says that it needs TensorFlow Lite %s or newer; here is %s", r.File.MinimumRuntime, r.Runtime.Version)
	}
	r.compiledTraps()
}

func tensors(n int) string {
	if n == 1 {
		return "1 tensor is"
	}
	return fmt.Sprintf("%d tensors are", n)
}

// newer compares versions such as 2.17.1.
func newer(a, b string) bool {
	numbers := func(v string) (n []int) {
		for p := range strings.SplitSeq(v, ".") {
			x, err := strconv.Atoi(p)
			if err != nil {
				break
			}
			n = append(n, x)
		}
		return n
	}
	return slices.Compare(numbers(a), numbers(b)) > 0
}

// multiplies are the operators whose weights count.
var multiplies = []string{"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV", "CONV_3D", "BATCH_MATMUL"}

// floatLayers are layers with float weights in a graph whose others are integers.
func (r *Report) floatLayers(g *schema.Subgraph) {
	integers, floats, bytes := 0, map[string]int{}, 0
	for i := range g.Operators {
		o := &g.Operators[i]
		if !slices.Contains(multiplies, o.Name) || len(o.Inputs) < 2 || o.Inputs[1] < 0 {
			continue
		}
		switch w := g.Tensors[o.Inputs[1]]; {
		case w.Type == tensor.Int8 || w.Type == tensor.UInt8 || w.Type == tensor.Int4:
			integers++
		case w.Type == tensor.Float32 && len(w.Data) > 0:
			floats[o.Name]++
			bytes += len(w.Data)
		}
	}
	if integers == 0 {
		return
	}
	for _, name := range []string{"FULLY_CONNECTED", "CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "CONV_3D", "BATCH_MATMUL"} {
		if n := floats[name]; n > 0 {
			r.trap("float_layers", "%d of its %s have float32 weights (%d bytes in all such layers) while others are integers: they are four times as large, run as floats, and stay on the CPU beside an Edge TPU; quantize them too", n, name, bytes)
			return
		}
	}
}

// halves are float16 tensors: as inputs and outputs, which few programs fill, as activations, and as weights that are expanded.
func (r *Report) halves(m *schema.Model) {
	g := m.Main()
	for _, kind := range []struct {
		what string
		list []int
	}{{"input", g.Inputs}, {"output", g.Outputs}} {
		for i, t := range kind.list {
			if g.Tensors[t].Type == tensor.Float16 {
				r.trap("float16_io", "%s %d %q is float16, which the CPU's kernels do not take: export with float32 inputs and outputs", kind.what, i, g.Tensors[t].Name)
			}
		}
	}
	weights, bytes := 0, 0
	for gi := range m.Subgraphs {
		for i := range m.Subgraphs[gi].Tensors {
			if t := &m.Subgraphs[gi].Tensors[i]; t.Type == tensor.Float16 && len(t.Data) > 0 {
				weights++
				bytes += len(t.Data)
			}
		}
	}
	if weights > 0 {
		r.trap("float16_weights", "%s constants of float16 (%d bytes): the file is half as large, but the built-in kernels expand them to float32 in memory, and the Edge TPU takes none", tensors(weights), bytes)
	}
}

// openSizes are inputs and other tensors whose size is found only in a run.
func (r *Report) openSizes(g *schema.Subgraph) {
	for i, t := range g.Inputs {
		if s := g.Tensors[t].ShapeSignature; len(s) > 1 && slices.Contains(s[1:], -1) {
			r.trap("dynamic", "input %d %q has the open shape %s: it needs a fixed one (width and height, or --shape here), as the file's %s is not meant", i, g.Tensors[t].Name,
				tensor.ShapeString(s), tensor.ShapeString(g.Tensors[t].Shape))
		}
	}
	for _, name := range []string{"WHERE", "NON_MAX_SUPPRESSION_V4", "NON_MAX_SUPPRESSION_V5", "UNIQUE", "RANGE"} {
		if o := g.Find(name); o != nil {
			r.trap("dynamic_tensors", "the size of what %s gives depends on the data: delegates take only graphs without such tensors, or the part before", name)
			return
		}
	}
}

// channelsFirst are pictures as PyTorch has them.
func (r *Report) channelsFirst(g *schema.Subgraph) {
	for i, t := range g.Inputs {
		s := g.Tensors[t].Shape
		if len(s) == 4 && (s[1] == 1 || s[1] == 3) && s[2] > 8 && s[3] > 8 {
			r.trap("channels_first", "input %d %q %s has its channels first: most programs give pictures with channels last, in silence and wrong; Corallite reads the order from the shape", i, g.Tensors[t].Name, tensor.ShapeString(s))
		}
	}
}

// passes are operators that change how scores are written, and not what they are.
var passes = []string{"RESHAPE", "DEQUANTIZE", "QUANTIZE", "SQUEEZE", "EXPAND_DIMS", "CAST"}

// logits are outputs like those of a classifier that do not end in scores.
func (r *Report) logits(m *schema.Model) {
	g := m.Main()
	made := map[int]*schema.Operator{}
	for i := range g.Operators {
		for _, t := range g.Operators[i].Outputs {
			made[t] = &g.Operators[i]
		}
	}
	for i, t := range g.Outputs {
		info := g.Tensors[t]
		if len(info.Shape) < 1 || len(info.Shape) > 2 || info.Elements() < 2 || info.Shape[len(info.Shape)-1] != info.Elements() {
			continue
		}
		o := made[t]
		for o != nil && slices.Contains(passes, o.Name) && len(o.Inputs) > 0 {
			o = made[o.Inputs[0]]
		}
		if o == nil {
			continue
		}
		if slices.Contains([]string{"FULLY_CONNECTED", "CONV_2D", "ADD", "AVERAGE_POOL_2D", "MEAN"}, o.Name) {
			r.trap("logits", "output %d %q ends in %s without softmax or sigmoid: its values are logits (activation: softmax or sigmoid makes them scores), or no scores at all, such as an embedding", i, info.Name, o.Name)
		}
	}
}

// signatureOrder is where a signature's inputs or outputs are in another order than the file's: programs that count them differ.
func (r *Report) signatureOrder() {
	for _, s := range r.Signatures {
		for _, kind := range []struct {
			what string
			list []Named
		}{{"inputs", s.Inputs}, {"outputs", s.Outputs}} {
			if !slices.IsSortedFunc(kind.list, func(a, b Named) int { return a.Position - b.Position }) {
				var names []string
				for _, n := range kind.list {
					names = append(names, fmt.Sprintf("%s is %d", n.Name, n.Position))
				}
				r.trap("order", "signature %q has its %s in another order than the file (%s): programs that count them get others than programs that run the signature; name them", s.Key, kind.what, strings.Join(names, ", "))
			}
		}
	}
	different := false
	for _, s := range r.Signatures {
		different = different || s.Subgraph != r.Signatures[0].Subgraph
	}
	if different {
		r.trap("signatures", "it has several signatures that lead to different graphs: choose one with signature (--signature)")
	}
}

// compiledTraps are those of models for the Edge TPU.
func (r *Report) compiledTraps() {
	off := 0
	for _, p := range r.EdgeTPU.Packages {
		off += p.OffChip
	}
	if off > 64<<10 { // biases and the like count little
		r.trap("off_chip", "%d bytes of parameters do not stay in the Edge TPU's memory and are sent with every run, which costs most on USB: split it into segments, or take a smaller model", off)
	}
	if n := len(r.EdgeTPU.OnCPU); r.File.Compiled && n > 0 {
		r.trap("on_cpu", "%d of its operators stay on the CPU: %s", n, countNames(r.EdgeTPU.OnCPU))
	}
}

// countNames is "2 RESHAPE, SOFTMAX".
func countNames(names []string) string {
	var parts []string
	seen := map[string]int{}
	for _, n := range names {
		seen[n]++
	}
	for _, n := range names {
		switch k := seen[n]; {
		case k > 1:
			parts = append(parts, fmt.Sprintf("%d %s", k, n))
		case k == 1:
			parts = append(parts, n)
		}
		delete(seen, n)
	}
	return strings.Join(parts, ", ")
}
