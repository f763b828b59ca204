package configs

import (
	"regexp"

	"corallite/models"
	"corallite/pipeline/score"
)

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
		name: "labels", kind: texts, apart: true, example: "coco_labels.txt", defDoc: "the catalog's; for `keyword` else those packed into the model's file; else none, and results have only numbers",
		doc: "A file with one label a line, in the order of the model's classes, or the labels themselves as a list.",
	},
	{
		name: "task", kind: text, choices: []string{TaskDetect, TaskClassify, TaskSegment, TaskPose, TaskEmbed, TaskKeyword, TaskWakeword}, example: TaskDetect, defDoc: "the catalog's; required for models that it does not know",
		doc: "What the model does: `detect` finds objects and their boxes, `classify` names what the whole picture shows, `segment` says what each part of it belongs to, `pose` finds people's key points, `embed` turns it into a vector that can be compared with others. On sound, `wakeword` waits for one word, with a microWakeWord or openWakeWord model, and `keyword` for some of several.",
	},
	{
		name: "delegate", kind: text, choices: []string{"auto", "edgetpu", "xnnpack", "none"}, def: "auto", example: "xnnpack",
		doc: "What runs the model. `auto` takes the first that works of the Edge TPU, XNNPACK (the CPU with 8-bit operators) and the built-in kernels; `edgetpu` and `xnnpack` are errors where those run nothing of the model; `none` is the built-in kernels.",
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
		name: "deadline", kind: number, above: limit(0), max: limit(3600), example: "2.5", defDoc: "20 times what its runs take, at least 1 s",
		doc: "Seconds after which a run in a process of its own counts as hanging. The first run, which loads the model's parameters into the device, has at least 10.",
	},
	{
		name: "threads", kind: whole, min: limit(0), max: limit(256), def: 0, example: "2",
		doc: "CPU threads for one run of the model, at most one for each processor of the machine. 0: chosen for the machine.",
	},
	{
		name: "engines", kind: whole, min: limit(0), max: limit(64), def: 0, example: "2",
		doc: "How many copies of the model work side by side, each on a picture of its own. 0: chosen for the machine.",
	},
	{
		name: "activation", kind: text, choices: score.Activations(), example: "softmax", defDoc: "the catalog's; else the values are looked at, and refused where they are no scores and there is a threshold",
		doc: "What turns the model's values into scores from 0 to 1, for models that were exported without it: `softmax` where one of the classes is the right one, `sigmoid` where several can be (BirdNET, YOLO heads without it), `none` where the values are to be taken as they are. For `classify`, `keyword` and YOLO heads.",
	},
	{
		name: "sensitivity", kind: number, above: limit(0), max: limit(10), example: "1.25", defDoc: "1",
		doc: "With `activation: sigmoid`: the steepness of the sigmoid, as BirdNET's programs have it.",
	},
	{
		name: "score_threshold", kind: number, min: limit(0), max: limit(1), example: "0.6", defDoc: "the catalog's; else 0.5 for `detect`, 0.3 for `pose`, for `keyword` and `wakeword` 0, which is the manifest's or 0.5, else 0",
		doc: "Results with a lower score are left out. For `embed` the score is the cosine similarity with the gallery's nearest picture; a model with a `gallery` that the catalog does not know needs a threshold, which `corallite embed --calibrate` measures.",
	},
	{
		name: "max_results", kind: whole, min: limit(0), example: "10", defDoc: "5 for `classify`, 1 for `embed`, else 0",
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
		name: "label_offset", kind: whole, min: limit(-1), max: limit(1000), example: "1", defDoc: "for detectors 1 when the labels begin with a background line, else 0",
		doc: "How many lines the label file has before the label of class 0; -1 when class 0 has no line.",
	},
	{
		name: "width", kind: whole, min: limit(1), max: limit(16384), example: "320", defDoc: "the catalog's",
		doc: "For models that take pictures of any size: the width that this one is to run at, in pixels. Needs `height`. The size that it was trained with serves best; a model whose file fixes the size refuses another.",
	},
	{
		name: "height", kind: whole, min: limit(1), max: limit(16384), example: "320", defDoc: "the catalog's",
		doc: "As `width`.",
	},
	{
		name: "resize", kind: text, choices: []string{"stretch", "letterbox", "crop"}, example: "letterbox", defDoc: "the catalog's; else what the decoder's models were trained with: `letterbox` (grey, centred) for YOLO heads, for MediaPipe's detectors their own; else `stretch`",
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
		name: "nms_threshold", kind: number, above: limit(0), max: limit(1), example: "0.3", defDoc: "the catalog's; else 0.45 with `head`, 0.3 with `anchors`",
		doc: "For detectors with `anchors` or `head`: of two boxes that overlap more than this (intersection over union) only one is kept. Models that end in TFLite_Detection_PostProcess have their own.",
	},
	{
		name: "anchors", kind: text, choices: models.AnchorKinds(), example: "mediapipe_face_short_range", defDoc: "the catalog's; else none",
		doc: "For detectors that do not end in TFLite_Detection_PostProcess: the set of anchors that their boxes are relative to.",
	},
	{
		name: "head", kind: text, choices: yoloHeads, example: "yolov8",
		doc: "For YOLO detectors: how the output lies, as `yolov5` (also v7: one row a box) or as `yolov8` (also v9 to 11: one column a box) has it. Not together with `anchors`.",
	},
	{
		name: "head_pixels", kind: boolean, def: false, example: "true",
		doc: "For detectors with `head`: boxes are in pixels of the input and not from 0 to 1.",
	},
	{
		name: "track", kind: boolean, def: false, example: "true",
		doc: "For detectors: the same object has the same number (`track`) in each frame. Events say which objects are new, and which are not followed any more (`ended`).",
	},
	{
		name: "keypoint_threshold", kind: number, min: limit(0), max: limit(1), def: 0.0, example: "0.2",
		doc: "For `pose`: key points with a lower score are left out.",
	},
	{
		name: "min_share", kind: number, min: limit(0), max: limit(1), def: 0.0, example: "0.01",
		doc: "For `segment`: what has a smaller share of the picture is left out.",
	},
	{
		name: "gallery", kind: text, example: "people",
		doc: "For `embed`: a folder of labelled pictures, a folder in it for each label (`people/ada/1.jpg`) or a file (`ada.jpg`). Results name what the picture is the most similar to.",
	},
	{
		name: "vector", kind: boolean, example: "true", defDoc: "true without a gallery",
		doc: "For `embed`: whether results have the vector itself.",
	},
}
