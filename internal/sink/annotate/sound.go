package annotate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"corallite/internal/libav"
)

// soundtrack is the sound of a recording, whose packets go into its annotated copy as they are, or encoded anew if MP4 does not
// hold their codec.
type soundtrack struct {
	reader   *libav.Reader
	stream   libav.Parameters // of the sound
	waiting  []libav.Packet   // read and not written yet
	ended    bool
	original string            // the codec of what is encoded anew
	anew     *libav.Transcoder // nil: as they are
	flushed  bool              // the encoder has given all
	failed   error             // why nothing more can be encoded
	adts     bool              // the packets have headers that MP4 does not want
	begun    bool
	from     time.Duration // position in the recording that is time 0 of the copy
}

// errNoSoundtrack is a recording that has no sound: nothing is to be said.
var errNoSoundtrack = errors.New("it has no sound")

// openSoundtrack opens the sound of a recording that an MP4 file can hold. Its error says why it cannot be kept.
func openSoundtrack(path string) (*soundtrack, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	s := &soundtrack{}
	s.reader, err = libav.OpenReader(context.Background(), "file:"+absolute, libav.ReaderOptions{
		Options: map[string]string{"protocol_whitelist": "file"},
		Choose: func(all []libav.Stream) ([]libav.Choice, error) {
			choices, err := libav.OnlySound(all)
			for i := range choices {
				choices[i].Decode = false
			}
			return choices, err
		},
		Packets: func(p libav.Packet) {
			if s.anew == nil {
				s.wait(p)
			} else if s.failed == nil {
				s.failed = s.anew.Put(p, s.wait)
			}
		},
	})
	if errors.Is(err, libav.ErrNoSound) {
		return nil, errNoSoundtrack
	}
	if err != nil {
		return nil, err
	}
	s.stream = s.reader.Chosen()[0]
	if s.anew, err = encodedAnew(s.stream); err != nil {
		return nil, errors.Join(err, s.reader.Close())
	}
	if s.anew != nil {
		s.original, s.stream = s.stream.Codec, s.anew.Parameters()
	}
	for err == nil && len(s.waiting) == 0 {
		err = s.step()
	}
	if len(s.waiting) == 0 {
		s.close()
		if errors.Is(err, io.EOF) {
			return nil, errNoSoundtrack // a stream without packets
		}
		return nil, err
	}
	bare, err := s.stream.WithoutADTS(s.waiting[0].Data)
	if err != nil {
		s.close()
		return nil, err
	}
	s.adts = len(bare.Extradata) != len(s.stream.Extradata)
	s.stream = bare
	return s, nil
}

// encodedAnew is what encodes the packets of a stream for a copy; nil: they can be in it as they are.
func encodedAnew(p libav.Parameters) (*libav.Transcoder, error) {
	if p.Holds(libav.MP4) {
		return nil, nil
	}
	t, err := libav.NewTranscoder(p)
	if err != nil {
		return nil, fmt.Errorf("MP4 does not hold %s, and %w", p.Codec, err)
	}
	return t, nil
}

func (s *soundtrack) wait(p libav.Packet) {
	p.Data = bytes.Clone(p.Data)
	s.waiting = append(s.waiting, p)
}

// step reads on.
func (s *soundtrack) step() error {
	err := s.reader.Step()
	if errors.Is(err, io.EOF) && s.anew != nil && !s.flushed {
		s.flushed = true
		err = s.anew.End(s.wait)
	}
	return errors.Join(err, s.failed)
}

// close ends the reading. It may be called twice, and of nil.
func (s *soundtrack) close() {
	if s == nil {
		return
	}
	s.reader.Close()
	if s.anew != nil {
		s.anew.Close()
	}
}

// soundAhead is how much sound before the first picture is kept: what a decoder needs to start.
const soundAhead = 200 * time.Millisecond

// copySound writes the sound up to a time of the copy, which is a position in the recording less from. What cannot be read
// any more is left out, as it is where the recording is played.
func (m *movie) copySound(from, until time.Duration) error {
	s := m.sound
	if s == nil {
		return nil
	}
	if s.begun && from != s.from { // the pictures begin anew
		s.ended, s.waiting = true, nil
	}
	s.begun, s.from = true, from
	for {
		for len(s.waiting) == 0 {
			if s.ended {
				return nil
			}
			if err := s.step(); err != nil {
				s.ended = true
				if !errors.Is(err, io.EOF) {
					m.notice(fmt.Sprintf("the sound of %s ends early: %v", m.recording, err))
				}
			}
		}
		p := s.waiting[0]
		at := p.PTS
		if at == libav.NoTime {
			at = p.DTS
		}
		if at != libav.NoTime && at-from >= until {
			return nil
		}
		s.waiting = s.waiting[1:]
		before := at == libav.NoTime || at+p.Duration <= from && (from > 0 || at < -soundAhead)
		if before {
			continue
		}
		if s.adts {
			p = p.WithoutADTS()
		}
		if err := m.video.WriteSound(p, from); err != nil {
			return err
		}
	}
}
