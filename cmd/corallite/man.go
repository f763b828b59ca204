package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"corallite/internal/terminal"
)

func newMan(std *streams) *cobra.Command {
	return &cobra.Command{
		Use:   "man DIR",
		Short: "Write the manual pages to a folder",
		Long: `Writes a manual page for each command to a folder, creating it if necessary: corallite.1, corallite-detect.1 and so
on. They are dated today, or SOURCE_DATE_EPOCH if it is set.`,
		Example: `  corallite man ~/.local/share/man/man1
  corallite man pages && man -l pages/corallite-detect.1`,
		Args: exactly(1, "the folder DIR"),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := args[0]
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return err
			}
			root := cmd.Root()
			root.DisableAutoGenTag = true
			header := &doc.GenManHeader{Section: "1", Source: "Corallite " + version, Manual: "Corallite"}
			if err := doc.GenManTree(root, header, dir); err != nil {
				return fmt.Errorf("write the manual pages: %w", err)
			}
			pages, err := filepath.Glob(filepath.Join(dir, "corallite*.1"))
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(std.out, "%d pages in %s\n", len(pages), terminal.OneLine(dir))
			return err
		},
	}
}
