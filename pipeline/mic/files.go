package mic

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"corallite/internal/fileglob"
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
	files  []string
	begun  int
	player *player
}

var _ audio.Source = (*Files)(nil)

// NewFiles returns a source of recordings. Folders and patterns are expanded now; each file is opened when its turn comes.
// The caller closes the source.
func NewFiles(o FilesOptions) (audio.Source, error) {
	p, err := newPlayer(o)
	if err != nil {
		return nil, err
	}
	files, err := recordings.Expand(o.Paths)
	if err != nil {
		return nil, err
	}
	return &Files{files: files, player: p}, nil
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
	return pipeline.Stats{Sound: f.player.counts.summary(f.player.chunker.rate)}
}

// Next returns the next chunk; Meta.Source is the path of the file as it was named or found.
func (f *Files) Next(ctx context.Context) (*audio.Chunk, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r, err := f.player.current()
	if err != nil {
		return nil, err
	}
	if r == nil {
		if f.begun == len(f.files) {
			return nil, io.EOF
		}
		f.begun++
		if r, err = f.player.begin(f.files[f.begun-1]); err != nil {
			return nil, err
		}
	}
	return f.player.next(r)
}

// Close ends the source. Chunks that were returned stay valid. It may be called twice.
func (f *Files) Close() error { return f.player.stop() }
