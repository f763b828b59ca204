package camera

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"corallite/internal/heif"
)

// The size of a picture is read from its header before decoding, because OpenCV ends the process with a C++ exception when a
// size exceeds its limits. Only formats that are known here are decoded.

// header is the header of a picture.
type header struct {
	format        string
	width, height int
	orientation   int              // as in EXIF, 1 to 8; 1: none, or the decoder applies it
	progressive   bool             // of a JPEG: all of it is in memory before the first pixel
	compression   heif.Compression // of HEIC and AVIF; 0: another format
}

// errNotPicture is the error of data in no known format.
var errNotPicture = errors.New("not a picture (want JPEG, PNG, WebP, HEIC, AVIF, TIFF, BMP, GIF or PNM)")

var errShort = errors.New("the header is truncated")

// sniff reads the header of a picture.
func sniff(data []byte) (header, error) {
	f := formatOf(data)
	if f == nil {
		return header{}, errNotPicture
	}
	h := header{format: f.name, orientation: 1}
	err := f.read(data, &h)
	if errors.Is(err, heif.ErrMissing) || errors.Is(err, heif.ErrUnsupported) {
		return header{}, fmt.Errorf("%s %w", f.name, err)
	}
	if err == nil && (h.width <= 0 || h.height <= 0) {
		err = fmt.Errorf("invalid size: %d by %d pixels", h.width, h.height)
	}
	if err != nil {
		return header{}, fmt.Errorf("damaged %s: %w", f.name, err)
	}
	return h, nil
}

type format struct {
	name string
	is   func(d []byte) bool
	read func(d []byte, h *header) error
}

var formats = []format{
	{"JPEG", starts("\xff\xd8\xff"), readJPEG},
	{"PNG", starts("\x89PNG\r\n\x1a\n"), readPNG},
	{"GIF", starts("GIF8"), readGIF},
	{"BMP", starts("BM"), readBMP},
	{"WebP", func(d []byte) bool { return starts("RIFF")(d) && len(d) >= 12 && string(d[8:12]) == "WEBP" }, readWebP},
	{"HEIC", isHEIC, readHEIF},
	{"AVIF", isAVIF, readHEIF},
	{"TIFF", func(d []byte) bool { return starts("II*\x00")(d) || starts("MM\x00*")(d) }, readTIFF},
	{"PNM", func(d []byte) bool { return len(d) > 2 && d[0] == 'P' && d[1] >= '1' && d[1] <= '6' && isSpace(d[2]) }, readPNM},
}

// formatOf returns the format by the first bytes; nil: unknown.
func formatOf(data []byte) *format {
	for i := range formats {
		if formats[i].is(data) {
			return &formats[i]
		}
	}
	return nil
}

func starts(with string) func([]byte) bool {
	return func(d []byte) bool { return bytes.HasPrefix(d, []byte(with)) }
}

// readJPEG walks the segments (ITU-T T.81, annex B) to the frame header and on to the end-of-image marker, because decoders
// fill the missing end of a truncated file with grey and report no error.
func readJPEG(d []byte, h *header) error {
	for at := 2; ; {
		for at < len(d) && d[at] == 0xff && at+1 < len(d) && d[at+1] == 0xff { // fill bytes
			at++
		}
		if at+4 > len(d) {
			return errShort
		}
		if d[at] != 0xff {
			return fmt.Errorf("no marker at byte %d", at)
		}
		marker, size := d[at+1], int(binary.BigEndian.Uint16(d[at+2:]))
		if marker == 0x01 || marker >= 0xd0 && marker <= 0xd8 { // markers without a segment
			at += 2
			continue
		}
		if size < 2 || at+2+size > len(d) {
			return errShort
		}
		segment := d[at+4 : at+2+size]
		switch {
		case marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc:
			if len(segment) < 5 {
				return errShort
			}
			h.progressive = marker&3 == 2
			h.height, h.width = int(binary.BigEndian.Uint16(segment[1:])), int(binary.BigEndian.Uint16(segment[3:]))
		case marker == 0xe1 && bytes.HasPrefix(segment, []byte("Exif\x00\x00")):
			h.orientation = orientationOf(segment[6:])
		case marker == 0xda:
			if bytes.LastIndex(d[at:], []byte{0xff, 0xd9}) < 0 {
				return errors.New("it is truncated (no end-of-image marker)")
			}
			return nil
		}
		at += 2 + size
	}
}

