package cameratest

import (
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/pion/rtp"
)

// voiceRate is the rate of G.711, in samples a second.
const voiceRate = 8000

// voice is the sound of an RTSP camera: G.711 mu-law (RFC 3551).
type voice struct {
	media *description.Media
	sent  int // samples
	seq   uint16
}

func newVoice() *voice {
	return &voice{media: &description.Media{Type: description.MediaTypeAudio, Formats: []format.Format{
		&format.G711{MULaw: true, SampleRate: voiceRate, ChannelCount: 1},
	}}}
}

// until sends the sound up to a time: a tone of 1000 Hz, or silence.
func (v *voice) until(now time.Duration, tone bool, send func(*rtp.Packet)) {
	// The code words of a sine, eight samples to a period, and of 0 (ITU-T G.711, table 2a).
	wave := [8]byte{0xff, 0x8f, 0x88, 0x8f, 0xff, 0x0f, 0x08, 0x0f}
	for end := int(now.Seconds() * voiceRate); v.sent < end; {
		payload := make([]byte, min(end-v.sent, 160))
		for i := range payload {
			payload[i] = 0xff
			if tone {
				payload[i] = wave[(v.sent+i)%8]
			}
		}
		send(&rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: v.seq, Timestamp: uint32(v.sent), SSRC: 77}, Payload: payload})
		v.seq++
		v.sent += len(payload)
	}
}
