package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"corallite/configs"
	"corallite/internal/score"
	"corallite/models"
	"corallite/pipeline/vision"
)

// modelFlags are a model as the command line asks for it.
type modelFlags struct {
	configs.ModelSpec
	runs       delegateFlags
	threshold  float64
	maxResults int
}

// find makes the model of what the flags say; of --score-threshold and --max-results, what changed says is given.
func (f *modelFlags) find(changed func(flag string) bool) (name string, m configs.Model, err error) {
	if err := f.setDelegates(); err != nil {
		return "", m, err
	}
	if changed("score-threshold") {
		f.ScoreThreshold = &f.threshold
	}
	if changed("max-results") {
		f.MaxResults = &f.maxResults
	}
	return findModel(f.ModelSpec)
}

// setDelegates takes what runs the model from its flags.
func (f *modelFlags) setDelegates() (err error) {
	f.Device = f.runs.device
	f.Delegate, err = f.runs.delegates()
	return err
}

// findModel finds a model. What is wrong with a flag is wrong use.
func findModel(spec configs.ModelSpec) (name string, m configs.Model, err error) {
	store, err := models.Open(models.Options{})
	if err != nil {
		return "", m, err
	}
	name, m, err = spec.Find(store, vision.ReadLabels)
	var wrong *configs.SpecError
	if !errors.As(err, &wrong) {
		return name, m, wrongName(err)
	}
	switch wrong.Key {
	case "labels":
		err = fmt.Errorf("--labels %w", wrong.Err)
	case "score_threshold":
		err = fmt.Errorf("--score-threshold is missing: %w", wrong.Err)
	case "task":
		command := m.Task
		if m.Listens() {
			command = "listen"
		}
		err = fmt.Errorf("%w: use corallite %s", wrong.Err, command)
	case "features":
		err = fmt.Errorf("--model %s: features: %w (--features-KEY for each)", spec.Ref, wrong.Err)
	default:
		err = fmt.Errorf("--model %s: %w", spec.Ref, wrong.Err)
	}
	return name, m, usageError{err}
}

// addSizeFlags adds the flags of models that take pictures of any size.
func (f *modelFlags) addSizeFlags(flags *pflag.FlagSet) {
	const use = "input %s in pixels, for a model that accepts pictures of any size (default: the catalog's)"
	addKeyFlag(flags, &f.Width, "width", fmt.Sprintf(use, "width"), "models", "width")
	addKeyFlag(flags, &f.Height, "height", fmt.Sprintf(use, "height"), "models", "height")
}

// addActivationFlag adds the flag of models that give no scores by themselves.
func addActivationFlag(cmd *cobra.Command, to *string) {
	addKeyFlag(cmd.Flags(), to, "activation", "activation that turns the model's outputs into scores: none, sigmoid or softmax (default: the catalog's; otherwise none, if they are scores)", "models", "activation")
	_ = cmd.RegisterFlagCompletionFunc("activation", cobra.FixedCompletions(score.Activations(), cobra.ShellCompDirectiveNoFileComp))
}

// addDecoderFlag adds the flag of detectors whose graph does not say what their outputs mean.
func (f *modelFlags) addDecoderFlag(cmd *cobra.Command) {
	addKeyFlag(cmd.Flags(), &f.Decoder, "decoder", "decoder of a detector's outputs (default: the catalog's, or from the model's graph): "+strings.Join(vision.DecoderNames(), ", "), "models", "decoder")
	_ = cmd.RegisterFlagCompletionFunc("decoder", cobra.FixedCompletions(vision.DecoderNames(), cobra.ShellCompDirectiveNoFileComp))
}

// addLandmarksFlag adds the flag of models in two steps.
func (f *modelFlags) addLandmarksFlag(cmd *cobra.Command) {
	addKeyFlag(cmd.Flags(), &f.Landmarks, "landmarks", "the .tflite file of the second model of two, which finds key points where --model has found a hand or a person (MediaPipe; default: the catalog's)", "models", "landmarks")
	_ = cmd.MarkFlagFilename("landmarks", "tflite")
}

// addInputFlags adds the flags of what a model takes for a pixel.
func (f *modelFlags) addInputFlags(flags *pflag.FlagSet) {
	addKeyFlag(flags, &f.Mean, "mean", "mean subtracted from pixel values of 0 to 255: one number, or three for red, green and blue (default: from the catalog or the model's metadata)", "models", "mean")
	addKeyFlag(flags, &f.Std, "std", "standard deviation by which pixel values are divided after subtracting --mean: one number or three", "models", "std")
}

// addGraphFlags adds the flags of models with several signatures or outputs.
func addGraphFlags(flags *pflag.FlagSet, signature, output *string) {
	addKeyFlag(flags, signature, "signature", "signature of the model to run (default: the main graph)", "models", "signature")
	addKeyFlag(flags, output, "output", "name of the output to read if the model has several (default: the only one)", "models", "output")
}

// checkInput refuses half a normalization.
func (f *modelFlags) checkInput() error {
	if (len(f.Mean) == 0) != (len(f.Std) == 0) {
		return usageError{errors.New("--mean and --std belong together: give both or neither")}
	}
	return nil
}

// checkSize refuses half a size.
func (f *modelFlags) checkSize() error {
	if (f.Width == 0) != (f.Height == 0) {
		return usageError{errors.New("--width and --height belong together: give both or neither")}
	}
	return nil
}
