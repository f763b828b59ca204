package score

import "corallite/internal/key"

// Settings are what a configuration, a command line or the catalog say of a model's results. What they leave open comes
// from the model's file or its task.
type Settings struct {
	Labels []string // in the order of the model's classes; empty: none are known

	Activation     Activation
	Sensitivity    float64 // of a sigmoid; 0: 1
	ScoreThreshold float64
	MaxResults     int // 0: all
	Allow, Deny    []string
	LabelOffset    *int   // nil: the task finds it
	Output         string // the name of the output that is read; "": the only one
}

// Keys describes the keys of the settings, except labels, which are found and read by what reads the configuration.
func (s *Settings) Keys() key.Table {
	return key.Table{
		key.String(&s.Activation, "activation").Choices(Activations()...).Example("softmax").
			Flag("activation that turns the model's outputs into scores: none, sigmoid or softmax (default: the catalog's; otherwise none, if they are scores)", "detect", "classify", "keyword").
			DefaultDoc("the catalog's; otherwise none, but values that are not scores are refused if there is a threshold").
			Doc("The function that turns the model's values into scores from 0 to 1, for models exported without it: `softmax` if exactly one class is right, `sigmoid` if several can be (BirdNET, YOLO without it), `none` to use the values as they are. For `classify`, `keyword`, YOLO heads and masks of one channel. Without it, `classify` applies the score calibration of the model's metadata, if there is one."),
		key.Number(&s.Sensitivity, "sensitivity").Above(0).Max(10).DefaultDoc("1").Example("1.25").
			Doc("With `activation: sigmoid`: the steepness of the sigmoid, as in BirdNET's programs."),
		key.Number(&s.ScoreThreshold, "score_threshold").Min(0).Max(1).ShowZero().Example("0.6").
			Flag("minimum score (default: the model's own; otherwise detect and words 0.5, pose 0.3, embed the catalog's, classify 0)").
			DefaultDoc("the catalog's; otherwise that of the model's metadata; otherwise 0.5 for `detect`, 0.3 for `pose`, the manifest's or 0.5 for `keyword` and `wakeword` (written 0), otherwise 0").
			Doc("Minimum score of a result. For `embed` the score is the cosine similarity to the nearest picture of the gallery; a model with a `gallery` that is not in the catalog needs a threshold, which `corallite embed --calibrate` measures."),
		key.Int(&s.MaxResults, "max_results").Min(0).
			Flag("maximum number of results (0 = all; default: classify 5, embed 1, otherwise all)", "detect", "classify", "segment", "pose", "embed").
			ShowZero().DefaultDoc("5 for `classify`, 1 for `embed`, otherwise 0").Example("10").
			Doc("Maximum number of results per picture, those with the highest scores. 0: all."),
		key.Strings(&s.Allow, "category_allowlist").Example("[person, cat]").
			Doc("Only results with these labels. Not together with `category_denylist`."),
		key.Strings(&s.Deny, "category_denylist").Excludes("category_allowlist").Example("[toaster]").
			Doc("No results with these labels. Not together with `category_allowlist`."),
		key.Optional(&s.LabelOffset, "label_offset").Min(-1).Max(1000).DefaultDoc("1 for detectors whose labels begin with a background line, otherwise 0").Example("1").
			Doc("Number of lines in the label file before the label of class 0; -1 if class 0 has no line."),
		key.String(&s.Output, "output").Flag("name of the output to read if the model has several (default: the only one)").
			DefaultDoc("the only output").Example("scores").
			Doc("For `classify`, `segment`, `embed`, `keyword` and YOLO decoders, if the model has several outputs: the name of the one to use."),
	}
}
