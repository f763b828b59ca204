package configs

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"corallite/internal/key"
	"corallite/internal/part"
	"corallite/models"
)

// Listens reports whether a task is one on sound.
func Listens(task string) bool {
	return slices.ContainsFunc(soundTasks, func(t struct{ name, doc string }) bool { return t.name == task })
}

// Listens reports whether the model's task is one on sound.
func (m Model) Listens() bool { return Listens(m.Task) }

// Takers are the models of a pipeline that take pictures, and those that take sound.
func (c *Config) Takers(p Pipeline) (pictures, sound []string) {
	for _, name := range p.Models {
		if c.Models[name].Listens() {
			sound = append(sound, name)
		} else {
			pictures = append(pictures, name)
		}
	}
	return pictures, sound
}

// onlyHears reports whether a pipeline has nothing to do with pictures: its source gives sound alone, or no model takes
// anything else.
func (c *Config) onlyHears(p Pipeline) bool {
	pictures, sound := c.Takers(p)
	return p.Sounds() || len(sound) > 0 && len(pictures) == 0
}

// soundSettings are the catalog's settings of a model for sound.
func soundSettings(e *models.Entry) (h SoundSettings, threshold float64) {
	if w := e.WakeWord; w != nil {
		threshold = w.Threshold
		h.Patience = w.Patience
		if w.Refractory > 0 {
			h.Refractory = &w.Refractory
		}
	}
	if k := e.Keyword; k != nil {
		threshold = k.Threshold
		h.Features, h.Step, h.Smoothing, h.Refractory, h.Thresholds = k.Features, k.Step, k.Smoothing, k.Refractory, maps.Clone(k.Thresholds)
	}
	return h, threshold
}

// SetFeatures sets values, by the names of the keys of features, over the model's features. A different kind starts
// from its defaults. The error says what is wrong with a value, or with their combination.
func (m *Model) SetFeatures(values map[string]any) error {
	if kind, given := values["kind"]; given && kind != m.Features.Kind {
		m.Features = Features{}
	}
	if err := setValues(m.Features.Keys(), values); err != nil {
		return err
	}
	return m.Features.Check()
}

// setValues sets keys to values from a program, which are validated against the table like those of a file.
func setValues(keys key.Table, values map[string]any) error {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		f := keys.Field(name)
		if f == nil {
			_, message := unknownKey(name, &key.Key{Kind: key.KindGroup, Keys: keys.Keys()})
			return fmt.Errorf("%s: %s", name, message)
		}
		if below, err := setValue(f, values[name]); err != nil {
			return fmt.Errorf("%s%s: %w", name, below, err)
		}
	}
	return nil
}

// setValue sets one key. Of a list, below says which of its values is wrong: "[1]".
func setValue(f *key.Field, v any) (below string, err error) {
	var n yaml.Node
	if err := n.Encode(v); err != nil {
		return "", err
	}
	value := valueReader{f.Key()}.value(&n, func(_ *yaml.Node, at string, _ key.Code, format string, args ...any) {
		if err == nil {
			below, err = at, fmt.Errorf(format, args...)
		}
	})
	if err == nil {
		f.Set(value)
	}
	return below, err
}

// findWakewordFiles finds the additional files of a wake word.
func (s *layers) findWakewordFiles(m *Model, found models.Found, p path, f resolver) {
	if m.Task != TaskWakeword {
		return
	}
	for _, further := range []struct {
		name string
		to   *string
	}{{"manifest", &m.Manifest}, {"melspectrogram", &m.Melspectrogram}, {"embedding", &m.Embedding}} {
		if !s.given(p, further.name) || *further.to == "" {
			continue
		}
		file, err := f.file(*further.to, filepath.Dir(m.Path))
		if err != nil {
			s.problem(p.to(further.name), fileCode(err), "%v", err)
			continue
		}
		*further.to = file
	}
	if m.Manifest == "" && m.Melspectrogram == "" {
		if err := m.useWakewordFiles(found, f.store); err != nil {
			s.problem(p.to("path"), fileCode(err), "%v", err)
			s.problems[len(s.problems)-1].Fix = modelFix(err)
			return
		}
	}
	if m.Manifest == "" && m.Melspectrogram == "" && m.Path != "" {
		s.problem(p.to("path"), key.CodeMissingFile, "a wake-word model needs a manifest (%s does not exist), or melspectrogram and embedding",
			strings.TrimSuffix(filepath.Base(m.Path), ".tflite")+".json")
	}
}

