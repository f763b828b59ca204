package mic

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"time"

	"corallite/internal/channels"
	"corallite/internal/regfile"
)

// recording is the samples of one file.
type recording interface {
	sampleRate() int
	start() time.Duration // of the first sample, in the file
	// read appends the next samples to dst, as one channel. The error comes with the last samples or after them;
	// io.EOF is the regular end.
	read(dst []float32) ([]float32, error)
	mixing() *channels.Mixer
	close() error // may be called while read runs
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
	t, cause := openTrack(path, channel, "")
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

func (w waveFile) mixing() *channels.Mixer { return &w.mixer }
func (w waveFile) close() error            { return w.file.Close() }
func (w waveFile) start() time.Duration    { return 0 }

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
