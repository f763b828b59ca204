package tflitemeta

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"corallite/internal/didyoumean"
	"corallite/internal/tflitefile"
)

// Editor changes what a model's file says of itself. Nothing else of the file changes.
type Editor struct {
	File *tflitefile.Model
	Meta *Model
}

// Edit reads the metadata of a file; one without any gets new ones.
func Edit(f *tflitefile.Model) (*Editor, error) {
	if len(f.Subgraphs) == 0 {
		return nil, fmt.Errorf("the model has no subgraphs")
	}
	e := &Editor{File: f, Meta: &Model{}}
	if data, ok := f.Contents(Entry); ok {
		var err error
		if e.Meta, err = Read(data); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// Apply puts the metadata into the file.
func (e *Editor) Apply() error {
	if version := e.leastParser(); newerVersion(version, e.Meta.MinParserVersion) {
		e.Meta.MinParserVersion = version
	}
	data, err := e.Meta.Bytes()
	if err == nil {
		e.File.SetContents(Entry, data)
	}
	return err
}

// leastParser is the version of the first schema that has all that is said.
func (e *Editor) leastParser() string {
	version := "1.0.0"
	for _, s := range e.Meta.Subgraphs {
		for _, t := range slices.Concat(s.Inputs, s.Outputs) {
			if t.Content != nil && t.Content.Properties.Tag == Audio {
				version = "1.3.0"
			}
		}
	}
	return version
}

// newerVersion compares versions of three numbers; what is none counts as the oldest.
func newerVersion(a, b string) bool {
	parts := func(v string) [3]int {
		var n [3]int
		for i, p := range strings.SplitN(v, ".", 3) {
			n[i], _ = strconv.Atoi(p)
		}
		return n
	}
	x, y := parts(a), parts(b)
	return slices.Compare(x[:], y[:]) > 0
}

// modelKeys are the keys of the model.
var modelKeys = map[string]func(*Model) *string{
	"name":        func(m *Model) *string { return &m.Name },
	"description": func(m *Model) *string { return &m.Description },
	"version":     func(m *Model) *string { return &m.Version },
	"author":      func(m *Model) *string { return &m.Author },
	"licence":     func(m *Model) *string { return &m.Licence },
	"license":     func(m *Model) *string { return &m.Licence },
}

// Keys are those that [Editor.Set] knows of the model, its inputs and its outputs, with what they mean: "name", "input.0.mean".
func (e *Editor) Keys() []string {
	keys := []string{"name", "description", "version", "author", "licence"}
	g := e.File.Subgraphs[0]
	for _, k := range tensorKeys {
		for i := range g.Inputs {
			if !k.outputOnly {
				keys = append(keys, fmt.Sprintf("input.%d.%s", i, k.name))
			}
		}
		for i := range g.Outputs {
			if !k.inputOnly {
				keys = append(keys, fmt.Sprintf("output.%d.%s", i, k.name))
			}
		}
	}
	return keys
}

// Set changes one thing that is said: KEY=VALUE. The key is "name" and others of the model, or "input.0.mean" and others of
// an input or output, which is told by its number in the file's order or by its name. An empty value takes away what was said.
func (e *Editor) Set(assignment string) error {
	key, value, ok := strings.Cut(assignment, "=")
	if !ok {
		return fmt.Errorf("%q is no KEY=VALUE", assignment)
	}
	if strings.ContainsRune(value, 0) {
		return fmt.Errorf("%s: the value has a zero byte", key)
	}
	if of, ok := modelKeys[key]; ok {
		*of(e.Meta) = value
		return nil
	}
	which, rest, _ := strings.Cut(key, ".")
	dot := strings.LastIndexByte(rest, '.')
	if which != "input" && which != "output" || dot <= 0 {
		return e.unknown(key)
	}
	name := rest[dot+1:]
	i := slices.IndexFunc(tensorKeys, func(k tensorKey) bool { return k.name == name })
	if i < 0 || which == "input" && tensorKeys[i].outputOnly || which == "output" && tensorKeys[i].inputOnly {
		return e.unknown(key)
	}
	t, err := e.tensor(which, rest[:dot])
	if err != nil {
		return err
	}
	if err := tensorKeys[i].set(e, t, value); err != nil {
		return fmt.Errorf("%s: %q: %w", key, value, err)
	}
	return nil
}

func (e *Editor) unknown(key string) error {
	keys := e.Keys()
	if near := didyoumean.Suggest(key, keys); near != "" {
		return fmt.Errorf("unknown key %q; did you mean %q?", key, near)
	}
	return fmt.Errorf("unknown key %q: want one of %s", key, strings.Join(keys, ", "))
}

// tensor is what is said of an input or output of the main graph, told by its number or name. Where nothing is said yet of
// the graph's tensors, each gets an empty place.
func (e *Editor) tensor(which, id string) (*Tensor, error) {
	i, err := e.index(which, id)
	if err != nil {
		return nil, err
	}
	if len(e.Meta.Subgraphs) == 0 {
		e.Meta.Subgraphs = []*Subgraph{{}}
	}
	s, g := e.Meta.Subgraphs[0], e.File.Subgraphs[0]
	for len(s.Inputs) < len(g.Inputs) {
		s.Inputs = append(s.Inputs, &Tensor{})
	}
	for len(s.Outputs) < len(g.Outputs) {
		s.Outputs = append(s.Outputs, &Tensor{})
	}
	if which == "input" {
		return s.Inputs[i], nil
	}
	return s.Outputs[i], nil
}

// index is the number of an input or output.
func (e *Editor) index(which, id string) (int, error) {
	g := e.File.Subgraphs[0]
	list := g.Inputs
	if which == "output" {
		list = g.Outputs
	}
	if i, err := strconv.Atoi(id); err == nil && i >= 0 && i < len(list) {
		return i, nil
	}
	var names []string
	for i, t := range list {
		if t < 0 || int(t) >= len(g.Tensors) {
			return 0, fmt.Errorf("the model is damaged: %s %d is tensor %d (number of tensors: %d)", which, i, t, len(g.Tensors))
		}
		all := []string{g.Tensors[t].Name}
		for _, s := range e.File.Signatures {
			if s.Subgraph != 0 {
				continue
			}
			for _, n := range slices.Concat(s.Inputs, s.Outputs) {
				if n.Tensor == uint32(t) {
					all = append(all, n.Name)
				}
			}
		}
		if slices.Contains(all, id) {
			return i, nil
		}
		names = append(names, fmt.Sprintf("%d (%s)", i, g.Tensors[t].Name))
	}
	return 0, fmt.Errorf("there is no %s %q: want %s", which, id, strings.Join(names, " or "))
}

// PackedSize is the bytes of a file that is packed into the model; -1: it is not.
func (e *Editor) PackedSize(name string) int {
	for _, p := range e.File.Packed {
		if p.Name() == name {
			return int(p.Header.UncompressedSize64)
		}
	}
	return -1
}
