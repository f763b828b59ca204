package mic

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"sync"
	"time"

	"corallite/internal/fileglob"
	"corallite/internal/regfile"
	"corallite/pipeline"
	"corallite/pipeline/audio"
)

// FilesOptions say what NewFiles reads.
type FilesOptions struct {
	// Paths are recordings, folders of recordings, and patterns, as fileglob.Kind describes them.
	Paths []string
	Rate  int           // of the chunks, samples a second
	Chunk time.Duration // the length of a chunk; 0: 480 ms
	Pool  *audio.Pool   // of the chunks; nil: one of its own
}

const fileChunk = 480 * time.Millisecond

// recordings are the files that a folder's recordings are.
var recordings = fileglob.Kind{Name: "recordings", Endings: []string{
	".wav", ".wave", ".mp3", ".flac", ".ogg", ".oga", ".opus", ".m4a", ".aac", ".wma", ".aif", ".aiff", ".au", ".caf", ".w64",
	".mp4", ".mkv", ".mov", ".webm", ".avi",
}}

// Endings are the endings of the names that a folder's recordings have: ".wav".
func Endings() []string { return slices.Clone(recordings.Endings) }

// Files is a source of recordings, one after another. The first chunk of each is First and the last one Last. WAVE files
// are read here: integers of 8, 16, 24 and 32 bits and floating-point numbers of 32 and 64, RIFF, RIFX and RF64, of any
// rate and number of channels. Everything else goes through the program ffmpeg, if it is installed.
//
// A recording that cannot be read is a *pipeline.ItemError, and the next one follows. When that shows in its middle,
// because it was cut off or a sample is no number, what lies before is given first, and its last chunk is Last.
type Files struct {
	files   []string
	shaper  shaper
	samples []float32 // one block, before it is brought to the rate
	ended   error     // why no more comes of the open one; nil: more comes, or it is not known yet
	failed  error     // what is to be told after the chunk that was given last
	counts  counts

	mu     sync.Mutex
	closed bool
	next   int
	open   recording // being read; nil: none
}

var _ audio.Source = (*Files)(nil)

// recording is the samples of one file.
type recording interface {
	sampleRate() int
	// read appends the next samples to dst, one channel. With the last ones, or after them, comes why there are no more.
	read(dst []float32) ([]float32, error)
	close() error // may be called while read runs
}

// NewFiles makes a source of recordings. Which there are is found now; each is opened in its turn. Whoever makes the
// source closes it.
func NewFiles(o FilesOptions) (audio.Source, error) {
	if err := checkRate(o.Rate); err != nil {
		return nil, err
	}
	files, err := recordings.Expand(o.Paths)
	if err != nil {
		return nil, err
	}
	f := &Files{files: files}
	f.shaper = shaper{pool: poolOr(o.Pool), rate: o.Rate, size: samplesIn(o.Chunk, fileChunk, o.Rate)}
	return f, nil
}

func checkRate(rate int) error {
	if err := (layout{channels: 1, rate: rate}).check(); err != nil {
		return fmt.Errorf("the rate that is wanted: %w", err)
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

// Names are the files in order.
func (f *Files) Names() []string { return slices.Clone(f.files) }

// Stats say how much sound was given so far.
func (f *Files) Stats() pipeline.Stats {
	return pipeline.Stats{Sound: f.counts.summary(f.shaper.rate)}
}

// Next gives the next chunk; Meta.Source is the file's path as it was named or found.
func (f *Files) Next(ctx context.Context) (*audio.Chunk, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r, err := f.current()
	if err != nil {
		return nil, err
	}
	for f.ended == nil && !f.shaper.full() {
		f.samples, f.ended = r.read(f.samples[:0])
		f.shaper.add(f.samples)
		if f.ended != nil {
			f.shaper.end()
		}
	}
	return f.take(r)
}

// current is the recording that is being read, or the next one.
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
	r, err := openRecording(path)
	if err == nil {
		err = f.shaper.begin(r.sampleRate(), 0)
		if err != nil {
			err = errors.Join(err, r.close())
		}
	}
	if err != nil {
		return nil, &pipeline.ItemError{Source: path, Err: err}
	}
	f.open, f.ended, f.shaper.name = r, nil, path
	return r, nil
}

// failure is what is to be told, once.
func (f *Files) failure() error {
	err := f.failed
	f.failed = nil
	return err
}

// take gives a chunk of what is pending of the open recording.
func (f *Files) take(r recording) (*audio.Chunk, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil, ErrClosed
	}
	last := f.ended != nil && len(f.shaper.pending) <= f.shaper.size
	if last {
		f.open = nil
		err := r.close()
		if f.ended != io.EOF {
			err = f.ended
		}
		if err != nil {
			f.failed = &pipeline.ItemError{Source: f.shaper.name, Err: err}
		}
		if err != nil && f.shaper.first && len(f.shaper.pending) == 0 {
			return nil, f.failure()
		}
	}
	c := f.shaper.chunk()
	c.Last = last
	c.Meta().Position = audio.At(c.Start, c.Rate)
	f.counts.given.Add(int64(len(c.Samples)))
	return c, nil
}

// openRecording opens a file, with ffmpeg when it is no WAVE file or a compressed one.
func openRecording(path string) (recording, error) {
	file, err := regfile.OpenRegular(path)
	if err != nil {
		return nil, err
	}
	r, err := openWAVFile(file)
	if err == nil {
		return r, nil
	}
	err = errors.Join(err, file.Close())
	var codec *codecError
	if !errors.As(err, &codec) && !errors.Is(err, errNoWAV) {
		return nil, err
	}
	program, lookup := exec.LookPath("ffmpeg")
	if lookup != nil {
		return nil, fmt.Errorf("%w; other sound than uncompressed WAVE files is read with the program ffmpeg, which is not installed (package ffmpeg) or not in PATH", err)
	}
	return openProgram(program, path)
}

// waveFile is a WAVE file that is read here.
type waveFile struct {
	*wave
	file *os.File
}

func (w waveFile) close() error { return w.file.Close() }

var errNoWAV = errors.New("it is no WAVE file")

func openWAVFile(file *os.File) (recording, error) {
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
	w, err := openWAV(in)
	if err != nil {
		return nil, err
	}
	return waveFile{w, file}, nil
}

// Close ends the source. Chunks that are out stay valid. Twice is safe.
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
