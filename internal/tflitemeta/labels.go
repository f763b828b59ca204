package tflitemeta

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"corallite/tflite/tensor"
)

// detector is the operator whose output 1 holds the classes of boxes, and output 2 their scores.
const detector = "TFLite_Detection_PostProcess"

// SetLabels packs the labels of an output into the file, one a line, and names them in the metadata: as those of the values of
// its last axis, or, for the classes of a detector, of its values. output is told by its number or name; "": the only one, or the
// classes of a detector. locale is "de" or the like, "" none. Labels that were there for the same locale are replaced. The number
// of labels must fit the output where its shape tells.
func (e *Editor) SetLabels(output, locale, fileName string, labels []string) error {
	i, err := e.labelled(output)
	if err != nil {
		return err
	}
	kind := FileAxisLabels
	if i == e.classes() {
		kind = FileValueLabels
	} else if err := e.fits(i, labels); err != nil {
		return err
	}
	for n, l := range labels {
		if strings.ContainsAny(l, "\n\x00") {
			return fmt.Errorf("label %d has a line break or a zero byte", n)
		}
	}
	t, err := e.tensor("output", fmt.Sprint(i))
	if err != nil {
		return err
	}
	old := slices.IndexFunc(t.Files, func(f *File) bool {
		return (f.Type == FileAxisLabels || f.Type == FileValueLabels) && f.Locale == locale
	})
	file := &File{Type: kind, Locale: locale}
	if old >= 0 {
		kept := *t.Files[old]
		kept.Type, file = kind, &kept
		e.drop(kept.Name, t.Files[old])
		t.Files[old] = file
	} else {
		t.Files = append(t.Files, file)
	}
	file.Name = e.free(fileName, file)
	return e.File.Pack(file.Name, []byte(strings.Join(labels, "\n")+"\n"))
}

// SetCalibration packs the parameters of an output's score calibration into the file; options for it that are not there yet have
// no transformation and a default score of 0. check is given the number of values of the output's last axis.
func (e *Editor) SetCalibration(output, fileName string, text []byte, check func(count, transformation int, def float32) error) error {
	i, err := e.labelled(output)
	if err != nil {
		return err
	}
	t, err := e.tensor("output", fmt.Sprint(i))
	if err != nil {
		return err
	}
	o := options[CalibrationOptions](t, Calibration, true)
	if err := check(e.lastAxis(i), int(o.Transformation), o.DefaultScore); err != nil {
		return err
	}
	file := &File{Type: FileCalibration}
	if at := slices.IndexFunc(t.Files, func(f *File) bool { return f.Type == FileCalibration }); at >= 0 {
		e.drop(t.Files[at].Name, t.Files[at])
		t.Files[at] = file
	} else {
		t.Files = append(t.Files, file)
	}
	file.Name = e.free(fileName, file)
	return e.File.Pack(file.Name, text)
}

// lastAxis is the size of an output's last dimension; 1 where it has none.
func (e *Editor) lastAxis(output int) int {
	g := e.File.Subgraphs[0]
	if at := g.Outputs[output]; at >= 0 && int(at) < len(g.Tensors) && len(g.Tensors[at].Shape) > 0 {
		return int(g.Tensors[at].Shape[len(g.Tensors[at].Shape)-1])
	}
	return 1
}

// labelled is the output that labels are for.
func (e *Editor) labelled(output string) (int, error) {
	if output != "" {
		return e.index("output", output)
	}
	if i := e.classes(); i >= 0 {
		return i, nil
	}
	if n := len(e.File.Subgraphs[0].Outputs); n != 1 {
		_, err := e.index("output", "")
		return 0, fmt.Errorf("the model has %d outputs; say which one the labels are for, as in --labels 0=FILE: %w", n, err)
	}
	return 0, nil
}

// classes is the output with the classes of a detector; -1: none.
func (e *Editor) classes() int {
	g := e.File.Subgraphs[0]
	for _, o := range g.Operators {
		if int(o.Code) < len(e.File.OperatorCodes) && e.File.OperatorCodes[o.Code].Custom == detector && len(o.Outputs) > 1 {
			return slices.Index(g.Outputs, o.Outputs[1])
		}
	}
	return -1
}

// fits compares the number of labels with the output's last axis.
func (e *Editor) fits(output int, labels []string) error {
	g := e.File.Subgraphs[0]
	at := g.Outputs[output]
	if at < 0 || int(at) >= len(g.Tensors) {
		return fmt.Errorf("the model is damaged: output %d is tensor %d (number of tensors: %d)", output, at, len(g.Tensors))
	}
	shape := g.Tensors[at].Shape
	if len(shape) == 0 {
		return nil
	}
	n := int(shape[len(shape)-1])
	if n == len(labels) || n <= 1 || slices.Contains(g.Tensors[at].ShapeSignature, -1) {
		return nil
	}
	dims := make([]int, len(shape))
	for i, d := range shape {
		dims[i] = int(d)
	}
	hint := ""
	if n == len(labels)+1 {
		hint = "; is a line for the background missing at the top?"
	}
	return fmt.Errorf("there are %d labels for the %d values of output %d %s%s", len(labels), n, output, tensor.ShapeString(dims), hint)
}

// free is a name for a packed file that no other has: "labels.txt", else "labels_2.txt".
func (e *Editor) free(name string, of *File) string {
	name = path.Base(strings.ReplaceAll(name, "\\", "/"))
	ending := path.Ext(name)
	stem := strings.TrimSuffix(name, ending)
	if stem == "" || stem == "." || stem == "/" {
		stem = "labels"
	}
	if of.Type != FileCalibration { // whatever it was, it is one label a line now
		ending = ".txt"
	}
	for n := 1; ; n++ {
		candidate := stem + ending
		if n > 1 {
			candidate = fmt.Sprintf("%s_%d%s", stem, n, ending)
		}
		taken := false
		for _, p := range e.File.Packed {
			taken = taken || p.Name() == candidate
		}
		for _, f := range e.files() {
			taken = taken || f != of && f.Name == candidate
		}
		if !taken {
			return candidate
		}
	}
}

// drop takes a packed file out, unless another part of the metadata names it.
func (e *Editor) drop(name string, of *File) {
	for _, f := range e.files() {
		if f != of && f.Name == name {
			return
		}
	}
	for i, p := range e.File.Packed {
		if p.Name() == name {
			e.File.Packed = slices.Delete(e.File.Packed, i, i+1)
			return
		}
	}
}

// files are all that the metadata name.
func (e *Editor) files() []*File {
	all := slices.Clone(e.Meta.Files)
	units := func(units []*ProcessUnit) {
		for _, u := range units {
			switch o := u.Options.Table.(type) {
			case *BertOptions:
				all = append(all, o.Vocabulary...)
			case *SentencePieceOptions:
				all = append(all, slices.Concat(o.Model, o.Vocabulary)...)
			case *RegexOptions:
				all = append(all, o.Vocabulary...)
			}
		}
	}
	for _, s := range e.Meta.Subgraphs {
		all = append(all, s.Files...)
		units(s.InputUnits)
		units(s.OutputUnits)
		for _, t := range slices.Concat(s.Inputs, s.Outputs) {
			all = append(all, t.Files...)
			units(t.Units)
		}
	}
	return all
}
