package audio

import "corallite/internal/key"

// The tasks on sound, by which keys say what they are for.
const (
	taskKeyword  = "keyword"
	taskWakeword = "wakeword"
)

// Settings are a model's additional settings for sound. Nil or empty: the default of the model's kind.
type Settings struct {
	Manifest       string // of a microWakeWord model: the file that was found
	Melspectrogram string // of an openWakeWord chain, with Embedding: the files that were found
	Embedding      string
	Features       Features           // keyword
	Step           float64            // keyword: seconds; 0: automatic
	Smoothing      float64            // keyword: seconds
	Refractory     *float64           // seconds; nil: the default of the kind
	Patience       int                // of an openWakeWord chain: number of scores in a row; 0: 1
	Thresholds     map[string]float64 // keyword: by label
	Groups         []SoundGroup       // keyword
}

// SoundGroup makes one label of several of a model for sound.
type SoundGroup struct {
	Name       string
	Labels     []string
	Threshold  float64  // 0: the model's
	Refractory *float64 // seconds; nil: the model's
}

// Called is where the group's name is.
func (g *SoundGroup) Called() *string { return &g.Name }

// Keys describes the keys of a group.
func (g *SoundGroup) Keys() key.Table {
	return key.Table{
		key.Strings(&g.Labels, "labels").Required().Example("[Dog, Bark, Howl]").
			Doc("The model's labels that are this one: its score is the highest of theirs."),
		key.Number(&g.Threshold, "threshold").Above(0).Max(1).DefaultDoc("`score_threshold`").Example("0.4").
			Doc("The score that one of the labels must reach. `thresholds` of single labels come before it."),
		key.Optional(&g.Refractory, "refractory").Min(0).Max(600).DefaultDoc("the model's").Example("10").
			Doc("Seconds after it was reported in which it is not reported again."),
	}
}

// Keys describes the keys of models for sound.
func (s *Settings) Keys() key.Table {
	return key.Table{
		key.String(&s.Manifest, "manifest").Tasks(taskWakeword).DefaultDoc("`X.json` beside `X.tflite`, if it exists").Example("okay_nabu.json").
			Doc("For `wakeword`: the JSON file with the parameters of a microWakeWord model."),
		key.String(&s.Melspectrogram, "melspectrogram").Tasks(taskWakeword).Excludes("manifest").Needs("embedding").DefaultDoc("the catalog's").Example("melspectrogram.tflite").
			Doc("For `wakeword`: the first model of an openWakeWord chain, which turns sound into features. Needs `embedding`; models of a pipeline with the same two files share them."),
		key.String(&s.Embedding, "embedding").Tasks(taskWakeword).Needs("melspectrogram").DefaultDoc("the catalog's").Example("embedding_model.tflite").
			Doc("For `wakeword`: the second model of an openWakeWord chain. Needs `melspectrogram`."),
		key.Group(&s.Features, "features").Tasks(taskKeyword).
			Doc("For `keyword`: the front end that turns sound into the model's input. It must match the model's training, so that nothing is assumed: without these keys it comes from the catalog or the model's TensorFlow Lite Metadata, and a model without either is refused."),
		key.Number(&s.Step, "step").Tasks(taskKeyword).Above(0).Max(60).DefaultDoc("the catalog's; otherwise 0.1, with `waveform` half the model's window").Example("0.1").
			Doc("For `keyword`: seconds between runs of the model."),
		key.Number(&s.Smoothing, "smoothing").Tasks(taskKeyword).Min(0).Max(60).DefaultDoc("the catalog's; otherwise 0").Example("0.5").
			Doc("For `keyword`: seconds over which scores are averaged."),
		key.Optional(&s.Refractory, "refractory").Tasks(taskKeyword, taskWakeword).Min(0).Max(600).DefaultDoc("the catalog's; otherwise 1").Example("2").
			Doc("For `keyword` and `wakeword`: seconds after a word in which it is not reported again."),
		key.Int(&s.Patience, "patience").Tasks(taskWakeword).Min(1).Max(100).DefaultDoc("1").Example("3").
			Doc("For `wakeword` with an openWakeWord model: the number of consecutive scores, one every 80 ms, that must reach the threshold."),
		key.Scores(&s.Thresholds, "thresholds").Tasks(taskKeyword).DefaultDoc("`score_threshold` for all").Example("{yes: 0.6, no: 0.8}").
			Doc("For `keyword`: score thresholds of single labels, or of `groups`."),
		key.Groups(&s.Groups, "groups").Tasks(taskKeyword).Example("{dog: {labels: [Dog, Bark, Howl], threshold: 0.4, refractory: 10}}").
			Doc("For `keyword`: one label for several of the model, for those that tell many sounds apart, such as YAMNet: one event of `dog` and not three. With `category_allowlist: [dog]` only groups are reported. A group of one label gives it a refractory time of its own. Events by their life (`when` and `gone_after` of a sink) go by groups too."),
	}
}
