package annotate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"corallite/internal/draw"
	"corallite/internal/libav"
	"corallite/internal/life"
	"corallite/pipeline"
)

// errClosed is the error of Consume after Close.
var errClosed = errors.New("annotating: the sink is closed")

// VideoOptions are the options of a Video.
type VideoOptions struct {
	// Path is the file to write, which must end in ".mp4"; its folder is created if necessary. With several
	// videos, the first goes there and the others beside it: out.mp4, out-2.mp4.
	Path string
	// FPS is the frames per second of the video; 0 means that the frames of a recording keep their times, which may be
	// uneven, and the source's rate for other sources, 1 for single pictures, and 25 if unknown.
	FPS float64
	// Live means that frames arrive in real time and may be dropped: each is then shown until the next one arrived, at
	// most ten seconds, so that the video plays in real time.
	Live bool
	// Codec is "avc1" (H.264) or "mp4v" (MPEG-4 part 2: faster, and not shown by browsers); empty means H.264 if the
	// system's ffmpeg can write it, otherwise MPEG-4 part 2.
	Codec string
	Mute  bool // the sound is left out
	Draw  draw.Options
	Queue int // maximum number of results queued for the sink in a pipeline
	life.Options
	// Overwrite replaces the file of an earlier run. Otherwise it is kept, and the video gets a number: out-2.mp4.
	Overwrite bool
	// Notice is called once when an existing file was kept, with the name used instead; nil: not called.
	Notice func(existing, used string)
	// Tell is told what the user should know, such as that the sound of a recording cannot be kept; nil: nobody is.
	Tell func(message string)
}

// Video writes annotated videos, one file per source video. Single pictures go into one video, one after another. The
// first frame decides the size; frames of another size are scaled to it with black bars. Sides of odd length become one
// pixel longer, because video stores colours for blocks of two by two pixels.
//
// The sound of a recording is copied as it is, up to the end of the pictures; so is that of a stream in a configuration. It is
// encoded as AAC if MP4 does not hold its codec.
//
// The video of a live source has its name from the beginning, can be played while it is written, and is kept after a
// failure: the next frame then starts a new, numbered file. The video of a file gets its name when it is complete.
type Video struct {
	writer movieWriter
	path   string
	first  *target // of the first movie, until it begins
}

// NewVideo prepares the folder and creates the file, which is removed again if there are no frames. It fails if that is
// impossible, if another process writes the file, or if an option is invalid.
func NewVideo(o VideoOptions) (*Video, error) {
	if !strings.EqualFold(filepath.Ext(o.Path), ".mp4") {
		return nil, fmt.Errorf("video %q: want a file name that ends in .mp4", o.Path)
	}
	if isFolder(o.Path) {
		return nil, fmt.Errorf("video %s: is a folder (want a file name)", o.Path)
	}
	dir := filepath.Dir(o.Path)
	if err := openFolder(dir); err != nil {
		return nil, err
	}
	w, err := newMovieWriter(o, newNames(dir, o.Overwrite, o.Notice))
	if err != nil {
		return nil, err
	}
	v := &Video{writer: *w, path: o.Path}
	if v.first, err = v.take(); err != nil {
		return nil, errors.Join(err, w.close())
	}
	return v, nil
}

// take creates a file.
func (v *Video) take() (*target, error) {
	return v.writer.take(func() (string, error) {
		ext := filepath.Ext(v.path)
		return v.writer.names.pick(strings.TrimSuffix(filepath.Base(v.path), ext), ext, 0, exists)
	})
}

// Consume adds one frame. A failure of one source's video is a *pipeline.ItemError.
func (v *Video) Consume(_ context.Context, r pipeline.Report) error {
	return v.writer.consume(r, func(f Frame) (*target, error) {
		if sameFile(v.path, f.Meta().Source) {
			return nil, fmt.Errorf("the annotated video would replace its original, %s; choose another name", v.path)
		}
		if t := v.first; t != nil {
			v.first = nil
			return t, nil
		}
		return v.take()
	})
}

// Lossless is true: with a file, no frame is omitted.
func (v *Video) Lossless() bool { return true }

// Close completes the video and frees the memory. Twice is safe.
func (v *Video) Close() error {
	var err error
	if v.first != nil {
		err = v.first.remove()
		v.first = nil
	}
	return errors.Join(err, v.writer.close())
}

// movieWriter writes the movies of consecutive sources.
type movieWriter struct {
	o       VideoOptions
	names   *names
	sheet   *sheet
	movie   *movie // nil: none is open
	source  string // of the movie, even if it failed
	started bool   // whether source is set
	room    int64  // disk space that a new movie needs after a failed one

	heard      *stream // the sound of a live source; nil: it has none, or it is left out
	stopListen func()
}

func newMovieWriter(o VideoOptions, n *names) (*movieWriter, error) {
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
	return &movieWriter{o: o, names: n, sheet: s}, nil
}

// take creates a file with the next free name.
func (w *movieWriter) take(next func() (string, error)) (*target, error) {
	path, err := next()
	if err != nil {
		return nil, err
	}
	t, err := newTarget(path, w.o.Live)
	if err != nil {
		w.names.release(path)
		return nil, err
	}
	return t, nil
}

