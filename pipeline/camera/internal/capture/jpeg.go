package capture

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
)

// What a stream is that has no pictures, or one that does not end.
var (
	errNoJPEG    = errors.New("not a stream of pictures: it has no JPEG")
	errManyBytes = fmt.Errorf("a picture of the stream has no end within %d MiB", maxPictureFile>>20)
)

// readJPEG reads the next JPEG of a stream into data, which grows, from its first marker to its last. It follows the
// segments (ITU-T T.81, annex B), because a thumbnail inside one has markers of its own.
func readJPEG(in *bufio.Reader, data []byte) ([]byte, error) {
	data, err := skipToJPEG(in, data)
	for err == nil && len(data) < maxPictureFile {
		var marker byte
		if data, marker, err = readMarker(in, data); err != nil {
			break
		}
		switch {
		case marker == 0xd9: // EOI
			return data, nil
		case marker == 0xd8: // SOI: the last one broke off
			data = append(data[:0], 0xff, 0xd8)
		case marker == 0x01 || marker >= 0xd0 && marker <= 0xd7: // without a segment
		case marker == 0xda: // SOS: the segment, and then coded data up to a marker, which readMarker skips
			data, err = readSegment(in, data)
		default:
			data, err = readSegment(in, data)
		}
	}
	if err != nil {
		return data, ended(err)
	}
	return data, errManyBytes
}

// skipToJPEG skips to the first marker of a JPEG and reads it.
func skipToJPEG(in *bufio.Reader, data []byte) ([]byte, error) {
	for skipped := 0; skipped < maxHead; {
		line, err := in.ReadSlice(0xff)
		skipped += len(line)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil {
			return data[:0], err
		}
		next, err := in.Peek(2)
		if err != nil {
			return data[:0], err
		}
		if next[0] == 0xd8 && next[1] == 0xff {
			_, err := in.Discard(1)
			return append(data[:0], 0xff, 0xd8), err
		}
	}
	return data[:0], errNoJPEG
}

// readMarker reads up to a marker, over coded data, in which 0xff is followed by 0 (T.81, section F.1.2.3), and fill bytes.
func readMarker(in *bufio.Reader, data []byte) ([]byte, byte, error) {
	for len(data) < maxPictureFile {
		coded, err := in.ReadSlice(0xff)
		data = append(data, coded...)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil {
			return data, 0, err
		}
		c := byte(0xff)
		for c == 0xff { // fill bytes
			if c, err = in.ReadByte(); err != nil {
				return data, 0, err
			}
		}
		data = append(data, c)
		if c != 0 {
			return data, c, nil
		}
	}
	return data, 0, errManyBytes
}

// readSegment reads the parameters of a marker. Damaged ones are left to the decoder.
func readSegment(in *bufio.Reader, data []byte) ([]byte, error) {
	length, err := in.Peek(2)
	if err != nil {
		return data, err
	}
	n := max(2, int(binary.BigEndian.Uint16(length)))
	for n > 0 { // the segment may be longer than the buffer
		part, err := in.Peek(min(n, in.Size()))
		data = append(data, part...)
		if err != nil {
			return data, err
		}
		if _, err := in.Discard(len(part)); err != nil {
			return data, err
		}
		n -= len(part)
	}
	return data, nil
}
