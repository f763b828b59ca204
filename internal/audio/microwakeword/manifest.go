package microwakeword

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"corallite/internal/explain"
	"corallite/internal/regfile"
)

// Manifest is the JSON file that comes with a microWakeWord model, version 1 or 2 (esphome.io, component
// micro_wake_word). In version 1 the sliding window has another key, and feature_step_size is not given: its models were all
// trained with 20 ms, as ESPHome assumes too.
type Manifest struct {
	Path  string // of the manifest, for messages
	Model string // path of the .tflite file; in the manifest it is relative to the manifest's folder

	WakeWord  string // the phrase: "Okay Nabu"
	Author    string // may be empty, as may what follows
	Website   string
	Languages []string // trained_languages: "en"

	Cutoff        float32 // probability_cutoff: the mean probability that a wake word exceeds, above 0 and at most 1
	SlidingWindow int     // sliding_window_size, in version 1 sliding_window_average_size: number of probabilities in that mean, at least 1
	Step          int     // feature_step_size: the hop in milliseconds, from 1 to 30; usually 10
	Arena         int     // tensor_arena_size: bytes of memory on a microcontroller; 0: not given
	MinESPHome    string  // minimum_esphome_version
}

// ErrManifest is wrapped by errors of an invalid manifest.
var ErrManifest = errors.New("not a usable microWakeWord manifest")

// ReadManifest reads the manifest at path and checks it. The keys type, wake_word, model, micro.probability_cutoff,
// micro.sliding_window_size and micro.feature_step_size are required, in version 1 micro.sliding_window_average_size
// instead of the last two; unknown keys are ignored. The error has the path and
// every invalid key. The model file must exist; it is not read.
func ReadManifest(path string) (Manifest, error) {
	text, err := regfile.Read(path, 1<<20)
	if err != nil {
		return Manifest{}, fmt.Errorf("wake-word manifest: %w", err)
	}
	m, err := parseManifest(text)
	if err != nil {
		return Manifest{}, fmt.Errorf("%s: %w: %w", path, ErrManifest, err)
	}
	m.Path = path
	if !filepath.IsAbs(m.Model) {
		m.Model = filepath.Join(filepath.Dir(path), filepath.FromSlash(m.Model))
	}
	if about, err := os.Stat(m.Model); err != nil {
		return Manifest{}, fmt.Errorf("%s: %w: its key model names %s, which cannot be used: %w; put the model there, or change the key",
			path, ErrManifest, filepath.Base(m.Model), regfile.Cause(err))
	} else if !about.Mode().IsRegular() {
		return Manifest{}, fmt.Errorf("%s: %w: its key model names %s, which is not a file", path, ErrManifest, m.Model)
	}
	return m, nil
}

func parseManifest(text []byte) (Manifest, error) {
	var m Manifest
	var r object
	if err := json.Unmarshal(text, &r.keys); err != nil {
		return m, explain.JSON(text, err)
	}
	var kind string
	version := 2
	r.need("type", &kind)
	r.need("wake_word", &m.WakeWord)
	r.need("model", &m.Model)
	r.may("version", &version)
	r.may("author", &m.Author)
	r.may("website", &m.Website)
	r.may("trained_languages", &m.Languages)
	if r.has("type") && kind != "micro" {
		r.wrong("type is %q, want \"micro\"", kind)
	}
	if r.has("version") && version != 1 && version != 2 {
		r.wrong("version is %d, but only 1 and 2 are supported: ask the author of the model for a manifest of version 2", version)
	}
	r.filled("wake_word", m.WakeWord)
	r.filled("model", m.Model)
	in := object{prefix: "micro."}
	r.need("micro", &in.keys)
	if in.keys != nil {
		in.need("probability_cutoff", &m.Cutoff)
		window := "sliding_window_size"
		if version == 1 {
			window, m.Step = "sliding_window_average_size", stepOfVersion1
		} else {
			in.need("feature_step_size", &m.Step)
		}
		in.need(window, &m.SlidingWindow)
		in.may("tensor_arena_size", &m.Arena)
		in.may("minimum_esphome_version", &m.MinESPHome)
		in.check(m, window)
	}
	return m, errors.Join(errors.Join(r.errs...), errors.Join(in.errs...))
}

// maxSlidingWindow is far above real values and limits the memory: 10 s of probabilities.
const maxSlidingWindow = 333

// stepOfVersion1 is the hop, in milliseconds, of all models with a manifest of version 1.
const stepOfVersion1 = 20

// check validates the values of the keys that are present; window is the name of that of the sliding window.
func (o *object) check(m Manifest, window string) {
	if o.has("probability_cutoff") && !(m.Cutoff > 0 && m.Cutoff <= 1) {
		o.wrong("micro.probability_cutoff is %g, want more than 0 and at most 1", m.Cutoff)
	}
	if o.has(window) && (m.SlidingWindow < 1 || m.SlidingWindow > maxSlidingWindow) {
		o.wrong("micro.%s is %d, want 1 to %d", window, m.SlidingWindow, maxSlidingWindow)
	}
	if longest := 1000 * Window / Rate; o.has("feature_step_size") && (m.Step < 1 || m.Step > longest) {
		o.wrong("micro.feature_step_size is %d, want 1 to %d milliseconds", m.Step, longest)
	}
}

// object is a JSON object.
type object struct {
	keys   map[string]json.RawMessage
	prefix string // of its keys in messages
	bad    map[string]bool
	errs   []error
}

func (o *object) wrong(format string, args ...any) {
	o.errs = append(o.errs, fmt.Errorf(format, args...))
}

// has reports whether the key is present and was read.
func (o *object) has(key string) bool {
	_, ok := o.keys[key]
	return ok && !o.bad[key]
}

// filled rejects an empty key.
func (o *object) filled(key, text string) {
	if o.has(key) && strings.TrimSpace(text) == "" {
		o.wrong("the key %s%s is empty", o.prefix, key)
	}
}

// need reads a required key.
func (o *object) need(key string, to any) {
	if _, ok := o.keys[key]; !ok {
		o.wrong("the key %s%s is missing", o.prefix, key)
		return
	}
	o.may(key, to)
}

// may reads an optional key.
func (o *object) may(key string, to any) {
	raw, ok := o.keys[key]
	if !ok {
		return
	}
	err := json.Unmarshal(raw, to)
	if err == nil && string(raw) != "null" {
		return
	}
	if o.bad == nil {
		o.bad = make(map[string]bool)
	}
	o.bad[key] = true
	o.wrong("the key %s%s is %.40s, want %s", o.prefix, key, raw, wanted(to))
}

// wanted names the type of a key.
func wanted(to any) string {
	switch to.(type) {
	case *string:
		return "a string"
	case *int:
		return "a whole number"
	case *float32:
		return "a number"
	case *[]string:
		return "a list of strings"
	default:
		return "an object"
	}
}
