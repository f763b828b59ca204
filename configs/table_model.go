package configs

import (
	"fmt"
	"regexp"
	"strings"

	"corallite/internal/key"
	"corallite/pipeline/score"
	"corallite/pipeline/vision"
)

// decoderDocs says what each decoder is for.
func decoderDocs() string {
	var each []string
	for _, d := range vision.Decoders() {
		each = append(each, fmt.Sprintf("`%s`: %s", d.Name, d.Description))
	}
	return strings.Join(each, "; ") + "."
}

var modelKeys = []*key.Key{
	{
		Name: "path", Kind: key.KindString, Required: true, Example: "ssd_mobilenet_v1_coco_quant.tflite",
		Doc: "The .tflite file, or the name of a model in the catalog (`corallite models list`). [Paths](#paths) says where files are searched.",
	},
	{
		Name: "edgetpu", Kind: key.KindString, Example: "ssd_mobilenet_v1_coco_quant_edgetpu.tflite", DefaultDoc: "`X_edgetpu.tflite` beside `X.tflite`, if it exists",
		Doc: "The same model compiled for the Edge TPU.",
	},
	{
		Name: "segments", Kind: key.KindStringList, Excludes: []string{"edgetpu"}, Example: "[ssd_segment_0_of_2_edgetpu.tflite, ssd_segment_1_of_2_edgetpu.tflite]", DefaultDoc: "none",
		Doc: "The same model split by the Edge TPU compiler (`--num_segments`), in order. Each segment runs on its own device, as far as there are devices, so that they work on different pictures at the same time. Not together with `edgetpu`.",
	},
	{
		Name: "labels", Kind: key.KindStringList, ScalarIsDistinct: true, Example: "coco_labels.txt", DefaultDoc: "the catalog's; otherwise those packed into the model file; otherwise none, and results have only class numbers",
		Doc: "A file with one label per line, in the order of the model's classes, or the labels themselves as a list.",
	},
	{
		Name: "task", Kind: key.KindString, Choices: []string{TaskDetect, TaskClassify, TaskSegment, TaskPose, TaskEmbed, TaskKeyword, TaskWakeword}, Example: TaskDetect, DefaultDoc: "the catalog's; required for models that it does not know",
		Doc: "What the model does: `detect` finds objects and their boxes, `classify` labels the whole picture, `segment` labels each pixel, `pose` finds people's key points, `embed` computes a vector for comparing pictures. On sound, `wakeword` detects one word with a microWakeWord or openWakeWord model, and `keyword` detects several words.",
	},
	{
		Name: "delegate", Kind: key.KindOrdered, Choices: []string{DelegateAuto, DelegateEdgeTPU, DelegateXNNPACK, DelegateNone}, Default: DelegateAuto,
		Example: "{plugin: libvx_delegate.so, options: {allowed_cache_mode: true, cache_file_path: /var/cache/vx/coco.nbg}}", Keys: pluginKeys,
		Doc: "What runs the model. `auto` uses the first that works of the Edge TPU, XNNPACK (the CPU with 8-bit operators) and the built-in kernels; `edgetpu` and `xnnpack` are errors if they cannot run any of the model; `none` is the built-in kernels. `{plugin: LIBRARY}` is any external delegate of TensorFlow Lite, with the CPU behind it. In a list the first that works is taken: `[edgetpu, {plugin: LIBRARY}, xnnpack]`.",
	},
	{
		Name: "device", Kind: key.KindString, Default: "", Example: "usb:0", Pattern: regexp.MustCompile(`^(|usb|pci|(usb|pci)?:[0-9]{1,4}|usb:[0-9]+-[0-9.]+|pci:[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]|apex:[0-9A-Za-z]+|((usb|pci):)?/.+)$`),
		PatternDoc: `"" (any), usb, pci, :N, usb:N, pci:N (N from 0), a name such as usb:2-1 or pci:0000:01:00.0, or a path such as /dev/apex_0`,
		Doc:        "Which Edge TPU: `usb`, `pci`, `:1` (the second of all), `usb:0` (the first on USB), or its name or path as printed by `corallite devices`. Names are stable: the USB port (`usb:2-1`), the PCI address (`pci:0000:01:00.0`), the chip's own number (`apex:…`). Empty: all devices that no other model names, in parallel.",
	},
	{
		Name: "isolate", Kind: key.KindBoolean, Example: "false", DefaultDoc: "true on an Edge TPU, false on the CPU",
		Doc: "Whether the model runs in a child process, so that a crash or hang of native code does not affect the program: the model falls back to the CPU, and returns when the process works again.",
	},
	{
		Name: "deadline", Kind: key.KindNumber, Above: key.Limit(0), Max: key.Limit(3600), Example: "2.5", DefaultDoc: "20 times the duration of its runs, at least 1 s",
		Doc: "Seconds after which a run in a child process counts as hanging; at least 10 for the first run, which loads the model's parameters onto the device.",
	},
	{
		Name: "threads", Kind: key.KindInteger, Min: key.Limit(0), Max: key.Limit(256), Default: 0, Example: "2",
		Doc: "CPU threads per run of the model, at most the number of processors. 0: automatic.",
	},
	{
		Name: "engines", Kind: key.KindInteger, Min: key.Limit(0), Max: key.Limit(64), Default: 0, Example: "2",
		Doc: "Number of copies of the model that run in parallel, each on its own picture. 0: automatic.",
	},
	{
		Name: "activation", Kind: key.KindString, Choices: score.Activations(), Example: "softmax", DefaultDoc: "the catalog's; otherwise none, but values that are not scores are refused if there is a threshold",
		Doc: "The function that turns the model's values into scores from 0 to 1, for models exported without it: `softmax` if exactly one class is right, `sigmoid` if several can be (BirdNET, YOLO without it), `none` to use the values as they are. For `classify`, `keyword` and YOLO heads.",
	},
	{
		Name: "sensitivity", Kind: key.KindNumber, Above: key.Limit(0), Max: key.Limit(10), Example: "1.25", DefaultDoc: "1",
		Doc: "With `activation: sigmoid`: the steepness of the sigmoid, as in BirdNET's programs.",
	},
	{
		Name: "score_threshold", Kind: key.KindNumber, Min: key.Limit(0), Max: key.Limit(1), Example: "0.6", DefaultDoc: "the catalog's; otherwise 0.5 for `detect`, 0.3 for `pose`, the manifest's or 0.5 for `keyword` and `wakeword` (written 0), otherwise 0",
		Doc: "Minimum score of a result. For `embed` the score is the cosine similarity to the nearest picture of the gallery; a model with a `gallery` that is not in the catalog needs a threshold, which `corallite embed --calibrate` measures.",
	},
	{
		Name: "max_results", Kind: key.KindInteger, Min: key.Limit(0), Example: "10", DefaultDoc: "5 for `classify`, 1 for `embed`, otherwise 0",
		Doc: "Maximum number of results per picture, those with the highest scores. 0: all.",
	},
	{
		Name: "category_allowlist", Kind: key.KindStringList, Example: "[person, cat]",
		Doc: "Only results with these labels. Not together with `category_denylist`.",
	},
	{
		Name: "category_denylist", Kind: key.KindStringList, Excludes: []string{"category_allowlist"}, Example: "[toaster]",
		Doc: "No results with these labels. Not together with `category_allowlist`.",
	},
	{
		Name: "label_offset", Kind: key.KindInteger, Min: key.Limit(-1), Max: key.Limit(1000), Example: "1", DefaultDoc: "1 for detectors whose labels begin with a background line, otherwise 0",
		Doc: "Number of lines in the label file before the label of class 0; -1 if class 0 has no line.",
	},
	{
		Name: "width", Kind: key.KindInteger, Needs: []string{"height"}, Min: key.Limit(1), Max: key.Limit(16384), Example: "320", DefaultDoc: "the catalog's",
		Doc: "For models with a dynamic input size: the input width in pixels. Needs `height`. The size used in training works best; a model with a fixed size refuses another.",
	},
	{
		Name: "height", Kind: key.KindInteger, Needs: []string{"width"}, Min: key.Limit(1), Max: key.Limit(16384), Example: "320", DefaultDoc: "the catalog's",
		Doc: "As `width`.",
	},
	{
		Name: "resize", Kind: key.KindString, Choices: []string{"stretch", "letterbox", "crop"}, Example: "letterbox", DefaultDoc: "the catalog's; else what the decoder's models were trained with: `letterbox` (grey, centred) for YOLO heads, for MediaPipe's detectors their own; else `stretch`",
		Doc: "How a picture is fitted to the model's input: `stretch` changes its proportions, `letterbox` adds borders, `crop` cuts out the centre.",
	},
	{
		Name: "mean", Kind: key.KindNumberList, Needs: []string{"std"}, Lengths: []int{1, 3}, Example: "127.5", DefaultDoc: "the catalog's; else the model's metadata's or the decoder's; else 127.5 with `std` 127.5 for inputs of floats, which is said; 8-bit inputs get pixels as they are",
		Doc: "Subtracted from a pixel's value (0 to 255) before dividing by `std`: one number, or one each for red, green and blue. Needs `std`.",
	},
	{
		Name: "std", Kind: key.KindNumberList, Needs: []string{"mean"}, Lengths: []int{1, 3}, Above: key.Limit(0), Example: "127.5", DefaultDoc: "as `mean`",
		Doc: "Divisor of a pixel's value minus `mean`: one number, or one each for red, green and blue. Needs `mean`.",
	},
	{
		Name: "decoder", Kind: key.KindString, Choices: vision.DecoderNames(), FormerNames: []string{"anchors", "head", "head_pixels"}, Example: "yolov8", DefaultDoc: "the catalog's; else `ssd_postprocess` for models that end in TFLite_Detection_PostProcess; else the model is refused with the decoders that fit its outputs",
		Doc: "For detectors: what the model's outputs mean. " + decoderDocs(),
	},
	{
		Name: "output", Kind: key.KindString, Example: "scores", DefaultDoc: "the only output",
		Doc: "For `classify`, `segment`, `embed`, `keyword` and YOLO decoders, if the model has several outputs: the name of the one to use.",
	},
	{
		Name: "signature", Kind: key.KindString, Example: "serving_default", DefaultDoc: "the main graph; required if several signatures lead to different graphs",
		Doc: "The key of the model's signature to run. Its inputs and outputs then have the signature's names.",
	},
	{
		Name: "nms_threshold", Kind: key.KindNumber, Above: key.Limit(0), Max: key.Limit(1), Example: "0.3", DefaultDoc: "the catalog's; otherwise the decoder's: 0.45 for YOLO, 0.3 for MediaPipe's",
		Doc: "For detectors with a `decoder` that suppresses boxes: of two boxes that overlap more than this (intersection over union) only the one with the higher score is kept. Models that end in TFLite_Detection_PostProcess have their own threshold.",
	},
	{
		Name: "track", Kind: key.KindBoolean, Default: false, Example: "true",
		Doc: "For detectors: objects are tracked from frame to frame under the same number (`track`). Events say which objects are new, and which are lost (`ended`).",
	},
	{
		Name: "keypoint_threshold", Kind: key.KindNumber, Min: key.Limit(0), Max: key.Limit(1), Default: 0.0, Example: "0.2",
		Doc: "For `pose`: minimum score of a key point.",
	},
	{
		Name: "min_share", Kind: key.KindNumber, Min: key.Limit(0), Max: key.Limit(1), Default: 0.0, Example: "0.01",
		Doc: "For `segment`: minimum share of the picture that a class must have to be reported.",
	},
	{
		Name: "gallery", Kind: key.KindString, Example: "people",
		Doc: "For `embed`: a folder of labelled pictures, with a sub-folder (`people/ada/1.jpg`) or a file (`ada.jpg`) for each label. Results have the label of the most similar picture.",
	},
	{
		Name: "vector", Kind: key.KindBoolean, Example: "true", DefaultDoc: "true without a gallery",
		Doc: "For `embed`: whether results include the vector.",
	},
}

// pluginKeys are those of an external delegate.
var pluginKeys = []*key.Key{
	{
		Name: "plugin", Kind: key.KindString, Required: true, Example: "libvx_delegate.so",
		Doc: "The library: its path, or its name for the system to find. It has the functions `tflite_plugin_create_delegate` and `tflite_plugin_destroy_delegate`.",
	},
	{
		Name: "options", Kind: key.KindStringMap, Example: "{cache_file_path: /var/cache/vx}", DefaultDoc: "none",
		Doc: "Options for the library, whose documentation has their names. A value that is an absolute path may be read and written by the library.",
	},
	{
		Name: "paths", Kind: key.KindStringList, Example: "[/dev/npu0, /opt/vendor/firmware]", DefaultDoc: "none",
		Doc: "Files, folders and device nodes that the library may use beside the usual ones: system libraries, the folder of the library, `/sys` and the nodes of known NPUs and GPUs.",
	},
	{
		Name: "env", Kind: key.KindStringList, Example: "[ADSP_LIBRARY_PATH]", DefaultDoc: "none",
		Doc: "Names of environment variables that the library's process gets beside the usual ones.",
	},
}
