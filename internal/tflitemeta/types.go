// Package tflitemeta reads and writes TensorFlow Lite Metadata: what a model's file says of the model, its inputs and its
// outputs (schema 1.5.0, tensorflow_lite_support/metadata/metadata_schema.fbs in tflite-support). They are a FlatBuffer in the
// model's metadata entry TFLITE_METADATA; the files that they name are packed behind the model.
package tflitemeta

import "corallite/internal/flatfile"

// The names of fields in JSON are those of the schema, as tflite-support's displayer prints them.

// Model is what is said of a model.
type Model struct {
	Name             string      `fb:"0" json:"name"`
	Description      string      `fb:"1" json:"description"`
	Version          string      `fb:"2" json:"version"` // the author's
	Subgraphs        []*Subgraph `fb:"3" json:"subgraph_metadata"`
	Author           string      `fb:"4" json:"author"`
	Licence          string      `fb:"5" json:"license"`
	Files            []*File     `fb:"6" json:"associated_files"`
	MinParserVersion string      `fb:"7" json:"min_parser_version"`
}

// Subgraph is what is said of a subgraph; Inputs and Outputs are in the order of its own.
type Subgraph struct {
	Name         string         `fb:"0" json:"name"`
	Description  string         `fb:"1" json:"description"`
	Inputs       []*Tensor      `fb:"2" json:"input_tensor_metadata"`
	Outputs      []*Tensor      `fb:"3" json:"output_tensor_metadata"`
	Files        []*File        `fb:"4" json:"associated_files"`
	InputUnits   []*ProcessUnit `fb:"5" json:"input_process_units"`
	OutputUnits  []*ProcessUnit `fb:"6" json:"output_process_units"`
	InputGroups  []*Group       `fb:"7" json:"input_tensor_groups"`
	OutputGroups []*Group       `fb:"8" json:"output_tensor_groups"`
	Custom       []*Custom      `fb:"9" json:"custom_metadata"`
}

// Group names tensors that belong together.
type Group struct {
	Name    string   `fb:"0" json:"name"`
	Tensors []string `fb:"1" json:"tensor_names"`
}

// Custom is named bytes.
type Custom struct {
	Name string `fb:"0" json:"name"`
	Data []byte `fb:"1,align=16" json:"data"`
}

// Tensor is what is said of an input or output.
type Tensor struct {
	Name           string         `fb:"0" json:"name"`
	Description    string         `fb:"1" json:"description"`
	DimensionNames []string       `fb:"2" json:"dimension_names"`
	Content        *Content       `fb:"3" json:"content"`
	Units          []*ProcessUnit `fb:"4" json:"process_units"`
	Stats          *Stats         `fb:"5" json:"stats"`
	Files          []*File        `fb:"6" json:"associated_files"`
}

// Stats are the least and the greatest values, one or one for each channel.
type Stats struct {
	Max []float32 `fb:"0" json:"max"`
	Min []float32 `fb:"1" json:"min"`
}

// Content is what a tensor holds.
type Content struct {
	Properties flatfile.Union `fb:"1,union=ContentProperties" json:"content_properties"`
	Range      *Range         `fb:"2" json:"range"` // the dimensions that hold it; nil: all but the first
}

// Range is of dimensions.
type Range struct {
	Min int32 `fb:"0" json:"min"`
	Max int32 `fb:"1" json:"max"`
}

// Kinds of content: tags of Content.Properties.
const (
	Feature, Image, BoundingBox, Audio = 1, 2, 3, 4
)

// FeatureProperties are of anything else.
type FeatureProperties struct{}

// ImageProperties are of pictures.
type ImageProperties struct {
	ColorSpace  ColorSpace `fb:"0" json:"color_space"`
	DefaultSize *ImageSize `fb:"1" json:"default_size"`
}

// ImageSize is in pixels.
type ImageSize struct {
	Width  uint32 `fb:"0" json:"width"`
	Height uint32 `fb:"1" json:"height"`
}

// BoundingBoxProperties are of boxes.
type BoundingBoxProperties struct {
	Index      []uint32       `fb:"0" json:"index"` // the order of the box's values
	Type       BoxType        `fb:"1" json:"type"`
	Coordinate CoordinateType `fb:"2" json:"coordinate_type"`
}

// AudioProperties are of sound.
type AudioProperties struct {
	SampleRate uint32 `fb:"0" json:"sample_rate"` // samples a second
	Channels   uint32 `fb:"1" json:"channels"`
}

// ProcessUnit is what is done with a tensor outside of the model.
type ProcessUnit struct {
	Options flatfile.Union `fb:"1,union=ProcessUnitOptions" json:"options"`
}

// Kinds of units: tags of ProcessUnit.Options.
const (
	Normalization, Calibration, Thresholding = 1, 2, 3
)

// NormalizationOptions make an input: (value − mean) / std.
type NormalizationOptions struct {
	Mean []float32 `fb:"0" json:"mean"` // one, or one for each channel
	Std  []float32 `fb:"1" json:"std"`
}

// CalibrationOptions make a calibrated score of each value x, with the parameters of a line in an associated file
// (TENSOR_AXIS_SCORE_CALIBRATION): scale / (1 + exp(−(slope · g(x) + offset))).
type CalibrationOptions struct {
	Transformation ScoreTransformation `fb:"0" json:"score_transformation"` // g
	DefaultScore   float32             `fb:"1" json:"default_score"`
}

// ThresholdingOptions say below what a score is not worth reporting.
type ThresholdingOptions struct {
	Threshold float32 `fb:"0" json:"global_score_threshold"`
}

// BertOptions, SentencePieceOptions and RegexOptions are of text.
type BertOptions struct {
	Vocabulary []*File `fb:"0" json:"vocab_file"`
}

// SentencePieceOptions are of text.
type SentencePieceOptions struct {
	Model      []*File `fb:"0" json:"sentencePiece_model"`
	Vocabulary []*File `fb:"1" json:"vocab_file"`
}

// RegexOptions are of text.
type RegexOptions struct {
	Pattern    string  `fb:"0" json:"delim_regex_pattern"`
	Vocabulary []*File `fb:"1" json:"vocab_file"`
}

// File is one that is packed behind the model.
type File struct {
	Name        string   `fb:"0" json:"name"`
	Description string   `fb:"1" json:"description"`
	Type        FileType `fb:"2" json:"type"`
	Locale      string   `fb:"3" json:"locale"` // "de", "en-US"; "": none
	Version     string   `fb:"4" json:"version"`
}

var format = flatfile.Schema{
	Identifier: "M001",
	Newer:      "a Corallite that knows a newer schema of metadata than 1.5.0",
	Unions: map[string][]any{
		"ContentProperties": {&FeatureProperties{}, &ImageProperties{}, &BoundingBoxProperties{}, &AudioProperties{}},
		"ProcessUnitOptions": {
			&NormalizationOptions{}, &CalibrationOptions{}, &ThresholdingOptions{}, &BertOptions{}, &SentencePieceOptions{}, &RegexOptions{},
		},
	},
}
