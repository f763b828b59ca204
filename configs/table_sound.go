package configs

import (
	"corallite/internal/key"
	"corallite/models"
)

// soundModelKeys are the keys of models that listen.
var soundModelKeys = []*key.Key{
	{
		Name: "manifest", Kind: key.KindString, Example: "okay_nabu.json", DefaultDoc: "`X.json` beside `X.tflite`, when it is there",
		Doc: "For `wakeword`: the JSON file with the parameters of a microWakeWord model.",
	},
	{
		Name: "melspectrogram", Kind: key.KindString, Excludes: []string{"manifest"}, Needs: []string{"embedding"}, Example: "melspectrogram.tflite", DefaultDoc: "the catalog's",
		Doc: "For `wakeword`: the first model of an openWakeWord chain, which turns sound into features. Needs `embedding`; models of a pipeline with the same two share them.",
	},
	{
		Name: "embedding", Kind: key.KindString, Needs: []string{"melspectrogram"}, Example: "embedding_model.tflite", DefaultDoc: "the catalog's",
		Doc: "For `wakeword`: the second model of an openWakeWord chain. Needs `melspectrogram`.",
	},
	{Name: "features", Kind: key.KindGroup, Doc: "For `keyword`: how sound becomes the model's input. It must be as the model was trained, so nothing of it is assumed: without these keys it is what the catalog or the model's own metadata (TensorFlow Lite Metadata) say, and a model of which nobody says it is refused.", Keys: []*key.Key{
		{
			Name: "kind", Kind: key.KindString, Choices: models.FeatureKinds(), DefaultDoc: "the catalog's; else `waveform` where the metadata or the model's own Fourier transform say so", Example: "logmel",
			Doc: "`logmel`: rows of logarithms of the energy in bands of the mel scale; needs the keys `rate` to `spectrum` but `fft`, and `floor` or `offset`. `coral`: the same as Coral's project-keyword-spotter has it, with nothing more to say. `micro`: rows of the audio front end of TensorFlow Lite Micro, 40 values each, as micro_speech was trained with. `waveform`: the samples themselves, from -1 to 1; has `rate` only.",
		},
		{Name: "rate", Kind: key.KindInteger, Min: key.Limit(1000), Max: key.Limit(192000), DefaultDoc: "the catalog's or the metadata's; 16000 with `micro`, which has no other", Example: "8000", Doc: "Samples a second. Sound is brought to it."},
		{Name: "window_ms", Kind: key.KindNumber, Above: key.Limit(0), Max: key.Limit(1000), DefaultDoc: "the catalog's; 30 with `micro`, which has no other", Example: "32", Doc: "How much sound a row is made of, in milliseconds."},
		{Name: "hop_ms", Kind: key.KindNumber, Above: key.Limit(0), Max: key.Limit(1000), DefaultDoc: "the catalog's; 20 with `micro`, as micro_speech has it", Example: "20", Doc: "From one row to the next, in milliseconds. With `micro` from 10 to 30."},
		{Name: "fft", Kind: key.KindInteger, Min: key.Limit(0), Max: key.Limit(65536), DefaultDoc: "0: the power of two from the window on", Example: "512", Doc: "Length of the Fourier transform, in samples."},
		{Name: "bins", Kind: key.KindInteger, Min: key.Limit(1), Max: key.Limit(4096), DefaultDoc: "the catalog's", Example: "64", Doc: "Bands in a row."},
		{Name: "low_hz", Kind: key.KindNumber, Min: key.Limit(0), Max: key.Limit(96000), DefaultDoc: "the catalog's", Example: "60", Doc: "Where the lowest band begins."},
		{Name: "high_hz", Kind: key.KindNumber, Above: key.Limit(0), Max: key.Limit(96000), DefaultDoc: "the catalog's", Example: "3800", Doc: "Where the highest band ends."},
		{Name: "scale", Kind: key.KindString, Choices: []string{"htk", "slaney"}, DefaultDoc: "the catalog's", Example: "slaney", Doc: "The mel scale: `htk` as TensorFlow makes it, `slaney` as librosa does."},
		{Name: "spectrum", Kind: key.KindString, Choices: []string{"power", "magnitude"}, DefaultDoc: "the catalog's", Example: "magnitude", Doc: "What the bands sum up."},
		{Name: "floor", Kind: key.KindNumber, Min: key.Limit(0), Max: key.Limit(1), DefaultDoc: "0 with `offset`", Example: "0.000001", Doc: "What a band has at least before the logarithm."},
		{Name: "offset", Kind: key.KindNumber, Min: key.Limit(0), Max: key.Limit(1), DefaultDoc: "0 with `floor`", Example: "0.001", Doc: "Added to each band before the logarithm."},
		{Name: "mean", Kind: key.KindNumberList, Example: "-6.5", Doc: "Subtracted from each logarithm before it is divided by `std`: one number, or one for each band."},
		{Name: "std", Kind: key.KindNumberList, Above: key.Limit(0), Example: "4", Doc: "As `mean`."},
		{Name: "range_db", Kind: key.KindNumber, Above: key.Limit(0), Max: key.Limit(200), Example: "32", Doc: "Each value says how far it lies above a floor, so many dB below the loudest of the model's window; what is lower is 0. Not together with `per_window`."},
		{Name: "per_window", Kind: key.KindNumber, Above: key.Limit(0), Max: key.Limit(1000), Example: "3", Doc: "Each band of the model's window is brought to mean 0, and to so many standard deviations for 1."},
	}},
	{
		Name: "step", Kind: key.KindNumber, Above: key.Limit(0), Max: key.Limit(60), Example: "0.1", DefaultDoc: "the catalog's; else 0.1, with `waveform` half the model's window",
		Doc: "For `keyword`: seconds from one run of the model to the next.",
	},
	{
		Name: "smoothing", Kind: key.KindNumber, Min: key.Limit(0), Max: key.Limit(60), Example: "0.5", DefaultDoc: "the catalog's; else 0",
		Doc: "For `keyword`: scores are means over so many seconds.",
	},
	{
		Name: "refractory", Kind: key.KindNumber, Min: key.Limit(0), Max: key.Limit(600), Example: "2", DefaultDoc: "the catalog's; else 1",
		Doc: "For `keyword` and `wakeword`: seconds for which a word that was heard is not heard again.",
	},
	{
		Name: "patience", Kind: key.KindInteger, Min: key.Limit(1), Max: key.Limit(100), Example: "3", DefaultDoc: "1",
		Doc: "For `wakeword` with an openWakeWord model: so many scores in a row, one each 80 ms, must be high enough.",
	},
	{
		Name: "thresholds", Kind: key.KindFloatMap, Example: "{yes: 0.6, no: 0.8}", DefaultDoc: "`score_threshold` for all",
		Doc: "For `keyword`: the scores from which single words count.",
	},
}

// gateKey is the voice gate of pipelines of sound.
var gateKey = &key.Key{
	Name: "voice_gate", Kind: key.KindBoolean, Default: false, Example: "true",
	Doc: "For sound: models run only while there is a voice, or something else that is louder than what is always there. Saves power; the summary says how much was held back.",
}