// useWakewordFiles uses the files of a wake word that were found with it, else the manifest beside it, else, for a model of
// openWakeWord's shape, the two models of the catalog that come before it.
func (m *Model) useWakewordFiles(found models.Found, store *models.Store) error {
	m.Manifest, m.Melspectrogram, m.Embedding = found.Manifest, found.Melspectrogram, found.Embedding
	if m.Manifest == "" && m.Melspectrogram == "" {
		m.Manifest = manifestBeside(m.Path)
	}
	if m.Manifest != "" || m.Melspectrogram != "" || models.WakeWordKindOf(m.Path) != models.OpenWakeWord {
		return nil
	}
	var err error
	if m.Melspectrogram, m.Embedding, err = store.OpenWakeWordChain(); err != nil {
		return fmt.Errorf("%s is a wake word of openWakeWord, before which two models of the catalog run: %w", filepath.Base(m.Path), err)
	}
	return nil
}

// manifestBeside is the manifest of a microWakeWord model in the model's folder; "": there is none.
func manifestBeside(path string) string {
	if beside := strings.TrimSuffix(path, ".tflite") + ".json"; path != "" && isFile(beside) {
		return beside
	}
	return ""
}

// checkSound reports contradictions in a pipeline: models that take what the source does not give, and keys and sinks of
// what no model takes.
func (s *layers) checkSound(p path, out Pipeline, all map[string]Model) {
	if out.Source == nil {
		return
	}
	about := out.Source.About()
	onlySound, onlyPictures := out.Sounds(), !out.Sounds() && !about.Sounding
	sees, hears := onlyPictures, onlySound
	for i, name := range out.Models {
		m, known := all[name]
		if !known || m.Task == "" {
			sees, hears = !onlySound, !onlyPictures // it may take either
			continue
		}
		at := s.item(p.to("models"), i)
		switch {
		case m.Listens() && onlyPictures:
			s.problem(at, key.CodeConflict, "%s takes sound (task %s), but the source is pictures: use microphone or sound", name, m.Task)
		case !m.Listens() && onlySound:
			s.problem(at, key.CodeConflict, "%s takes pictures (task %s), but the source is sound", name, m.Task)
		case m.Listens():
			hears = true
		default:
			sees = true
		}
	}
	if len(out.Models) == 0 { // which is reported
		sees, hears = !onlySound, !onlyPictures
	}
	why := "the source is sound"
	if !onlySound {
		why = "all models take sound"
	}
	if !hears && s.given(p, vadName) {
		if onlyPictures {
			s.problem(p.to(vadName), key.CodeConflict, "only applies to sound, but the source is pictures")
		} else {
			s.problem(p.to(vadName), key.CodeConflict, "only applies to sound, but no model takes sound")
		}
	}
	if sees {
		return
	}
	for _, k := range s.root.Child("pipelines").Keys {
		if k.Pictures && s.mentioned(p.to(k.Name), k) {
			s.problem(p.to(k.Name), key.CodeConflict, "only applies to pictures, but %s", why)
		}
	}
	for i, sink := range out.Sinks {
		if sink.About().Takes == part.Pictures {
			s.problem(p.to("sinks", index(i)), key.CodeConflict, "%s only applies to pictures, but %s", sink.About().Kind, why)
		}
	}
}

// mentioned reports whether a key, or one below it, is given.
func (s *layers) mentioned(p path, k *key.Key) bool {
	if s.layer(p) != nowhere {
		return true
	}
	return !k.IsLeaf() && slices.ContainsFunc(k.Keys, func(c *key.Key) bool { return s.mentioned(p.to(c.Name), c) })
}
