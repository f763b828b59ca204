package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"corallite/internal/regfile"
	"corallite/internal/schema"
	"corallite/internal/score"
	"corallite/internal/terminal"
	"corallite/internal/tflitefile"
	"corallite/internal/tflitemeta"
	"corallite/models"
	"corallite/pipeline/vision"
	"corallite/tflite"
)

func newMetadata(std *streams) *cobra.Command {
	var asJSON bool
	var set, labels, calibrations []string
	var out string
	cmd := &cobra.Command{
		Use:   "metadata [flags] MODEL",
		Short: "Show and write what a model's file says of itself",
		Long: `Shows the TensorFlow Lite Metadata of a model: name, author, licence, and of each input and output what it holds, how it is
normalized, its labels and score threshold. With --set or --labels it writes them into the file (or, with --out, into a copy), where
every program that reads such metadata finds them; Corallite takes labels, normalization, score threshold and calibration from them
where a configuration says nothing else.

Only what is named changes: weights, operators, signatures, other metadata and packed files keep their bytes, which is checked
before anything is written.

Keys: name, description, version, author, licence; of an input (input.N.KEY) or output (output.N.KEY), by its number in the file or
its name: name, description, content (feature, image, bounding_box, audio), min, max; of an input also color_space (rgb, grayscale),
width, height, sample_rate, channels, mean, std; of an output also score_threshold, score_transformation (identity, log,
inverse_logistic), default_score. An empty value takes away what was said.

A label file is text with a label on each line, or any other format that labels: takes. Where the model has several outputs, name the
one that the labels are for: --labels 1=FILE; --labels @de=FILE adds German ones.`,
		Example: `  corallite metadata model.tflite
  corallite metadata model.tflite --set name="Bird classifier" --set licence=Apache-2.0 --labels birds.txt
  corallite metadata model.tflite --set input.0.mean=127.5 --set input.0.std=127.5 --out described.tflite`,
		ValidArgsFunction: modelsFor(),
		Args:              exactly(1, "the MODEL"),
		RunE: func(_ *cobra.Command, args []string) error {
			path, catalog, err := modelFile(args[0])
			if err != nil {
				return err
			}
			changes := len(set) + len(labels) + len(calibrations)
			if changes == 0 && out != "" {
				return usageError{errors.New("--out needs --set, --labels or --calibration: there is nothing to write")}
			}
			if catalog && changes > 0 && out == "" {
				return usageError{fmt.Errorf("%s is a model of the catalog, whose sha256 must stay: write a copy with --out FILE", args[0])}
			}
			e, err := editModel(path)
			if err != nil {
				return err
			}
			if changes == 0 {
				return showMetadata(std, e, asJSON)
			}
			if err := change(e, set, labels, calibrations); err != nil {
				return err
			}
			if out == "" {
				out = path
			}
			if err := writeModel(e, path, out); err != nil {
				return err
			}
			if asJSON {
				return showMetadata(std, e, true)
			}
			_, err = fmt.Fprintln(std.out, out)
			return err
		},
	}
	f := cmd.Flags()
	f.BoolVar(&asJSON, "json", false, "print the metadata as one line of JSON")
	f.StringArrayVar(&set, "set", nil, "change what is said: KEY=VALUE (repeatable)")
	f.StringArrayVar(&labels, "labels", nil, "label `FILE` of the output, or OUTPUT=FILE, OUTPUT@LOCALE=FILE (repeatable)")
	f.StringArrayVar(&calibrations, "calibration", nil, "`FILE` with the score calibration of the output, or OUTPUT=FILE: scale,slope,offset[,least score] on the line of each class")
	f.StringVar(&out, "out", "", "write to this `FILE` and leave MODEL as it is")
	_ = cmd.RegisterFlagCompletionFunc("set", metadataKeys)
	_ = cmd.RegisterFlagCompletionFunc("labels", filesThat(".txt", ".csv", ".json", ".yaml", ".pbtxt", ".tsv"))
	_ = cmd.RegisterFlagCompletionFunc("calibration", filesThat(".csv", ".txt"))
	_ = cmd.RegisterFlagCompletionFunc("out", filesThat(".tflite"))
	return cmd
}

