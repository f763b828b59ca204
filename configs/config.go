package configs

import (
	"fmt"
	"slices"

	"corallite/internal/key"
	"corallite/internal/parts"
	"corallite/models"
)

// Config is what all files, the environment and --set say together, with defaults filled in and files found.
type Config struct {
	Models    map[string]Model    `yaml:"models"`
	Pipelines map[string]Pipeline `yaml:"pipelines"`
	EdgeTPU   EdgeTPU             `yaml:"edgetpu"`
	Log       Log                 `yaml:"log"`

	order []string
}

// PipelineNames are the names of the pipelines in the order of the files.
func (c *Config) PipelineNames() []string { return slices.Clone(c.order) }

// Model is a model that pipelines use. docs/configuration.md says what each key means.
type Model struct {
	Path     string   `yaml:"path"`     // of the file that was found
	EdgeTPU  string   `yaml:"edgetpu"`  // of the compiled model when one was named; "": look beside Path
	Segments []string `yaml:"segments"` // of the compiled model in parts, in order, instead
	Task     string   `yaml:"task"`     // TaskDetect …

	Labels     []string `yaml:"-"` // in the order of the label file; empty: none
	LabelsFile string   `yaml:"-"` // where Labels are from; "" when they stood in the YAML or the catalog

	Delegate Delegates `yaml:"delegate"`
	Device   string    `yaml:"device"`
	Threads  int       `yaml:"threads"`  // 0: choose
	Engines  int       `yaml:"engines"`  // 0: choose
	Isolate  *bool     `yaml:"isolate"`  // nil: on an Edge TPU
	Deadline float64   `yaml:"deadline"` // seconds; 0: from the time that runs take

	Activation        string   `yaml:"activation"`  // none, sigmoid or softmax; "": nobody says
	Sensitivity       float64  `yaml:"sensitivity"` // of a sigmoid; 0: 1
	ScoreThreshold    float64  `yaml:"score_threshold"`
	MaxResults        int      `yaml:"max_results"` // 0: all
	CategoryAllowlist []string `yaml:"category_allowlist"`
	CategoryDenylist  []string `yaml:"category_denylist"`
	LabelOffset       *int     `yaml:"label_offset"` // nil: 1 for detectors whose labels begin with a background line, else 0

	Width        int       `yaml:"width"`  // pixels of a model that takes pictures of any size; 0: it has a size
	Height       int       `yaml:"height"` // as Width
	Resize       string    `yaml:"resize"` // stretch, letterbox or crop
	Mean         []float64 `yaml:"mean"`   // 1 or 3 numbers, as Std; empty: as the model's quantization says
	Std          []float64 `yaml:"std"`
	NMSThreshold float64   `yaml:"nms_threshold"`
	Decoder      string    `yaml:"decoder"`   // one of vision.DecoderNames; "": as the graph tells
	Output       string    `yaml:"output"`    // the name of the one to read; "": the only one
	Signature    string    `yaml:"signature"` // the key of the one that is run; "": the main graph
	Track        bool      `yaml:"track"`     // detect: objects are followed

	KeypointThreshold float64 `yaml:"keypoint_threshold"` // pose
	MinShare          float64 `yaml:"min_share"`          // segment
	Gallery           string  `yaml:"gallery"`            // embed: a folder; "": none
	Vector            *bool   `yaml:"vector"`             // embed; nil: without a gallery

	Hearing `yaml:",squash"` // for tasks on sound

	// What the catalog knows and the YAML cannot say.
	Catalog string `yaml:"-"` // the model's name in the catalog; "" when it is not known there
	Subject string `yaml:"-"` // embed: what it was trained to tell apart, one of models.Subjects; "": not known
}

// Pipeline is a source, the models that look at its pictures, and the sinks that take what they find.
type Pipeline struct {
	Source    Source     `yaml:"-"`
	Models    []string   `yaml:"models,flow"`     // at least one, all of them in Config.Models
	Every     int        `yaml:"every,omitempty"` // each so many-th frame
	FPS       float64    `yaml:"fps,omitempty"`
	Region    []float64  `yaml:"region,flow,omitempty"` // left, top, right, bottom, 0 to 1; empty: all
	Motion    *Motion    `yaml:"motion,omitempty"`      // nil: models run whether something moves or not
	Secondary *Secondary `yaml:"secondary,omitempty"`   // nil: none
	VAD       bool       `yaml:"vad,omitempty"`         // sound: models run only while there is a voice
	Priority  int        `yaml:"priority"`              // of its runs where a device is shared; higher goes first
	Sinks     []Sink     `yaml:"-"`                     // at least one
}

