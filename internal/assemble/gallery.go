package assemble

import (
	"context"
	"errors"
	"fmt"

	"corallite/pipeline"
	"corallite/pipeline/camera"
	"corallite/pipeline/vision"
)

// readGallery reads the pictures of a gallery, each of which runs once on the engine with the task.
func readGallery(ctx context.Context, folder string, task vision.Task, e pipeline.Engine) (*vision.Gallery, error) {
	return vision.NewGallery(ctx, folder, vision.GalleryOptions{
		IsPicture: camera.IsPictureFile,
		Embed: func(ctx context.Context, path string) (pipeline.Vector, error) {
			return embedFile(ctx, task, e, path)
		},
	})
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