// modelFile is a model's file: a path, or a model of the catalog that is in the cache.
func modelFile(name string) (path string, catalog bool, err error) {
	if _, err := os.Stat(name); err == nil || !errors.Is(err, fs.ErrNotExist) || strings.ContainsAny(name, `/\`) {
		return name, false, nil
	}
	store, err := models.Open(models.Options{})
	if err != nil {
		return "", false, err
	}
	if _, ok := store.Lookup(name); !ok {
		return "", false, usageError{fmt.Errorf("model %s: no such file, and no model of the catalog has this name (corallite models list)", name)}
	}
	path, err = store.Path(name)
	return path, true, err
}

func editModel(path string) (*tflitemeta.Editor, error) {
	b, err := regfile.Read(path, tflite.MaxModel)
	if err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	if err := schema.Verify(b); errors.Is(err, schema.ErrInvalid) {
		return nil, fmt.Errorf("model %s: %w", path, err)
	}
	m, err := tflitefile.Read(b)
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", path, err)
	}
	e, err := tflitemeta.Edit(m)
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", path, err)
	}
	return e, nil
}

// change does what the flags say.
func change(e *tflitemeta.Editor, set, labels, calibrations []string) error {
	for _, s := range set {
		if err := e.Set(s); err != nil {
			return usageError{fmt.Errorf("--set %w", err)}
		}
	}
	for _, l := range labels {
		output, file := ofOutput(l)
		locale := ""
		if at := strings.LastIndexByte(output, '@'); at >= 0 {
			output, locale = output[:at], output[at+1:]
		}
		names, err := vision.ReadLabels(file)
		if err != nil {
			return err
		}
		if err := e.SetLabels(output, locale, filepath.Base(file), names); err != nil {
			return usageError{fmt.Errorf("--labels %s: %w", l, err)}
		}
	}
	for _, c := range calibrations {
		output, file := ofOutput(c)
		text, err := regfile.Read(file, mostCalibration)
		if err != nil {
			return fmt.Errorf("calibration: %w", err)
		}
		err = e.SetCalibration(output, filepath.Base(file), text, func(count, transformation int, def float32) error {
			_, err := score.ParseCalibration(string(text), transformation, def, count)
			return err
		})
		if err != nil {
			return usageError{fmt.Errorf("--calibration %s: %w", c, err)}
		}
	}
	return e.Apply()
}

// mostCalibration bounds a file of calibration, in bytes.
const mostCalibration = 4 << 20

// ofOutput splits OUTPUT=FILE; the name of a file that is there may have a = in it.
func ofOutput(text string) (output, file string) {
	if _, err := os.Stat(text); err != nil {
		if output, file, ok := strings.Cut(text, "="); ok {
			return output, file
		}
	}
	return "", text
}

// writeModel writes the changed model, in one step: a reader sees the old file or the new one. It says what else would change,
// and then writes nothing.
func writeModel(e *tflitemeta.Editor, from, to string) error {
	b, err := e.File.Bytes()
	if err != nil {
		return fmt.Errorf("model %s: %w", from, err)
	}
	if err := schema.Verify(b); errors.Is(err, schema.ErrInvalid) {
		return fmt.Errorf("model %s cannot be written with these metadata: %w", from, err)
	}
	return writeFile(to, func(w io.Writer) error { _, err := w.Write(b); return err })
}

func showMetadata(std *streams, e *tflitemeta.Editor, asJSON bool) error {
	if asJSON {
		encoder := json.NewEncoder(std.out)
		encoder.SetEscapeHTML(false)
		return encoder.Encode(e.Meta)
	}
	lines := e.Meta.Lines(e.PackedSize)
	if len(lines) == 0 && len(e.File.Packed) == 0 {
		_, err := fmt.Fprintln(std.out, "The file says nothing of itself.")
		return err
	}
	table := terminal.Table{Width: terminal.Width(std.out)}
	for _, l := range lines {
		table.Row(l.Name, l.Text)
	}
	for _, p := range e.File.Packed {
		table.Row("packed", fmt.Sprintf("%s (%s)", p.Name(), models.Bytes(int64(p.Header.UncompressedSize64))))
	}
	return table.Print(std.out)
}

// metadataKeys offers the keys of the model that stands on the line.
func metadataKeys(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	const no = cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
	if len(args) == 0 {
		return nil, no
	}
	path, _, err := modelFile(args[0])
	if err != nil {
		return nil, no
	}
	e, err := editModel(path)
	if err != nil {
		return nil, no
	}
	var all []string
	for _, k := range e.Keys() {
		all = append(all, k+"=")
	}
	return all, no
}
