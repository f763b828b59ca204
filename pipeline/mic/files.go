package mic

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"slices"
	"sync"
	"time"

	"corallite/internal/fileglob"
	"corallite/internal/regfile"
	"corallite/pipeline"
	"corallite/pipeline/audio"
)

// FilesOptions are the options of NewFiles.
type FilesOptions struct {
	// Paths are recordings, folders of recordings, and patterns with *, ? and [.
	Paths []string
	Rate  int           // of the chunks, in samples per second, from 1000 to 1,000,000
	Chunk time.Duration // length of a chunk; 0: 480 ms
	Pool  *audio.Pool   // of the chunks; nil: a new one

	Channel string       // of recordings with several: "left", "right", "1", "2", …; "" or "mix": their mean
	Logger  *slog.Logger // for recordings whose channels cancel each other out; nil: nothing is logged
}

const fileChunk = 480 * time.Millisecond

// recordings are the files that are read in a folder.
var recordings = fileglob.Kind{Name: "recordings", Endings: []string{
	".wav", ".wave", ".mp3", ".flac", ".ogg", ".oga", ".opus", ".m4a", ".aac", ".wma", ".aif", ".aiff", ".au", ".caf", ".w64",
	".mp4", ".mkv", ".mov", ".webm", ".avi",
}}

// Endings returns the file name extensions of the recordings in a folder, such as ".wav".
func Endings() []string { return slices.Clone(recordings.Endings) }

// Files is a source of recordings, one after another. The first chunk of each is First and the last one Last. Uncompressed
// WAVE files are decoded here: RIFF, RIFX and RF64 with 8, 16, 24 and 32-bit integers and 32 and 64-bit floating-point
// samples. Everything else that has sound, videos too, is decoded by the system's ffmpeg libraries. Times are those of the
// file: sound that begins later than the pictures of a video has the index of its time.
//
// A recording that cannot be read is a *pipeline.ItemError, and the next one follows. When the error is in its middle
// (a truncated file, a sample that is NaN), the sound before it comes first, and its last chunk is Last.
type Files struct {
	files   []string
	chunker chunker
	samples []float32 // one block, not resampled yet
	ended   error     // why the open recording has no more samples; nil: not known yet
	failed  error     // to be returned after the last chunk
	counts  counts
	channel int // from 1; 0: the mean of all
	log     *slog.Logger
	warned  bool // of channels that cancel each other out

	mu     sync.Mutex
	closed bool
	next   int
	open   recording // the current one; nil: none
}

var _ audio.Source = (*Files)(nil)

// recording is the samples of one file.
type recording interface {
	sampleRate() int
	start() time.Duration // of the first sample, in the file
	// read appends the next samples to dst, mixed to one channel. The error comes with the last samples or after them;
	// io.EOF is the regular end.
	read(dst []float32) ([]float32, error)
	mixing() *mixer
	close() error // may be called while read runs
}

// NewFiles returns a source of recordings. Folders and patterns are expanded now; each file is opened when its turn comes.
// The caller closes the source.
func NewFiles(o FilesOptions) (audio.Source, error) {
	if err := checkRate(o.Rate); err != nil {
		return nil, err
	}
	channel, err := parseChannel(o.Channel)
	if err != nil {
		return nil, err
	}
	files, err := recordings.Expand(o.Paths)
	if err != nil {
		return nil, err
	}
	f := &Files{files: files, channel: channel, log: o.Logger}
	f.chunker = chunker{pool: poolOr(o.Pool), rate: o.Rate, size: samplesIn(o.Chunk, fileChunk, o.Rate)}
	return f, nil
}

func checkRate(rate int) error {
	if err := (layout{channels: 1, rate: rate}).check(); err != nil {
		return fmt.Errorf("mic: %w", err)
	}
	return nil
}

func poolOr(p *audio.Pool) *audio.Pool {
	if p == nil {
		return new(audio.Pool)
	}
	return p
}

// Live is false.
func (f *Files) Live() bool { return false }

// Names returns the files in order.
func (f *Files) Names() []string { return slices.Clone(f.files) }

// Stats say how much sound was returned so far.
func (f *Files) Stats() pipeline.Stats {
	return pipeline.Stats{Sound: f.counts.summary(f.chunker.rate)}
}

