package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"corallite/internal/terminal"
	"corallite/models"
)

func newModels(std *streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "models",
		Short: "Manage the model catalog",
		Long: `The catalog lists models that Corallite can download. They are verified and kept in the user's cache folder (set
CORALLITE_CACHE to use another).

A model's trust is "verified" if the catalog has the sha256 of all its files. It is "git" if the catalog has only git's
object id of some, because the project has not seen them: a sha1 of size and content, as the public repository that the
file comes from lists it. It tells a file that was changed on the way; it is no protection against whoever put the file
there, who could have made two files with the same sha1. The download is compared with the id and its sha256 recorded,
which the file must have from then on. "partly" (only the model compiled for the Edge TPU is without either) and
"unverified" are models with files of which the catalog knows nothing; no model of the built-in catalog has any.

Without internet access, set CORALLITE_MODEL_MIRROR to a folder or an http(s) address that has the files, by name or by
sha256. While it is set, files that the mirror lacks are downloaded from the internet only with pull --internet.

The sha256 of a cached file is checked before the file is used; the file is read again only if it may have changed since
the last check. verify always reads it.`,
		Example: `  corallite models list
  corallite models pull face_detection_full_range`,
		Args: onlyCommands,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newModelsList(std), newModelsSearch(std), newModelsInfo(std), newModelsPull(std), newModelsVerify(std), newModelsOutdated(std),
		newModelsPath(std), newModelsRemove(std), newModelsGC(std))
	return cmd
}

// modelLine is what `models list --json` prints, a line a model.
type modelLine struct {
	Name        string       `json:"name"`
	Task        string       `json:"task"`
	State       models.State `json:"state"`
	Trust       models.Trust `json:"trust"`
	Verified    bool         `json:"verified"` // trust is "verified" or "git"
	Size        int64        `json:"size"`     // bytes; 0: not known before a pull
	Licence     string       `json:"licence"`
	LicenceNote string       `json:"licence_note,omitempty"` // what must be said of it: "not for commercial use"
	Description string       `json:"description"`
	Path        string       `json:"path"`
}

