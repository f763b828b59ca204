package camera

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"

	"corallite/internal/libav"
	"corallite/pipeline"
	"corallite/pipeline/vision"
)

// Files is a source of pictures and of the frames of videos, in the order in which they are named. A file that cannot be
// opened is a *pipeline.ItemError, and the next one follows.
type Files struct {
	files   []string
	ahead   ahead
	options VideoOptions // of the videos
	next    int          // index of the file after those that ahead has; used by Next only

	mu     sync.Mutex
	closed bool
	single bool   // see SingleUse
	video  *Video // open; nil: none
	total  int    // items known so far
	open   bool   // whether a video may add to total
}

var (
	_ pipeline.Source[*vision.Frame] = (*Files)(nil)
	_ pipeline.StatsReporter         = (*Files)(nil)
)

// NewFiles returns a source of files, folders and patterns, as NewPictures does; files whose first bytes are not those of a
// picture are read as videos. The caller closes the source.
func NewFiles(names ...string) (*Files, error) {
	files, err := pictureFiles.Expand(names)
	if err != nil {
		return nil, err
	}
	f := &Files{files: files}
	f.ahead.start(f.picture)
	f.open, f.total = slices.ContainsFunc(files, isVideo), len(files)
	if f.open {
		// Now, so that the first frame does not wait for it.
		if err := libav.Load(); err != nil {
			return nil, errors.Join(err, f.Close())
		}
	}
	return f, nil
}

// isVideo reports whether a file is read as a video: it is readable, and neither its content nor its name is that of a
// picture.
func isVideo(path string) bool {
	picture, err := IsPicture(path)
	return err == nil && !picture && !pictureFiles.Has(path)
}

// Still reports whether all files are pictures.
func (f *Files) Still() bool { return !f.open }

// Len returns the number of files.
func (f *Files) Len() int { return len(f.files) }

// Stats say how many items there are, if all files are pictures or the only one is a video that tells.
func (f *Files) Stats() pipeline.Stats {
	if !f.open {
		return pipeline.Stats{Total: f.total}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.files) == 1 && f.video != nil {
		return f.video.Stats()
	}
	return pipeline.Stats{}
}

// Live is false.
func (f *Files) Live() bool { return false }

// Next returns the next picture or frame; Meta.Source is the path of the file as it was named or found.
func (f *Files) Next(ctx context.Context) (*vision.Frame, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		video, err := f.current()
		if err != nil {
			return nil, err
		}
		if video == nil {
			frame, err := f.ahead.next(ctx)
			if !errors.Is(err, io.EOF) || f.next == len(f.files) {
				return frame, err
			}
			if err := f.openVideo(); err != nil {
				return nil, err
			}
			continue
		}
		frame, err := video.Next(ctx)
		if !errors.Is(err, io.EOF) {
			return frame, err
		}
		if err := f.finish(video); err != nil {
			return nil, &pipeline.ItemError{Source: video.path, Err: err}
		}
	}
}

// picture returns the next file if it is a picture.
func (f *Files) picture() (path string, more bool) {
	if f.next == len(f.files) || isVideo(f.files[f.next]) {
		return "", false
	}
	f.next++
	return f.files[f.next-1], true
}

// Reduce lets JPEGs be decoded in a smaller size, as Reducer says.
func (f *Files) Reduce(by func(width, height int) float64) { f.ahead.reader.reduce(by) }

// SingleUse is passed on to the videos that are opened from now on; pictures come as BGR and stay.
func (f *Files) SingleUse() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.single = true
}

// current returns the open video; nil: none.
func (f *Files) current() (*Video, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil, ErrClosed
	}
	return f.video, nil
}

// openVideo opens the next file, which is no picture.
func (f *Files) openVideo() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return ErrClosed
	}
	path := f.files[f.next]
	f.next++
	video, err := OpenVideo(path, f.options)
	if err != nil {
		return &pipeline.ItemError{Source: path, Err: withoutPath(err)}
	}
	if f.single {
		video.SingleUse()
	}
	f.video = video
	return nil
}

// withoutPath returns the cause in an error of OpenVideo, because the ItemError around it has the path.
func withoutPath(err error) error {
	if inner := errors.Unwrap(err); inner != nil {
		return inner
	}
	return err
}

func (f *Files) finish(video *Video) error {
	f.mu.Lock()
	if f.video == video {
		f.video = nil
	}
	f.mu.Unlock()
	return video.Close()
}

// Close ends the source. Frames that were returned stay valid. It may be called twice.
func (f *Files) Close() error {
	f.mu.Lock()
	video := f.video
	f.closed, f.video = true, nil
	f.mu.Unlock()
	err := f.ahead.close()
	if video != nil {
		err = errors.Join(err, video.Close())
	}
	return err
}

// Names returns the files in order.
func (f *Files) Names() []string { return slices.Clone(f.files) }
