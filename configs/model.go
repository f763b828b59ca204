package configs

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"corallite/internal/didyoumean"
	"corallite/internal/key"
	"corallite/models"
)

// model makes one model from the layers, over the catalog's values and the defaults.
func (s *layers) model(d namedEntry, o LoadOptions) Model {
	p := path{"models", d.name}
	if s.bad[p.folded()] {
		return Model{}
	}
	labels := s.get(p.to("labels"))
	ref, _ := s.get(p.to("path")).(string)
	features, _ := s.value(p.to("features"), s.root.Child("models").Child("features")).(map[string]any)
	task, _ := s.get(p.to("task")).(string)

	f := s.resolver(p, o.Models)
	found := s.findModel(ref, p, f)
	if task == "" && found.Entry == nil && models.WakeWordKindOf(found.Model) != "" {
		task = TaskWakeword
	}
	m := newModel(task, found)
	// Path and labels are where to look; the model has what was found. Features depend on the labels found.
	s.setGroup(p, m.Keys(), "path", "labels", "features")
	broken := slices.ContainsFunc(FeatureKeys(), func(name string) bool { return s.bad[p.to("features", name).folded()] })
	if err := m.SetFeatures(features); err != nil && m.Task == TaskKeyword && !broken {
		s.problem(p.to("features"), key.CodeInvalid, "%v", err)
	}
	s.checkTask(m, p)
	s.contradictions(&m, p)
	s.findCompiled(&m, p, f)
	s.findWakewordFiles(&m, found, p, f)
	s.findLandmarks(&m, p, f)
	s.labels(&m, p, f, labels, o.ReadLabels)
	return m
}

// newModel is a model that was found, with only what the catalog knows about it, or of a model that is in no catalog the score
// threshold that its file recommends.
func newModel(task string, found models.Found) Model {
	m := Defaults(task, found.Entry)
	if found.Entry == nil && slices.Contains([]string{TaskClassify, TaskDetect, TaskKeyword}, m.Task) {
		if t, ok := models.SaidThreshold(found.Model); ok {
			m.ScoreThreshold = t
		}
	}
	m.Path, m.EdgeTPU, m.LabelsFile, m.Landmarks = found.Model, found.EdgeTPU, found.Labels, found.Landmarks
	return m
}

// setGroup sets the keys of the table at p from the layers, except those listed.
func (s *layers) setGroup(p path, keys key.Table, except ...string) {
	for _, f := range keys {
		if slices.Contains(except, f.Key().Name) {
			continue
		}
		if v := s.value(p.to(f.Key().Name), f.Key()); v != nil {
			f.Set(v)
		}
	}
}

// value is the value at p: for a group the values in it, for a switch whether it is on; nil if nothing is given and
// there is no default.
func (s *layers) value(p path, k *key.Key) any {
	switch {
	case k.IsLeaf():
		return s.get(p)
	case k.Optional && (s.bad[p.folded()] || !s.mentioned(p, k)):
		return nil
	case k.Switch && !s.isOn(p, k):
		return false
	}
	values := map[string]any{}
	for _, c := range k.Keys {
		if v := s.value(p.to(c.Name), c); v != nil {
			values[c.Name] = v
		}
	}
	if len(values) == 0 && !k.Optional {
		return nil
	}
	return values
}

func (s *layers) given(p path, name string) bool {
	return s.layer(p.to(name)) != nowhere || s.bad[p.to(name).folded()]
}

// checkSiblings reports keys of the same group that key k, at p, excludes or needs.
func (s *layers) checkSiblings(p path, k *key.Key, given func(name string) bool) {
	if !given(k.Name) {
		return
	}
	for _, err := range together(k, given) {
		s.problem(p.to(k.Name), key.CodeConflict, "%v", err)
	}
}

// together says which keys of the same group exclude a key that is given, or are missing beside it.
func together(k *key.Key, given func(name string) bool) (wrong []error) {
	for _, other := range k.Excludes {
		if given(other) {
			wrong = append(wrong, fmt.Errorf("must not be given together with %s", other))
		}
	}
	for _, other := range k.Needs {
		if !given(other) {
			wrong = append(wrong, fmt.Errorf("needs %s as well, which is not given", other))
		}
	}
	return wrong
}

// contradictions reports keys that exclude each other.
func (s *layers) contradictions(m *Model, p path) {
	for _, k := range s.root.Child("models").Keys {
		s.checkSiblings(p, k, func(name string) bool { return s.given(p, name) })
	}
	for _, k := range s.root.Child("models").Keys {
		if k.Tasks != nil && m.Task != "" && !slices.Contains(k.Tasks, m.Task) && s.mentioned(p.to(k.Name), k) {
			s.problem(p.to(k.Name), key.CodeConflict, "only applies to task: %s", joinWords(k.Tasks))
		}
	}
	if m.Task == TaskDetect {
		switch usual := usualNMSThreshold(*m); {
		case usual == 0 && s.given(p, "nms_threshold") && (m.Decoder != "" || !s.given(p, "decoder")):
			s.problem(p.to("nms_threshold"), key.CodeConflict, "only applies to a decoder that suppresses boxes; TFLite_Detection_PostProcess has its own threshold")
			m.NMSThreshold = 0
		case s.given(p, "decoder") && !s.given(p, "nms_threshold"):
			m.NMSThreshold = usual
		}
	}
	if t := m.Tiles; t != nil && t.Motion && !t.Whole {
		s.problem(p.to("tiles", "motion"), key.CodeConflict, "needs whole: true: where nothing moves, nothing else is looked at")
	}
	if t := m.Track; t != nil && m.Task == TaskDetect {
		if t.Low > float32(m.ScoreThreshold) {
			s.problem(p.to("track", "low_score"), key.CodeConflict, "%v is above the score_threshold, %v: expected a lower one", t.Low, m.ScoreThreshold)
		}
		if t.Coast != nil && *t.Coast > t.MaxLost.Seconds() {
			s.problem(p.to("track", "coast"), key.CodeConflict, "%v is longer than max_lost, %v: expected at most that", *t.Coast, t.MaxLost.Seconds())
		}
		if t.New > 0 && t.New < float32(m.ScoreThreshold) {
			s.problem(p.to("track", "new_score"), key.CodeConflict, "%v is below the score_threshold, %v: expected at least that", t.New, m.ScoreThreshold)
		}
	}
	if (m.Catalog == "" || s.given(p, "decoder")) && !m.Listens() && !s.given(p, "resize") {
		m.Resize = usualResize(*m)
	}
	s.checkGallery(m, p)
}

