package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"corallite/internal/english"
	"corallite/internal/terminal"
	"corallite/models"
)

// garbageLine is what `models gc --json` prints, a line a file or folder.
type garbageLine struct {
	Path    string `json:"path"`
	Size    int64  `json:"size"` // bytes
	Why     string `json:"why"`
	Removed bool   `json:"removed"` // false: --dry-run
}

func newModelsGC(std *streams) *cobra.Command {
	var dry, asJSON bool
	cmd := &cobra.Command{
		Use:   "gc",
		Short: "Remove files from the cache that no model of the catalog uses",
		Long: `Removes from the cache's folder of models what no model of the catalog uses: folders of models that an earlier version
had, files that were renamed or replaced, records of files whose sha256 the catalog has now, and rests of downloads that are
complete. A partial download that the next pull can resume stays, as do models of the catalog, whether they are used or not
(corallite models remove removes these), folders that no pull made, and the folder of downloaded packages, which other
programs may share. Files that you have put beside those of a pulled model are removed.`,
		Example: `  corallite models gc --dry-run
  corallite models gc`,
		Args: exactly(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			store, err := models.Open(models.Options{})
			if err != nil {
				return err
			}
			var found []models.Garbage
			if dry {
				found, err = store.Garbage()
			} else {
				found, err = store.Collect(cmd.Context())
			}
			if err != nil && len(found) == 0 {
				return err
			}
			if e := printGarbage(std, found, dry, asJSON); err == nil {
				err = e
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&dry, "dry-run", false, "only say what would be removed")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one line of JSON per file or folder")
	return cmd
}

func printGarbage(std *streams, found []models.Garbage, dry, asJSON bool) error {
	table := terminal.Table{Width: terminal.Width(std.out)}
	var sum int64
	for _, g := range found {
		sum += g.Size
		if !asJSON {
			table.Row(models.Bytes(g.Size), g.Path, g.Why)
			continue
		}
		if err := json.NewEncoder(std.out).Encode(garbageLine{g.Path, g.Size, g.Why, !dry}); err != nil {
			return err
		}
	}
	if asJSON {
		return nil
	}
	if err := table.Print(std.out); err != nil {
		return err
	}
	done := "removed"
	if dry {
		done = "would remove"
	}
	_, err := fmt.Fprintf(std.out, "%s %s: %s\n", done, english.Count(len(found), "item"), models.Bytes(sum))
	return err
}

// outdatedLine is what `models outdated --json` prints, a line a file.
type outdatedLine struct {
	Model string       `json:"model"`
	Path  string       `json:"path"`
	State models.State `json:"state"` // absent or damaged: not what it should be
	Error string       `json:"error"`
}

func newModelsOutdated(std *streams) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "outdated",
		Short: "List cached files that differ from the catalog",
		Long: `Lists, for the models in the cache, the files that a pull would replace or add: "damaged" ones differ from the catalog's
sha256 or git object id, or from the sha256 recorded at their download, because this version of the catalog has other files
or because they changed on the disk; "absent" ones the catalog has and the cache has not. A file that was checked before and
has not changed since is not read again; corallite models verify always reads. Nothing is downloaded or asked for.

Exit code 0: there are none, 1: there are some.`,
		Example: "  corallite models outdated\n  corallite models outdated --json",
		Args:    exactly(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			store, err := models.Open(models.Options{})
			if err != nil {
				return err
			}
			found, err := store.Outdated(cmd.Context())
			if err != nil {
				return err
			}
			table := terminal.Table{Width: terminal.Width(std.out)}
			for _, v := range found {
				if !asJSON {
					table.Row(string(v.State), v.Model, v.Path, v.Err.Error())
					continue
				}
				if err := json.NewEncoder(std.out).Encode(outdatedLine{v.Model, v.Path, v.State, v.Err.Error()}); err != nil {
					return err
				}
			}
			if err := table.Print(std.out); err != nil {
				return err
			}
			if len(found) > 0 {
				return fmt.Errorf("not as the catalog has it: %s; `corallite models pull NAME` downloads what differs", english.Count(len(found), "file"))
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one line of JSON per file")
	return cmd
}
