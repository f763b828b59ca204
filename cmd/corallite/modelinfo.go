package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"corallite/internal/inspect"
	"corallite/internal/terminal"
	"corallite/models"
)

func newModelsSearch(std *streams) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "search WORD...",
		Short: "Find models of the catalog by words",
		Long: `Lists the models of which name, task, description, licence and labels together have all of the words, in any case and
also as parts of words. Labels that come in a file of their own are not searched. Exit code 1: no model has them.`,
		Example: `  corallite models search face key points
  corallite models search --json wakeword Apache`,
		ValidArgsFunction: cobra.NoFileCompletions,
		Args:              atLeast(1, "a WORD"),
		RunE: func(_ *cobra.Command, words []string) error {
			store, err := models.Open(models.Options{})
			if err != nil {
				return err
			}
			found := store.Search(words...)
			if len(found) == 0 {
				return fmt.Errorf("no model of the catalog has %q: see `corallite models list`", strings.Join(words, " "))
			}
			return printModels(std, found, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one line of JSON per model")
	return cmd
}

// infoLine is what `models info --json` prints.
type infoLine struct {
	modelLine
	Source string     `json:"source"` // of the licence
	Labels []string   `json:"labels,omitempty"`
	Inputs []portLine `json:"inputs,omitempty"` // once the model is in the cache
	Resize string     `json:"resize,omitempty"`
	Mean   []float64  `json:"mean,omitempty"` // subtracted from pixels of 0 to 255
	Std    []float64  `json:"std,omitempty"`  // divided by
	Files  []fileLine `json:"files"`
}

type portLine struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	Shape []int  `json:"shape"`
}

type fileLine struct {
	Role    string         `json:"role"`
	Name    string         `json:"name"`
	State   models.State   `json:"state"`
	Size    int64          `json:"size"` // bytes; 0: not known before a pull
	SHA256  string         `json:"sha256,omitempty"`
	GitBlob string         `json:"git_blob,omitempty"`
	Record  *models.Record `json:"record,omitempty"` // of the download, where the sha256 is not the catalog's
	From    string         `json:"from"`
	Path    string         `json:"path"`
}

func newModelsInfo(std *streams) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "info NAME",
		Short: "Show what the catalog knows of a model, and its files in the cache",
		Long: `Shows a model's task, licence, labels and input, and for each file where it comes from, how it is verified (by the
catalog's sha256, or by git's object id and then the sha256 recorded at the first pull: see corallite models --help), its
size, and where it is in the cache. The input's shape is read from the file, once it is there. corallite inspect shows more
of that.`,
		Example: `  corallite models info ssd_mobilenet_v1_coco_quant
  corallite models info --json okay_nabu`,
		ValidArgsFunction: modelNames(inAnyState),
		Args:              exactly(1, "the NAME of a model"),
		RunE: func(_ *cobra.Command, names []string) error {
			store, err := models.Open(models.Options{})
			if err != nil {
				return err
			}
			status, files, err := store.Info(names[0])
			if err != nil {
				return wrongName(err)
			}
			line := infoOf(status, files)
			if asJSON {
				return json.NewEncoder(std.out).Encode(line)
			}
			return line.print(std)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one line of JSON")
	return cmd
}

func infoOf(status models.Status, files []models.FileStatus) infoLine {
	e := status.Entry
	line := infoLine{
		modelLine: lineOf(status), Source: e.Licence.Source, Labels: e.Labels,
		Resize: e.Input.Resize, Mean: e.Input.Mean, Std: e.Input.Std,
	}
	for _, f := range files {
		line.Files = append(line.Files, fileLine{
			Role: f.Key, Name: f.File.Name(), State: f.State, Size: f.Size, SHA256: f.SHA256, GitBlob: f.File.GitBlob,
			Record: f.Record, From: f.From, Path: f.Path,
		})
		if f.Key == "model" && f.State == models.Cached {
			line.Inputs = inputsOf(f.Path)
		}
	}
	return line
}

// inputsOf returns the inputs of a model's file; none if it cannot be read, as `models verify` tells.
func inputsOf(path string) []portLine {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	report, err := inspect.Static(path, data)
	if err != nil || len(report.Subgraphs) == 0 {
		return nil
	}
	var out []portLine
	for _, in := range report.Subgraphs[0].Inputs {
		out = append(out, portLine{in.Name, in.Type, in.Shape})
	}
	return out
}

func (l infoLine) print(std *streams) error {
	about := terminal.Table{Width: terminal.Width(std.out)}
	row := func(key, value string) {
		if value != "" {
			about.Row(key, value)
		}
	}
	row("name", l.Name)
	row("task", l.Task)
	row("description", l.Description)
	licence := l.Licence
	if l.LicenceNote != "" {
		licence += ": " + l.LicenceNote
	}
	row("licence", licence)
	row("stated by", l.Source)
	row("trust", string(l.Trust))
	row("state", string(l.State))
	row("size", sizeText(l.Size))
	row("labels", l.labelText())
	for _, in := range l.Inputs {
		row("input", fmt.Sprintf("%s %v %s", in.Type, in.Shape, in.Name))
	}
	row("resize", l.Resize)
	if len(l.Mean)+len(l.Std) > 0 {
		row("pixels", fmt.Sprintf("(pixel - %v) / %v", l.Mean, l.Std))
	}
	if err := about.Print(std.out); err != nil {
		return err
	}
	for _, f := range l.Files {
		table := terminal.Table{Width: terminal.Width(std.out), Indent: 2}
		table.Row("state", string(f.State))
		table.Row("size", sizeText(f.Size))
		table.Row("verified by", f.proof())
		table.Row("from", f.From)
		table.Row("path", f.Path)
		if _, err := fmt.Fprintf(std.out, "\n%s: %s\n", f.Role, terminal.Printable(f.Name)); err != nil {
			return err
		}
		if err := table.Print(std.out); err != nil {
			return err
		}
	}
	return nil
}

// labelText shows the labels, or the first and how many there are.
func (l infoLine) labelText() string {
	const most = 30
	if n := len(l.Labels); n > most {
		return fmt.Sprintf("%s and %d more", strings.Join(l.Labels[:most], ", "), n-most)
	}
	if len(l.Labels) > 0 {
		return strings.Join(l.Labels, ", ")
	}
	for _, f := range l.Files {
		if f.Role == "labels" {
			return "in " + f.Name
		}
	}
	return ""
}

// proof says how a file is verified.
func (f fileLine) proof() string {
	switch recorded := f.Record != nil; {
	case f.GitBlob != "" && recorded && f.Record.GitBlob == f.GitBlob:
		return fmt.Sprintf("sha256 %s, recorded at the download, when it had git's object id %s (sha1)", f.SHA256, f.GitBlob)
	case f.GitBlob != "" && recorded:
		return fmt.Sprintf("git's object id %s (sha1) at its next use, and sha256 %s, recorded when it was accepted unverified", f.GitBlob, f.SHA256)
	case f.GitBlob != "":
		return fmt.Sprintf("git's object id %s (sha1) at the first pull, which records the sha256", f.GitBlob)
	case recorded:
		return fmt.Sprintf("sha256 %s, recorded when it was accepted unverified", f.SHA256)
	case f.SHA256 == "":
		return "nothing: pull it with --accept-unverified"
	}
	return "sha256 " + f.SHA256
}
