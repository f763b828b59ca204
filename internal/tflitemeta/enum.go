package tflitemeta

import (
	"fmt"
	"strings"
)

// The enumerations of the schema. An unknown value is printed as its number.
type (
	// ColorSpace is of a picture.
	ColorSpace int8
	// BoxType says what the values of a box are.
	BoxType int8
	// CoordinateType is the unit of a box.
	CoordinateType int8
	// ScoreTransformation is applied before a score is calibrated.
	ScoreTransformation int8
	// FileType is what a packed file is for.
	FileType int8
)

// Values of FileType.
const (
	FileUnknown, FileDescriptions, FileAxisLabels, FileValueLabels FileType = 0, 1, 2, 3
	FileCalibration, FileVocabulary, FileIndex                     FileType = 4, 5, 6
)

var (
	colorSpaces     = []string{"UNKNOWN", "RGB", "GRAYSCALE"}
	boxTypes        = []string{"UNKNOWN", "BOUNDARIES", "UPPER_LEFT", "CENTER"}
	coordinateTypes = []string{"RATIO", "PIXEL"}
	transformations = []string{"IDENTITY", "LOG", "INVERSE_LOGISTIC"}
	fileTypes       = []string{"UNKNOWN", "DESCRIPTIONS", "TENSOR_AXIS_LABELS", "TENSOR_VALUE_LABELS", "TENSOR_AXIS_SCORE_CALIBRATION", "VOCABULARY", "SCANN_INDEX_FILE"}
)

func (c ColorSpace) String() string          { return word(colorSpaces, int8(c)) }
func (b BoxType) String() string             { return word(boxTypes, int8(b)) }
func (c CoordinateType) String() string      { return word(coordinateTypes, int8(c)) }
func (s ScoreTransformation) String() string { return word(transformations, int8(s)) }
func (f FileType) String() string            { return word(fileTypes, int8(f)) }

func word(words []string, n int8) string {
	if n < 0 || int(n) >= len(words) {
		return fmt.Sprint(n)
	}
	return words[n]
}

// number is the value of a word, in small or capital letters.
func number(words []string, w string) (int8, error) {
	for i, known := range words {
		if strings.EqualFold(known, strings.ReplaceAll(w, "-", "_")) {
			return int8(i), nil
		}
	}
	return 0, fmt.Errorf("want %s", strings.ToLower(strings.Join(words, ", ")))
}
