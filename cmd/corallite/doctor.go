package main

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"corallite/configs"
	"corallite/delegate"
	"corallite/delegate/doctor"
	"corallite/internal/app"
	"corallite/internal/assemble"
	"corallite/internal/key"
	"corallite/models"
	"corallite/pipeline/camera"
)

func newDoctor(std *streams) *cobra.Command {
	var asJSON bool
	var library string
	var set []string
	cmd := &cobra.Command{
		Use:   "doctor [flags] [CONFIG...]",
		Short: "Say why an Edge TPU, a model or a camera cannot be used, and how to mend it",
		Long: `Looks at the machine and names the one cause to begin with, the commands that mend it, and all that was looked at:
devices, driver, permissions, containers, libedgetpu, models, cameras, heat. libedgetpu is tried in a child process on
every Edge TPU that is free: loaded, a device opened, a model prepared. Nothing is changed.

With configuration files the exit code is 1 when anything stops their pipelines: an Edge TPU that only it may run a
model, a file that is missing, a camera that may not be opened. What is merely worse than it could be is a warning, and
the exit code 0, as it is without a configuration. docs/edge-tpu.md explains each cause.`,
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
			std.err.note("trying libedgetpu; a USB stick takes some seconds")
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
				return app.ErrReported
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one line of JSON")
	cmd.Flags().StringVar(&library, "libedgetpu", "", "path of libedgetpu (default: the configuration's, CORALLITE_LIBEDGETPU, or its usual names)")
	cmd.Flags().StringArrayVar(&set, "set", nil, "override a value of the configuration: KEY=VALUE (repeatable)")
	_ = cmd.RegisterFlagCompletionFunc("set", settings)
	return cmd
}

// doctorOptions are what the configuration and the model cache ask to be looked at.
func doctorOptions(ctx context.Context, files, set []string) (doctor.Options, error) {
	o := doctor.Options{Configured: len(files) > 0, Try: doctor.Isolated(delegate.Access{ReadWrite: assemble.ExtraPaths()}), TryPlugin: doctor.TryPlugin(assemble.ExtraPaths()...)}
	if len(files) == 0 && len(set) > 0 {
		return o, usageError{errors.New("--set overrides a value of a configuration, and no CONFIG file is given")}
	}
	store, err := models.Open(models.Options{})
	if err != nil {
		return o, err
	}
	if o.Configured {
		cfg, err := loadConfig(files, set)
		var problems configs.Problems
		switch {
		case err == nil:
			o.Library = cfg.EdgeTPU.Library
			o.Try = doctor.Isolated(delegate.Access{ReadWrite: assemble.ExtraPaths(), Env: cfg.EdgeTPU.Env})
			o.Models, o.Cameras = doctorModels(cfg), doctorCameras(cfg)
		case errors.As(err, &problems) && !slices.ContainsFunc(problems, func(p configs.Problem) bool { return !isMissing(p) }):
			for _, p := range problems {
				o.Unusable = append(o.Unusable, missingFile(p, files))
			}
		default:
			return o, err
		}
	}
	o.Catalogued, err = cachedFiles(ctx, store, o.Models)
	return o, err
}

// doctorModels are the models that pipelines use.
func doctorModels(cfg *configs.Config) []doctor.Model {
	var all []doctor.Model
	for _, pipeline := range cfg.PipelineNames() {
		names := cfg.Pipelines[pipeline].Models
		if secondary := cfg.Pipelines[pipeline].Secondary; secondary != nil && !slices.Contains(names, secondary.Model) {
			names = append(slices.Clone(names), secondary.Model)
		}
		for _, name := range names {
			i := slices.IndexFunc(all, func(m doctor.Model) bool { return m.Name == name })
			if i < 0 {
				i = len(all)
				all = append(all, doctorModel(name, cfg.Models[name]))
			}
			all[i].Pipelines = append(all[i].Pipelines, pipeline)
		}
	}
	return all
}

// doctorCameras are the cameras of this machine that pipelines use.
func doctorCameras(cfg *configs.Config) []doctor.Camera {
	var all []doctor.Camera
	for _, pipeline := range cfg.PipelineNames() {
		c, ok := cfg.Pipelines[pipeline].Source.(*camera.DeviceConfig)
		if !ok {
			continue
		}
		path := cameraPath(c.Camera)
		i := slices.IndexFunc(all, func(c doctor.Camera) bool { return c.Path == path })
		if i < 0 {
			i = len(all)
			all = append(all, doctor.Camera{Path: path})
		}
		all[i].Pipelines = append(all[i].Pipelines, pipeline)
	}
	return all
}

// cameraPath is the node of a camera that is named by its number, its path or its name. A number and a path are nodes
// also when no camera is there, and a name that no camera has stays as it is: doctor finds them to be missing.
func cameraPath(wanted string) string {
	if _, err := strconv.Atoi(wanted); err == nil {
		return "/dev/video" + wanted
	}
	if strings.Contains(wanted, "/") {
		return wanted
	}
	if c, err := camera.Find("", wanted); err == nil {
		return c.Node
	}
	return wanted
}

func doctorModel(name string, m configs.Model) doctor.Model {
	choice, _ := assemble.Choice(m.Delegate) // the configuration was checked
	d := doctor.Model{Name: name, Choice: choice, Device: m.Device, Segments: m.Segments}
	d.Files = delegate.Files{CPU: m.Path, EdgeTPU: m.EdgeTPU}
	if len(m.Segments) > 0 {
		return d
	}
	// What cannot be resolved stays as it is, and is found to be wrong when it is read.
	if files, err := delegate.ResolveFiles(m.Path, m.EdgeTPU); err == nil {
		d.Files = files
	}
	return d
}

// isMissing reports whether a problem is something that is not there or damaged, and no mistake in the file.
func isMissing(p configs.Problem) bool {
	return p.Code == key.CodeMissingFile || p.Code == key.CodeMissingModel
}

func missingFile(p configs.Problem, files []string) doctor.Missing {
	m := doctor.Missing{Subject: p.Path, File: p.File, Found: p.Message, Fix: p.Fix, Stops: files}
	if len(m.Fix) == 0 {
		m.Fix = []string{"corallite config check " + strings.Join(files, " ")}
	}
	return m
}

// cachedFiles compares the model cache with the catalog.
func cachedFiles(ctx context.Context, store *models.Store, used []doctor.Model) ([]doctor.CataloguedFile, error) {
	verdicts, err := store.Verify(ctx)
	if err != nil {
		return nil, ctx.Err() // else there is no cache folder, and nothing in it
	}
	var all []doctor.CataloguedFile
	for _, v := range verdicts {
		f := doctor.CataloguedFile{Model: v.Model, Path: v.Path, Err: v.Err, Fix: []string{"corallite models pull " + v.Model}}
		for _, m := range used {
			if v.Path == m.Files.CPU || v.Path == m.Files.EdgeTPU || slices.Contains(m.Segments, v.Path) {
				f.Pipelines = append(f.Pipelines, m.Pipelines...)
			}
		}
		all = append(all, f)
	}
	return all, nil
}