// readPNG reads the IHDR chunk and, before the pixels, an eXIf chunk (W3C PNG, third edition, section 11).
func readPNG(d []byte, h *header) error {
	if len(d) < 24 || string(d[12:16]) != "IHDR" {
		return errShort
	}
	h.width, h.height = int(int32(binary.BigEndian.Uint32(d[16:]))), int(int32(binary.BigEndian.Uint32(d[20:])))
	for at := 8; at+8 <= len(d); {
		length, kind := binary.BigEndian.Uint32(d[at:]), string(d[at+4:at+8])
		if kind == "IDAT" || int64(length) > int64(len(d)-at-8) {
			break
		}
		size := int(length)
		if kind == "eXIf" {
			h.orientation = orientationOf(d[at+8 : at+8+size])
		}
		at += 12 + size
	}
	return nil
}

func readGIF(d []byte, h *header) error {
	if len(d) < 10 {
		return errShort
	}
	h.width, h.height = int(binary.LittleEndian.Uint16(d[6:])), int(binary.LittleEndian.Uint16(d[8:]))
	return nil
}

// readBMP reads the information header of OS/2 (12 bytes) or Windows; with a negative height, rows are stored from the top.
func readBMP(d []byte, h *header) error {
	if len(d) < 26 {
		return errShort
	}
	if binary.LittleEndian.Uint32(d[14:]) == 12 {
		h.width, h.height = int(binary.LittleEndian.Uint16(d[18:])), int(binary.LittleEndian.Uint16(d[20:]))
		return nil
	}
	h.width, h.height = int(int32(binary.LittleEndian.Uint32(d[18:]))), int(int32(binary.LittleEndian.Uint32(d[22:])))
	h.height = max(h.height, -h.height)
	return nil
}

// readWebP reads the size from the first chunk, and an EXIF chunk (RFC 9649).
func readWebP(d []byte, h *header) error {
	if len(d) < 30 {
		return errShort
	}
	switch string(d[12:16]) {
	case "VP8X":
		h.width, h.height = 1+uint24(d[24:]), 1+uint24(d[27:])
	case "VP8L":
		bits := binary.LittleEndian.Uint32(d[21:])
		h.width, h.height = 1+int(bits&0x3fff), 1+int(bits>>14&0x3fff)
	case "VP8 ":
		h.width, h.height = int(binary.LittleEndian.Uint16(d[26:])&0x3fff), int(binary.LittleEndian.Uint16(d[28:])&0x3fff)
	default:
		return fmt.Errorf("its first chunk is %q", d[12:16])
	}
	for at := 12; at+8 <= len(d); {
		length := binary.LittleEndian.Uint32(d[at+4:])
		if int64(length) > int64(len(d)-at-8) {
			break
		}
		size := int(length)
		if string(d[at:at+4]) == "EXIF" {
			h.orientation = orientationOf(bytes.TrimPrefix(d[at+8:at+8+size], []byte("Exif\x00\x00")))
		}
		at += 8 + size + size&1
	}
	return nil
}

func uint24(d []byte) int { return int(d[0]) | int(d[1])<<8 | int(d[2])<<16 }

// readTIFF reads the first directory. OpenCV applies the orientation of a TIFF itself.
func readTIFF(d []byte, h *header) error {
	tags, err := tiffTags(d)
	if err != nil {
		return err
	}
	h.width, h.height = int(int32(tags[tagWidth])), int(int32(tags[tagHeight]))
	return nil
}

// readPNM reads width and height, with comments between, after P1 to P6.
func readPNM(d []byte, h *header) error {
	var numbers [2]int
	at := 2
	for i := range numbers {
		for at < len(d) && (isSpace(d[at]) || d[at] == '#') {
			if d[at] == '#' {
				for at < len(d) && d[at] != '\n' {
					at++
				}
				continue
			}
			at++
		}
		for ; at < len(d) && d[at] >= '0' && d[at] <= '9'; at++ {
			if numbers[i] = numbers[i]*10 + int(d[at]-'0'); numbers[i] > 100*maxSide {
				return errors.New("invalid size")
			}
		}
	}
	if at >= len(d) {
		return errShort
	}
	h.width, h.height = numbers[0], numbers[1]
	return nil
}

func isSpace(b byte) bool { return b == ' ' || b == '\t' || b == '\n' || b == '\r' }
