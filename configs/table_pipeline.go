package configs

import (
	"slices"

	"corallite/internal/key"
	"corallite/internal/parts"
	"corallite/internal/zone"
	"corallite/pipeline/camera"
	"corallite/pipeline/vision"
)

// Pipeline is a source, the models that run on its items, and the sinks that get the results.
type Pipeline struct {
	Source    Source
	Models    []string // at least one, all of them in Config.Models
	Every     int      // every Nth frame
	FPS       float64
	Region    []float64  // left, top, right, bottom, 0 to 1; empty: all
	Motion    *Motion    // nil: off
	Secondary *Secondary // nil: none
	Places    zone.Config
	VAD       bool   // sound: models run only while there is a voice
	Priority  int    // of its runs on a shared device; higher goes first
	Sinks     []Sink // at least one
}

// Motion lets models run only while the picture changes.
type Motion = camera.MotionOptions

// Keys describes the keys of a pipeline between its source and its sinks.
func (p *Pipeline) Keys() key.Table {
	return key.Table{
		key.Strings(&p.Models, "models").Required().Example("[faces]").
			Doc("Names of models under `models`. Each runs on every picture, or on the sound: a `video` and a `url` can give both, to models on either."),
		key.Int(&p.Every, "every").Min(1).Max(100000).Default(1).Example("5").PicturesOnly().
			Doc("Process every Nth frame of the source."),
		key.Number(&p.FPS, "fps").Above(0).Max(1000).DefaultDoc("no limit").Example("5").PicturesOnly().
			Doc("Maximum number of frames per second, by their capture times."),
		key.Numbers(&p.Region, "region").Lengths(4).Min(0).Max(1).DefaultDoc("the whole picture").Example("[0, 0.5, 1, 1]").PicturesOnly().
			Doc("The part of the picture to process: left, top, right and bottom, from 0 to 1 of its width and height. Results are in pixels of that part."),
		key.OptionalGroup(&p.Motion, "motion").PicturesOnly().
			Doc("Runs the models only while the picture changes: each picture is compared with a background learned from the last 20 seconds. Noise and slow changes of the light do not count; a lamp that is switched on does, until it belongs to the background. It applies after `every`, `fps` and `region`. Skipped pictures are counted in the summary, in `motion`, and still shown in the preview. For videos, cameras and watched folders. `motion: {}` uses the defaults."),
		key.OptionalGroup(&p.Secondary, "secondary").FormerNames("second").PicturesOnly().
			Doc("A secondary classifier: a model that classifies each object that a detector of the pipeline finds (`classes` of a detection)."),
		key.Bool(&p.VAD, vadName).FormerNames("voice_gate").Default(false).Example("true").
			Doc("A voice-activity detector: models run only while there is a voice, or something else that is louder than the background. Saves power; the summary says how much was held back."),
		key.Int(&p.Priority, "priority").Min(-100).Max(100).Default(0).ShowZero().Example("10").
			Doc("On a shared Edge TPU, pipelines with a higher number go first; equal ones share it evenly. None starves."),
	}.With(p.Places.Keys())
}

// vadName is the name of the key that only pipelines on sound have.
const vadName = "vad"

// Secondary is a model that classifies each object that a detector finds.
type Secondary struct {
	Model string // a name in Config.Models
	After string // the detector's name; "": the only one in the pipeline
	vision.SecondaryOptions
}

// Keys describes the keys of a secondary classifier.
func (c *Secondary) Keys() key.Table {
	return append(key.Table{
		key.String(&c.Model, "model").Example("names").
			Doc("The name of a model for `classify`, or for `embed` with a gallery."),
		key.String(&c.After, "after").ShowZero().DefaultDoc("the pipeline's only detector").Example("faces").
			Doc("The name of the detector."),
	}, c.SecondaryOptions.Keys()...)
}

// pipelineKeys are the keys of a pipeline that can use these parts.
func pipelineKeys(all parts.Lists) []*key.Key {
	return slices.Concat([]*key.Key{sourceKeys(all.Sources)}, new(Pipeline).Keys().Keys(), []*key.Key{{
		Name: "sinks", Kind: key.KindVariants, Required: true, Keys: sinkKeys(all.Sinks),
		Doc: "Where results go: a list of sinks, each with its keys. No two may write to the same file or folder.",
	}})
}
