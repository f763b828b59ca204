package configs

import "corallite/models"

// soundModelKeys are the keys of models that listen.
var soundModelKeys = []*key{
	{
		name: "manifest", kind: text, example: "okay_nabu.json", defDoc: "`X.json` beside `X.tflite`, when it is there",
		doc: "For `wakeword`: the JSON file with the parameters of a microWakeWord model.",
	},
	{
		name: "melspectrogram", kind: text, example: "melspectrogram.tflite", defDoc: "the catalog's",
		doc: "For `wakeword`: the first model of an openWakeWord chain, which turns sound into features. Needs `embedding`; models of a pipeline with the same two share them.",
	},
	{
		name: "embedding", kind: text, example: "embedding_model.tflite", defDoc: "the catalog's",
		doc: "For `wakeword`: the second model of an openWakeWord chain. Needs `melspectrogram`.",
	},
	{name: "features", kind: group, doc: "For `keyword`: how sound becomes the model's input. It must be as the model was trained, so nothing of it is assumed: without these keys it is what the catalog or the model's own metadata (TensorFlow Lite Metadata) say, and a model of which nobody says it is refused.", keys: []*key{
		{
			name: "kind", kind: text, choices: models.FeatureKinds(), defDoc: "the catalog's; else `waveform` where the metadata or the model's own Fourier transform say so", example: "logmel",
			doc: "`logmel`: rows of logarithms of the energy in bands of the mel scale; needs the keys `rate` to `spectrum` but `fft`, and `floor` or `offset`. `coral`: the same as Coral's project-keyword-spotter has it, with nothing more to say. `micro`: rows of the audio front end of TensorFlow Lite Micro, 40 values each, as micro_speech was trained with. `waveform`: the samples themselves, from -1 to 1; has `rate` only.",
		},
		{name: "rate", kind: whole, min: limit(1000), max: limit(192000), defDoc: "the catalog's or the metadata's; 16000 with `micro`, which has no other", example: "8000", doc: "Samples a second. Sound is brought to it."},
		{name: "window_ms", kind: number, above: limit(0), max: limit(1000), defDoc: "the catalog's; 30 with `micro`, which has no other", example: "32", doc: "How much sound a row is made of, in milliseconds."},
		{name: "hop_ms", kind: number, above: limit(0), max: limit(1000), defDoc: "the catalog's; 20 with `micro`, as micro_speech has it", example: "20", doc: "From one row to the next, in milliseconds. With `micro` from 10 to 30."},
		{name: "fft", kind: whole, min: limit(0), max: limit(65536), defDoc: "0: the power of two from the window on", example: "512", doc: "Length of the Fourier transform, in samples."},
		{name: "bins", kind: whole, min: limit(1), max: limit(4096), defDoc: "the catalog's", example: "64", doc: "Bands in a row."},
		{name: "low_hz", kind: number, min: limit(0), max: limit(96000), defDoc: "the catalog's", example: "60", doc: "Where the lowest band begins."},
		{name: "high_hz", kind: number, above: limit(0), max: limit(96000), defDoc: "the catalog's", example: "3800", doc: "Where the highest band ends."},
		{name: "scale", kind: text, choices: []string{"htk", "slaney"}, defDoc: "the catalog's", example: "slaney", doc: "The mel scale: `htk` as TensorFlow makes it, `slaney` as librosa does."},
		{name: "spectrum", kind: text, choices: []string{"power", "magnitude"}, defDoc: "the catalog's", example: "magnitude", doc: "What the bands sum up."},
		{name: "floor", kind: number, min: limit(0), max: limit(1), defDoc: "0 with `offset`", example: "0.000001", doc: "What a band has at least before the logarithm."},
		{name: "offset", kind: number, min: limit(0), max: limit(1), defDoc: "0 with `floor`", example: "0.001", doc: "Added to each band before the logarithm."},
		{name: "mean", kind: numbers, example: "-6.5", doc: "Subtracted from each logarithm before it is divided by `std`: one number, or one for each band."},
		{name: "std", kind: numbers, above: limit(0), example: "4", doc: "As `mean`."},
		{name: "range_db", kind: number, above: limit(0), max: limit(200), example: "32", doc: "Each value says how far it lies above a floor, so many dB below the loudest of the model's window; what is lower is 0. Not together with `per_window`."},
		{name: "per_window", kind: number, above: limit(0), max: limit(1000), example: "3", doc: "Each band of the model's window is brought to mean 0, and to so many standard deviations for 1."},
	}},
	{
		name: "step", kind: number, above: limit(0), max: limit(60), example: "0.1", defDoc: "the catalog's; else 0.1, with `waveform` half the model's window",
		doc: "For `keyword`: seconds from one run of the model to the next.",
	},
	{
		name: "smoothing", kind: number, min: limit(0), max: limit(60), example: "0.5", defDoc: "the catalog's; else 0",
		doc: "For `keyword`: scores are means over so many seconds.",
	},
	{
		name: "refractory", kind: number, min: limit(0), max: limit(600), example: "2", defDoc: "the catalog's; else 1",
		doc: "For `keyword` and `wakeword`: seconds for which a word that was heard is not heard again.",
	},
	{
		name: "patience", kind: whole, min: limit(1), max: limit(100), example: "3", defDoc: "1",
		doc: "For `wakeword` with an openWakeWord model: so many scores in a row, one each 80 ms, must be high enough.",
	},
	{
		name: "thresholds", kind: scores, example: "{yes: 0.6, no: 0.8}", defDoc: "`score_threshold` for all",
		doc: "For `keyword`: the scores from which single words count.",
	},
}

// soundSourceKeys are the sources of sound, and what belongs to them.
var soundSourceKeys = []*key{
	{
		name: "microphone", kind: text, example: "USB Audio Device",
		doc: "A microphone: `default`, its name or a part of it, or its id, as `corallite devices` prints them. One that is unplugged, or not there yet, is waited for.",
	},
	{
		name: "sound", kind: texts, example: `["calls/*.wav"]`,
		doc: "Recordings: WAV files, folders of them, or patterns; with the program ffmpeg installed also what it reads. `-` is raw samples on standard input: `arecord -f S16_LE -r 16000 -t raw | corallite run …`. Ends after the last.",
	},
	{
		name: "format", kind: text, choices: []string{"u8", "s16le", "s24le", "s32le", "f32le"}, defDoc: "s16le", example: "f32le", with: []string{"sound"},
		doc: "With `sound: \"-\"`: how a sample is written.",
	},
	{
		name: "rate", kind: whole, min: limit(1000), max: limit(768000), defDoc: "16000", example: "48000", with: []string{"sound"},
		doc: "With `sound: \"-\"`: samples a second.",
	},
	{
		name: "channels", kind: whole, min: limit(1), max: limit(64), defDoc: "1", example: "2", with: []string{"sound"},
		doc: "With `sound: \"-\"`: samples that belong together, of which the mean is taken.",
	},
}

// gateKey is the voice gate of pipelines of sound.
var gateKey = &key{
	name: "voice_gate", kind: boolean, def: false, example: "true",
	doc: "For sound: models run only while there is a voice, or something else that is louder than what is always there. Saves power; the summary says how much was held back.",
}
