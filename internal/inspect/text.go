package inspect

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"corallite/internal/english"
	"corallite/internal/terminal"
	"corallite/tflite/tensor"
)

// TextOptions of Print.
type TextOptions struct {
	Width     int  // of the terminal; 0: not one
	Operators bool // each operator in order, too
}

// Print writes the report for people.
func (r *Report) Print(w io.Writer, o TextOptions) error {
	for i, s := range r.sections(o.Operators) {
		if i > 0 {
			if _, err := fmt.Fprintln(w); err != nil {
				return err
			}
		}
		if _, err := fmt.Fprintln(w, strings.ToUpper(s.title)); err != nil {
			return err
		}
		table := terminal.Table{Width: o.Width}
		for _, row := range s.rows {
			table.Row(row...)
		}
		if err := table.Print(w); err != nil {
			return err
		}
		for _, n := range s.notes {
			if _, err := fmt.Fprintln(w, n); err != nil {
				return err
			}
		}
	}
	return nil
}

// section is a part of the report with a table of rows; the first row of some is their heads.
type section struct {
	id, title string
	short     string // the title in lists
	heads     bool
	rows      [][]string
	notes     []string // behind the table
}

func (s *section) row(cells ...string) { s.rows = append(s.rows, cells) }

func (r *Report) sections(operators bool) []section {
	all := []section{r.fileSection(), r.saidSection(), r.portsSection(), r.signatureSection(), r.kindsSection(), r.weightsSection()}
	if operators {
		all = append(all, r.operatorsSection())
	}
	all = append(all, r.memorySection(), r.delegatesSection(), r.edgeTPUSection(), r.trapsSection())
	return slices.DeleteFunc(all, func(s section) bool { return len(s.rows) == 0 || s.heads && len(s.rows) == 1 })
}

func (r *Report) fileSection() section {
	s := section{id: "file", short: "Model", title: "Model"}
	s.row("file", r.File.Path)
	s.row("size", bytesText(int64(r.File.Bytes)))
	s.row("sha256", r.File.SHA256)
	schema := fmt.Sprintf("%d", r.File.Schema)
	if r.File.MinimumRuntime != "" {
		schema += ", needs TensorFlow Lite " + r.File.MinimumRuntime
	}
	s.row("schema", schema)
	if r.File.Converter != "" {
		s.row("converted by", "TensorFlow "+r.File.Converter)
	}
	if r.File.Description != "" {
		s.row("description", r.File.Description)
	}
	kind := "for the CPU and delegates"
	if r.File.Compiled {
		kind = "compiled for the Edge TPU"
	}
	s.row("kind", kind)
	for i, why := range r.Runtime.Refused {
		name := ""
		if i == 0 {
			name = "does not run"
		}
		s.row(name, why)
	}
	return s
}

func (r *Report) saidSection() section {
	s := section{id: "said", short: "Metadata", title: "Says of itself"}
	for _, l := range r.Said {
		by := l.By
		if by == "metadata" {
			by = ""
		}
		s.row(l.Name, l.Text, by)
	}
	for _, p := range r.Packed {
		s.row("packed", fmt.Sprintf("%s (%s)", p.Name, bytesText(p.Bytes)), "")
	}
	return s
}

func (r *Report) portsSection() section {
	s := section{id: "ports", short: "Inputs and outputs", title: "Inputs and outputs, in the file's order", heads: true}
	s.row("", "NAME", "TYPE", "SHAPE", "QUANTIZATION", "VALUES")
	for gi := range r.Subgraphs {
		g := &r.Subgraphs[gi]
		prefix := ""
		if gi > 0 {
			prefix = fmt.Sprintf("subgraph %d ", gi)
			if !r.reached(gi) {
				continue
			}
		}
		for i, p := range g.Inputs {
			s.row(append([]string{fmt.Sprintf("%sinput %d", prefix, i)}, p.cells()...)...)
		}
		for i, p := range g.Outputs {
			s.row(append([]string{fmt.Sprintf("%soutput %d", prefix, i)}, p.cells()...)...)
		}
	}
	return s
}

// reached says whether a signature leads to a subgraph: others are bodies of loops and branches.
func (r *Report) reached(subgraph int) bool {
	return slices.ContainsFunc(r.Signatures, func(s Signature) bool { return s.Subgraph == subgraph })
}

func (p Port) cells() []string {
	shape := tensor.ShapeString(p.Shape)
	if p.ShapeSignature != nil {
		shape = tensor.ShapeString(p.ShapeSignature)
	}
	q, values := "", ""
	if x := p.Quantization; x != nil {
		q = fmt.Sprintf("%.6g · (q − %d)", x.Scale, x.ZeroPoint)
		if x.ZeroPoint < 0 {
			q = fmt.Sprintf("%.6g · (q + %d)", x.Scale, -int64(x.ZeroPoint))
		}
		if x.Slices > 0 {
			q = fmt.Sprintf("%d scales from %.3g to %.3g along axis %d", x.Slices, x.LeastStep, x.MostStep, *x.Axis)
		}
		if x.Least != x.Most {
			values = fmt.Sprintf("%.4g to %.4g", x.Least, x.Most)
		}
	}
	return []string{p.Name, p.Type, shape, q, values}
}

func (r *Report) signatureSection() section {
	s := section{id: "signatures", short: "Signatures", title: "Signatures, in their own order", heads: true}
	s.row("KEY", "INPUTS", "OUTPUTS", "SUBGRAPH")
	for _, x := range r.Signatures {
		named := func(what string, list []Named) string {
			words := make([]string, len(list))
			for i, n := range list {
				words[i] = fmt.Sprintf("%s (%s %d)", n.Name, what, n.Position)
			}
			return strings.Join(words, ", ")
		}
		s.row(x.Key, named("input", x.Inputs), named("output", x.Outputs), fmt.Sprint(x.Subgraph))
	}
	return s
}

