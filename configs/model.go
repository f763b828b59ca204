package configs

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-viper/mapstructure/v2"

	"corallite/internal/nearest"
	"corallite/models"
)

// The defaults that depend on the task.
const (
	defaultDetectScore     = 0.5
	defaultClassifyResults = 5
	defaultNMSThreshold    = 0.3
)

// model makes one model of what the layers say, what the catalog knows and the defaults.
func (s *settings) model(d definition, o LoadOptions) Model {
	p := path{"models", d.name}
	var m Model
	if s.bad[p.viper()] {
		return m
	}
	values := map[string]any{}
	for _, k := range modelKeys {
		if v := s.get(p.to(k.name)); v != nil && k.name != "labels" {
			values[k.name] = v
		}
	}
	s.decode(values, &m, p)
	s.contradictions(&m, p)
	f := s.finder(p, o.Models)
	entry := s.findModel(&m, p, f)
	s.useEntry(&m, p, entry)
	s.findTwin(&m, p, f)
	s.labels(&m, p, f, o.ReadLabels)
	return m
}

// decode puts values, which have been checked, into a struct by its yaml tags.
func (s *settings) decode(values map[string]any, into any, p path) {
	d, err := mapstructure.NewDecoder(&mapstructure.DecoderConfig{Result: into, TagName: "yaml", ErrorUnused: true})
	if err == nil {
		err = d.Decode(values)
	}
	if err != nil {
		s.problem(p, "%v", err)
	}
}

func (s *settings) given(p path, name string) bool {
	return s.layer(p.to(name)) != nowhere || s.bad[p.to(name).viper()]
}

// contradictions reports keys that exclude each other.
func (s *settings) contradictions(m *Model, p path) {
	for _, pair := range root.child("models").excluding {
		if s.given(p, pair[0]) && s.given(p, pair[1]) {
			s.problem(p.to(pair[1]), "%s is given as well: the two exclude each other", pair[0])
		}
	}
	for _, pair := range root.child("models").together {
		for i, name := range pair {
			if s.given(p, name) && !s.given(p, pair[1-i]) {
				s.problem(p.to(name), "needs %s, which is not given", pair[1-i])
			}
		}
	}
	for _, name := range []string{"anchors", "nms_threshold"} {
		if s.given(p, name) && m.Task == TaskClassify {
			s.problem(p.to(name), "is for task: detect only")
		}
	}
}

// findModel finds the model's file, and what the catalog knows about it; nil: nothing.
func (s *settings) findModel(m *Model, p path, f finder) *models.Entry {
	at := p.to("path")
	if !s.require(at, root.child("models").child("path")) {
		return nil
	}
	found, err := f.model(m.Path)
	if err != nil {
		s.problem(at, "%v", err)
		// So that labels and task are not called missing as well: the catalog may know them.
		entry, _ := f.store.Lookup(m.Path)
		m.Path = ""
		return entry
	}
	m.Path, m.LabelsFile = found.Model, found.Labels
	if m.EdgeTPU == "" {
		m.EdgeTPU = found.EdgeTPU
	}
	return found.Entry
}

// useEntry fills in what was not given, from the catalog and then from the defaults.
func (s *settings) useEntry(m *Model, p path, e *models.Entry) {
	if e != nil {
		m.Catalog = e.Name
		if !s.given(p, "task") {
			m.Task = e.Task
			if k := root.child("models").child("task"); !slices.Contains(k.choices, e.Task) {
				s.problem(p.to("path"), "%s is a model for the task %s, which pipelines cannot run: expected a model for %s",
					e.Name, e.Task, strings.Join(k.choices, " or "))
			}
		}
		if !s.given(p, "mean") && !s.given(p, "std") {
			m.Mean, m.Std = slices.Clone(e.Input.Mean), slices.Clone(e.Input.Std)
		}
		if m.Resize == "" {
			m.Resize = e.Input.Resize
		}
	}
	if m.Resize == "" {
		m.Resize = "stretch"
	}
	switch m.Task {
	case TaskDetect:
		s.useDetect(m, p, e)
	case TaskClassify:
		if !s.given(p, "max_results") {
			m.MaxResults = defaultClassifyResults
		}
	case "":
		if m.Path != "" {
			s.require(p.to("task"), root.child("models").child("task"))
		}
	}
}

// useDetect fills in what detectors have.
func (s *settings) useDetect(m *Model, p path, e *models.Entry) {
	score, overlap := defaultDetectScore, defaultNMSThreshold
	if e != nil && e.Detect != nil {
		score, overlap = e.Detect.ScoreThreshold, e.Detect.NMSThreshold
		if m.Anchors == "" {
			m.Anchors = e.Detect.Anchors
		}
		m.Outputs, m.Keypoints = e.Detect.Outputs, e.Detect.Keypoints
	}
	if !s.given(p, "score_threshold") {
		m.ScoreThreshold = score
	}
	if !s.given(p, "nms_threshold") && m.Anchors != "" {
		m.NMSThreshold = overlap
	}
}

// findTwin finds the compiled twin where one was named, and misses it where nothing else may run.
func (s *settings) findTwin(m *Model, p path, f finder) {
	if s.given(p, "edgetpu") && m.EdgeTPU != "" {
		file, err := f.file(m.EdgeTPU, filepath.Dir(m.Path))
		if err != nil {
			s.problem(p.to("edgetpu"), "%v", err)
			return
		}
		m.EdgeTPU = file
		return
	}
	stem, isModel := strings.CutSuffix(m.Path, ".tflite")
	if m.Delegate != "edgetpu" || m.EdgeTPU != "" || !isModel || strings.HasSuffix(stem, "_edgetpu") {
		return
	}
	if twin := stem + "_edgetpu.tflite"; !isFile(twin) {
		s.problem(p.to("delegate"), "edgetpu needs a model that is compiled for it, and there is no %s", twin)
	}
}

// labels finds and reads the labels, and holds the allow and deny lists against them.
func (s *settings) labels(m *Model, p path, f finder, read func(string) ([]string, error)) {
	at := p.to("labels")
	var err error
	switch v := s.get(at).(type) {
	case []string:
		m.Labels, m.LabelsFile = v, ""
	case string:
		m.LabelsFile, err = f.file(v, filepath.Dir(m.Path))
	default:
		if e, ok := f.store.Lookup(m.Catalog); ok && !s.given(p, "labels") {
			m.Labels = slices.Clone(e.Labels)
		}
	}
	if err == nil && m.LabelsFile != "" && read != nil {
		m.Labels, err = read(m.LabelsFile)
	}
	switch {
	case err != nil:
		s.problem(at, "%v", err)
		return
	case s.bad[at.viper()], m.Path == "", m.LabelsFile != "" && read == nil:
		return
	}
	s.categories(m, p, "category_allowlist", m.CategoryAllowlist)
	s.categories(m, p, "category_denylist", m.CategoryDenylist)
}

// categories reports entries of an allow or deny list that are no labels.
func (s *settings) categories(m *Model, p path, name string, list []string) {
	if len(list) > 0 && len(m.Labels) == 0 {
		s.problem(p.to(name), "needs labels, and this model has none")
		return
	}
	for i, category := range list {
		if slices.Contains(m.Labels, category) {
			continue
		}
		from := "the model's labels"
		if m.LabelsFile != "" {
			from = m.LabelsFile
		}
		message := fmt.Sprintf("there is no label %q in %s", category, from)
		if near := nearest.To(category, m.Labels); near != "" {
			message += fmt.Sprintf("; did you mean %q?", near)
		}
		s.problem(s.item(p.to(name), i), "%s", message)
	}
}
