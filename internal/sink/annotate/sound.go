package annotate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"corallite/internal/libav"
)

// soundtrack is the sound of a recording, whose packets go into its annotated copy as they are.
type soundtrack struct {
	reader  *libav.Reader
	stream  libav.Parameters // of the sound
	waiting []libav.Packet   // read and not written yet
	ended   bool
	adts    bool // the packets have headers that MP4 does not want
	begun   bool
	from    time.Duration // position in the recording that is time 0 of the copy
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
			p.Data = append([]byte(nil), p.Data...)
			s.waiting = append(s.waiting, p)
		},
	})
	if errors.Is(err, libav.ErrNoSound) {
		return nil, errNoSoundtrack
	}
	if err != nil {
		return nil, err
	}
	s.stream = s.reader.Chosen()[0]
	if !s.stream.Holds(libav.MP4) {
		return nil, errors.Join(fmt.Errorf("MP4 does not hold %s", s.stream.Codec), s.reader.Close())
	}
	for err == nil && len(s.waiting) == 0 {
		err = s.reader.Step()
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
		return nil, errors.Join(err, s.reader.Close())
	}
	s.adts = len(bare.Extradata) != len(s.stream.Extradata)
	s.stream = bare
	return s, nil
}

// close ends the reading. It may be called twice, and of nil.
func (s *soundtrack) close() {
	if s != nil {
		s.reader.Close()
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
			if err := s.reader.Step(); err != nil {
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
