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
		Doc: "The .tflite file, or the name of a model of the catalog (`corallite models list`). See [Paths](#paths) for where a file is looked for.",
	},
	{
		Name: "edgetpu", Kind: key.KindString, Example: "ssd_mobilenet_v1_coco_quant_edgetpu.tflite", DefaultDoc: "`X_edgetpu.tflite` beside `X.tflite`, when it is there",
		Doc: "The same model compiled for the Edge TPU.",
	},
	{
		Name: "segments", Kind: key.KindStringList, Excludes: []string{"edgetpu"}, Example: "[ssd_segment_0_of_2_edgetpu.tflite, ssd_segment_1_of_2_edgetpu.tflite]", DefaultDoc: "none: the model is whole",
		Doc: "The same model split by the Edge TPU compiler (`--num_segments`), its parts in order. Each runs on a device of its own as far as there are devices, one part on one picture while the next part is on the picture before. Not together with `edgetpu`.",
	},
	{
		Name: "labels", Kind: key.KindStringList, ScalarIsDistinct: true, Example: "coco_labels.txt", DefaultDoc: "the catalog's; else those packed into the model's file; else none, and results have only numbers",
		Doc: "A file with one label a line, in the order of the model's classes, or the labels themselves as a list.",
	},
	{
		Name: "task", Kind: key.KindString, Choices: []string{TaskDetect, TaskClassify, TaskSegment, TaskPose, TaskEmbed, TaskKeyword, TaskWakeword}, Example: TaskDetect, DefaultDoc: "the catalog's; required for models that it does not know",
		Doc: "What the model does: `detect` finds objects and their boxes, `classify` names what the whole picture shows, `segment` says what each part of it belongs to, `pose` finds people's key points, `embed` turns it into a vector that can be compared with others. On sound, `wakeword` waits for one word, with a microWakeWord or openWakeWord model, and `keyword` for some of several.",
	},
	{
		Name: "delegate", Kind: key.KindOrdered, Choices: []string{DelegateAuto, DelegateEdgeTPU, DelegateXNNPACK, DelegateNone}, Default: DelegateAuto,
		Example: "{plugin: libvx_delegate.so, options: {cache_file_path: /var/cache/vx}}", Keys: pluginKeys,
		Doc: "What runs the model. `auto` takes the first that works of the Edge TPU, XNNPACK (the CPU with 8-bit operators) and the built-in kernels; `edgetpu` and `xnnpack` are errors where those run nothing of the model; `none` is the built-in kernels. `{plugin: LIBRARY}` is any external delegate of TensorFlow Lite, with the CPU behind it. In a list the first that works is taken: `[edgetpu, {plugin: LIBRARY}, xnnpack]`.",
	},
	{
		Name: "device", Kind: key.KindString, Default: "", Example: "usb:0", Pattern: regexp.MustCompile(`^(|usb|pci|(usb|pci)?:[0-9]{1,4}|usb:[0-9]+-[0-9.]+|pci:[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]|apex:[0-9A-Za-z]+|((usb|pci):)?/.+)$`),
		PatternDoc: `"" (any), usb, pci, :N, usb:N, pci:N (N from 0), a name such as usb:2-1 or pci:0000:01:00.0, or a path such as /dev/apex_0`,
		Doc:        "Which Edge TPU: `usb`, `pci`, `:1` (the second of all), `usb:0` (the first on USB), or its name or path as `corallite devices` prints them. Names do not move: the USB port (`usb:2-1`), the PCI address (`pci:0000:01:00.0`), the chip's own number (`apex:…`). Empty: all that no other model has by name, side by side.",
	},
	{
		Name: "isolate", Kind: key.KindBoolean, Example: "false", DefaultDoc: "true on an Edge TPU, false on the CPU",
		Doc: "Whether the model runs in a process of its own, so that a crash or a hang of its native code costs this program nothing: the model goes on elsewhere, and comes back when the process does.",
	},
	{
		Name: "deadline", Kind: key.KindNumber, Above: key.Limit(0), Max: key.Limit(3600), Example: "2.5", DefaultDoc: "20 times what its runs take, at least 1 s",
		Doc: "Seconds after which a run in a process of its own counts as hanging. The first run, which loads the model's parameters into the device, has at least 10.",
	},
	{
		Name: "threads", Kind: key.KindInteger, Min: key.Limit(0), Max: key.Limit(256), Default: 0, Example: "2",
		Doc: "CPU threads for one run of the model, at most one for each processor of the machine. 0: chosen for the machine.",
	},
	{
		Name: "engines", Kind: key.KindInteger, Min: key.Limit(0), Max: key.Limit(64), Default: 0, Example: "2",
		Doc: "How many copies of the model work side by side, each on a picture of its own. 0: chosen for the machine.",
	},
	{
		Name: "activation", Kind: key.KindString, Choices: score.Activations(), Example: "softmax", DefaultDoc: "the catalog's; else the values are looked at, and refused where they are no scores and there is a threshold",
		Doc: "What turns the model's values into scores from 0 to 1, for models that were exported without it: `softmax` where one of the classes is the right one, `sigmoid` where several can be (BirdNET, YOLO heads without it), `none` where the values are to be taken as they are. For `classify`, `keyword` and YOLO heads.",
	},
	{
		Name: "sensitivity", Kind: key.KindNumber, Above: key.Limit(0), Max: key.Limit(10), Example: "1.25", DefaultDoc: "1",
		Doc: "With `activation: sigmoid`: the steepness of the sigmoid, as BirdNET's programs have it.",
	},
	{
		Name: "score_threshold", Kind: key.KindNumber, Min: key.Limit(0), Max: key.Limit(1), Example: "0.6", DefaultDoc: "the catalog's; else 0.5 for `detect`, 0.3 for `pose`, for `keyword` and `wakeword` 0, which is the manifest's or 0.5, else 0",
		Doc: "Results with a lower score are left out. For `embed` the score is the cosine similarity with the gallery's nearest picture; a model with a `gallery` that the catalog does not know needs a threshold, which `corallite embed --calibrate` measures.",
	},
	{
		Name: "max_results", Kind: key.KindInteger, Min: key.Limit(0), Example: "10", DefaultDoc: "5 for `classify`, 1 for `embed`, else 0",
		Doc: "At most so many results of a picture, those with the highest scores. 0: all.",
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
		Name: "label_offset", Kind: key.KindInteger, Min: key.Limit(-1), Max: key.Limit(1000), Example: "1", DefaultDoc: "for detectors 1 when the labels begin with a background line, else 0",
		Doc: "How many lines the label file has before the label of class 0; -1 when class 0 has no line.",
	},
	{
		Name: "width", Kind: key.KindInteger, Needs: []string{"height"}, Min: key.Limit(1), Max: key.Limit(16384), Example: "320", DefaultDoc: "the catalog's",
		Doc: "For models that take pictures of any size: the width that this one is to run at, in pixels. Needs `height`. The size that it was trained with serves best; a model whose file fixes the size refuses another.",
	},
	{
		Name: "height", Kind: key.KindInteger, Needs: []string{"width"}, Min: key.Limit(1), Max: key.Limit(16384), Example: "320", DefaultDoc: "the catalog's",
		Doc: "As `width`.",
	},
	{
		Name: "resize", Kind: key.KindString, Choices: []string{"stretch", "letterbox", "crop"}, Example: "letterbox", DefaultDoc: "the catalog's; else what the decoder's models were trained with: `letterbox` (grey, centred) for YOLO heads, for MediaPipe's detectors their own; else `stretch`",
		Doc: "How a picture is brought to the size of the model's input: `stretch` changes its proportions, `letterbox` adds borders, `crop` cuts the middle out.",
	},
	{
		Name: "mean", Kind: key.KindNumberList, Needs: []string{"std"}, Lengths: []int{1, 3}, Example: "127.5", DefaultDoc: "the catalog's; else the model's metadata's or the decoder's; else 127.5 with `std` 127.5 for inputs of floats, which is said; 8-bit inputs get pixels as they are",
		Doc: "What is subtracted from a pixel's value (0 to 255) before it is divided by `std`: one number, or one each for red, green and blue. Needs `std`.",
	},
	{
		Name: "std", Kind: key.KindNumberList, Needs: []string{"mean"}, Lengths: []int{1, 3}, Above: key.Limit(0), Example: "127.5", DefaultDoc: "as `mean`",
		Doc: "What a pixel's value less `mean` is divided by: one number, or one each for red, green and blue. Needs `mean`.",
	},
	{
		Name: "decoder", Kind: key.KindString, Choices: vision.DecoderNames(), FormerNames: []string{"anchors", "head", "head_pixels"}, Example: "yolov8", DefaultDoc: "the catalog's; else `ssd_postprocess` for models that end in TFLite_Detection_PostProcess; else the model is refused with the decoders that fit its outputs",
		Doc: "For detectors: what the model's outputs mean. " + decoderDocs(),
	},
	{
		Name: "output", Kind: key.KindString, Example: "scores", DefaultDoc: "the only output",
		Doc: "For `classify`, `segment`, `embed`, `keyword` and YOLO decoders, where a model has several outputs: the name of the one to read.",
	},
	{
		Name: "signature", Kind: key.KindString, Example: "serving_default", DefaultDoc: "the main graph; required where several signatures lead to several graphs",
		Doc: "The key of the model's signature that is run. Its inputs and outputs have the signature's names.",
	},
	{
		Name: "nms_threshold", Kind: key.KindNumber, Above: key.Limit(0), Max: key.Limit(1), Example: "0.3", DefaultDoc: "the catalog's; else the decoder's: 0.45 for YOLO, 0.3 for MediaPipe's",
		Doc: "For detectors with a `decoder` that suppresses boxes: of two boxes that overlap more than this (intersection over union) only the one with the higher score is kept. Models that end in TFLite_Detection_PostProcess have their own threshold.",
	},
	{
		Name: "track", Kind: key.KindBoolean, Default: false, Example: "true",
		Doc: "For detectors: the same object has the same number (`track`) in each frame. Events say which objects are new, and which are not followed any more (`ended`).",
	},
	{
		Name: "keypoint_threshold", Kind: key.KindNumber, Min: key.Limit(0), Max: key.Limit(1), Default: 0.0, Example: "0.2",
		Doc: "For `pose`: key points with a lower score are left out.",
	},
	{
		Name: "min_share", Kind: key.KindNumber, Min: key.Limit(0), Max: key.Limit(1), Default: 0.0, Example: "0.01",
		Doc: "For `segment`: what has a smaller share of the picture is left out.",
	},
	{
		Name: "gallery", Kind: key.KindString, Example: "people",
		Doc: "For `embed`: a folder of labelled pictures, a folder in it for each label (`people/ada/1.jpg`) or a file (`ada.jpg`). Results name what the picture is the most similar to.",
	},
	{
		Name: "vector", Kind: key.KindBoolean, Example: "true", DefaultDoc: "true without a gallery",
		Doc: "For `embed`: whether results have the vector itself.",
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
