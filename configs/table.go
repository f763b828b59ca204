package configs

import (
	"regexp"

	"corallite/models"
	"corallite/pipeline"
)

// The tasks that a model can have in a pipeline.
const (
	TaskDetect   = "detect"
	TaskClassify = "classify"
)

// The kinds of sinks.
const (
	SinkJSONL    = "jsonl"
	SinkTable    = "table"
	SinkPictures = "pictures"
	SinkVideo    = "video"
)

// namePattern is what the name of a model or a pipeline must look like. Names stand in events, in environment
// variables and in paths with dots.
var namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

const nameLooks = "a name of letters (a to z), digits, _, - and ., which begins with a letter or digit and has at most 64 of them"

// root is the table of all keys. It is never changed.
var root = &key{
	kind: group,
	keys: []*key{
		{
			name: "models", kind: named, keys: modelKeys,
			excluding: [][]string{{"category_allowlist", "category_denylist"}, {"edgetpu", "segments"}}, together: [][]string{{"mean", "std"}},
			doc: "The models that pipelines can use, by names that you choose. The name stands in every event as `model`.",
		},
		{
			name: "pipelines", kind: named, keys: pipelineKeys, required: true,
			doc: "What runs: each pipeline takes pictures from a source through its models to its sinks. All pipelines of all files run at the same time. The name stands in every event as `pipeline`.",
		},
		{name: "edgetpu", kind: group, doc: "The Edge TPU runtime, and what holds for all devices.", keys: []*key{
			{
				name: "library", kind: text, example: "/opt/edgetpu/libedgetpu.so.1", defDoc: "`libedgetpu.so.1`, as the system finds it",
				doc: "The path of libedgetpu, or its name for the system to find. `CORALLITE_LIBEDGETPU` in the environment does the same for every command; this key comes before it. Where it cannot be loaded the log says why, and `delegate: auto` uses the CPU.",
			},
			{
				name: "performance", kind: text, choices: []string{"low", "medium", "high", "max"}, example: "medium", defDoc: "libedgetpu's, which is `max`",
				doc: "The devices' clock: the faster, the more power and heat.",
			},
			{
				name: "heat", kind: text, choices: []string{"shed", "cpu", "off"}, def: "shed", example: "cpu",
				doc: "What is done before a PCIe device reaches its first trip point, where its own protection begins: `shed` lets it rest between runs, the longer the hotter, and moves the models to the CPU when that does not help; `cpu` moves them at once; `off` only logs. Below, all goes back. USB devices show no temperature.",
			},
		}},
		{name: "log", kind: group, doc: "What is written to standard error.", keys: []*key{
			{
				name: "level", kind: text, choices: []string{"debug", "info", "warn", "error"}, def: "info", example: "warn",
				doc: "The least important messages that are logged. `--log` on the command line comes before it.",
			},
		}},
	},
}

