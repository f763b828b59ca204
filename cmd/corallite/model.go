package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"

	"corallite/configs"
	"corallite/delegate"
	"corallite/pipeline"
	"corallite/pipeline/vision"
	"corallite/tflite/schema"
)

// maxEngines bounds how many engines of one model are opened by default: they share the
// model's weights, but each has working memory of its own.
const maxEngines = 4

// visionModel is a model with its task and its engines, ready for a Stream.
type visionModel struct {
	pipeline.Model[*vision.Frame]
	closers []func() error
}

// Close closes the task and the engines.
func (v *visionModel) Close() error {
	var errs []error
	for i := len(v.closers) - 1; i >= 0; i-- {
		errs = append(errs, v.closers[i]())
	}
	v.closers = nil
	return errors.Join(errs...)
}

// modelRequest is a model to open.
type modelRequest struct {
	name    string // in events and messages
	model   configs.Model
	library string // libedgetpu's path; "": its usual names
	items   int    // how many items are to come; 0: many, or nobody knows
	logger  *slog.Logger
}

// openModel opens a model's engines and makes its task. Errors name the model's file.
func openModel(ctx context.Context, r modelRequest) (*visionModel, error) {
	v := &visionModel{}
	if err := v.open(ctx, r); err != nil {
		return nil, errors.Join(err, v.Close())
	}
	return v, nil
}

func (v *visionModel) open(ctx context.Context, r modelRequest) error {
	files, err := delegate.ResolveFiles(r.model.Path, r.model.EdgeTPU)
	if err != nil {
		return err
	}
	graph, err := readGraph(files)
	if err != nil {
		return err
	}
	if err := v.openEngines(ctx, r, files); err != nil {
		return err
	}
	task, err := newTask(r.model, graph, v.Engines[0])
	if err != nil {
		what := "model " + r.model.Path
		if r.model.LabelsFile != "" {
			what += " with labels " + r.model.LabelsFile
		}
		return fmt.Errorf("%s: %w", what, err)
	}
	v.closers = append(v.closers, task.Close)
	v.Name, v.Task = r.name, task
	return nil
}

// readGraph reads what the model says of its graph. The CPU twin says more: the compiled one has its operators folded.
func readGraph(files delegate.Files) (*schema.Subgraph, error) {
	path := files.CPU
	if path == "" {
		path = files.EdgeTPU
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	model, err := schema.Read(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return model.Main(), nil
}

// openEngines opens as many engines as serve best: engines of one thread side by side, one for each core, get more done
// than one engine of several threads, because no core waits for another at the end of every operator; and where other
// programs use the cores too, that waiting costs seconds. A few pictures are done before more engines are open. A
// device runs one model at a time, however many ask.
func (v *visionModel) openEngines(ctx context.Context, r modelRequest, files delegate.Files) error {
	cores := min(runtime.GOMAXPROCS(0), maxEngines)
	threads, engines := max(r.model.Threads, 1), r.model.Engines
	chosen := engines == 0
	switch {
	case chosen && r.model.Threads == 0 && (r.items == 0 || r.items > cores):
		engines = cores
	case chosen:
		engines = 1
	}
	options := delegate.Options{
		Choice: delegate.Choice(r.model.Delegate), Device: r.model.Device, Threads: threads,
		EdgeTPULibrary: r.library, Logger: r.logger, Queue: !chosen,
	}
	all, err := delegate.OpenSeveral(ctx, files, options, engines)
	if err != nil {
		return err
	}
	for _, e := range all {
		v.closers = append(v.closers, e.Close)
		v.Engines = append(v.Engines, e)
	}
	return nil
}
