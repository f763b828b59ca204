package annotate

import (
	"context"
	"errors"
	"fmt"
	"os"

	"corallite/internal/draw"
	"corallite/internal/life"
	"corallite/internal/output"
	"corallite/pipeline"
)

// PicturesOptions are the options of Pictures.
type PicturesOptions struct {
	Dir   string // the output folder, created if necessary
	Draw  draw.Options
	Queue int // maximum number of results queued for the sink in a pipeline
	life.Options
	// Overwrite replaces files of earlier runs. Otherwise they are kept, and copies get a number.
	Overwrite bool
	// Notice is called once when an existing file was kept, with the name used instead; nil: not called.
	Notice func(existing, used string)
}

// Pictures writes an annotated copy of each picture, in the picture's own format if it can be written (JPEG and WebP
// with quality 90, PNG, BMP, TIFF), otherwise as PNG. Frames of a video or camera become JPEG files.
type Pictures struct {
	sheet *sheet
	names *names
	lock  *os.File // the folder
}

// NewPictures prepares the output folder. It fails if the folder cannot be created or written.
func NewPictures(o PicturesOptions) (*Pictures, error) {
	if err := openFolder(o.Dir); err != nil {
		return nil, err
	}
	lock, err := output.LockFolder(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("output folder: %w", err)
	}
	s, err := newSheet(o.Draw)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return &Pictures{sheet: s, names: newNames(o.Dir, o.Overwrite, o.Notice), lock: lock}, nil
}

// Consume writes one picture. A failure is a *pipeline.ItemError.
func (p *Pictures) Consume(_ context.Context, r pipeline.Report) error {
	f, err := frameOf(r)
	if err != nil {
		return err
	}
	if p.sheet.closed {
		return errClosed
	}
	return itemError(f.Meta().Source, p.write(f, r.Events))
}

func (p *Pictures) write(f Frame, events []pipeline.Event) error {
	meta := f.Meta()
	m, err := p.sheet.annotate(f, events)
	if err != nil {
		return err
	}
	one := frameRate(f) == 0
	source, claim := meta.Source, p.names.claim
	if !one {
		source, claim = "frame.jpg", p.names.claimFrames
	}
	ext := extensionFor(source, m.Cols(), m.Rows())
	path, err := claim(meta.Source, ext)
	if err != nil {
		return err
	}
	if !one {
		path = fmt.Sprintf("%s-%0*d%s", path[:len(path)-len(ext)], frameDigits, meta.Seq, ext)
	}
	return encode(*m, ext, func(data []byte) error { return writeFile(path, data) })
}

// Lossless is true: with files, no picture is omitted.
func (p *Pictures) Lossless() bool { return true }

// Close frees the memory and the folder. Twice is safe.
func (p *Pictures) Close() error {
	if p.sheet.closed {
		return nil
	}
	return errors.Join(p.sheet.close(), p.lock.Close())
}