// EdgeTPU is the runtime of the Edge TPU.
type EdgeTPU struct {
	Library     string   `yaml:"library"`            // path of libedgetpu; "": its usual names
	Performance string   `yaml:"performance"`        // low, medium, high or max; "": libedgetpu's
	Env         []string `yaml:"env,omitempty,flow"` // names of environment variables that its processes get too
	Heat        string   `yaml:"heat"`               // throttle, cpu or off
}

// Log is what is logged.
type Log struct {
	Level  string `yaml:"level"`  // debug, info, warn or error
	Format string `yaml:"format"` // text or json
}

// LoadOptions says what Load reads beside the files.
type LoadOptions struct {
	// Set are the values of --set: KEY=VALUE, with KEY a path with dots.
	Set []string

	// Models finds models by name and knows how known files are to be used; nil: the store that the environment says.
	Models *models.Store

	// Parts are what the files can name; nil: all of the program's.
	Parts *parts.Lists

	// ReadLabels reads a label file. Without it label files must be there, but are not read, and allow and deny lists
	// are not compared with them.
	ReadLabels func(path string) ([]string, error)
}

// Load reads configuration files as one configuration, with the environment and then --set over them, and checks all
// of it: keys, types, ranges, names, and that the files named are there. The error is Problems, with everything that is
// wrong.
func Load(files []string, o LoadOptions) (*Config, error) {
	if o.Models == nil {
		store, err := models.Open(models.Options{})
		if err != nil {
			return nil, err
		}
		o.Models = store
	}
	all := parts.All()
	if o.Parts != nil {
		all = *o.Parts
	}
	s := newLayers(o.Models, all)
	if len(files) == 0 {
		s.report(origin{}, nil, key.CodeInvalid, "no configuration file given")
	} else {
		s.first = files[0]
	}
	read := 0
	for i, file := range files {
		if slices.Contains(files[:i], file) {
			s.report(origin{file: file}, nil, key.CodeDuplicate, "is given twice")
			continue
		}
		doc, problems := readFile(file)
		s.problems = append(s.problems, problems...)
		if doc != nil {
			s.addFile(file, doc)
			read++
		}
	}
	s.setDefaults()
	// With a file that could not be read, what it may have defined would be called missing.
	whole := read == len(files) && read > 0
	if whole {
		s.addEnv()
		for _, arg := range o.Set {
			s.addSet(arg)
		}
	}
	cfg := s.config(o, whole)
	if len(s.problems) > 0 {
		s.problems.sort(files)
		return nil, s.problems
	}
	return cfg, nil
}

// config makes the typed configuration. When not all files could be read, only what stands by itself is looked at.
func (s *layers) config(o LoadOptions, whole bool) *Config {
	cfg := &Config{Models: map[string]Model{}, Pipelines: map[string]Pipeline{}}
	for _, d := range s.models {
		cfg.Models[d.name] = s.model(d, o)
	}
	for _, d := range s.pipelines {
		cfg.Pipelines[d.name] = s.pipeline(d, whole)
		cfg.order = append(cfg.order, d.name)
		s.checkSound(path{"pipelines", d.name}, cfg.Pipelines[d.name], cfg.Models)
	}
	if whole && len(s.pipelines) == 0 && !s.bad[""] && !s.bad["pipelines"] && s.layer(path{"pipelines"}) == nowhere {
		s.report(origin{file: s.first}, nil, key.CodeMissingKey, "nothing to run: pipelines is missing")
	}
	s.sameOutputs(cfg)
	s.checkSinks(cfg, whole)
	for name, to := range map[string]*string{
		"library": &cfg.EdgeTPU.Library, "performance": &cfg.EdgeTPU.Performance, "heat": &cfg.EdgeTPU.Heat,
	} {
		*to, _ = s.get(path{"edgetpu", name}).(string)
	}
	cfg.EdgeTPU.Env, _ = s.get(path{"edgetpu", "env"}).([]string)
	cfg.Log.Level, _ = s.get(path{"log", "level"}).(string)
	cfg.Log.Format, _ = s.get(path{"log", "format"}).(string)
	return cfg
}

// require reports a key that must be given and was not. It says whether the key is there and of use.
func (s *layers) require(p path, k *key.Key) bool {
	switch {
	case s.bad[p.folded()]:
		return false
	case s.layer(p) == nowhere:
		s.report(s.where(p), p, key.CodeMissingKey, fmt.Sprintf("required key is missing: expected %s", k.Expects()))
		return false
	}
	return true
}

// One is the configuration of one pipeline, for commands and programs that have no file.
func One(name string, p Pipeline, models map[string]Model) *Config {
	return &Config{Models: models, Pipelines: map[string]Pipeline{name: p}, order: []string{name}, EdgeTPU: EdgeTPU{Heat: "throttle"}, Log: Log{Level: "info"}}
}
