package mic

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"corallite/internal/channels"
	"corallite/pipeline"
	"corallite/pipeline/audio"
)

// RecordingOptions are the options of NewRecording.
type RecordingOptions struct {
	Name  string        // Meta.Source, also in errors
	Rate  int           // of the chunks, in samples per second, from 1000 to 1,000,000
	Chunk time.Duration // length of a chunk; 0: 480 ms
	Pool  *audio.Pool   // of the chunks; nil: a new one

	Channel string // of a recording with several: "left", "right", "1", "2", …; "" or "mix": their mean
}

// containers are the demuxers of ffmpeg's libraries for recordings that others send: none that reads other files, as
// playlists do.
var containers = strings.Join([]string{
	"wav", "w64", "mp3", "flac", "ogg", "mov", "mp4", "m4a", "matroska", "webm", "aac", "aiff", "au", "caf", "asf", "avi", "mpegts", "mpeg",
	"amr", "ac3", "eac3", "flv", "wv", "ape", "tta", "voc",
}, ",")

// NewRecording returns a source of a recording that the program has as bytes, from whomever: a file's content in any format
// of Files but playlists. The data must not change until Close, which the caller calls.
func NewRecording(data []byte, o RecordingOptions) (audio.Source, error) {
	p, err := newPlayer(FilesOptions{Rate: o.Rate, Chunk: o.Chunk, Pool: o.Pool, Channel: o.Channel})
	if err != nil {
		return nil, err
	}
	return &memory{data: data, name: o.Name, player: p}, nil
}

// memory is a source of one recording.
type memory struct {
	data   []byte
	name   string
	begun  bool
	player *player
}

func (m *memory) Live() bool { return false }

func (m *memory) Stats() pipeline.Stats {
	return pipeline.Stats{Sound: m.player.counts.summary(m.player.chunker.rate)}
}

func (m *memory) Next(ctx context.Context) (*audio.Chunk, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r, err := m.player.current()
	if err != nil {
		return nil, err
	}
	if r == nil {
		if m.begun {
			return nil, io.EOF
		}
		m.begun = true
		open := func() (recording, error) { return recordingOf(m.data, m.player.channel) }
		if r, err = m.player.beginWith(m.name, open); err != nil {
			return nil, err
		}
	}
	return m.player.next(r)
}

func (m *memory) Close() error { return m.player.stop() }

// recordingOf opens a recording in memory, as openRecording does a file.
func recordingOf(data []byte, channel int) (recording, error) {
	if len(data) == 0 {
		return nil, errors.New("the recording is empty")
	}
	var codec *codecError
	if isWAV(data) {
		w, err := openWAV(bufio.NewReaderSize(bytes.NewReader(data), 1<<12), channel)
		if err == nil {
			return memoryWave{w}, nil
		}
		if !errors.As(err, &codec) {
			return nil, err
		}
	}
	r, err := openMemory(data, channel)
	if err != nil && codec != nil {
		err = fmt.Errorf("%w: %w", codec, err)
	}
	return r, err
}

// memoryWave is an uncompressed WAVE file in memory.
type memoryWave struct{ *wave }

func (w memoryWave) mixing() *channels.Mixer { return &w.mixer }
func (w memoryWave) close() error            { return nil }
func (w memoryWave) start() time.Duration    { return 0 }

// openMemory gives ffmpeg's libraries bytes as a file without a name.
func openMemory(data []byte, channel int) (recording, error) {
	fd, err := unix.MemfdCreate("recording", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("memory for the recording: %w", os.NewSyscallError("memfd_create", err))
	}
	file := os.NewFile(uintptr(fd), "recording")
	if _, err := file.Write(data); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	t, err := openTrack(fmt.Sprintf("/proc/self/fd/%d", fd), channel, containers)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &memoryTrack{recording: t, file: file}, nil
}

// memoryTrack is a track whose file ends with it.
type memoryTrack struct {
	recording
	file *os.File
	once sync.Once
	err  error
}

func (t *memoryTrack) close() error {
	t.once.Do(func() { t.err = errors.Join(t.recording.close(), t.file.Close()) })
	return t.err
}
