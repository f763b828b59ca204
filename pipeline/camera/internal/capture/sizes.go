package capture

import (
	"encoding/base64"
	"encoding/binary"
	"regexp"
	"strconv"
	"strings"
)

// sizeWatch finds the size of the pictures in the packets of an RTSP stream.
type sizeWatch struct {
	known  dimensions
	hide   bool             // the parameter sets of the description are outdated
	codecs map[uint8]string // by the payload type of RTP (RFC 3550, section 5.1)
}

// jpegPayload is the payload type of JPEG: RFC 3551, section 6.
const jpegPayload = 26

var (
	mappingInSDP = regexp.MustCompile(`(?m)^a=rtpmap:(\d+) (H264|H265)/`)
	setsInSDP    = regexp.MustCompile(`(sprop-parameter-sets|sprop-sps)=([A-Za-z0-9+/=,]+)`)
)

// describe parses a session description (RFC 8866), which may have the parameter sets of H.264 and H.265 and thereby the
// size (RFC 6184, section 8.1; RFC 7798, section 7.1). It returns the description for ffmpeg, which has the same length.
func (w *sizeWatch) describe(sdp []byte) []byte {
	w.codecs = map[uint8]string{jpegPayload: "JPEG"}
	text := string(sdp)
	for _, m := range mappingInSDP.FindAllStringSubmatch(text, -1) {
		if number, err := strconv.ParseUint(m[1], 10, 7); err == nil {
			w.codecs[uint8(number)] = m[2]
		}
	}
	if w.hide {
		return []byte(setsInSDP.ReplaceAllStringFunc(text, func(m string) string { return "x" + m[1:] }))
	}
	for _, m := range setsInSDP.FindAllStringSubmatch(text, -1) {
		codec := "H264"
		if m[1] == "sprop-sps" {
			codec = "H265"
		}
		for set := range strings.SplitSeq(m[2], ",") {
			if nal, err := base64.StdEncoding.DecodeString(set); err == nil {
				w.unit(codec, nal)
			}
		}
	}
	return sdp
}

// packet parses an RTP packet and reports whether the size of the pictures changes with it.
func (w *sizeWatch) packet(p []byte) (changed bool) {
	const fixed = 12
	if len(p) < fixed || p[0]>>6 != 2 {
		return false
	}
	codec := w.codecs[p[1]&0x7f]
	start := fixed + 4*int(p[0]&15)
	if p[0]&0x10 != 0 && len(p) >= start+4 { // header extension
		start += 4 + 4*int(binary.BigEndian.Uint16(p[start+2:]))
	}
	if codec == "" || start >= len(p) {
		return false
	}
	payload := p[start:]
	switch kind := nalKind(codec, payload); {
	case codec == "JPEG":
		if len(payload) < 8 || payload[4]&^64 > 1 { // RFC 2435, section 3.1; undefined types are damage
			return false
		}
		return w.is(dimensions{8 * int(payload[6]), 8 * int(payload[7])})
	case codec == "H264" && kind == 24: // STAP-A: RFC 6184, section 5.7.1
		return w.units(codec, payload[1:])
	case codec == "H265" && kind == 48 && len(payload) > 2: // an aggregation packet: RFC 7798, section 4.4.2
		return w.units(codec, payload[2:])
	}
	return w.unit(codec, payload)
}

// units parses the NAL units of one packet, each preceded by its length.
func (w *sizeWatch) units(codec string, p []byte) (changed bool) {
	for len(p) > 2 {
		n := int(binary.BigEndian.Uint16(p))
		if p = p[2:]; n > len(p) {
			return false
		}
		if w.unit(codec, p[:n]) {
			return true
		}
		p = p[n:]
	}
	return false
}

// unit parses a NAL unit.
func (w *sizeWatch) unit(codec string, nal []byte) (changed bool) {
	var size dimensions
	var err error
	switch kind := nalKind(codec, nal); {
	case codec == "H264" && kind == 7:
		size, err = avcSize(nal)
	case codec == "H265" && kind == 33:
		size, err = hevcSize(nal)
	default:
		return false
	}
	return err == nil && w.is(size)
}

// is records a size. Damaged packets, or those without a size, change nothing.
func (w *sizeWatch) is(size dimensions) (changed bool) {
	if size.width == 0 || size.height == 0 {
		return false
	}
	changed = w.known != dimensions{} && size != w.known
	w.known = size
	return changed
}

// nalKind returns the type of a NAL unit; -1: none.
func nalKind(codec string, nal []byte) int {
	switch {
	case len(nal) == 0:
		return -1
	case codec == "H265":
		return int(nal[0] >> 1 & 0x3f)
	}
	return int(nal[0] & 0x1f)
}
