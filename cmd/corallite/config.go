package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"corallite/configs"
	"corallite/internal/key"
	"corallite/internal/terminal"
	"corallite/pipeline/camera"
)

func newConfig(std *streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Check and show configurations, and print their schema",
		Long: `A configuration is one or more YAML files. Environment variables override them: CORALLITE_ and the path of the key in
upper case, its parts joined with _ (CORALLITE_MODELS_COCO_THREADS=2). --set models.coco.threads=2 overrides both.
docs/configuration.md describes every key.`,
		Example: "  corallite config check door.yaml\n  corallite config schema > corallite.schema.json",
		Args:    onlyCommands,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newConfigCheck(std), newConfigShow(std), newConfigSchema(std))
	return cmd
}

// problemLine is what `config check --json` prints, a line a problem.
type problemLine struct {
	File    string   `json:"file"`
	Line    int      `json:"line"`
	Path    string   `json:"path"`
	Message string   `json:"message"`
	Code    key.Code `json:"code"` // of what kind it is
}

func newConfigCheck(std *streams) *cobra.Command {
	var set []string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check [flags] CONFIG...",
		Short: "Check a configuration and report every problem",
		Long: `Checks keys, types, ranges and names, and that the files exist, and prints each problem with its file, line and path.
Nothing is opened or started. The exit code is 2 if there is a problem. A missing camera is only noted: a run waits
for it.`,
		Example:           "  corallite config check door.yaml\n  corallite config check --json door.yaml",
		Args:              atLeast(1, "a CONFIG file"),
		ValidArgsFunction: yamlFiles,
		RunE: func(_ *cobra.Command, files []string) error {
			cfg, err := loadConfig(files, set)
			var problems configs.Problems
			switch {
			case err == nil && asJSON:
				return nil
			case err == nil:
				noteCameras(std.err, cfg)
				for _, f := range files {
					if _, err := fmt.Fprintf(std.out, "%s: no problems\n", terminal.OneLine(f)); err != nil {
						return err
					}
				}
				return nil
			case asJSON && errors.As(err, &problems):
				for _, p := range problems {
					if err := json.NewEncoder(std.out).Encode(problemLine{p.File, p.Line, p.Path, p.Message, p.Code}); err != nil {
						return err
					}
				}
				return usageError{errReported}
			}
			return err
		},
	}
	cmd.Flags().StringArrayVar(&set, "set", nil, "override a value: KEY=VALUE (repeatable)")
	_ = cmd.RegisterFlagCompletionFunc("set", settings)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one line of JSON per problem")
	return cmd
}

// noteCameras tells of cameras that are not there now, which is no mistake in a configuration: a run waits for them.
func noteCameras(w io.Writer, cfg *configs.Config) {
	for _, name := range cfg.PipelineNames() {
		if c, ok := cfg.Pipelines[name].Source.(*camera.DeviceConfig); ok && !camera.Present("", c.Camera) {
			fmt.Fprintf(w, "note: pipelines.%s.source.camera: camera %q not found; a run will wait for it (corallite devices lists all cameras)\n", name, c.Camera)
		}
	}
}

func newConfigShow(std *streams) *cobra.Command {
	var set []string
	var asJSON, secrets bool
	cmd := &cobra.Command{
		Use:               "show [flags] CONFIG...",
		Short:             "Print the effective configuration, including defaults",
		Example:           "  corallite config show --set models.coco.threads=2 door.yaml",
		Args:              atLeast(1, "a CONFIG file"),
		ValidArgsFunction: yamlFiles,
		RunE: func(_ *cobra.Command, files []string) error {
			cfg, err := loadConfig(files, set)
			if err != nil {
				return err
			}
			text, err := configs.Show(cfg, secrets)
			if err != nil {
				return err
			}
			if !asJSON {
				_, err = std.out.Write(text)
				return err
			}
			var values any
			if err := yaml.Unmarshal(text, &values); err != nil {
				return err
			}
			return json.NewEncoder(std.out).Encode(values)
		},
	}
	cmd.Flags().StringArrayVar(&set, "set", nil, "override a value: KEY=VALUE (repeatable)")
	_ = cmd.RegisterFlagCompletionFunc("set", settings)
	cmd.Flags().BoolVar(&secrets, "secrets", false, "print full webhook addresses, not only scheme and host")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one line of JSON instead of YAML")
	return cmd
}

func newConfigSchema(std *streams) *cobra.Command {
	return &cobra.Command{
		Use:     "schema",
		Short:   "Print the JSON Schema of configurations for editors",
		Long:    "Prints the JSON Schema of configurations. An editor that uses it completes keys and marks mistakes.",
		Example: "  corallite config schema > corallite.schema.json",
		Args:    exactly(0, ""),
		RunE: func(*cobra.Command, []string) error {
			text, err := configs.Schema()
			if err != nil {
				return err
			}
			_, err = std.out.Write(text)
			return err
		},
	}
}
