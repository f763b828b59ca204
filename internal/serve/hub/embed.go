package hub

import (
	"context"

	"corallite/internal/turbojpeg"
	"corallite/pipeline"
	"corallite/pipeline/vision"
)

// cropQuality is that of pictures of which vectors are made, of 100.
const cropQuality = 95

// Crop cuts a box out of the job's picture, with some of what is around it, as a JPEG.
func (j *Job) Crop(p Picture, box [4]float32, o vision.SecondaryOptions) ([]byte, error) {
	area := o.Area(box, p.Frame.Width(), p.Frame.Height())
	if area.Empty() {
		return nil, Bad("the box lies outside the picture")
	}
	return jpegOf(func(part *vision.Frame) error { return part.Cut(p.Frame, area) })
}

// Warp makes a JPEG of size × size pixels of the job's picture.
func (j *Job) Warp(p Picture, at vision.Affine, size int) ([]byte, error) {
	return jpegOf(func(part *vision.Frame) error { return part.Transform(p.Frame, at, size, size) })
}

// jpegOf encodes what fill fills.
func jpegOf(fill func(part *vision.Frame) error) ([]byte, error) {
	pool := vision.NewPool(0)
	defer pool.Close()
	part, err := pool.Get()
	if err != nil {
		return nil, err
	}
	defer part.Release()
	if err := fill(part); err != nil {
		return nil, err
	}
	if err := part.Seal(); err != nil {
		return nil, err
	}
	return JPEG(part, cropQuality)
}

// JPEG encodes a frame.
func JPEG(f *vision.Frame, quality int) ([]byte, error) {
	c, err := turbojpeg.NewCompressor()
	if err != nil {
		return nil, err
	}
	defer c.Close()
	mat := f.Mat()
	pixels, err := mat.DataPtrUint8()
	if err != nil {
		return nil, err
	}
	return c.Compress(pixels, mat.Cols(), mat.Rows(), quality)
}

// Vector is the embedding of a whole picture. It replaces the job's picture.
func (j *Job) Vector(m *Model, data []byte) (v pipeline.Vector, err error) {
	p, err := j.WholePicture(data)
	if err != nil {
		return nil, err
	}
	err = j.Tensors(m, func(ctx context.Context, e pipeline.Engine) error {
		r, err := vision.Once(ctx, e, m.Work, p.Frame)
		v = r.Embedding
		return err
	})
	return v, err
}
