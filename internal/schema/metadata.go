package schema

import (
	"fmt"
	"math"
)

// metadataName001 is the name of the buffer with the model's TensorFlow Lite Metadata
// (tensorflow/lite/schema/metadata_schema.fbs in tflite-support), a FlatBuffer with the identifier M001.
const metadataName001, metadataIdentifier = "TFLITE_METADATA", "M001"

// Fields of the metadata's tables, by id.
const (
	describedSubgraphs                                  = 3
	subgraphCustom                                      = 9
	subgraphInputsDescribed, subgraphOutputsDescribed   = 2, 3
	describedName, describedContent, describedUnitsType = 0, 3, 4
	describedFiles                                      = 6
	contentType, contentProperties                      = 0, 1
	audioRate, audioChannels                            = 0, 1
	unitType, unitOptions                               = 0, 1
	normalizationMean, normalizationStd                 = 0, 1
	fileName, fileType, fileLocale                      = 0, 2, 3

	calibrationTransformation, calibrationDefault = 0, 1
	threshold                                     = 0

	contentAudio, fileAxisLabels, fileValueLabels, fileCalibration = 4, 2, 3, 4
	unitNormalization, unitCalibration, unitThreshold              = 1, 2, 3
)

// Description is a model's metadata about its inputs and outputs, in the order of the subgraph's.
type Description struct {
	Inputs, Outputs []TensorDescription
	Detector        *Detector // nil: it says nothing of a detector
}

// TensorDescription is a model's metadata about a tensor.
type TensorDescription struct {
	Name      string
	Mean, Std []float32 // (value − mean) / std makes the input, with values of 0 to 255 for pictures; nil: unknown
	Audio     *Audio    // nil: not audio
	Labels    string    // name of the associated file with the labels of its values, one per line; "": none
	Threshold float32   // below which its scores are not worth reporting; 0: not said
	// Calibration says how its values become comparable scores; nil: it does not.
	Calibration *Calibration
}

// Calibration is a sigmoid for each value of an output, with parameters in a packed file.
type Calibration struct {
	File           string // name of the associated file with the parameters, one line for each value
	Transformation int    // 0: none, 1: logarithm, 2: inverse of the logistic function
	Default        float32
}

// Audio describes an audio input.
type Audio struct {
	Rate     int // samples per second; 0: unknown
	Channels int // 0: unknown
}

// Describe reads the metadata of the model's first subgraph; nil if it has none. Like the model itself, they are checked
// against the buffer's bounds; on an error the model still runs without them. Their values are not checked.
func (m *Model) Describe() (*Description, error) {
	for _, b := range m.Metadata {
		if b.Name == metadataName001 {
			return describe(b.Data)
		}
	}
	return nil, nil
}

func describe(data []byte) (*Description, error) {
	if len(data) < 8 || string(data[4:8]) != metadataIdentifier {
		return nil, fmt.Errorf("its metadata (%s) do not start with the identifier %s", metadataName001, metadataIdentifier)
	}
	r := newReader(data)
	root := r.table(r.follow(0))
	d := &Description{}
	if subgraphs := root.tables(describedSubgraphs); subgraphs.n > 0 && r.err == nil {
		first := subgraphs.at(0)
		d.Inputs = r.tensorsDescribed(first.tables(subgraphInputsDescribed))
		d.Outputs = r.tensorsDescribed(first.tables(subgraphOutputsDescribed))
		d.Detector = r.detector(first.tables(subgraphCustom))
	}
	if r.err != nil {
		return nil, fmt.Errorf("its metadata (%s) are damaged: %w", metadataName001, r.err)
	}
	return d, nil
}

func (r *reader) tensorsDescribed(v vector) []TensorDescription {
	var all []TensorDescription
	for i := 0; i < v.n && r.err == nil; i++ {
		t := v.at(i)
		d := TensorDescription{Name: t.text(describedName)}
		if content := t.sub(describedContent); content.present() && content.byteOr(contentType, 0) == contentAudio {
			audio := content.sub(contentProperties)
			d.Audio = &Audio{Rate: int(audio.uint32(audioRate)), Channels: int(audio.uint32(audioChannels))}
		}
		units := t.tables(describedUnitsType)
		for k := 0; k < units.n && r.err == nil; k++ {
			unit := units.at(k)
			switch options := unit.sub(unitOptions); unit.byteOr(unitType, 0) {
			case unitNormalization:
				d.Mean, d.Std = options.floats(normalizationMean), options.floats(normalizationStd)
			case unitCalibration:
				d.Calibration = &Calibration{
					Transformation: int(options.byteOr(calibrationTransformation, 0)), Default: math.Float32frombits(options.uint32(calibrationDefault)),
				}
			case unitThreshold:
				d.Threshold = math.Float32frombits(options.uint32(threshold))
			}
		}
		files, labelled := t.tables(describedFiles), false
		for k := 0; k < files.n && r.err == nil; k++ {
			file := files.at(k)
			kind := file.byteOr(fileType, 0)
			if kind == fileCalibration && d.Calibration != nil {
				d.Calibration.File = file.text(fileName)
			}
			if kind != fileAxisLabels && kind != fileValueLabels {
				continue
			}
			if everywhere := file.text(fileLocale) == ""; d.Labels == "" || everywhere && !labelled { // else translations
				d.Labels, labelled = file.text(fileName), everywhere
			}
		}
		all = append(all, d)
	}
	return all
}
