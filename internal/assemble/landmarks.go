package assemble

import (
	"context"

	"corallite/delegate"
	"corallite/pipeline"
	"corallite/pipeline/vision"
)

// openLandmarks opens the second model of two, which refines what the first has found.
func (v *VisionModel) openLandmarks(ctx context.Context, r ModelRequest) error {
	settings := r.Model.Settings
	r.Name += " landmarks"
	r.Model.Path, r.Model.EdgeTPU, r.Model.Segments, r.Model.Signature = r.Model.Landmarks, "", nil, ""
	r.Model.Width, r.Model.Height = 0, 0
	files, err := delegate.ResolveFiles(r.Model.Path, "")
	if err != nil {
		return err
	}
	model, shapes, err := r.Pool.Read(ctx, files, "", pictureShapes(r.Model))
	if err != nil {
		return err
	}
	defer model.Close()
	engines, err := openEngines(ctx, r, model, shapes, &v.closers)
	if err != nil {
		return err
	}
	warn := func(message string) {
		if r.Logger != nil {
			r.Logger.Warn(message, "model", r.Model.Path)
		}
	}
	l, err := vision.NewLandmarker(v.Task, modelInfo(model, engines[0], warn), engines, settings)
	if err != nil {
		return err
	}
	v.closers = append(v.closers, l.Close)
	v.options.Refiner = l
	return nil
}

// Refine is what the model's second step, if any, makes of a result of its task.
func (v *VisionModel) Refine(ctx context.Context, f *vision.Frame, found pipeline.Result) (pipeline.Result, error) {
	if v.options.Refiner == nil {
		return found, nil
	}
	return v.options.Refiner.Refine(ctx, f, found)
}
