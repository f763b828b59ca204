package camera

import (
	"encoding/binary"
	"errors"
	"io"
	"math/bits"
	"unicode/utf8"
)

// missingBytes returns how many bytes a video file lacks at its end, by the size in its container (AVI, MP4 and QuickTime,
// Matroska and WebM); 0: none, or unknown (other containers, recordings whose size was never filled in). The number of
// frames would not do: in some formats it is an estimate, in others it counts hidden frames.
func missingBytes(r io.ReaderAt, size int64) int64 {
	var head [12]byte
	if _, err := r.ReadAt(head[:], 0); err != nil {
		return 0
	}
	var end int64
	switch {
	case string(head[:4]) == "RIFF" && string(head[8:]) == "AVI ":
		end = riffEnd(r, size)
	case isBox(string(head[4:8])):
		end = boxesEnd(r, size)
	case binary.BigEndian.Uint32(head[:]) == 0x1a45dfa3: // EBML
		end = matroskaEnd(r, size)
	}
	return max(end-size, 0)
}

// riffEnd returns the end of the last RIFF chunk: an AVI of more than 1 GB has several (OpenDML). A size of 0 or all ones was
// never filled in.
func riffEnd(r io.ReaderAt, size int64) int64 {
	var at int64
	for at+8 <= size {
		var chunk [8]byte
		if _, err := r.ReadAt(chunk[:], at); err != nil || string(chunk[:4]) != "RIFF" {
			break
		}
		length := binary.LittleEndian.Uint32(chunk[4:])
		if length == 0 || length == 1<<32-1 {
			return 0
		}
		at += 8 + int64(length)
	}
	return at
}

// isBox reports whether an MP4 or QuickTime file may begin with a box of that name (ISO/IEC 14496-12).
func isBox(name string) bool {
	switch name {
	case "ftyp", "moov", "mdat", "free", "skip", "wide":
		return true
	}
	return false
}

// boxesEnd returns the end of the last box of an MP4. A box of size 0 extends to the end of the file.
func boxesEnd(r io.ReaderAt, size int64) int64 {
	var at int64
	for at+8 <= size {
		var box [16]byte
		if n, err := r.ReadAt(box[:], at); n < 8 || (err != nil && !errors.Is(err, io.EOF)) {
			return 0
		}
		length := int64(binary.BigEndian.Uint32(box[:]))
		if length == 1 {
			long := binary.BigEndian.Uint64(box[8:])
			if long > 1<<60 {
				return 0
			}
			length = int64(long)
		}
		if length < 8 { // 0, or damaged
			return 0
		}
		at += length
	}
	return at
}

// matroskaEnd returns the end of the Segment element (RFC 9559 and RFC 8794). A size of all ones is unknown.
func matroskaEnd(r io.ReaderAt, size int64) int64 {
	at := int64(4)
	length, n := ebmlSize(r, at)
	if n == 0 {
		return 0
	}
	at += n + length // after the EBML header
	var id [4]byte
	if at > size {
		return 0
	}
	if _, err := r.ReadAt(id[:], at); err != nil || binary.BigEndian.Uint32(id[:]) != 0x18538067 {
		return 0
	}
	length, n = ebmlSize(r, at+4)
	if n == 0 {
		return 0
	}
	return at + 4 + n + length
}

// ebmlSize reads a size of n bytes, from 1 to 8; n is 0 if the size is unknown or missing.
func ebmlSize(r io.ReaderAt, at int64) (value, n int64) {
	var b [8]byte
	if got, _ := r.ReadAt(b[:], at); got == 0 || b[0] == 0 {
		return 0, 0
	} else if n = int64(bits.LeadingZeros8(b[0])) + 1; int64(got) < n {
		return 0, 0
	}
	value = int64(binary.BigEndian.Uint64(b[:])>>(64-8*n)) & (1<<(7*n) - 1)
	if value == 1<<(7*n)-1 {
		return 0, 0
	}
	return value, n
}

// isText reports whether a file begins with text, which ffmpeg would render as a video.
func isText(head []byte) bool {
	for len(head) > 0 {
		r, n := utf8.DecodeRune(head)
		if r == utf8.RuneError && n <= 1 && len(head) >= utf8.UTFMax || r < ' ' && r != '\n' && r != '\r' && r != '\t' && r != '\f' {
			return false
		}
		head = head[n:]
	}
	return true
}