// Next returns the next chunk; Meta.Source is the path of the file as it was named or found.
func (f *Files) Next(ctx context.Context) (*audio.Chunk, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r, err := f.current()
	if err != nil {
		return nil, err
	}
	for f.ended == nil && !f.chunker.full() {
		f.samples, f.ended = r.read(f.samples[:0])
		f.chunker.add(f.samples)
		if f.ended != nil {
			f.chunker.end()
			r.mixing().end()
		}
		f.warned = r.mixing().report(f.log, f.warned, "source", f.chunker.name) || f.warned
	}
	return f.take(r)
}

// current returns the open recording, or opens the next one.
func (f *Files) current() (recording, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.closed:
		return nil, ErrClosed
	case f.open != nil:
		return f.open, nil
	case f.failed != nil:
		return nil, f.failure()
	case f.next == len(f.files):
		return nil, io.EOF
	}
	path := f.files[f.next]
	f.next++
	r, err := openRecording(path, f.channel)
	if err == nil {
		err = f.chunker.begin(r.sampleRate(), int64(math.Round(r.start().Seconds()*float64(f.chunker.rate))))
		if err != nil {
			err = errors.Join(err, r.close())
		}
	}
	if err != nil {
		return nil, &pipeline.ItemError{Source: path, Err: err}
	}
	f.open, f.ended, f.chunker.name = r, nil, path
	return r, nil
}

// failure returns the pending error, once.
func (f *Files) failure() error {
	err := f.failed
	f.failed = nil
	return err
}

// take returns a chunk of the pending samples of the open recording.
func (f *Files) take(r recording) (*audio.Chunk, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil, ErrClosed
	}
	last := f.ended != nil && len(f.chunker.pending) <= f.chunker.size
	if last {
		f.open = nil
		err := r.close()
		if f.ended != io.EOF {
			err = f.ended
		}
		if err != nil {
			f.failed = &pipeline.ItemError{Source: f.chunker.name, Err: err}
		}
		if err != nil && f.chunker.first && len(f.chunker.pending) == 0 {
			return nil, f.failure()
		}
	}
	c := f.chunker.chunk()
	c.Last = last
	c.Meta().Position = audio.At(c.Start, c.Rate)
	f.counts.given.Add(int64(len(c.Samples)))
	return c, nil
}

// openRecording opens a file, of which one channel is read (0: the mean of all); with ffmpeg's libraries, unless it is an
// uncompressed WAVE file.
func openRecording(path string, channel int) (recording, error) {
	file, err := regfile.OpenBare(path)
	if err != nil {
		return nil, err
	}
	r, err := openWAVFile(file, channel)
	if err == nil {
		return r, nil
	}
	err = errors.Join(err, file.Close())
	var codec *codecError
	if !errors.As(err, &codec) && !errors.Is(err, errNoWAV) {
		return nil, err
	}
	t, cause := openTrack(path, channel)
	if cause != nil && codec != nil {
		cause = fmt.Errorf("%w: %w", codec, cause)
	}
	return t, cause
}

// waveFile is an uncompressed WAVE file.
type waveFile struct {
	*wave
	file *os.File
}

func (w waveFile) mixing() *mixer       { return &w.mixer }
func (w waveFile) close() error         { return w.file.Close() }
func (w waveFile) start() time.Duration { return 0 }

var errNoWAV = errors.New("not a WAVE file")

func openWAVFile(file *os.File, channel int) (recording, error) {
	in := bufio.NewReaderSize(file, 1<<16)
	head, err := in.Peek(wavHead)
	switch {
	case notEnd(err) != nil:
		return nil, regfile.Cause(err)
	case len(head) == 0:
		return nil, errors.New("the file is empty")
	case !isWAV(head):
		return nil, errNoWAV
	}
	w, err := openWAV(in, channel)
	if err != nil {
		return nil, err
	}
	return waveFile{w, file}, nil
}

// Close ends the source. Chunks that were returned stay valid. It may be called twice.
func (f *Files) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	if f.open == nil {
		return nil
	}
	r := f.open
	f.open = nil
	return r.close()
}
