package libav

import (
	"errors"
	"slices"
)

// AAC in MPEG-TS and in its own files has a header in each packet (ADTS, ISO/IEC 14496-3, annex 1.A), where MP4 has one
// for the whole stream (AudioSpecificConfig, 1.6.2.1).

// adtsHeader is the length of the header of a packet; 0: it has none.
func adtsHeader(packet []byte) int {
	switch {
	case len(packet) < 9 || packet[0] != 0xff || packet[1]&0xf6 != 0xf0:
		return 0
	case packet[1]&1 == 0: // with a checksum
		return 9
	}
	return 7
}

// MayHaveADTS reports whether packets may have headers of their own: nothing else says what the decoder needs.
func (p *Parameters) MayHaveADTS() bool { return p.Codec == "aac" && len(p.Extradata) == 0 }

// aacRates are the sampling frequencies of ISO/IEC 14496-3, 1.6.2.1, by their index.
var aacRates = []int{96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350}

// Assumed are the parameters of AAC none of whose packets is known: as MP4 wants them, by what the decoder has found out.
func (p Parameters) Assumed() Parameters {
	const lowComplexity, highEfficiency = 1, 4 // ffmpeg's profiles, which are object types less 1
	object, rate := p.Profile, p.Rate
	if object >= highEfficiency { // it is on top of low complexity at half the rate, which the packets say
		object, rate = lowComplexity, rate/2
	}
	index := slices.Index(aacRates, rate)
	if object < 0 || index < 0 || p.Channels < 1 || p.Channels > 6 {
		return p
	}
	return p.withConfig(object+1, index, p.Channels)
}

func (p Parameters) withConfig(object, rate, channels int) Parameters {
	bits := object<<11 | rate<<7 | channels<<3
	p.Extradata = []byte{byte(bits >> 8), byte(bits)}
	return p
}

// WithoutADTS are the parameters of AAC whose packets have headers, as MP4 wants them; first is one of the packets. Others
// stay as they are.
func (p Parameters) WithoutADTS(first []byte) (Parameters, error) {
	if !p.MayHaveADTS() || adtsHeader(first) == 0 {
		return p, nil
	}
	object, rate := int(first[2]>>6)+1, int(first[2]>>2&15)
	channels := int(first[2]&1)<<2 | int(first[3]>>6)
	if channels == 0 || rate > 12 {
		return p, errors.New("the headers of its AAC do not say the channels or the rate")
	}
	return p.withConfig(object, rate, channels), nil
}

// WithoutADTS is the packet without its header. One that holds several blocks cannot be taken apart: it stays as it is.
func (p Packet) WithoutADTS() Packet {
	if n := adtsHeader(p.Data); n > 0 && p.Data[6]&3 == 0 {
		p.Data = p.Data[n:]
	}
	return p
}
