package assemble

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"corallite/configs"
	"corallite/delegate"
	"corallite/internal/part"
	"corallite/internal/regfile"
	"corallite/internal/schema"
	"corallite/models"
	"corallite/pipeline/vision"
)

// servedLeast is the lowest score of results that requests can ask for. Below it detectors give little but noise, and
// much of it.
const servedLeast = 0.05

// serve opens models that answer requests, by their names in the configuration; no names: all of them.
func (b *Builder) serve(ctx context.Context, names []string) (_ []part.Served, err error) {
	if len(names) == 0 {
		names = slices.Sorted(maps.Keys(b.cfg.Models))
	}
	var all []part.Served
	defer func() {
		if err == nil {
			return
		}
		for _, s := range all {
			err = errors.Join(err, s.Close())
		}
	}()
	for _, name := range names {
		m, ok := b.cfg.Models[name]
		if !ok {
			return nil, fmt.Errorf("there is no model %q in the configuration", name)
		}
		s, err := b.serveModel(ctx, name, m)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
		b.many = true
	}
	return all, nil
}

func (b *Builder) serveModel(ctx context.Context, name string, m configs.Model) (part.Served, error) {
	r := ModelRequest{Name: name, Pool: b.Pool, Logger: b.Logger}
	if m.Listens() {
		return openHearing(ctx, r, m)
	}
	s := part.Served{Name: name, Task: m.Task, File: filepath.Base(m.Path), Threshold: m.ScoreThreshold, MaxResults: m.MaxResults, Faces: m.Subject == models.Faces}
	if files, err := delegate.ResolveFiles(m.Path, m.EdgeTPU); err == nil && files.EdgeTPU != "" {
		s.Compiled = filepath.Base(files.EdgeTPU)
	}
	// Requests know nothing of each other, and have thresholds of their own.
	m.Track = nil
	labels := m.Task != configs.TaskEmbed || m.Gallery != ""
	if m.Task != configs.TaskSegment && labels {
		s.Least = min(m.ScoreThreshold, servedLeast)
		m.ScoreThreshold, m.MaxResults = s.Least, 0
	}
	if m.Task == configs.TaskEmbed {
		m.Vector = new(bool)
		*m.Vector = true
	}
	r.Model = m
	v, err := OpenModel(ctx, r)
	if err != nil {
		return part.Served{}, err
	}
	s.Work, s.Engines, s.Close = v.Task, v.Engines, v.Close
	if v.options.Refiner != nil {
		s.Refine = v.Refine
	}
	s.Labels = m.Labels
	if l, ok := v.Task.(vision.Labelled); ok {
		s.Labels = l.Labels()
	}
	return s, nil
}

// openBare opens the engines of a model whose items are not pictures: they take tensors only.
func openBare(ctx context.Context, r ModelRequest, m configs.Model) (_ part.Served, err error) {
	files, err := delegate.ResolveFiles(m.Path, m.EdgeTPU)
	if err != nil {
		return part.Served{}, err
	}
	model, shapes, err := r.Pool.Read(ctx, files, m.Signature, nil)
	if err != nil {
		return part.Served{}, err
	}
	defer model.Close()
	var all closers
	r.Model = m
	engines, err := openEngines(ctx, r, model, shapes, &all)
	if err != nil {
		return part.Served{}, errors.Join(err, all.Close())
	}
	return part.Served{Name: r.Name, Task: m.Task, File: filepath.Base(m.Path), Labels: m.Labels, Engines: engines, Close: all.Close}, nil
}

// serveFile opens a detector that another program has handed over: in a child process, on the CPU. What its outputs mean
// is read from the model, or must fit one of the decoders that state their layout; nothing is assumed.
func (b *Builder) serveFile(ctx context.Context, path string) (part.Served, error) {
	apart, name := true, strings.TrimSuffix(filepath.Base(path), ".tflite")
	if err := runsOnCPU(path); err != nil {
		return part.Served{}, err
	}
	var errs []error
	for _, decoder := range []string{"", "yolov8"} {
		m := configs.Defaults(configs.TaskDetect, nil)
		m.Path, m.Isolate = path, &apart
		if decoder != "" {
			m.SetDecoder(decoder)
		}
		s, err := b.serveModel(ctx, name, m)
		if err == nil {
			return s, nil
		}
		if len(errs) == 0 || errs[0].Error() != err.Error() {
			errs = append(errs, err)
		}
	}
	return part.Served{}, errors.Join(errs...)
}

// runsOnCPU fails for a model that was compiled for the Edge TPU: without one for the CPU
// there is nothing to fall back to when the device is lost.
func runsOnCPU(path string) error {
	data, err := regfile.Read(path, maxHandedOver)
	if err != nil {
		return err
	}
	m, err := schema.Read(data)
	if err != nil {
		return fmt.Errorf("it is no TensorFlow Lite model: %w", err)
	}
	if m.Compiled() {
		return errors.New("it was compiled for the Edge TPU: put it into Corallite's configuration, beside the model for the CPU that takes over when the device is lost " +
			"(models: NAME: {path: X.tflite, edgetpu: X_edgetpu.tflite, task: detect}), and give Frigate X.tflite as its model's path")
	}
	return nil
}

// maxHandedOver is the largest model, in bytes, that another program hands over.
const maxHandedOver = 1 << 30

// cacheFolder is a folder in the cache; "": there is no cache.
func cacheFolder(name string) string {
	store, err := models.Open(models.Options{})
	if err != nil {
		return ""
	}
	return store.Folder(name)
}