// findModel finds the model's file, and the catalog's data about it. If there is no file, Model is empty.
func (s *layers) findModel(ref string, p path, f resolver) models.Found {
	at := p.to("path")
	if !s.require(at, s.root.Child("models").Child("path")) {
		return models.Found{}
	}
	found, err := f.model(ref)
	if err != nil {
		s.problem(at, fileCode(err), "%v", err)
		s.problems[len(s.problems)-1].Fix = modelFix(err)
		// So that labels and task are not reported as missing too: the catalog may know them.
		found = models.Found{}
		found.Entry, _ = f.store.Lookup(ref)
	}
	return found
}

// checkTask reports a task that is missing, or one from the catalog that pipelines do not support.
func (s *layers) checkTask(m Model, p path) {
	k := s.root.Child("models").Child("task")
	switch {
	case m.Task == "" && m.Path != "":
		s.require(p.to("task"), k)
	case m.Task != "" && !s.given(p, "task") && !slices.Contains(k.Choices, m.Task):
		s.problem(p.to("path"), key.CodeConflict, "%s is a model for the task %s, which pipelines cannot run: expected a model for %s",
			m.Catalog, m.Task, joinWords(k.Choices))
	}
}

// findCompiled finds the compiled model, or its segments, if given, and reports it as missing if only an Edge TPU may
// run it.
func (s *layers) findCompiled(m *Model, p path, f resolver) {
	if s.given(p, "edgetpu") && m.EdgeTPU != "" {
		file, err := f.file(m.EdgeTPU, filepath.Dir(m.Path))
		if err != nil {
			s.problem(p.to("edgetpu"), fileCode(err), "%v", err)
			return
		}
		m.EdgeTPU = file
		return
	}
	if len(m.Segments) > 0 {
		for i, name := range m.Segments {
			file, err := f.file(name, filepath.Dir(m.Path))
			if err != nil {
				s.problem(s.item(p.to("segments"), i), fileCode(err), "%v", err)
			}
			m.Segments[i] = file
		}
		return
	}
	stem, isModel := strings.CutSuffix(m.Path, ".tflite")
	if !m.Delegate.OnlyEdgeTPU() || m.EdgeTPU != "" || !isModel || strings.HasSuffix(stem, "_edgetpu") {
		return
	}
	if compiled := stem + "_edgetpu.tflite"; !isFile(compiled) {
		s.problem(p.to("delegate"), key.CodeMissingFile, "edgetpu needs a compiled model, and %s does not exist", compiled)
	}
}

// findLandmarks finds the second model of two, if given.
func (s *layers) findLandmarks(m *Model, p path, f resolver) {
	if !s.given(p, "landmarks") || m.Landmarks == "" {
		return
	}
	file, err := f.file(m.Landmarks, filepath.Dir(m.Path))
	if err != nil {
		s.problem(p.to("landmarks"), fileCode(err), "%v", err)
		return
	}
	m.Landmarks = file
}

// labels finds and reads the given labels, else the catalog's, and checks the allow and deny lists against them.
func (s *layers) labels(m *Model, p path, f resolver, given any, read func(string) ([]string, error)) {
	at := p.to("labels")
	var err error
	switch v := given.(type) {
	case []string:
		m.Labels, m.LabelsFile = v, ""
	case string:
		m.LabelsFile, err = f.file(v, filepath.Dir(m.Path))
	}
	if err == nil && m.LabelsFile != "" && read != nil {
		m.Labels, err = read(m.LabelsFile)
	}
	switch {
	case err != nil:
		s.problem(at, fileCode(err), "%v", err)
		return
	case s.bad[at.folded()], m.Path == "", m.LabelsFile != "" && read == nil:
		return
	}
	s.categories(m, p, "category_allowlist", m.Allow)
	s.categories(m, p, "category_denylist", m.Deny)
}

// categories reports entries of an allow or deny list that are not labels.
func (s *layers) categories(m *Model, p path, name string, list []string) {
	if len(m.Labels) == 0 && m.Task != TaskPose && m.Task != TaskWakeword {
		return // they may be packed into the model, or come from the decoder or the gallery; checked when the model is opened
	}
	if len(list) > 0 && len(m.Labels) == 0 {
		s.problem(p.to(name), key.CodeConflict, "needs labels, but this model has none")
		return
	}
	for i, category := range list {
		if slices.Contains(m.Labels, category) || slices.ContainsFunc(m.Groups, func(g SoundGroup) bool { return g.Name == category }) {
			continue
		}
		from := "the model's labels"
		if m.LabelsFile != "" {
			from = m.LabelsFile
		}
		message := fmt.Sprintf("there is no label %q in %s", category, from)
		if near := didyoumean.Suggest(category, m.Labels); near != "" {
			message += fmt.Sprintf("; did you mean %q?", near)
		}
		s.problem(s.item(p.to(name), i), key.CodeUnknownName, "%s", message)
	}
}
