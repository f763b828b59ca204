package annotate

import (
	"context"
	"errors"

	"corallite/pipeline"
	"corallite/pipeline/draw"
)

// FolderOptions say where copies go and how they look.
type FolderOptions struct {
	Dir  string // the output folder; made if it is not there
	Draw draw.Options
	// FPS, Live and Codec are as in VideoOptions.
	FPS   float64
	Live  bool
	Codec string
	// Overwrite and Notice are as in PicturesOptions.
	Overwrite bool
	Notice    func(existing, used string)
}

// Folder writes an annotated copy of whatever comes into one folder: of a picture a picture, as Pictures does, of a
// video or a camera (frames whose FPS is above 0) an mp4 file with the source's name, as Video does.
type Folder struct {
	pictures *Pictures
	movies   *movieWriter
}

// NewFolder prepares the output folder. It fails when the folder cannot be made or written.
func NewFolder(o FolderOptions) (*Folder, error) {
	p, err := NewPictures(PicturesOptions{Dir: o.Dir, Draw: o.Draw, Overwrite: o.Overwrite, Notice: o.Notice})
	if err != nil {
		return nil, err
	}
	w, err := newMovieWriter(VideoOptions{FPS: o.FPS, Live: o.Live, Codec: o.Codec, Draw: o.Draw}, p.names)
	if err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return &Folder{pictures: p, movies: w}, nil
}

// Consume writes one picture or adds one frame. What fails is a *pipeline.ItemError.
func (d *Folder) Consume(ctx context.Context, r pipeline.Report) error {
	f, err := frameOf(r)
	if err != nil {
		return err
	}
	if frameRate(f) == 0 {
		return d.pictures.Consume(ctx, r)
	}
	return d.movies.consume(r, func(f Frame) (*target, error) {
		return d.movies.take(func() (string, error) { return d.pictures.names.fresh(f.Meta().Source, ".mp4") })
	})
}

// Lossless is true: behind files, nothing is left out.
func (d *Folder) Lossless() bool { return true }

// Close completes the last video and frees the memory. Twice is safe.
func (d *Folder) Close() error { return errors.Join(d.movies.close(), d.pictures.Close()) }
