package main

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/spf13/cobra"

	"corallite/configs"
	"corallite/internal/app"
	"corallite/internal/doctor"
)

func newDoctor(std *streams) *cobra.Command {
	var asJSON bool
	var library string
	var set []string
	cmd := &cobra.Command{
		Use:   "doctor [flags] [CONFIG...]",
		Short: "Diagnose problems with Edge TPUs, models and cameras",
		Long: `Examines the machine and reports the problem to fix first, the commands that fix it, and everything that was checked:
devices, driver, permissions, containers, libedgetpu, models, cameras and temperature. libedgetpu is tried in a child
process on every free Edge TPU: it is loaded, a device is opened and a model prepared. Nothing is changed.

With configuration files, the exit code is 1 if anything stops their pipelines: a required Edge TPU that cannot be used,
a missing file, a camera without permission. What only makes them slower or worse is a warning, and the exit code is 0,
as it is without a configuration. docs/edge-tpu.md explains each cause.`,
		Example:           "  corallite doctor\n  corallite doctor door.yaml\n  corallite doctor --json door.yaml",
		ValidArgsFunction: yamlFiles,
		RunE: func(cmd *cobra.Command, files []string) error {
			o, err := doctorOptions(cmd.Context(), files, set)
			if err != nil {
				return err
			}
			if library != "" {
				o.Library = library
			}
			std.err.note("testing libedgetpu; a USB stick takes a few seconds")
			report, err := doctor.Examine(cmd.Context(), o)
			std.err.note("")
			if err != nil {
				return err
			}
			if asJSON {
				encoder := json.NewEncoder(std.out)
				encoder.SetEscapeHTML(false) // commands are easier to read with their & and >
				err = encoder.Encode(report)
			} else {
				err = report.Print(std.out)
			}
			if err == nil && len(report.Stopped) > 0 {
				return errReported
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one line of JSON")
	cmd.Flags().StringVar(&library, "libedgetpu", "", "path of libedgetpu (default: from the configuration, CORALLITE_LIBEDGETPU, then its usual names)")
	cmd.Flags().StringArrayVar(&set, "set", nil, "override a value of the configuration: KEY=VALUE (repeatable)")
	_ = cmd.RegisterFlagCompletionFunc("set", settings)
	return cmd
}

// doctorOptions are what the configuration and the model cache ask to be looked at.
func doctorOptions(ctx context.Context, files, set []string) (doctor.Options, error) {
	if len(files) == 0 {
		if len(set) > 0 {
			return doctor.Options{}, usageError{errors.New("--set needs a CONFIG file whose value it overrides")}
		}
		return app.DoctorOptions(ctx, nil)
	}
	cfg, err := loadConfig(files, set)
	var problems configs.Problems
	if errors.As(err, &problems) && app.OnlyMissing(problems) {
		return app.DoctorMissing(ctx, problems, files)
	}
	if err != nil {
		return doctor.Options{}, err
	}
	return app.DoctorOptions(ctx, cfg)
}
