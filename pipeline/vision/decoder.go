package vision

import (
	"fmt"
	"slices"
	"strings"
)

// Decoder is a way to read the outputs of a detector. The key decoder: of the configuration, the flag --decoder and the
// catalog name it.
type Decoder struct {
	Name        string
	Description string // for help and documentation: the models that it is for
	// Fits says whether the outputs of a model are what the decoder reads, by their types and shapes.
	Fits func(ModelInfo) Fit
	// Input and Labels are those of the models' training, for what the settings and the model's metadata leave open.
	Input  InputOptions
	Labels []string
	// NMSThreshold is the usual intersection over union above which two boxes of one class are the same object; 0: the
	// model suppresses boxes itself.
	NMSThreshold float32
	// New makes the task for a model. The error says which outputs are wanted where the model's are not.
	New func(ModelInfo, Settings) (Task, error)
}

// Fit is how well a decoder fits a model.
type Fit int

const (
	NoFit    Fit = iota
	Possible     // the outputs have the shapes that it reads, as those of other models may: it has to be named
	Certain      // the graph ends in the decoder's own operator, or the file names its exporter: it need not be named
)

// decoders are all decoders, in the order in which they are tried and listed. A new one is a file of its own and a line
// here.
var decoders = []*Decoder{
	ssdPostprocess,
	ssdMobileNet,
	efficientDetLite,
	mediapipeFaceShortRange,
	mediapipeFaceBack,
	mediapipeFaceFullRange,
	mediapipePalm,
	yolov5,
	yolov5Pixels,
	yolov8,
	yolov8Pixels,
	yolov8Pose,
	yolov8PosePixels,
	yolov8OBB,
	yolov8OBBPixels,
	yoloEnd2End,
	yoloEnd2EndPixels,
	yoloEnd2EndPose,
	yoloEnd2EndPosePixels,
	yoloEnd2EndOBB,
	yoloEnd2EndOBBPixels,
	fomo,
	nanodet,
}

// Decoders are all decoders of detectors.
func Decoders() []*Decoder { return slices.Clone(decoders) }

// DecoderNames are the names of all decoders.
func DecoderNames() []string {
	names := make([]string, len(decoders))
	for i, d := range decoders {
		names[i] = d.Name
	}
	return names
}

// FindDecoder is the decoder of that name; nil: there is none.
func FindDecoder(name string) *Decoder {
	i := slices.IndexFunc(decoders, func(d *Decoder) bool { return d.Name == name })
	if i < 0 {
		return nil
	}
	return decoders[i]
}

// chooseDecoder is the decoder that is named, or the one that the graph leaves no doubt of.
func chooseDecoder(m ModelInfo, name string) (*Decoder, error) {
	if name != "" {
		if d := FindDecoder(name); d != nil {
			return d, nil
		}
		return nil, fmt.Errorf("unknown decoder %q (want one of %s)", name, strings.Join(DecoderNames(), ", "))
	}
	var possible []*Decoder
	if err := m.Ultralytics.check(taskDetect); err != nil {
		return nil, err
	}
	for _, d := range decoders {
		switch d.Fits(m) {
		case Certain:
			return d, nil
		case Possible:
			possible = append(possible, d)
		}
	}
	return nil, fmt.Errorf("nothing says how to decode its outputs (%s); %s", list("output", m.Outputs), decoderHint(possible))
}

// decoderHint says which decoders could be meant, and how one is named.
func decoderHint(possible []*Decoder) string {
	say := func(name string) string {
		return fmt.Sprintf("--decoder %s on the command line, decoder: %[1]s in YAML", name)
	}
	var like []string
	for _, d := range possible {
		like = append(like, fmt.Sprintf("%s (%s)", d.Name, d.Description))
	}
	switch len(like) {
	case 0:
		return "no known decoder fits them (" + strings.Join(DecoderNames(), ", ") + "); if it is a classifier, use classify"
	case 1:
		return "they fit the decoder " + like[0] + ": " + say(possible[0].Name)
	}
	return "they fit the decoder " + strings.Join(like, " or ") + ": name the one that the model was exported for, for example " + say(possible[0].Name)
}
