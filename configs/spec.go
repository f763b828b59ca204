package configs

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"corallite/internal/key"
	"corallite/models"
	"corallite/pipeline/vision"
)

// ModelSpec is a model as requested by a command line or a program: by name or path, with changes to the settings of
// the catalog and the defaults of the task. Zero values change nothing.
type ModelSpec struct {
	Ref  string // a catalog name, or the path of a .tflite file
	Task string // TaskDetect …; "": the catalog's, or wakeword for a file with a manifest beside it or of openWakeWord's shape, or FileTask

	FileTask string // the task of a file about which nothing else is known; "": none

	LabelsFile string
	Labels     []string // instead of LabelsFile
	Delegate   DelegateChoice
	Features   map[string]any // keyword, by key, as parsed by the keys' flags (FlagOf)

	// Values are those of other keys of a model with a single value or a list, as their flags give them (Flag.Parse):
	// "score_threshold": 0.6.
	Values map[string]any

	Tiles map[string]any // detect: how pictures are cut into tiles, by key, as parsed by the keys' flags; nil: they are not

	NoThreshold bool // embed: a gallery without a known threshold is no error, because nothing is labelled by it
}

// SpecError is an error about a field of a ModelSpec.
type SpecError struct {
	Key string // of the configuration: "labels"
	Err error
}

func (e *SpecError) Error() string { return e.Key + ": " + e.Err.Error() }
func (e *SpecError) Unwrap() error { return e.Err }

// Find makes the model: its files, its labels and its settings. The name is the catalog's, or the file's name without
// its extension. The errors are those of Store.Find, of reading the labels, and *SpecError.
func (c ModelSpec) Find(store *models.Store, readLabels func(path string) ([]string, error)) (name string, m Model, err error) {
	found, err := store.Find(c.Ref)
	if err != nil {
		return "", m, err
	}
	sound := len(c.Features) > 0
	if found.Manifest == "" && found.Melspectrogram == "" && !(sound && found.Entry == nil) {
		found.Manifest = manifestBeside(found.Model)
	}
	task := c.Task
	if task == "" && found.Entry == nil {
		switch {
		case found.Manifest != "":
			task = TaskWakeword
		case sound:
			task = TaskKeyword
		case (c.FileTask == "" || Listens(c.FileTask)) && models.WakeWordKindOf(found.Model) != "":
			task = TaskWakeword
		default:
			task = c.FileTask
		}
	}
	if e := found.Entry; e != nil && task != "" && Listens(e.Task) != Listens(task) {
		medium := "pictures"
		if Listens(e.Task) {
			medium = "sound"
		}
		m.Task = e.Task
		return "", m, &SpecError{"task", fmt.Errorf("%s is a model for %s, which is for %s", e.Name, e.Task, medium)}
	}
	m = newModel(task, found)
	m.Delegate = c.Delegate
	if m.Task == TaskWakeword {
		if err := m.useWakewordFiles(found, store); err != nil {
			return "", m, err
		}
	}
	if err := c.setValues(&m); err != nil {
		return "", m, err
	}
	if err := c.setTiles(&m); err != nil {
		return "", m, err
	}
	if _, given := c.Values["score_threshold"]; !given && !c.NoThreshold {
		if err := m.CheckThreshold(); err != nil {
			return "", m, &SpecError{"score_threshold", err}
		}
	}
	if err := c.setLabels(&m, readLabels); err != nil {
		return "", m, err
	}
	name = strings.TrimSuffix(filepath.Base(found.Model), ".tflite")
	if found.Entry != nil {
		name = found.Entry.Name
	}
	if err := c.setSound(&m, name); err != nil {
		return name, m, err
	}
	return name, m, m.checkLimits()
}

