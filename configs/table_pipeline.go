package configs

import (
	"corallite/internal/key"
	"corallite/internal/parts"
)

// pipelineKeys are the keys of a pipeline that can name these parts.
func pipelineKeys(all parts.Lists) []*key.Key {
	return []*key.Key{
		sourceKeys(all.Sources),
		vadKey,
		{
			Name: "models", Kind: key.KindStringList, Required: true, Example: "[faces]",
			Doc: "Names of models under `models`. Each runs on every picture.",
		},
		{
			Pictures: true, Name: "every", Kind: key.KindInteger, Min: key.Limit(1), Max: key.Limit(100000), Default: 1, Example: "5",
			Doc: "Process every Nth frame of the source.",
		},
		{
			Pictures: true, Name: "fps", Kind: key.KindNumber, Above: key.Limit(0), Max: key.Limit(1000), Example: "5", DefaultDoc: "no limit",
			Doc: "Maximum number of frames per second, by their capture times.",
		},
		{
			Pictures: true, Name: "region", Kind: key.KindNumberList, Lengths: []int{4}, Min: key.Limit(0), Max: key.Limit(1), Example: "[0, 0.5, 1, 1]", DefaultDoc: "the whole picture",
			Doc: "The part of the picture to process: left, top, right and bottom, from 0 to 1 of its width and height. Results are in pixels of that part.",
		},
		{
			Pictures: true, Name: "motion", Kind: key.KindGroup, Doc: "Runs the models only while the picture changes: each picture is compared with a background learned from the last 20 seconds. Noise and slow changes of the light do not count; a lamp that is switched on does, until it belongs to the background. It applies after `every`, `fps` and `region`. Skipped pictures are counted in the summary, in `motion`, and still shown in the preview. For videos, cameras and watched folders. `motion: {}` uses the defaults.",
			Keys: []*key.Key{
				{
					Name: "area", Kind: key.KindNumber, Above: key.Limit(0), Max: key.Limit(1), Default: 0.002, Example: "0.01",
					Doc: "The share of the picture that must differ from the background: 0.002 is a square of 43 pixels in 1280x720.",
				},
				{
					Name: "threshold", Kind: key.KindNumber, Above: key.Limit(0), Max: key.Limit(10000), Default: 16.0, Example: "30",
					Doc: "How much a pixel must differ: its squared distance from the background, in variances of the background (OpenCV's `varThreshold`). Higher where leaves and water move.",
				},
				{
					Name: "hold", Kind: key.KindNumber, Min: key.Limit(0), Max: key.Limit(3600), Default: 2.0, Example: "5",
					Doc: "Seconds for which the models continue after the last change.",
				},
				{
					Name: "width", Kind: key.KindInteger, Min: key.Limit(16), Max: key.Limit(4096), Default: 320, Example: "640",
					Doc: "The width in pixels to which pictures are reduced for the comparison: more detects smaller changes and takes longer.",
				},
				{
					Name: "warm_up", Kind: key.KindNumber, Min: key.Limit(0), Max: key.Limit(3600), Default: 1.0, Example: "3",
					Doc: "Seconds at the start in which the models run on every picture, because the background is not known yet.",
				},
			},
		},
		{
			Pictures: true, Name: "secondary", FormerNames: []string{"second"}, Kind: key.KindGroup, Doc: "A secondary classifier: a model that classifies each object that a detector of the pipeline finds (`classes` of a detection).",
			Keys: []*key.Key{
				{
					Name: "model", Kind: key.KindString, Example: "names",
					Doc: "The name of a model for `classify`, or for `embed` with a gallery.",
				},
				{
					Name: "after", Kind: key.KindString, Example: "faces", DefaultDoc: "the pipeline's only detector",
					Doc: "The name of the detector.",
				},
				{
					Name: "labels", Kind: key.KindStringList, Example: "[person]", DefaultDoc: "all",
					Doc: "Only classify objects with these labels.",
				},
				{
					Name: "margin", Kind: key.KindNumber, Min: key.Limit(0), Max: key.Limit(10), Default: 0.0, Example: "0.1",
					Doc: "The margin added to each side of a box, relative to its width and height.",
				},
				{
					Name: "square", Kind: key.KindBoolean, Default: true, Example: "false",
					Doc: "Whether to extend the box to a square.",
				},
				{
					Name: "max_boxes", Kind: key.KindInteger, Min: key.Limit(0), Max: key.Limit(1000), Default: 0, Example: "5",
					Doc: "Maximum number of objects per picture, those with the highest scores. 0: all.",
				},
			},
		},
		{
			Name: "priority", Kind: key.KindInteger, Min: key.Limit(-100), Max: key.Limit(100), Default: 0, Example: "10",
			Doc: "On a shared Edge TPU, pipelines with a higher number go first; equal ones share it evenly. None starves.",
		},
		{
			Name: "sinks", Kind: key.KindVariants, Required: true, Keys: sinkKeys(all.Sinks),
			Doc: "Where results go: a list of sinks, each with its keys. No two may write to the same file or folder.",
		},
	}
}
