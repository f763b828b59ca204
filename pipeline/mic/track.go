package mic

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strings"
	"time"

	"corallite/internal/channels"
	"corallite/internal/libav"
)

// track is the sound of a file that the system's ffmpeg libraries read: a compressed recording, or a video.
type track struct {
	reader  *libav.Reader
	first   *libav.Frame // read when the file was opened; nil once it was taken
	rate    int
	begins  time.Duration // in the file
	samples int64         // taken so far, with the silence of gaps
	silence int64         // samples of a gap that are still to be given
	mixer   channels.Mixer
	turns   []float32    // scratch: the samples of all channels
	after   *libav.Frame // what follows the gap
}

// gap is how much later than the samples before it sound must be for the time between to count: less is how exactly
// containers say times.
const gap = 100 * time.Millisecond

// openTrack opens the sound of a file in one of some formats of ffmpeg's ("": any). Only files may be read, so that a
// playlist cannot reach the network.
func openTrack(path string, channel int, formats string) (recording, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	options := map[string]string{"protocol_whitelist": "file"}
	if formats != "" {
		options["format_whitelist"] = formats
	}
	reader, err := libav.OpenReader(context.Background(), "file:"+absolute, libav.ReaderOptions{
		Options: options, Threads: 1, Choose: libav.OnlySound,
	})
	if err != nil {
		if formats != "" && strings.Contains(err.Error(), "not on whitelist") {
			return nil, errors.New("it is in the format of no recording that is taken here (WAVE, MP3, FLAC, Ogg, MP4, Matroska and others)")
		}
		return nil, unreadable(err)
	}
	t := &track{reader: reader}
	if t.first, err = reader.Next(); err != nil {
		if errors.Is(err, io.EOF) {
			err = errors.New("the recording has no samples")
			if _, why := reader.Lost(); why != nil {
				err = unreadable(why)
			}
		}
		return nil, errors.Join(err, reader.Close())
	}
	t.rate, t.begins = t.first.Rate, max(t.first.Time, 0)
	l := layout{channels: max(t.first.Channels, 1), rate: t.rate}
	t.mixer.Channel = channel
	err = l.check()
	if err == nil {
		err = t.mixer.Begin(l.channels, l.rate)
	}
	if err != nil {
		return nil, errors.Join(err, t.close())
	}
	return t, nil
}

func unreadable(err error) error {
	var library *libav.Error
	if errors.As(err, &library) {
		return fmt.Errorf("ffmpeg cannot read it: %w", err)
	}
	return err
}

func (t *track) sampleRate() int      { return t.rate }
func (t *track) start() time.Duration { return t.begins }

// read appends the samples of the next frame to dst. A gap in the times is silence, so that what follows is where it is
// in the file.
func (t *track) read(dst []float32) ([]float32, error) {
	if t.silence > 0 {
		n := min(t.silence, int64(t.rate))
		t.silence -= n
		t.samples += n
		return append(dst, make([]float32, n)...), nil
	}
	f := t.after
	if f == nil {
		var err error
		if f, err = t.next(); err != nil {
			if errors.Is(err, io.EOF) {
				return dst, io.EOF
			}
			return dst, fmt.Errorf("after %s: %w", seconds(t.samples, t.rate), err)
		}
		if late := f.Time - t.begins - time.Duration(t.samples)*time.Second/time.Duration(t.rate); late >= gap {
			t.silence, t.after = int64(math.Round(late.Seconds()*float64(t.rate))), f
			return dst, nil
		}
	}
	t.after = nil
	defer f.Release()
	if f.Rate != t.rate {
		return dst, fmt.Errorf("after %s: the sample rate changes from %d to %d Hz: split the recording there", seconds(t.samples, t.rate), t.rate, f.Rate)
	}
	if n := max(f.Channels, 1); n != t.mixer.Channels() { // as where the programme of a broadcast changes
		if err := t.mixer.Begin(n, t.rate); err != nil {
			return dst, fmt.Errorf("after %s: %w", seconds(t.samples, t.rate), err)
		}
	}
	var err error
	if t.turns, err = f.Floats(t.turns[:0]); err != nil {
		return dst, fmt.Errorf("after %s: %w", seconds(t.samples, t.rate), err)
	}
	dst, whole := t.mixer.Add(dst, t.turns)
	t.samples += int64(whole)
	if whole < f.Len {
		return dst, fmt.Errorf("after %s: a sample is NaN: repair the recording, or cut it there", seconds(t.samples, t.rate))
	}
	return dst, nil
}

func (t *track) next() (*libav.Frame, error) {
	if f := t.first; f != nil {
		t.first = nil
		return f, nil
	}
	return t.reader.Next()
}

func (t *track) mixing() *channels.Mixer { return &t.mixer }
func (t *track) close() error            { return t.reader.Close() }
