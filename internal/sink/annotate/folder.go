package annotate

import (
	"context"
	"errors"

	"corallite/internal/draw"
	"corallite/pipeline"
)

// FolderOptions are the options of a Folder.
type FolderOptions struct {
	Dir  string // the output folder, created if necessary
	Draw draw.Options
	// FPS, Live and Codec are as in VideoOptions.
	FPS   float64
	Live  bool
	Codec string
	// Overwrite and Notice are as in PicturesOptions.
	Overwrite bool
	Notice    func(existing, used string)
	Tell      func(message string) // as in VideoOptions
}

// Folder writes annotated copies of all sources into one folder: a picture for a picture, as Pictures does; for a video
// or a camera (frames whose FPS is above 0) an MP4 file with the source's name, as Video does.
type Folder struct {
	pictures *Pictures
	movies   *movieWriter
}

// NewFolder prepares the output folder. It fails if the folder cannot be created or written.
func NewFolder(o FolderOptions) (*Folder, error) {
	p, err := NewPictures(PicturesOptions{Dir: o.Dir, Draw: o.Draw, Overwrite: o.Overwrite, Notice: o.Notice})
	if err != nil {
		return nil, err
	}
	w, err := newMovieWriter(VideoOptions{FPS: o.FPS, Live: o.Live, Codec: o.Codec, Draw: o.Draw, Tell: o.Tell}, p.names)
	if err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return &Folder{pictures: p, movies: w}, nil
}

// Consume writes one picture or adds one frame. A failure is a *pipeline.ItemError.
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

// Lossless is true: with files, nothing is omitted.
func (d *Folder) Lossless() bool { return true }

// Close completes the last video and frees the memory. Twice is safe.
func (d *Folder) Close() error { return errors.Join(d.movies.close(), d.pictures.Close()) }