func (r *Report) kindsSection() section {
	s := section{id: "kinds", short: "Operators", title: fmt.Sprintf("Operators: %d, %s multiply-accumulates a run", r.Total.Operators, large(r.Total.MACs)), heads: true}
	s.row("NAME", "VERSION", "COUNT", "MACS", "SHARE")
	for _, k := range r.Kinds {
		name := k.Name
		if k.Custom {
			name += " (custom)"
		}
		share := ""
		if r.Total.MACs > 0 && k.MACs > 0 {
			share = fmt.Sprintf("%.1f %%", 100*float64(k.MACs)/float64(r.Total.MACs))
		}
		s.row(name, fmt.Sprint(k.Version), fmt.Sprint(k.Count), large(k.MACs), share)
	}
	if r.Total.Unknown > 0 {
		s.notes = append(s.notes, fmt.Sprintf("not counted: %s (custom, or of open sizes)", english.Count(r.Total.Unknown, "operator")))
	}
	if r.Total.Loops {
		s.notes = append(s.notes, "the bodies of loops are counted once")
	}
	return s
}

func (r *Report) weightsSection() section {
	w := r.Weights
	s := section{id: "weights", short: "Weights", title: fmt.Sprintf("Weights: %s in %s", large(w.Parameters)+" values", bytesText(int64(w.Bytes)))}
	for _, t := range w.Types {
		s.row(t.Type, fmt.Sprintf("%s in %s, %s", bytesText(int64(t.Bytes)), english.Count(t.Count, "constant"), large(t.Parameters)+" values"))
	}
	for _, c := range w.Largest[:min(5, len(w.Largest))] {
		text := fmt.Sprintf("%s %s%s, %s", c.Name, c.Type, tensor.ShapeString(c.Shape), bytesText(int64(c.Bytes)))
		if c.Zeros > 0.1 {
			text += fmt.Sprintf(", %.0f %% zeros", 100*c.Zeros)
		}
		s.row("largest", text)
	}
	if w.Bytes > 0 {
		s.row("zeros", fmt.Sprintf("%.1f %% of the values", 100*w.Zeros))
	}
	if w.Sparse > 0 {
		s.row("sparse", english.Count(w.Sparse, "tensor"))
	}
	if w.Shared > 0 {
		s.row("shared", english.Count(w.Shared, "tensor")+" with the buffer of another")
	}
	if w.Repeated > 0 {
		s.row("repeated", bytesText(int64(w.Repeated))+" are in the file more than once")
	}
	if c := w.Compressed; c != nil {
		s.row("compressed", fmt.Sprintf("%s by deflate (%.0f %%); the entropy of the single bytes is %s", bytesText(int64(c.Deflate)), 100*float64(c.Deflate)/float64(w.Bytes), bytesText(int64(c.Entropy))))
	}
	return s
}

func (r *Report) operatorsSection() section {
	s := section{id: "operators", short: "In order", title: "Operators in order", heads: true}
	pieces, by := r.pieces()
	heads := []string{"", "NAME", "VERSION", "INPUTS", "OUTPUTS", "OPTIONS", "MACS"}
	if by != "" {
		heads = append(heads, strings.ToUpper(by))
	}
	s.row(heads...)
	for gi := range r.Subgraphs {
		for _, o := range r.Subgraphs[gi].Operators {
			at := fmt.Sprint(o.Index)
			if gi > 0 {
				at = fmt.Sprintf("%d:%d", gi, o.Index)
			}
			n := large(o.MACs)
			if o.Unknown {
				n = "?"
			}
			cells := []string{at, o.Name, fmt.Sprint(o.Version), shapes(o.Inputs), shapes(o.Outputs), o.optionsText(), n}
			if by != "" {
				cells = append(cells, pieces[Node{gi, o.Index}])
			}
			s.row(cells...)
		}
	}
	return s
}

// shapes are those of operands: "int8[1,224,224,3] const int8[32,3,3,3]".
func shapes(list []Operand) string {
	var words []string
	for _, o := range list {
		switch {
		case o.Tensor < 0:
			words = append(words, "−")
		case o.Const:
			words = append(words, "const "+o.Type+tensor.ShapeString(o.Shape))
		default:
			words = append(words, o.Type+tensor.ShapeString(o.Shape))
		}
	}
	return strings.Join(words, " ")
}

// optionsText are the options that say something, by name.
func (o Operator) optionsText() string {
	var names []string
	for name, v := range o.Options {
		if usual := strings.HasPrefix(name, "dilation_") && v == int64(1); !usual && v != "NONE" && v != false && v != int64(0) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for i, name := range names {
		names[i] = fmt.Sprintf("%s=%v", name, o.Options[name])
	}
	return strings.Join(names, " ")
}

// prefixed is a number in three digits and its metric prefix; below 10,000 it is whole, without one.
func prefixed(n int64) (number, prefix string) {
	for _, p := range []struct {
		from, unit float64
		prefix     string
	}{{1e12, 1e12, "T"}, {1e9, 1e9, "G"}, {1e6, 1e6, "M"}, {1e4, 1e3, "k"}} {
		if float64(n) >= p.from {
			return fmt.Sprintf("%.3g", float64(n)/p.unit), p.prefix
		}
	}
	return fmt.Sprint(n), ""
}

// large is a number with a unit: "569 M".
func large(n int64) string {
	number, prefix := prefixed(n)
	return strings.TrimSpace(number + " " + prefix)
}

// bytesText is a size: "4.28 MB", "512 bytes".
func bytesText(n int64) string {
	number, prefix := prefixed(n)
	if prefix == "" {
		return number + " bytes"
	}
	return number + " " + prefix + "B"
}