var modelKeys = []*key{
	{
		name: "path", kind: text, required: true, example: "ssd_mobilenet_v1_coco_quant.tflite",
		doc: "The .tflite file, or the name of a model of the catalog (`corallite models list`). See [Paths](#paths) for where a file is looked for.",
	},
	{
		name: "edgetpu", kind: text, example: "ssd_mobilenet_v1_coco_quant_edgetpu.tflite", defDoc: "`X_edgetpu.tflite` beside `X.tflite`, when it is there",
		doc: "The same model compiled for the Edge TPU.",
	},
	{
		name: "segments", kind: texts, example: "[ssd_segment_0_of_2_edgetpu.tflite, ssd_segment_1_of_2_edgetpu.tflite]", defDoc: "none: the model is whole",
		doc: "The same model split by the Edge TPU compiler (`--num_segments`), its parts in order. Each runs on a device of its own as far as there are devices, one part on one picture while the next part is on the picture before. Not together with `edgetpu`.",
	},
	{
		name: "labels", kind: texts, apart: true, example: "coco_labels.txt", defDoc: "the catalog's; else none, and results have only numbers",
		doc: "A file with one label a line, in the order of the model's classes, or the labels themselves as a list.",
	},
	{
		name: "task", kind: text, choices: []string{TaskDetect, TaskClassify}, example: TaskDetect, defDoc: "the catalog's; required for models that it does not know",
		doc: "What the model does: `detect` finds objects and their boxes, `classify` names what the whole picture shows.",
	},
	{
		name: "delegate", kind: text, choices: []string{"auto", "edgetpu", "xnnpack", "none"}, def: "auto", example: "xnnpack",
		doc: "What runs the model. `auto` takes the first that works of the Edge TPU, XNNPACK (the CPU with 8-bit operators) and the built-in kernels; `none` is the built-in kernels.",
	},
	{
		name: "device", kind: text, def: "", example: "usb:0", pattern: regexp.MustCompile(`^(|usb|pci|(usb|pci)?:[0-9]{1,4}|usb:[0-9]+-[0-9.]+|pci:[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]|apex:[0-9A-Za-z]+|((usb|pci):)?/.+)$`),
		looks: `"" (any), usb, pci, :N, usb:N, pci:N (N from 0), a name such as usb:2-1 or pci:0000:01:00.0, or a path such as /dev/apex_0`,
		doc:   "Which Edge TPU: `usb`, `pci`, `:1` (the second of all), `usb:0` (the first on USB), or its name or path as `corallite devices` prints them. Names do not move: the USB port (`usb:2-1`), the PCI address (`pci:0000:01:00.0`), the chip's own number (`apex:…`). Empty: all that no other model has by name, side by side.",
	},
	{
		name: "isolate", kind: boolean, example: "false", defDoc: "true on an Edge TPU, false on the CPU",
		doc: "Whether the model runs in a process of its own, so that a crash or a hang of its native code costs this program nothing: the model goes on elsewhere, and comes back when the process does.",
	},
	{
		name: "deadline", kind: number, above: limit(0), max: limit(3600), example: "2.5", defDoc: "20 times what its runs take, at least 1 s; 10 s for the first run",
		doc: "Seconds after which a run in a process of its own counts as hanging.",
	},
	{
		name: "threads", kind: whole, min: limit(0), max: limit(256), def: 0, example: "2",
		doc: "CPU threads for one run of the model. 0: chosen for the machine.",
	},
	{
		name: "engines", kind: whole, min: limit(0), max: limit(64), def: 0, example: "2",
		doc: "How many copies of the model work side by side, each on a picture of its own. 0: chosen for the machine.",
	},
	{
		name: "score_threshold", kind: number, min: limit(0), max: limit(1), example: "0.6", defDoc: "the catalog's; else 0.5 for `detect`, 0 for `classify`",
		doc: "Results with a lower score are left out.",
	},
	{
		name: "max_results", kind: whole, min: limit(0), example: "10", defDoc: "0 for `detect`, 5 for `classify`",
		doc: "At most so many results of a picture, those with the highest scores. 0: all.",
	},
	{
		name: "category_allowlist", kind: texts, example: "[person, cat]",
		doc: "Only results with these labels. Not together with `category_denylist`.",
	},
	{
		name: "category_denylist", kind: texts, example: "[toaster]",
		doc: "No results with these labels. Not together with `category_allowlist`.",
	},
	{
		name: "label_offset", kind: whole, min: limit(0), max: limit(1000), example: "1", defDoc: "for detectors 1 when the labels begin with a background line, else 0",
		doc: "How many lines the label file has before the label of class 0.",
	},
	{
		name: "resize", kind: text, choices: []string{"stretch", "letterbox", "crop"}, example: "letterbox", defDoc: "the catalog's; else `stretch`",
		doc: "How a picture is brought to the size of the model's input: `stretch` changes its proportions, `letterbox` adds borders, `crop` cuts the middle out.",
	},
	{
		name: "mean", kind: numbers, lengths: []int{1, 3}, example: "127.5", defDoc: "the catalog's; else as the model's quantization says",
		doc: "What is subtracted from a pixel's value (0 to 255) before it is divided by `std`: one number, or one each for red, green and blue. Needs `std`.",
	},
	{
		name: "std", kind: numbers, lengths: []int{1, 3}, above: limit(0), example: "127.5", defDoc: "as `mean`",
		doc: "What a pixel's value less `mean` is divided by: one number, or one each for red, green and blue. Needs `mean`.",
	},
	{
		name: "nms_threshold", kind: number, above: limit(0), max: limit(1), example: "0.3", defDoc: "the catalog's; else 0.3",
		doc: "For detectors with `anchors`: of two boxes that overlap more than this (intersection over union) only one is kept. Models that end in TFLite_Detection_PostProcess have their own.",
	},
	{
		name: "anchors", kind: text, choices: models.AnchorKinds(), example: "mediapipe_face_short_range", defDoc: "the catalog's; else none",
		doc: "For detectors that do not end in TFLite_Detection_PostProcess: the set of anchors that their boxes are relative to.",
	},
}