// consume adds a frame to the movie of its source; take creates the file of a new one.
func (w *movieWriter) consume(r pipeline.Report, take func(Frame) (*target, error)) error {
	f, err := frameOf(r)
	if err != nil {
		return err
	}
	if w.sheet.closed {
		return errClosed
	}
	source := movieSource(f)
	var before error // error of the last source's movie, which must not lose this one's frame
	next := !w.started || source != w.source
	if next {
		before = w.finish()
		w.source, w.started = source, true
	}
	if next || w.movie == nil && w.o.Live { // a live source continues in a new file after a failure
		m, err := w.begin(f, take)
		if err != nil {
			return errors.Join(before, itemError(f.Meta().Source, err))
		}
		w.movie = m
	}
	return errors.Join(before, w.add(f, r.Events))
}

// movieSource is the source that a frame's movie is for: single pictures share one.
func movieSource(f Frame) string {
	if frameRate(f) == 0 {
		return ""
	}
	return f.Meta().Source
}

func (w *movieWriter) begin(f Frame, take func(Frame) (*target, error)) (*movie, error) {
	t, err := take(f)
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
	width, height := draw.Size(f)
	sound, parameters := w.sound(f)
	m, err := newMovie(t, w.o.Codec, fps, w.timed(f), parameters, width, height, w.room)
	var system syscall.Errno
	if err != nil && parameters != nil {
		sound.close()
		if !errors.As(err, &system) { // it may be for the sound, of which the container may want to know more
			w.without(f.Meta().Source, err)
			sound, parameters = nil, nil
			m, err = newMovie(t, w.o.Codec, fps, w.timed(f), nil, width, height, w.room)
		}
	}
	if err != nil {
		w.names.release(t.path)
		return nil, errors.Join(err, t.remove())
	}
	m.sound, m.recording, m.notice = sound, f.Meta().Source, w.say
	if w.o.Live && parameters != nil {
		m.heard = &liveTrack{from: w.heard, parameters: *parameters}
	}
	return m, nil
}

// sound is the sound for a movie that begins with a frame: a recording's, which is open, or a live source's, whose parameters
// are known; nil: there is none.
func (w *movieWriter) sound(f Frame) (*soundtrack, *libav.Parameters) {
	switch {
	case w.o.Mute:
	case w.timed(f):
		if sound := w.soundOf(f.Meta().Source); sound != nil {
			sound.stream.Late = sound.waiting[0].PTS-f.Meta().Position > fragment/2
			w.anew(f.Meta().Source, sound.original)
			return sound, &sound.stream
		}
	case w.o.Live && w.heard != nil:
		p, original, err := w.heard.begin(f.Meta().Time)
		if err != nil {
			w.without(f.Meta().Source, err)
		}
		w.anew(f.Meta().Source, original)
		return nil, p
	}
	return nil, nil
}

// listen takes the sound of a live source.
func (w *movieWriter) listen(source soundSource) {
	w.heard = &stream{}
	w.stopListen = source.SoundPackets(w.heard)
}

// soundOf opens the sound of a recording for its copy; nil: there is none, or it cannot be kept, which is said.
func (w *movieWriter) soundOf(recording string) *soundtrack {
	if info, err := os.Stat(recording); err != nil || !info.Mode().IsRegular() {
		return nil // frames of something that is no file
	}
	sound, err := openSoundtrack(recording)
	if err != nil && !errors.Is(err, errNoSoundtrack) {
		w.without(recording, err)
	}
	return sound
}

// without says why a copy has no sound.
func (w *movieWriter) without(recording string, err error) {
	w.say(fmt.Sprintf("the annotated copy of %s is without its sound: %v", recording, err))
}

// anew says that the sound of a copy is not as it was; original is its codec, "": it is.
func (w *movieWriter) anew(recording, original string) {
	if original != "" {
		w.say(fmt.Sprintf("the sound of %s is encoded as AAC in its annotated copy: MP4 does not hold %s", recording, original))
	}
}

// say tells the user.
func (w *movieWriter) say(text string) {
	if w.o.Tell != nil {
		w.o.Tell(text)
	}
}

// timed reports whether the frames of a movie are shown at their times in the recording that they are from.
func (w *movieWriter) timed(f Frame) bool { return !w.o.Live && w.o.FPS == 0 && frameRate(f) > 0 }

func (w *movieWriter) add(f Frame, events []pipeline.Event) error {
	if w.movie == nil { // it failed before, which was reported
		return nil
	}
	mat, err := w.sheet.annotate(f, events)
	if err == nil {
		if w.o.Live {
			err = w.movie.writeLive(mat, f.Meta().Time)
		} else if w.movie.times != nil {
			err = w.movie.writeAt(mat, f.Meta().Position)
		} else {
			err = w.movie.write(mat)
		}
	}
	if err != nil {
		if w.o.Live { // the space freed by the failed fragment is not enough to continue
			w.room = max(w.room, 2*w.movie.last)
		}
		kept, end := w.movie.abandon()
		if !kept {
			w.names.release(w.movie.path)
		}
		err = errors.Join(err, end)
		w.movie = nil
	}
	return itemError(f.Meta().Source, err)
}

// finish completes the open movie, if any.
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
	if w.stopListen != nil {
		w.stopListen()
		w.heard.close()
	}
	return errors.Join(w.finish(), w.sheet.close())
}
