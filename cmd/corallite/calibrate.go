package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"corallite/configs"
	"corallite/internal/assemble"
	"corallite/internal/terminal"
	"corallite/pipeline/camera"
	"corallite/pipeline/vision"
)

// calibration is what `embed --calibrate` prints with --json.
type calibration struct {
	Gallery    string `json:"gallery"`
	Model      string `json:"model"`
	Unreadable int    `json:"unreadable"` // pictures that were skipped
	*vision.Calibration
}

// args are the files to look at; calibrating takes its pictures from the gallery.
func (l *look) args(cmd *cobra.Command, files []string) error {
	if !l.calibrates {
		return atLeast(1, "a FILE (a picture or a video)")(cmd, files)
	}
	switch {
	case !l.model.gives("gallery"):
		return usageError{errors.New("--calibrate needs --gallery: name the folder of labelled pictures to measure")}
	case len(files) > 0:
		return usageError{fmt.Errorf("--calibrate takes no FILE (%s): it uses the pictures in --gallery", files[0])}
	}
	for _, name := range []string{"score-threshold", "max-results", "out", "decode"} {
		if cmd.Flags().Changed(name) {
			return usageError{fmt.Errorf("--%s cannot be used with --calibrate", name)}
		}
	}
	return nil
}

// calibrate measures how well the model tells the labels of the gallery apart.
func (l *look) calibrate(cmd *cobra.Command) (err error) {
	l.model.NoThreshold = true // which is what is measured
	if err := l.check(); err != nil {
		return err
	}
	status := l.std.err
	logger, err := newLogger(status, logSettings{})
	if err != nil {
		return err
	}
	name, m, err := l.model.find()
	if err != nil {
		return err
	}
	folder := m.Gallery
	m.Gallery = "" // made here, so that unreadable pictures are skipped
	tpus, err := assemble.NewDevicePool(cmd.Context(), []configs.Model{m}, configs.EdgeTPU{}, logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tpus.Close()) }()
	model, err := assemble.OpenModel(context.WithoutCancel(cmd.Context()), assemble.ModelRequest{Name: name, Model: m, Pool: tpus, Logger: logger})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, model.Close()) }()
	result := calibration{Gallery: folder, Model: name}
	gallery, err := vision.NewGallery(cmd.Context(), folder, vision.GalleryOptions{
		IsPicture: camera.IsPictureFile,
		Embed:     model.EmbedFile,
		Skip: func(_ string, err error) {
			result.Unreadable++
			status.Say(slog.LevelError, err.Error())
		},
		Progress: func(done, total int) { status.note(fmt.Sprintf("picture %d of %d", done, total)) },
	})
	status.note("")
	if err != nil {
		return err
	}
	if result.Calibration, err = gallery.Calibrate(cmd.Context()); err != nil {
		return fmt.Errorf("gallery %s: %w", folder, err)
	}
	if err := l.printCalibration(result); err != nil {
		return err
	}
	if result.Unreadable > 0 {
		return errReported
	}
	return nil
}

func (l *look) printCalibration(c calibration) error {
	if c.Missed.Share+c.Strangers.Share >= 0.5 {
		l.std.err.Say(slog.LevelWarn, fmt.Sprintf("%s cannot tell the labels of %s apart: use a model trained on similar pictures", c.Model, c.Gallery))
	}
	if l.asJSON {
		return json.NewEncoder(l.std.out).Encode(c)
	}
	table := terminal.Table{Width: terminal.Width(l.std.out)}
	table.Row("SIMILARITY TO THE NEAREST PICTURE", "PICTURES", "MIN", "MEDIAN", "MAX")
	for _, r := range []struct {
		what string
		d    vision.Distribution
	}{{"of the same label", c.Within}, {"of any other label", c.Between}} {
		table.Row(r.what, fmt.Sprint(r.d.Count), fmt.Sprintf("%.3f", r.d.Min), fmt.Sprintf("%.3f", r.d.Median), fmt.Sprintf("%.3f", r.d.Max))
	}
	fmt.Fprintf(l.std.out, "%d pictures of %d labels, model %s\n\n", c.Pictures, c.Labels, c.Model)
	if err := table.Print(l.std.out); err != nil {
		return err
	}
	_, err := fmt.Fprintf(l.std.out, `
Best threshold: %v
  missed:    %s would not be recognized from the other pictures of their label
  strangers: %s would get a wrong label if their own were not in the gallery

In YAML, for the model:  score_threshold: %[1]v
On the command line:     --score-threshold %[1]v
`, c.ScoreThreshold, shareText(c.Missed), shareText(c.Strangers))
	return err
}

func shareText(s vision.Share) string {
	return fmt.Sprintf("%d of %d pictures (%.1f %%)", s.Count, s.Of, 100*s.Share)
}