var pipelineKeys = []*key{
	{
		name: "source", kind: group, oneOf: true, required: true,
		doc: "Where pictures come from; exactly one of these keys.",
		keys: []*key{
			{
				name: "images", kind: texts, example: `["holiday/*.jpg", cat.png]`,
				doc: "Picture files, folders of pictures, or patterns with `*`, `?` and `[a-z]`. Ends after the last.",
			},
			{
				name: "folder", kind: text, example: "inbox",
				doc: "A folder that is watched: the pictures in it, then each one that comes. Does not end by itself.",
			},
			{
				name: "video", kind: texts, example: "street.mp4",
				doc: "A video file or a pattern, or several, one after the other. Ends after the last.",
			},
		},
	},
	{
		name: "models", kind: texts, required: true, example: "[faces]",
		doc: "Names of models, as under `models`. Each looks at every picture.",
	},
	{
		name: "priority", kind: whole, min: limit(-100), max: limit(100), def: 0, example: "10",
		doc: "Where pipelines share an Edge TPU, those with the higher number go first; those with the same share it evenly. None starves.",
	},
	{
		name: "sinks", kind: variants, required: true, keys: sinkKeys,
		doc: "Where results go: a list, each element one sink with its keys. No two may write to the same place.",
	},
}

var queueKey = &key{
	name: "queue", kind: whole, min: limit(1), max: limit(1024), def: pipeline.DefaultQueue, example: "16",
	doc: "How many results may wait for the sink.",
}

var sinkKeys = []*key{
	{name: SinkJSONL, kind: group, doc: "One line of JSON for each picture and model.", keys: []*key{
		{name: "path", kind: text, def: "-", example: "found.jsonl", doc: "The file; `-` is standard output."},
		{name: "append", kind: boolean, def: false, example: "true", doc: "Write behind what the file has already, instead of starting it anew."},
		queueKey,
	}},
	{name: SinkTable, kind: group, doc: "A table for people.", keys: []*key{
		{name: "path", kind: text, def: "-", example: "found.txt", doc: "The file; `-` is standard output."},
		queueKey,
	}},
	{name: SinkPictures, kind: group, doc: "Copies of the pictures with the results drawn in.", keys: []*key{
		{name: "dir", kind: text, required: true, example: "found", doc: "The folder; made when it is not there."},
		queueKey,
	}},
	{name: SinkVideo, kind: group, doc: "A video with the results drawn in.", keys: []*key{
		{
			name: "path", kind: text, required: true, example: "found.mp4", doc: "The file, whose name ends in `.mp4`. Further videos of the source go beside it: `found-2.mp4`.",
			pattern: regexp.MustCompile(`.\.[mM][pP]4$`), looks: "a file name that ends in .mp4",
		},
		queueKey,
	}},
}
