package configs

import (
	"corallite/internal/key"
	"corallite/models"
)

// soundModelKeys are the keys of audio models.
var soundModelKeys = []*key.Key{
	{
		Name: "manifest", Kind: key.KindString, Example: "okay_nabu.json", DefaultDoc: "`X.json` beside `X.tflite`, if it exists",
		Doc: "For `wakeword`: the JSON file with the parameters of a microWakeWord model.",
	},
	{
		Name: "melspectrogram", Kind: key.KindString, Excludes: []string{"manifest"}, Needs: []string{"embedding"}, Example: "melspectrogram.tflite", DefaultDoc: "the catalog's",
		Doc: "For `wakeword`: the first model of an openWakeWord chain, which turns sound into features. Needs `embedding`; models of a pipeline with the same two files share them.",
	},
	{
		Name: "embedding", Kind: key.KindString, Needs: []string{"melspectrogram"}, Example: "embedding_model.tflite", DefaultDoc: "the catalog's",
		Doc: "For `wakeword`: the second model of an openWakeWord chain. Needs `melspectrogram`.",
	},
	{Name: "features", Kind: key.KindGroup, Doc: "For `keyword`: the front end that turns sound into the model's input. It must match the model's training, so that nothing is assumed: without these keys it comes from the catalog or the model's TensorFlow Lite Metadata, and a model without either is refused.", Keys: []*key.Key{
		{
			Name: "kind", Kind: key.KindString, Choices: models.FeatureKinds(), DefaultDoc: "the catalog's; otherwise `waveform` if the metadata or the model's own Fourier transform say so", Example: "logmel",
			Doc: "`logmel`: a log-mel spectrogram; needs the keys `rate` to `spectrum` except `fft`, and `floor` or `offset`. `coral`: that of Coral's project-keyword-spotter, without other keys. `micro`: the audio front end of TensorFlow Lite Micro, rows of 40 values, as in micro_speech. `waveform`: raw samples from -1 to 1; only with `rate`.",
		},
		{Name: "rate", Kind: key.KindInteger, Min: key.Limit(1000), Max: key.Limit(192000), DefaultDoc: "the catalog's or the metadata's; always 16000 with `micro`", Example: "8000", Doc: "The sample rate in samples per second. Sound is resampled to it."},
		{Name: "window_ms", Kind: key.KindNumber, Above: key.Limit(0), Max: key.Limit(1000), DefaultDoc: "the catalog's; always 30 with `micro`", Example: "32", Doc: "The window of a row in milliseconds."},
		{Name: "hop_ms", Kind: key.KindNumber, Above: key.Limit(0), Max: key.Limit(1000), DefaultDoc: "the catalog's; 20 with `micro`, as in micro_speech", Example: "20", Doc: "The hop from row to row in milliseconds; 10 to 30 with `micro`."},
		{Name: "fft", Kind: key.KindInteger, Min: key.Limit(0), Max: key.Limit(65536), DefaultDoc: "0: the smallest power of two that holds the window", Example: "512", Doc: "The length of the Fourier transform in samples."},
		{Name: "bins", Kind: key.KindInteger, Min: key.Limit(1), Max: key.Limit(4096), DefaultDoc: "the catalog's", Example: "64", Doc: "The number of mel bands."},
		{Name: "low_hz", Kind: key.KindNumber, Min: key.Limit(0), Max: key.Limit(96000), DefaultDoc: "the catalog's", Example: "60", Doc: "The lower edge of the lowest band."},
		{Name: "high_hz", Kind: key.KindNumber, Above: key.Limit(0), Max: key.Limit(96000), DefaultDoc: "the catalog's", Example: "3800", Doc: "The upper edge of the highest band."},
		{Name: "scale", Kind: key.KindString, Choices: []string{"htk", "slaney"}, DefaultDoc: "the catalog's", Example: "slaney", Doc: "The mel scale: `htk` as in TensorFlow, `slaney` as in librosa."},
		{Name: "spectrum", Kind: key.KindString, Choices: []string{"power", "magnitude"}, DefaultDoc: "the catalog's", Example: "magnitude", Doc: "The spectrum that the bands sum."},
		{Name: "floor", Kind: key.KindNumber, Min: key.Limit(0), Max: key.Limit(1), DefaultDoc: "0 with `offset`", Example: "0.000001", Doc: "The minimum of a band before the logarithm."},
		{Name: "offset", Kind: key.KindNumber, Min: key.Limit(0), Max: key.Limit(1), DefaultDoc: "0 with `floor`", Example: "0.001", Doc: "Added to each band before the logarithm."},
		{Name: "mean", Kind: key.KindNumberList, Example: "-6.5", Doc: "Subtracted from each logarithm before dividing by `std`: one number, or one per band."},
		{Name: "std", Kind: key.KindNumberList, Above: key.Limit(0), Example: "4", Doc: "As `mean`."},
		{Name: "range_db", Kind: key.KindNumber, Above: key.Limit(0), Max: key.Limit(200), Example: "32", Doc: "Values are relative to a floor this many dB below the loudest value of the model's window, and 0 below it. Not together with `per_window`."},
		{Name: "per_window", Kind: key.KindNumber, Above: key.Limit(0), Max: key.Limit(1000), Example: "3", Doc: "Each band of the model's window is normalized to mean 0, with this many standard deviations as 1."},
	}},
	{
		Name: "step", Kind: key.KindNumber, Above: key.Limit(0), Max: key.Limit(60), Example: "0.1", DefaultDoc: "the catalog's; otherwise 0.1, with `waveform` half the model's window",
		Doc: "For `keyword`: seconds between runs of the model.",
	},
	{
		Name: "smoothing", Kind: key.KindNumber, Min: key.Limit(0), Max: key.Limit(60), Example: "0.5", DefaultDoc: "the catalog's; otherwise 0",
		Doc: "For `keyword`: seconds over which scores are averaged.",
	},
	{
		Name: "refractory", Kind: key.KindNumber, Min: key.Limit(0), Max: key.Limit(600), Example: "2", DefaultDoc: "the catalog's; otherwise 1",
		Doc: "For `keyword` and `wakeword`: seconds after a word in which it is not reported again.",
	},
	{
		Name: "patience", Kind: key.KindInteger, Min: key.Limit(1), Max: key.Limit(100), Example: "3", DefaultDoc: "1",
		Doc: "For `wakeword` with an openWakeWord model: the number of consecutive scores, one every 80 ms, that must reach the threshold.",
	},
	{
		Name: "thresholds", Kind: key.KindFloatMap, Example: "{yes: 0.6, no: 0.8}", DefaultDoc: "`score_threshold` for all",
		Doc: "For `keyword`: score thresholds of single labels.",
	},
}

// vadKey is the voice-activity detector of pipelines of sound.
var vadKey = &key.Key{
	Name: "vad", FormerNames: []string{"voice_gate"}, Kind: key.KindBoolean, Default: false, Example: "true",
	Doc: "A voice-activity detector: models run only while there is a voice, or something else that is louder than the background. Saves power; the summary says how much was held back.",
}