func newModelsList(std *streams) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the models in the catalog and their state in the cache",
		Example: "  corallite models list --json",
		Args:    exactly(0, ""),
		RunE: func(*cobra.Command, []string) error {
			store, err := models.Open(models.Options{})
			if err != nil {
				return err
			}
			return printModels(std, store.List(), asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one line of JSON per model")
	return cmd
}

func lineOf(m models.Status) modelLine {
	return modelLine{
		Name: m.Entry.Name, Task: m.Entry.Task, State: m.State, Size: m.Size,
		Trust: m.Entry.Trust(), Verified: m.Entry.Trust().Known(),
		Licence: m.Entry.Licence.SPDX, LicenceNote: m.Entry.Licence.Note, Description: m.Entry.Description, Path: m.Path,
	}
}

// printModels prints a table of models, or a line of JSON for each.
func printModels(std *streams, list []models.Status, asJSON bool) error {
	table := terminal.Table{Width: terminal.Width(std.out)}
	if !asJSON {
		table.Row("NAME", "TASK", "STATE", "TRUST", "SIZE", "LICENCE", "DESCRIPTION")
	}
	for _, m := range list {
		line := lineOf(m)
		if asJSON {
			if err := json.NewEncoder(std.out).Encode(line); err != nil {
				return err
			}
			continue
		}
		table.Row(line.Name, line.Task, string(line.State), string(line.Trust), sizeText(line.Size), line.Licence, line.Description)
	}
	return table.Print(std.out)
}

// sizeText is a size that may be unknown.
func sizeText(n int64) string {
	if n == 0 {
		return "-"
	}
	return models.Bytes(n)
}

func newModelsPull(std *streams) *cobra.Command {
	var all, accept, internet bool
	cmd := &cobra.Command{
		Use:   "pull NAME...",
		Short: "Download models to the cache",
		Long: `Downloads the files of models that are not in the cache: the model, its version compiled for the Edge TPU, its labels
and anything else it needs. Restrictive licences are pointed out: some models are not for commercial use.

Files are compared with the catalog's sha256, or with git's object id where it has only that (trust "git"); those are then
recorded in the cache (FILE.record.json: sha256, size, date, address, object id), and it is an error if the file differs
from its record later. Files of which it has neither are downloaded only with --accept-unverified, only over https, and
recorded alike. Without the flag, such a compiled model is skipped, and any other such file is an error.

HTTPS_PROXY and NO_PROXY set a proxy, SSL_CERT_FILE additional certificate authorities.`,
		Example: `  corallite models pull face_detection_full_range
  corallite models pull efficientdet_lite0_320_ptq okay_nabu
  CORALLITE_MODEL_MIRROR=https://mirror.example/models corallite models pull --internet --all`,
		ValidArgsFunction: modelNames(notWhole),
		Args: func(cmd *cobra.Command, args []string) error {
			if all && len(args) > 0 {
				return usageError{errors.New("--all cannot be combined with model names")}
			}
			if all {
				return nil
			}
			return atLeast(1, "the NAME of a model")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, names []string) error {
			store, err := models.Open(models.Options{AcceptUnverified: accept, Internet: internet})
			if err != nil {
				return err
			}
			if all {
				for _, e := range store.Entries() {
					names = append(names, e.Name)
				}
			}
			return eachModel(cmd.Context(), std, names, func(name string) error {
				if e, ok := store.Lookup(name); ok && e.Licence.Note != "" {
					std.err.Say(slog.LevelWarn, fmt.Sprintf("%s: the licence is %s: %s", name, e.Licence.SPDX, e.Licence.Note))
				}
				bar := pullBar{status: std.err}
				found, err := store.Pull(cmd.Context(), name, bar.show)
				bar.clear()
				if err != nil {
					return err
				}
				if compiled := found.Entry.Files.EdgeTPU; compiled != nil && found.EdgeTPU == "" {
					std.err.Say(slog.LevelWarn, fmt.Sprintf("%s: skipped %s (no known checksum); use --accept-unverified to download it",
						name, compiled.Name()))
				}
				_, err = fmt.Fprintf(std.out, "%s\t%s\n", name, found.Model)
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "download every model of the catalog")
	cmd.Flags().BoolVar(&internet, "internet", false, "download files that the mirror (CORALLITE_MODEL_MIRROR) lacks from the internet")
	cmd.Flags().BoolVar(&accept, "accept-unverified", false, "also download files of which the catalog has neither sha256 nor git object id, and record their sha256")
	return cmd
}

// wrongName makes wrong use of an error about a model that does not exist.
func wrongName(err error) error {
	var unknown *models.UnknownError
	if errors.As(err, &unknown) {
		return usageError{err}
	}
	return err
}

// eachModel does something for every name, also after one failed, and fails when any did. A name that does not exist
// is wrong use.
func eachModel(ctx context.Context, std *streams, names []string, do func(name string) error) error {
	var result error
	for _, name := range names {
		err := do(name)
		if ctx.Err() != nil {
			return err
		}
		if err == nil {
			continue
		}
		std.err.Fail(err)
		var unknown *models.UnknownError
		switch {
		case errors.As(err, &unknown) && result == nil:
			result = usageError{errReported}
		case !errors.As(err, &unknown):
			result = errReported
		}
	}
	return result
}

// verdictLine is what `models verify --json` prints, a line a file.
type verdictLine struct {
	Model    string       `json:"model"`
	Path     string       `json:"path"`
	State    models.State `json:"state"`
	Verified bool         `json:"verified"` // false: held against what was recorded when it was accepted unverified
	Error    string       `json:"error,omitempty"`
}

func newModelsVerify(std *streams) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:               "verify [NAME...]",
		Short:             "Verify the sha256 of cached files against the catalog or their records",
		Example:           "  corallite models verify",
		ValidArgsFunction: modelNames(inCache),
		RunE: func(cmd *cobra.Command, names []string) error {
			store, err := models.Open(models.Options{})
			if err != nil {
				return err
			}
			verdicts, err := store.Verify(cmd.Context(), names...)
			bad := 0
			table := terminal.Table{Width: terminal.Width(std.out)}
			for _, v := range verdicts {
				line := verdictLine{Model: v.Model, Path: v.Path, State: v.State, Verified: v.Verified}
				if v.State != models.Cached {
					bad++
				}
				if v.Err != nil {
					line.Error = v.Err.Error()
				}
				if asJSON {
					if err := json.NewEncoder(std.out).Encode(line); err != nil {
						return err
					}
					continue
				}
				if terminal.Is(std.out) { // tabs do not stand in line there
					table.Row(string(v.State), v.Model, v.Path)
					continue
				}
				fmt.Fprintf(std.out, "%s\t%s\t%s\n", v.State, v.Model, v.Path)
			}
			if err := table.Print(std.out); err != nil {
				return err
			}
			switch {
			case err != nil:
				return wrongName(err)
			case bad > 0:
				return fmt.Errorf("%d of %d files are missing or damaged: download them again with `corallite models pull`", bad, len(verdicts))
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one line of JSON per file")
	return cmd
}

func newModelsPath(std *streams) *cobra.Command {
	return &cobra.Command{
		Use:               "path NAME",
		Short:             "Print the path of a model's file in the cache",
		Example:           "  corallite models path face_detection_full_range",
		ValidArgsFunction: modelNames(inCache),
		Args:              exactly(1, "the NAME of a model"),
		RunE: func(_ *cobra.Command, names []string) error {
			store, err := models.Open(models.Options{})
			if err != nil {
				return err
			}
			path, err := store.Path(names[0])
			if err != nil {
				return wrongName(err)
			}
			_, err = fmt.Fprintln(std.out, path)
			return err
		},
	}
}

func newModelsRemove(std *streams) *cobra.Command {
	return &cobra.Command{
		Use:               "remove NAME...",
		Short:             "Remove models from the cache",
		Example:           "  corallite models remove face_detection_back",
		ValidArgsFunction: modelNames(inCache),
		Args:              atLeast(1, "the NAME of a model"),
		RunE: func(cmd *cobra.Command, names []string) error {
			store, err := models.Open(models.Options{})
			if err != nil {
				return err
			}
			return eachModel(cmd.Context(), std, names, func(name string) error { return store.Remove(cmd.Context(), name) })
		},
	}
}
