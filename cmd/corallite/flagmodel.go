package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"corallite/configs"
	"corallite/models"
	"corallite/pipeline/score"
	"corallite/pipeline/vision"
)

// modelFlags are a model as the command line asks for it.
type modelFlags struct {
	ref            string // a name of the catalog or a path
	labels         string // a label file
	task           string
	runs           delegateFlags
	threads        int
	scoreThreshold *float64
	maxResults     *int
	activation     string
	decoder        string
	signature      string
	output         string
	mean, std      []float64
	width, height  int    // of a model that takes pictures of any size
	gallery        string // embed: a folder of labelled pictures
	calibrate      bool   // embed: the gallery is measured, and names nothing
}

// find makes the model of what the flags say, what the catalog knows about it and the defaults of its task. The name
// is the catalog's, or the file's without its ending.
func (f modelFlags) find(store *models.Store) (name string, m configs.Model, err error) {
	found, err := store.Find(f.ref)
	if err != nil {
		return "", m, err
	}
	if e := found.Entry; e != nil && f.task != "" && configs.Listens(e.Task) != configs.Listens(f.task) {
		if configs.Listens(e.Task) {
			return "", m, usageError{fmt.Errorf("%s is a model for %s, which is for sound: use corallite listen", e.Name, e.Task)}
		}
		return "", m, usageError{fmt.Errorf("%s is a model for %s, which is for pictures: use corallite %[2]s", e.Name, e.Task)}
	}
	m = configs.Defaults(f.task, found.Entry)
	m.Path, m.EdgeTPU = found.Model, found.EdgeTPU
	m.Manifest, m.Melspectrogram, m.Embedding = found.Manifest, found.Melspectrogram, found.Embedding
	if m.Delegate, err = f.runs.delegates(); err != nil {
		return "", m, err
	}
	m.Device, m.Threads, m.Gallery = f.runs.device, f.threads, f.gallery
	if f.decoder != "" {
		m.SetDecoder(f.decoder)
	}
	m.Signature, m.Output = f.signature, f.output
	if len(f.mean) > 0 {
		m.Mean, m.Std = f.mean, f.std
	}
	if f.activation != "" {
		m.Activation = f.activation
	}
	if f.width != 0 || f.height != 0 {
		m.Width, m.Height = f.width, f.height
	}
	if f.scoreThreshold != nil {
		m.ScoreThreshold = *f.scoreThreshold
	} else if err := m.CheckThreshold(); err != nil && !f.calibrate {
		return "", m, usageError{fmt.Errorf("--score-threshold is missing: %w", err)}
	}
	if f.maxResults != nil {
		m.MaxResults = *f.maxResults
	}
	m.LabelsFile = found.Labels
	if f.labels != "" {
		m.LabelsFile = f.labels
	}
	if m.LabelsFile != "" {
		m.Labels, err = vision.ReadLabels(m.LabelsFile)
		if f.labels != "" && errors.Is(err, fs.ErrNotExist) {
			return "", m, usageError{fmt.Errorf("--labels %s: no such file", f.labels)}
		}
		if err != nil {
			return "", m, err
		}
	}
	if found.Entry != nil {
		return found.Entry.Name, m, nil
	}
	return strings.TrimSuffix(filepath.Base(found.Model), ".tflite"), m, nil
}

// addSizeFlags adds the flags of models that take pictures of any size.
func (f *modelFlags) addSizeFlags(flags *pflag.FlagSet) {
	const use = "of a model that takes pictures of any size: %s in pixels at which it runs (default: the catalog's)"
	addKeyFlag(flags, &f.width, "width", fmt.Sprintf(use, "width"), "models", "width")
	addKeyFlag(flags, &f.height, "height", fmt.Sprintf(use, "height"), "models", "height")
}

// addActivationFlag adds the flag of models that give no scores by themselves.
func addActivationFlag(cmd *cobra.Command, to *string) {
	addKeyFlag(cmd.Flags(), to, "activation", "what turns the model's values into scores: none, sigmoid or softmax (default: the catalog's; else none, if they are scores)", "models", "activation")
	_ = cmd.RegisterFlagCompletionFunc("activation", cobra.FixedCompletions(score.Activations(), cobra.ShellCompDirectiveNoFileComp))
}

// addDecoderFlag adds the flag of detectors whose graph does not say what their outputs mean.
func (f *modelFlags) addDecoderFlag(cmd *cobra.Command) {
	addKeyFlag(cmd.Flags(), &f.decoder, "decoder", "what a detector's outputs mean (default: the catalog's, or as its graph tells): "+strings.Join(vision.DecoderNames(), ", "), "models", "decoder")
	_ = cmd.RegisterFlagCompletionFunc("decoder", cobra.FixedCompletions(vision.DecoderNames(), cobra.ShellCompDirectiveNoFileComp))
}

// addInputFlags adds the flags of what a model takes for a pixel.
func (f *modelFlags) addInputFlags(flags *pflag.FlagSet) {
	flags.Float64SliceVar(&f.mean, "mean", nil, "subtracted from pixel values of 0 to 255: one number, or one each for red, green and blue (default: the catalog's or the model's metadata's)")
	flags.Float64SliceVar(&f.std, "std", nil, "what pixel values less --mean are divided by, likewise")
}

// addGraphFlags adds the flags of models with several signatures or outputs.
func addGraphFlags(flags *pflag.FlagSet, signature, output *string) {
	addKeyFlag(flags, signature, "signature", "key of the model's signature to run (default: the main graph)", "models", "signature")
	addKeyFlag(flags, output, "output", "name of the output to read, for a model with several (default: the only one)", "models", "output")
}

// checkInput refuses half a normalization.
func (f *modelFlags) checkInput() error {
	if (len(f.mean) == 0) != (len(f.std) == 0) {
		return usageError{errors.New("--mean and --std belong together: give both or neither")}
	}
	return nil
}

// checkSize refuses half a size.
func (f *modelFlags) checkSize() error {
	if (f.width == 0) != (f.height == 0) {
		return usageError{errors.New("--width and --height belong together: give both or neither")}
	}
	return nil
}
