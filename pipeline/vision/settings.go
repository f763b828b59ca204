package vision

import (
	"slices"

	"corallite/internal/key"
	"corallite/internal/score"
)

// Settings are what the configuration, the command line and the catalog say of a model on pictures. What they leave open
// (the zero value) comes from the model's metadata, its decoder or its task. Keys describes each of them.
type Settings struct {
	Task string // one of TaskNames

	score.Settings
	InputSettings

	// Of single tasks.
	DetectSettings
	SegmentSettings
	PoseSettings
	EmbedSettings
}

// Keys describes the keys of the settings.
func (s *Settings) Keys() key.Table {
	return slices.Concat(s.Settings.Keys(), s.InputSettings.Keys(), s.ownKeys())
}

// InputSettings say how a picture becomes a model's input.
type InputSettings struct {
	Width, Height int       // pixels, of the input of a model that takes pictures of any size; 0: it has a size
	Resize        string    // as ParseResize reads it
	Mean, Std     []float64 // 1 or 3 numbers each; empty: as the model, its decoder or the convention has it
}

// Keys describes the keys of the settings.
func (s *InputSettings) Keys() key.Table {
	return key.Table{
		key.Int(&s.Width, "width").Flag("input width in pixels, for a model that accepts pictures of any size (default: the catalog's)").
			Needs("height").Min(1).Max(16384).DefaultDoc("the catalog's").Example("320").Tasks(TaskNames()...).
			Doc("For models with a dynamic input size: the input width in pixels. Needs `height`. The size used in training works best; a model with a fixed size refuses another."),
		key.Int(&s.Height, "height").Flag("input height in pixels, for a model that accepts pictures of any size (default: the catalog's)").
			Needs("width").Min(1).Max(16384).DefaultDoc("the catalog's").Example("320").Tasks(TaskNames()...).
			Doc("As `width`."),
		key.String(&s.Resize, "resize").Choices(resizeNames[:]...).Example("letterbox").Tasks(TaskNames()...).
			DefaultDoc("the catalog's; else what the decoder's models were trained with: `letterbox` (grey, centred) for YOLO heads, for MediaPipe's detectors their own; else what the file of an Ultralytics export says; else `stretch`").
			Doc("How a picture is fitted to the model's input: `stretch` changes its proportions, `letterbox` adds borders, `crop` cuts out the centre."),
		key.Numbers(&s.Mean, "mean").Flag("mean subtracted from pixel values of 0 to 255: one number, or three for red, green and blue (default: from the catalog or the model's metadata)").
			Needs("std").Lengths(1, 3).Example("127.5").Tasks(TaskNames()...).
			DefaultDoc("the catalog's; else the model's metadata's or the decoder's; else 127.5 with `std` 127.5 for inputs of floats, which is said; 8-bit inputs get pixels as they are").
			Doc("Subtracted from a pixel's value (0 to 255) before dividing by `std`: one number, or one each for red, green and blue. Needs `std`."),
		key.Numbers(&s.Std, "std").Flag("standard deviation by which pixel values are divided after subtracting --mean: one number or three").
			Needs("mean").Lengths(1, 3).Above(0).DefaultDoc("as `mean`").Example("127.5").Tasks(TaskNames()...).
			Doc("Divisor of a pixel's value minus `mean`: one number, or one each for red, green and blue. Needs `mean`."),
	}
}
