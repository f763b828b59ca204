package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"corallite/configs"
	"corallite/internal/assemble"
	"corallite/models"
	"corallite/pipeline/score"
	"corallite/pipeline/vision"
)

// modelFlags are a model as the command line asks for it.
type modelFlags struct {
	ref            string // a name of the catalog or a path
	labels         string // a label file
	task           string
	delegate       string
	device         string
	threads        int
	scoreThreshold *float64
	maxResults     *int
	activation     string
	decoder        string
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
	m.Delegate, m.Device, m.Threads, m.Gallery = f.delegate, f.device, f.threads, f.gallery
	if f.decoder != "" {
		m.SetDecoder(f.decoder)
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

// addDecoderFlag adds the flag of detectors that do not end in TFLite_Detection_PostProcess.
func (f *modelFlags) addDecoderFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.decoder, "decoder", "", "what the outputs of a detector mean, if it does not end in "+assemble.PostProcess+": "+strings.Join(configs.Decoders(), ", "))
	_ = cmd.RegisterFlagCompletionFunc("decoder", cobra.FixedCompletions(configs.Decoders(), cobra.ShellCompDirectiveNoFileComp))
}

// checkDecoder refuses a decoder that is none.
func (f *modelFlags) checkDecoder() error {
	if f.decoder == "" || slices.Contains(configs.Decoders(), f.decoder) {
		return nil
	}
	return usageError{fmt.Errorf("--decoder %q is not possible: want one of %s", f.decoder, strings.Join(configs.Decoders(), ", "))}
}

// checkSize refuses half a size.
func (f *modelFlags) checkSize() error {
	if (f.width == 0) != (f.height == 0) {
		return usageError{errors.New("--width and --height belong together: give both or neither")}
	}
	return nil
}
