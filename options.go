package corallite

import (
	"cmp"
	"log/slog"
	"maps"

	"corallite/configs"
)

// The tasks of models.
const (
	Detect   = configs.TaskDetect   // objects and their boxes
	Classify = configs.TaskClassify // what a whole picture shows
	Segment  = configs.TaskSegment  // what each part of a picture belongs to
	Pose     = configs.TaskPose     // people's key points
	Embed    = configs.TaskEmbed    // a picture as a vector
	Keyword  = configs.TaskKeyword  // words in sound
	Wakeword = configs.TaskWakeword // the word that wakes a device
)

// Options say how a model is run. Zero values leave it to the catalog, and to the defaults of the task.
type Options struct {
	// Task must be given for a file that the catalog does not know, unless a microWakeWord manifest lies beside it.
	Task string

	Labels     []string // in the order of the model's classes
	LabelsFile string   // instead of Labels

	// Delegate is what runs the model, "auto", "edgetpu", "xnnpack", "none", "plugin:" and the path
	// of an external delegate, or several with commas, of which the first that works is taken; "": auto.
	Delegate        string
	DelegateOptions map[string]string // of the external delegates in Delegate

	Device  string // which Edge TPU: "usb", "pci", ":0", "usb:2-1"; "": any
	Threads int    // CPU threads of an engine, at least 1; 0: chosen
	Engines int    // copies of the model that run side by side, which share its weights; 0: one

	ScoreThreshold float64  // what has a lower score is left out; below 0: nothing is
	MaxResults     int      // the best so many; below 0: all
	Allow, Deny    []string // labels that are reported only, and that are not

	Activation    string    // what makes scores of the values: "none", "sigmoid" or "softmax"
	Landmarks     string    // Detect, Pose: the file of the second model of two, as MediaPipe's hands and poses have; "": the catalog's
	Decoder       string    // how the outputs of a detector are read: "ssd_postprocess", "yolov8" and so on
	Signature     string    // the key of the signature that is run; "": the main graph
	Output        string    // the name of the output that is read, of a model with several; "": the only one
	Mean, Std     []float64 // of pixel values from 0 to 255, one number or one each for red, green and blue
	Width, Height int       // in pixels, of a model that takes pictures of any size

	Tiles    map[string]any // Detect: how pictures are cut into tiles, by the keys of tiles in YAML, of which none need be given; nil: they are not
	Gallery  string         // Embed: a folder with a folder of pictures for each label, whose labels pictures get (Classify)
	Features map[string]any // Keyword: what the model takes of sound, by the keys of features in YAML

	// Settings are other keys of models as YAML has them, with a single value or a list each: "min_share": 0.05.
	Settings map[string]any

	Logger *slog.Logger // nil: slog.Default()
}

func (o Options) spec(ref string) (configs.ModelSpec, error) {
	runs, err := configs.ParseDelegate(o.Delegate, o.DelegateOptions)
	if err != nil {
		return configs.ModelSpec{}, err
	}
	s := configs.ModelSpec{
		Ref: ref, Task: o.Task, Labels: o.Labels, LabelsFile: o.LabelsFile, Delegate: runs, Features: o.Features, Tiles: o.Tiles,
		Values: map[string]any{"engines": cmp.Or(o.Engines, 1)},
	}
	set(s.Values, "device", o.Device)
	set(s.Values, "threads", o.Threads)
	set(s.Values, "activation", o.Activation)
	set(s.Values, "decoder", o.Decoder)
	set(s.Values, "signature", o.Signature)
	set(s.Values, "output", o.Output)
	set(s.Values, "width", o.Width)
	set(s.Values, "height", o.Height)
	set(s.Values, "landmarks", o.Landmarks)
	set(s.Values, "gallery", o.Gallery)
	setList(s.Values, "category_allowlist", o.Allow)
	setList(s.Values, "category_denylist", o.Deny)
	setList(s.Values, "mean", o.Mean)
	setList(s.Values, "std", o.Std)
	if o.ScoreThreshold != 0 {
		s.Values["score_threshold"] = max(o.ScoreThreshold, 0)
	}
	if o.MaxResults != 0 {
		s.Values["max_results"] = max(o.MaxResults, 0)
	}
	maps.Copy(s.Values, o.Settings)
	return s, nil
}

// set sets a value that is given.
func set[T comparable](values map[string]any, key string, v T) {
	if v != *new(T) {
		values[key] = v
	}
}

// setList sets a list that is given.
func setList[T any](values map[string]any, key string, v []T) {
	if len(v) > 0 {
		values[key] = v
	}
}
