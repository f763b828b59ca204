package vision

import (
	"errors"
	"fmt"
	"strings"

	"corallite/internal/key"
)

// DetectSettings are the settings of detectors, also of those of poses.
type DetectSettings struct {
	Decoder           string       // one of DecoderNames
	NMSThreshold      float64      // of boxes that are suppressed here
	Keypoints         []string     // of a YOLO model with key points: their names
	Landmarks         string       // the file of the second model of two; "": there is none
	PresenceThreshold *float64     // with Landmarks; nil: DefaultPresenceThreshold
	Tiles             *TileOptions // nil: it runs on whole pictures
}

// Keys describes the keys of the settings.
func (s *DetectSettings) Keys() key.Table {
	return key.Table{
		key.String(&s.Decoder, "decoder").Choices(DecoderNames()...).FormerNames("anchors", "head", "head_pixels").Example("yolov8").Tasks(taskDetect, taskPose).
			Flag("decoder of a detector's outputs (default: the catalog's, or from the model's graph): "+strings.Join(DecoderNames(), ", "), taskDetect).
			DefaultDoc("the catalog's; else `ssd_postprocess` for models that end in TFLite_Detection_PostProcess, and what the file of an Ultralytics export says; else the model is refused with the decoders that fit its outputs").
			Doc("For detectors, and for `pose` with a YOLO model: what the model's outputs mean. docs/models.md has the tools that write them. " + decoderDocs()),
		key.Strings(&s.Keypoints, "keypoints").Example("[head, tail]").Tasks(taskDetect, taskPose).
			DefaultDoc("those of the model's file; else the 17 of a person in COCO's order").
			Doc("For YOLO models with key points: the names of all, in the order of the model's training. Their number says how many there are."),
		key.Number(&s.NMSThreshold, "nms_threshold").Above(0).Max(1).Example("0.3").
			DefaultDoc("the catalog's; otherwise the decoder's: 0.45 for YOLO, 0.3 for MediaPipe's").
			Doc("For detectors with a `decoder` that suppresses boxes: of two boxes that overlap more than this (intersection over union) only the one with the higher score is kept. Models that end in TFLite_Detection_PostProcess have their own threshold."),
		key.OptionalGroup(&s.Tiles, "tiles").Switch().Example("{size: 400}").
			Doc("For detectors: the model runs on overlapping tiles of the picture, and on all of it, and what it finds is merged. It finds what is too small in the whole picture, and takes a run for each tile. [More](tiles.md)."),
		key.String(&s.Landmarks, "landmarks").DefaultDoc("the catalog's").Example("hand_landmark_full.tflite").Tasks(taskDetect, taskPose).
			Flag("the .tflite file of the second model of two, which finds key points where --model has found a hand or a person (MediaPipe; default: the catalog's)").
			Doc("For models in two steps, MediaPipe's hands (a palm detector, `task: detect`) and poses (`pose_detection`, `task: pose`): the .tflite file of the second model, which finds the key points in the turned part of the picture around what the first has found. Hands then have 21 key points with depths (`z`), and whose hand it is (`classes`); people have 33 key points."),
		key.Optional(&s.PresenceThreshold, "presence_threshold").Min(0).Max(1).DefaultDoc("0.5").Example("0.7").Tasks(taskDetect, taskPose).
			Doc("Minimum score of the second model (`landmarks`) that there is a hand or a person. `score_threshold` applies to both models' scores."),
	}
}

// decoderDocs says what each decoder is for.
func decoderDocs() string {
	var each []string
	for _, d := range Decoders() {
		each = append(each, fmt.Sprintf("`%s`: %s", d.Name, d.Description))
	}
	return strings.Join(each, "; ") + "."
}

// newDetectTask makes the task for a detector.
func newDetectTask(m ModelInfo, s Settings) (Task, error) {
	if err := secondAlone(taskDetect, m); err != nil {
		return nil, err
	}
	d, err := chooseDecoder(m, s.Decoder)
	if err != nil {
		return nil, fmt.Errorf("detect: %w", err)
	}
	if s.NMSThreshold == 0 {
		s.NMSThreshold = float64(d.NMSThreshold)
	}
	limit := s.MaxResults
	if s.Tiles != nil {
		s.MaxResults = 0 // of a tile: there is no limit before all are merged
	}
	t, err := d.New(m, s)
	if err == nil && s.Landmarks != "" && landmarksOf(t) == nil {
		return nil, errors.Join(fmt.Errorf("detect: landmarks: %s is the second model behind the decoder %s; this model has %s", s.Landmarks, mediapipePalm.Name, d.Name), t.Close())
	}
	if err != nil || s.Tiles == nil {
		return t, err
	}
	if landmarksOf(t) != nil {
		return nil, errors.Join(errors.New("detect: tiles are not for models in two steps: remove tiles, or landmarks"), t.Close())
	}
	tiled, err := NewTiled(t, *s.Tiles, limit)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("detect: %w", err), tiled.Close())
	}
	return tiled, nil
}

// readsSeveral refuses the name of an output for a decoder that reads several and finds them itself.
func (s Settings) readsSeveral() error {
	if s.Output == "" {
		return nil
	}
	return fmt.Errorf("detect: its decoder finds its outputs itself: remove output: %s", s.Output)
}