// setValues sets the keys of Values.
func (c ModelSpec) setValues(m *Model) error {
	names := slices.Sorted(maps.Keys(c.Values))
	slices.SortStableFunc(names, func(a, b string) int { // which others get defaults from
		switch "decoder" {
		case a:
			return -1
		case b:
			return 1
		}
		return 0
	})
	for _, name := range names {
		keys := m.Keys()
		f := keys.Field(name)
		if f == nil {
			_, message := unknownKey(name, &key.Key{Kind: key.KindGroup, Keys: keys.Keys()})
			return &SpecError{name, errors.New(message)}
		}
		switch k := f.Key(); {
		case !k.IsLeaf() || slices.Contains([]string{"path", "task", "labels", "delegate"}, name):
			return &SpecError{name, errors.New("it is not among those that are given by their values")}
		case m.Task != "" && k.Tasks != nil && !slices.Contains(k.Tasks, m.Task):
			return &SpecError{name, fmt.Errorf("only applies to task: %s", joinWords(k.Tasks))}
		default:
			if wrong := together(k, func(other string) bool { _, given := c.Values[other]; return given }); wrong != nil {
				return &SpecError{name, wrong[0]}
			}
		}
		if below, err := setValue(f, c.Values[name]); below != "" {
			return &SpecError{name, fmt.Errorf("%s: %w", below, err)}
		} else if err != nil {
			return &SpecError{name, err}
		}
		switch {
		case name == "decoder":
			m.SetDecoder(m.Decoder)
		case name == "landmarks" && !isFile(m.Landmarks):
			return &SpecError{name, fmt.Errorf("%s: no such file", m.Landmarks)}
		case name == "landmarks" && m.Catalog == "":
			m.Resize = usualResize(*m)
		}
	}
	return nil
}

// checkLimits checks the model against the limits of its keys, which so far only files and flags were checked against.
func (m *Model) checkLimits() error {
	var wrong *key.InvalidError
	if err := m.Keys().Check(); errors.As(err, &wrong) {
		return &SpecError{wrong.Key, unfit(wrong)}
	}
	return nil
}

// setTiles sets how pictures are cut into tiles.
func (c ModelSpec) setTiles(m *Model) error {
	if c.Tiles == nil {
		return nil
	}
	if m.Task != TaskDetect {
		return &SpecError{"tiles", fmt.Errorf("tiles are for models for %s, and this is one for %s", TaskDetect, m.Task)}
	}
	m.Tiles = key.New[vision.TileOptions]()
	err := setValues(m.Tiles.Keys(), c.Tiles)
	if err == nil {
		err = m.Tiles.Validate()
	}
	if err != nil {
		return &SpecError{"tiles", err}
	}
	return nil
}

// setLabels sets the requested labels, else the catalog's.
func (c ModelSpec) setLabels(m *Model, read func(path string) ([]string, error)) (err error) {
	if len(c.Labels) > 0 {
		m.Labels, m.LabelsFile = c.Labels, ""
		return nil
	}
	if c.LabelsFile != "" {
		m.LabelsFile = c.LabelsFile
	}
	if m.LabelsFile == "" {
		return nil
	}
	m.Labels, err = read(m.LabelsFile)
	if c.LabelsFile != "" && errors.Is(err, fs.ErrNotExist) {
		return &SpecError{"labels", fmt.Errorf("%s: no such file", c.LabelsFile)}
	}
	return err
}

// setSound sets the features of a model for sound, and reports missing files of a wake word.
func (c ModelSpec) setSound(m *Model, name string) error {
	sound := len(c.Features) > 0
	switch {
	case m.Task == TaskWakeword && m.Manifest == "" && m.Melspectrogram == "":
		return &SpecError{"manifest", fmt.Errorf("a wake word needs more than the model: put its manifest beside it, name it as the catalog does (%s), or name melspectrogram and embedding in a configuration", name)}
	case m.Task == TaskWakeword && sound:
		return &SpecError{"path", errors.New("it is a wake word, whose features are always the same: leave out features")}
	case sound:
		if err := m.SetFeatures(c.Features); err != nil {
			return &SpecError{"features", err}
		}
	}
	return nil
}
