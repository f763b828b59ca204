package tflitemeta

import (
	"fmt"
	"strconv"
	"strings"
)

// Line is one thing that is said: "input 0", "image: a picture (RGB), …".
type Line struct{ Name, Text string }

// Lines say in sentences what the metadata do. size gives the bytes of a packed file; below 0: it is not packed.
func (m *Model) Lines(size func(name string) int) []Line {
	var all []Line
	add := func(name, text string) {
		if text != "" {
			all = append(all, Line{name, text})
		}
	}
	add("name", m.Name)
	add("description", m.Description)
	add("version", m.Version)
	add("author", m.Author)
	add("licence", m.Licence)
	for i, s := range m.Subgraphs {
		prefix := ""
		if i > 0 {
			prefix = fmt.Sprintf("subgraph %d ", i)
		}
		for k, t := range s.Inputs {
			add(fmt.Sprintf("%sinput %d", prefix, k), t.sentence(size))
		}
		for k, t := range s.Outputs {
			add(fmt.Sprintf("%soutput %d", prefix, k), t.sentence(size))
		}
		for _, g := range s.InputGroups {
			add(prefix+"inputs together", g.Name+": "+strings.Join(g.Tensors, ", "))
		}
		for _, g := range s.OutputGroups {
			add(prefix+"outputs together", g.Name+": "+strings.Join(g.Tensors, ", "))
		}
		for _, f := range s.Files {
			add(prefix+"file", f.sentence(size))
		}
		for _, c := range s.Custom {
			add(prefix+"custom", fmt.Sprintf("%s (%d bytes)", c.Name, len(c.Data)))
		}
	}
	for _, f := range m.Files {
		add("file", f.sentence(size))
	}
	return all
}

// sentence says what is known of a tensor.
func (t *Tensor) sentence(size func(string) int) string {
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	if t.Content != nil {
		switch p := t.Content.Properties.Table.(type) {
		case *ImageProperties:
			text := "a picture"
			if p.ColorSpace > 0 {
				text += " (" + p.ColorSpace.String() + ")"
			}
			if p.DefaultSize != nil {
				text += fmt.Sprintf(" of %dx%d", p.DefaultSize.Width, p.DefaultSize.Height)
			}
			add("%s", text)
		case *AudioProperties:
			add("sound at %d Hz, channels: %d", p.SampleRate, p.Channels)
		case *BoundingBoxProperties:
			add("boxes (%s, %s)", strings.ToLower(p.Type.String()), strings.ToLower(p.Coordinate.String()))
		}
	}
	for _, u := range t.Units {
		switch o := u.Options.Table.(type) {
		case *NormalizationOptions:
			add("(value − %s) / %s", list(o.Mean), list(o.Std))
		case *CalibrationOptions:
			add("scores are calibrated (%s, default %s)", strings.ToLower(o.Transformation.String()), number32(o.DefaultScore))
		case *ThresholdingOptions:
			add("scores from %s on", number32(o.Threshold))
		default:
			add("%s", unitName(u))
		}
	}
	if t.Stats != nil && (len(t.Stats.Min) > 0 || len(t.Stats.Max) > 0) {
		add("%s to %s", list(t.Stats.Min), list(t.Stats.Max))
	}
	for _, f := range t.Files {
		add("%s", f.sentence(size))
	}
	text := strings.Join(parts, "; ")
	switch {
	case t.Name != "" && text != "":
		text = t.Name + ": " + text
	case text == "":
		text = t.Name
	}
	if t.Description != "" {
		text = strings.TrimPrefix(text+". "+t.Description, ". ")
	}
	return text
}

func unitName(u *ProcessUnit) string {
	switch u.Options.Table.(type) {
	case *BertOptions:
		return "text, by BERT's tokenizer"
	case *SentencePieceOptions:
		return "text, by SentencePiece"
	case *RegexOptions:
		return "text, by a regular expression"
	}
	return "unknown processing"
}

func (f *File) sentence(size func(string) int) string {
	what := map[FileType]string{
		FileAxisLabels: "labels", FileValueLabels: "labels of values", FileCalibration: "score calibration", FileVocabulary: "vocabulary",
		FileDescriptions: "description", FileIndex: "index",
	}[f.Type]
	text := strings.TrimSpace(what + " " + f.Name)
	if f.Locale != "" {
		text += " (" + f.Locale + ")"
	}
	if size(f.Name) < 0 {
		text += " (not packed into the file)"
	}
	return text
}

// list is one number, or all with commas.
func list(values []float32) string {
	if len(values) == 0 {
		return "?"
	}
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = number32(v)
	}
	return strings.Join(words, ",")
}

func number32(v float32) string { return strconv.FormatFloat(float64(v), 'g', -1, 32) }
