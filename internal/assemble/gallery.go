package assemble

import (
	"context"
	"errors"
	"fmt"

	"corallite/configs"
	"corallite/pipeline"
	"corallite/pipeline/camera"
	"corallite/pipeline/vision"
)

// withGallery gives a task that compares with the pictures of the model's gallery, each of which runs once on the
// engine. plain is the task without a gallery.
func withGallery(ctx context.Context, m configs.Model, plain visionTask, e pipeline.Engine) (visionTask, error) {
	gallery, err := vision.NewGallery(ctx, m.Gallery, vision.GalleryOptions{
		IsPicture: camera.IsPicture,
		Embed: func(ctx context.Context, path string) (pipeline.Vector, error) {
			return embedFile(ctx, plain, e, path)
		},
	})
	if err != nil {
		return nil, err
	}
	return newEmbedder(m, gallery, e.Inputs(), e.Outputs())
}

// EmbedFile gives the vector of a picture.
func (v *VisionModel) EmbedFile(ctx context.Context, path string) (pipeline.Vector, error) {
	return embedFile(ctx, v.Task, v.Engines[0], path)
}

func embedFile(ctx context.Context, task pipeline.Task[*vision.Frame], e pipeline.Engine, path string) (_ pipeline.Vector, err error) {
	pictures, err := camera.NewPictures(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, pictures.Close()) }()
	f, err := pictures.Next(ctx)
	if err != nil {
		return nil, err
	}
	defer f.Release()
	found, err := vision.Once(ctx, e, task, f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return found.Embedding, nil
}
