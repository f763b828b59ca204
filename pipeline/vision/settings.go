package vision

import (
	"fmt"
	"strings"

	"corallite/internal/key"
	"corallite/internal/score"
)

// Settings are what the configuration, the command line and the catalog say of a model on pictures. What they leave open
// (the zero value) comes from the model's metadata, its decoder or its task. Keys describes each of them.
type Settings struct {
	Task string // one of TaskNames

	score.Settings

	Width, Height int       // pixels, of the input of a model that takes pictures of any size; 0: it has a size
	Resize        string    // as ParseResize reads it
	Mean, Std     []float64 // 1 or 3 numbers each; empty: as the model, its decoder or the convention has it

	Decoder           string       // of detect: one of DecoderNames
	NMSThreshold      float64      // of a detector whose boxes are suppressed here
	Tiles             *TileOptions // of a detector; nil: it runs on whole pictures
	Keypoints         []string     // of a YOLO model with key points: their names
	KeypointThreshold float64      // of pose
	Landmarks         string       // of detect and pose: the file of the second model of two; "": there is none
	PresenceThreshold *float64     // with Landmarks; nil: DefaultPresenceThreshold
	MinShare          float64      // of segment
	Gallery           string       // of embed: a folder; "": none
	Vector            *bool        // of embed: whether vectors are in the results; nil: without a gallery
}

// Keys describes the keys of the settings.
func (s *Settings) Keys() key.Table {
	return append(s.Settings.Keys(), key.Table{
		key.Int(&s.Width, "width").Needs("height").Min(1).Max(16384).DefaultDoc("the catalog's").Example("320").Tasks(TaskNames()...).
			Doc("For models with a dynamic input size: the input width in pixels. Needs `height`. The size used in training works best; a model with a fixed size refuses another."),
		key.Int(&s.Height, "height").Needs("width").Min(1).Max(16384).DefaultDoc("the catalog's").Example("320").Tasks(TaskNames()...).
			Doc("As `width`."),
		key.String(&s.Resize, "resize").Choices(resizeNames[:]...).Example("letterbox").Tasks(TaskNames()...).
			DefaultDoc("the catalog's; else what the decoder's models were trained with: `letterbox` (grey, centred) for YOLO heads, for MediaPipe's detectors their own; else what the file of an Ultralytics export says; else `stretch`").
			Doc("How a picture is fitted to the model's input: `stretch` changes its proportions, `letterbox` adds borders, `crop` cuts out the centre."),
		key.Numbers(&s.Mean, "mean").Needs("std").Lengths(1, 3).Example("127.5").Tasks(TaskNames()...).
			DefaultDoc("the catalog's; else the model's metadata's or the decoder's; else 127.5 with `std` 127.5 for inputs of floats, which is said; 8-bit inputs get pixels as they are").
			Doc("Subtracted from a pixel's value (0 to 255) before dividing by `std`: one number, or one each for red, green and blue. Needs `std`."),
		key.Numbers(&s.Std, "std").Needs("mean").Lengths(1, 3).Above(0).DefaultDoc("as `mean`").Example("127.5").Tasks(TaskNames()...).
			Doc("Divisor of a pixel's value minus `mean`: one number, or one each for red, green and blue. Needs `mean`."),

		key.String(&s.Decoder, "decoder").Choices(DecoderNames()...).FormerNames("anchors", "head", "head_pixels").Example("yolov8").Tasks(taskDetect, taskPose).
			DefaultDoc("the catalog's; else `ssd_postprocess` for models that end in TFLite_Detection_PostProcess, and what the file of an Ultralytics export says; else the model is refused with the decoders that fit its outputs").
			Doc("For detectors, and for `pose` with a YOLO model: what the model's outputs mean. docs/models.md has the tools that write them. " + decoderDocs()),
		key.Strings(&s.Keypoints, "keypoints").Example("[head, tail]").Tasks(taskDetect, taskPose).
			DefaultDoc("those of the model's file; else the 17 of a person in COCO's order").
			Doc("For YOLO models with key points: the names of all, in the order of the model's training. Their number says how many there are."),
		key.Number(&s.NMSThreshold, "nms_threshold").Above(0).Max(1).Example("0.3").Tasks(taskDetect).
			DefaultDoc("the catalog's; otherwise the decoder's: 0.45 for YOLO, 0.3 for MediaPipe's").
			Doc("For detectors with a `decoder` that suppresses boxes: of two boxes that overlap more than this (intersection over union) only the one with the higher score is kept. Models that end in TFLite_Detection_PostProcess have their own threshold."),
		key.OptionalGroup(&s.Tiles, "tiles").Switch().Example("{size: 400}").Tasks(taskDetect).
			Doc("For detectors: the model runs on overlapping tiles of the picture, and on all of it, and what it finds is merged. It finds what is too small in the whole picture, and takes a run for each tile. [More](tiles.md)."),
		key.String(&s.Landmarks, "landmarks").DefaultDoc("the catalog's").Example("hand_landmark_full.tflite").Tasks(taskDetect, taskPose).
			Doc("For models in two steps, MediaPipe's hands (a palm detector, `task: detect`) and poses (`pose_detection`, `task: pose`): the .tflite file of the second model, which finds the key points in the turned part of the picture around what the first has found. Hands then have 21 key points with depths (`z`), and whose hand it is (`classes`); people have 33 key points."),
		key.Optional(&s.PresenceThreshold, "presence_threshold").Min(0).Max(1).DefaultDoc("0.5").Example("0.7").Tasks(taskDetect, taskPose).
			Doc("Minimum score of the second model (`landmarks`) that there is a hand or a person. `score_threshold` applies to both models' scores."),
		key.Number(&s.KeypointThreshold, "keypoint_threshold").Min(0).Max(1).Default(0.0).Example("0.2").Tasks(taskPose).
			Doc("For `pose`: minimum score of a key point."),
		key.Number(&s.MinShare, "min_share").Min(0).Max(1).Default(0.0).Example("0.01").Tasks(taskSegment).
			Doc("For `segment`: minimum share of the picture that a class must have to be reported."),
		key.String(&s.Gallery, "gallery").Example("people").Tasks(taskEmbed).
			Doc("For `embed`: a folder of labelled pictures, with a sub-folder (`people/ada/1.jpg`) or a file (`ada.jpg`) for each label. Results have the label of the most similar picture."),
		key.Optional(&s.Vector, "vector").DefaultDoc("true without a gallery").Example("true").Tasks(taskEmbed).
			Doc("For `embed`: whether results include the vector."),
	}...)
}

// decoderDocs says what each decoder is for.
func decoderDocs() string {
	var each []string
	for _, d := range Decoders() {
		each = append(each, fmt.Sprintf("`%s`: %s", d.Name, d.Description))
	}
	return strings.Join(each, "; ") + "."
}
