package app

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"corallite/configs"
	"corallite/delegate"
	"corallite/internal/assemble"
	"corallite/internal/doctor"
	"corallite/internal/key"
	"corallite/models"
	"corallite/pipeline/camera"
)

// DoctorOptions are what a configuration (nil: there is none) and the model cache ask the doctor to look at.
func DoctorOptions(ctx context.Context, cfg *configs.Config) (doctor.Options, error) {
	o := doctor.Options{Configured: cfg != nil, TryPlugin: doctor.TryPlugin(assemble.ExtraPaths()...)}
	access := delegate.Access{ReadWrite: assemble.ExtraPaths()}
	if cfg != nil {
		access.Env = cfg.EdgeTPU.Env
		o.Library = cfg.EdgeTPU.Library
		o.Models, o.Cameras = doctorModels(cfg), doctorCameras(cfg)
	}
	o.Try = doctor.Isolated(access)
	store, err := models.Open(models.Options{})
	if err != nil {
		return o, err
	}
	o.Catalogued, err = cachedFiles(ctx, store, o.Models)
	return o, err
}

// OnlyMissing reports whether problems are no mistakes in the files, but things that are not there or damaged.
func OnlyMissing(problems configs.Problems) bool {
	return !slices.ContainsFunc(problems, func(p configs.Problem) bool {
		return p.Code != key.CodeMissingFile && p.Code != key.CodeMissingModel
	})
}

// DoctorMissing are the DoctorOptions where a configuration cannot be used because of what is missing.
func DoctorMissing(ctx context.Context, problems configs.Problems, files []string) (doctor.Options, error) {
	o, err := DoctorOptions(ctx, nil)
	o.Configured = true
	for _, p := range problems {
		o.Unusable = append(o.Unusable, missingFile(p, files))
	}
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
	d := doctor.Model{Name: name, Choice: m.Delegate, Device: m.Device, Segments: m.Segments}
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
