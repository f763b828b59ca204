package annotate

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"corallite/pipeline"
	"corallite/pipeline/draw"
)

// errClosed is Consume after Close.
var errClosed = errors.New("annotating: the sink is closed")

// VideoOptions say where a video goes and how it looks.
type VideoOptions struct {
	// Path is the file to write, which must end in ".mp4"; its folder is made if it is not there. When the sources are
	// several videos in turn, the first goes there and the others beside it: out.mp4, out-2.mp4.
	Path string
	// FPS is the frames per second of the video; 0 means as many as the source has, one for pictures that stand alone,
	// and 25 where nobody knows.
	FPS float64
	// Live means that frames come in their own time, some of them lost: each is then shown for as long as it took
	// until the next one, at most ten seconds, so that the video runs as fast as what it shows.
	Live bool
	// Codec is "avc1" (H.264) or "mp4v" (MPEG-4 part 2: five times as fast, and not shown by browsers); empty means
	// H.264 where this OpenCV can write it, and MPEG-4 part 2 otherwise.
	Codec string
	Draw  draw.Options
}

// Video writes an annotated video, a file for each video that comes. Pictures that stand alone go one after another
// into one video. The first frame decides the size; frames of another size are scaled to it with black bars. Sides of
// odd length become one pixel longer, because video has colours for two by two pixels.
type Video struct {
	writer movieWriter
	path   string
	names  *names
}

// NewVideo prepares the folder. It fails when it cannot be made or written or when an option is impossible. The file is
// made when the first frame comes.
func NewVideo(o VideoOptions) (*Video, error) {
	if !strings.EqualFold(filepath.Ext(o.Path), ".mp4") {
		return nil, fmt.Errorf("video %q: want a file name that ends in .mp4", o.Path)
	}
	if isFolder(o.Path) {
		return nil, fmt.Errorf("video %s: this is a folder; want a file name", o.Path)
	}
	if err := openFolder(filepath.Dir(o.Path)); err != nil {
		return nil, err
	}
	w, err := newMovieWriter(o)
	if err != nil {
		return nil, err
	}
	return &Video{writer: *w, path: o.Path, names: newNames(filepath.Dir(o.Path))}, nil
}

// Consume adds one frame. What fails for one source's video is a *pipeline.ItemError.
func (v *Video) Consume(_ context.Context, r pipeline.Report) error {
	return v.writer.consume(r, func(f Frame) (string, error) {
		ext := filepath.Ext(v.path)
		path := v.names.pick(strings.TrimSuffix(filepath.Base(v.path), ext), ext, 0)
		if sameFile(path, f.Meta().Source) {
			return "", fmt.Errorf("the annotated video would replace its original, %s; choose another name", path)
		}
		return path, nil
	})
}

// Lossless is true: behind a file, no frame is left out.
func (v *Video) Lossless() bool { return true }

// Close completes the video and frees the memory. Twice is safe.
func (v *Video) Close() error { return v.writer.close() }

// movieWriter writes the movies of sources that come in turn.
type movieWriter struct {
	o       VideoOptions
	sheet   *sheet
	movie   *movie // nil: none is open
	source  string // of the movie, also of one that failed
	started bool   // whether source means anything
}

func newMovieWriter(o VideoOptions) (*movieWriter, error) {
	if o.Codec != "" && o.Codec != "avc1" && o.Codec != "mp4v" {
		return nil, fmt.Errorf("video codec %q: want avc1 or mp4v", o.Codec)
	}
	if o.FPS != 0 && validRate(o.FPS) == defaultRate && o.FPS != defaultRate {
		return nil, fmt.Errorf("video rate %g: want 0.01 to 1000 frames per second", o.FPS)
	}
	s, err := newSheet(o.Draw)
	if err != nil {
		return nil, err
	}
	return &movieWriter{o: o, sheet: s}, nil
}

// consume adds a frame to the movie of its source; name gives the path of a new one.
func (w *movieWriter) consume(r pipeline.Report, name func(Frame) (string, error)) error {
	f, err := frameOf(r)
	if err != nil {
		return err
	}
	if w.sheet.closed {
		return errClosed
	}
	source := movieSource(f)
	var before error // what the last source's movie failed with, which must not cost this one its frame
	if !w.started || source != w.source {
		before = w.finish()
		w.source, w.started = source, true
		m, err := w.begin(f, name)
		if err != nil {
			return errors.Join(before, itemError(f.Meta().Source, err))
		}
		w.movie = m
	}
	return errors.Join(before, w.add(f, r.Events))
}

// movieSource is the source that a frame's movie is for: pictures that stand alone share one.
func movieSource(f Frame) string {
	if frameRate(f) == 0 {
		return ""
	}
	return f.Meta().Source
}

func (w *movieWriter) begin(f Frame, name func(Frame) (string, error)) (*movie, error) {
	path, err := name(f)
	if err != nil {
		return nil, err
	}
	fps := w.o.FPS
	if fps == 0 {
		fps = frameRate(f)
	}
	if fps == 0 {
		fps = 1
	}
	mat := f.Mat()
	return newMovie(path, w.o.Codec, fps, mat.Cols(), mat.Rows())
}

func (w *movieWriter) add(f Frame, events []pipeline.Event) error {
	if w.movie == nil { // it failed before, which was told
		return nil
	}
	mat, err := w.sheet.annotate(f, events)
	if err == nil {
		if w.o.Live {
			err = w.movie.writeAt(mat, f.Meta().Time)
		} else {
			err = w.movie.write(mat)
		}
	}
	if err != nil {
		err = errors.Join(err, w.movie.abandon())
		w.movie = nil
	}
	return itemError(f.Meta().Source, err)
}

// finish completes the open movie, if there is one.
func (w *movieWriter) finish() error {
	if w.movie == nil {
		return nil
	}
	m := w.movie
	w.movie = nil
	return itemError(w.source, m.finish())
}

func (w *movieWriter) close() error {
	if w.sheet.closed {
		return nil
	}
	return errors.Join(w.finish(), w.sheet.close())
}
