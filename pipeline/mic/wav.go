package mic

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// wave is the sound of a RIFF/WAVE file (Microsoft's "Multimedia Programming Interface and Data Specifications 1.0" and
// mmreg.h; RF64 of EBU Tech 3306), read from its beginning to its end.
type wave struct {
	layout
	in    io.Reader
	at    int64 // bytes read
	left  int64 // bytes of samples that are to come; unknownSize: to the end of the file
	buf   []byte
	whole int64 // frames given
	ended error
}

// The format codes of mmreg.h that are read here.
const (
	codePCM        = 1
	codeFloat      = 3
	codeExtensible = 0xFFFE
)

// codeNames are the codes that files in the field have and that are left to ffmpeg.
var codeNames = map[uint16]string{2: "Microsoft ADPCM", 6: "A-law", 7: "mu-law", 0x11: "IMA ADPCM", 0x31: "GSM 6.10", 0x55: "MP3", 0xFF: "AAC"}

// codecError is a WAVE file whose samples are compressed.
type codecError struct{ code uint16 }

func (e *codecError) Error() string {
	if name := codeNames[e.code]; name != "" {
		return fmt.Sprintf("the samples are %s (format code %#x), not PCM", name, e.code)
	}
	return fmt.Sprintf("the format code %#x is not known; PCM is 1 and floating point is 3", e.code)
}

// guidEnd is the end of all sub-formats of WAVE_FORMAT_EXTENSIBLE that are a format code (KSDATAFORMAT_SUBTYPE_…).
var guidEnd = []byte{0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71}

const (
	unknownSize = -1

	// streamSize is from where on a size is none: programs that write to a pipe put 0xFFFFFFFF, 0x7FFFFFFF or a little
	// less there.
	streamSize = 0x7FFF0000

	// wavHead is how many bytes show that a file is a WAVE file.
	wavHead = 12

	// blockFrames is how many frames are decoded at once.
	blockFrames = 2048
)

// isWAV says whether a file that begins so is a WAVE file.
func isWAV(head []byte) bool {
	return len(head) >= wavHead && string(head[8:12]) == "WAVE" &&
		(string(head[:4]) == "RIFF" || string(head[:4]) == "RIFX" || string(head[:4]) == "RF64" || string(head[:4]) == "BW64")
}

// openWAV reads up to the first sample.
func openWAV(in io.Reader) (*wave, error) {
	w := &wave{in: in}
	var head [wavHead]byte
	if err := w.take(head[:]); err != nil || !isWAV(head[:]) {
		return nil, errors.Join(errors.New("no WAVE file: it does not begin with RIFF, a size and WAVE"), notEnd(err))
	}
	var order binary.ByteOrder = binary.LittleEndian
	if string(head[:4]) == "RIFX" {
		order = binary.BigEndian
	}
	riff := order.Uint32(head[4:])
	known, large := false, int64(unknownSize)
	for {
		start := w.at
		var chunk [8]byte
		if err := w.take(chunk[:]); err != nil {
			return nil, w.ends("without samples (a data chunk)", err)
		}
		id, size := string(chunk[:4]), int64(order.Uint32(chunk[4:]))
		if id == "data" {
			if !known {
				return nil, fmt.Errorf("the samples begin at byte %d and nothing before says their format (a fmt chunk)", start)
			}
			w.left = dataSize(size, large, riff, w.at)
			w.buf = make([]byte, blockFrames*w.frame())
			return w, nil
		}
		body := make([]byte, min(size, 64)) // what is read of a chunk lies at its beginning
		err := w.take(body)
		if err == nil {
			err = w.skip(size - int64(len(body)) + size&1) // a chunk of odd size is followed by a zero
		}
		if err != nil {
			return nil, w.ends(fmt.Sprintf("in the chunk %q of %d bytes that begins at byte %d", id, size, start), err)
		}
		switch id {
		case "fmt ":
			if w.layout, err = readFormat(body, order); err != nil {
				return nil, fmt.Errorf("the format at byte %d: %w", start, err)
			}
			known = true
		case "ds64":
			if len(body) >= 16 {
				large = int64(order.Uint64(body[8:]))
			}
		}
	}
}

// dataSize is how many bytes of samples there are, of what the file says: in the data chunk, in a ds64 chunk, and of the
// whole file. Who could not go back to write the size left it at 0 or at the largest.
func dataSize(size, large int64, riff uint32, at int64) int64 {
	switch {
	case size == 0xFFFFFFFF && large >= 0:
		return large
	case size >= streamSize:
		return unknownSize
	case size == 0 && (riff >= streamSize || at >= 8+int64(riff)):
		return unknownSize
	}
	return size
}

// readFormat reads a fmt chunk.
func readFormat(b []byte, order binary.ByteOrder) (layout, error) {
	if len(b) < 16 {
		return layout{}, fmt.Errorf("it has %d bytes, not 16 or more", len(b))
	}
	code, bits := order.Uint16(b), int(order.Uint16(b[14:]))
	l := layout{channels: int(order.Uint16(b[2:])), rate: int(order.Uint32(b[4:]))}
	if code == codeExtensible {
		if len(b) < 40 || !bytes.Equal(b[32:40], guidEnd) {
			return l, errors.New("it is WAVE_FORMAT_EXTENSIBLE without a sub-format that is known")
		}
		code = uint16(order.Uint32(b[24:]))
	}
	if code != codePCM && code != codeFloat {
		return l, &codecError{code}
	}
	if err := l.check(); err != nil {
		return l, err
	}
	// A sample has as many bytes as its part of a frame; fewer bits stand at their upper end.
	block := int(order.Uint16(b[12:]))
	l.bytes, l.big = block/l.channels, order == binary.BigEndian
	switch {
	case block%l.channels != 0 || l.bytes == 0 || bits == 0 || bits > 8*l.bytes:
		return l, fmt.Errorf("%d bytes for %d samples of %d bits", block, l.channels, bits)
	case code == codeFloat && l.bytes != 4 && l.bytes != 8, code == codePCM && l.bytes > 4:
		return l, fmt.Errorf("samples of %d bits: integers have 8, 16, 24 or 32, floating-point numbers 32 or 64", 8*l.bytes)
	case code == codeFloat:
		l.kind = floating
	case l.bytes == 1:
		l.kind = unsigned
	}
	return l, nil
}

// read appends the next samples, the channels' mean, to dst. It ends with io.EOF. A file that was cut off, or has a
// sample that is no number, gives all before that.
func (w *wave) read(dst []float32) ([]float32, error) {
	if w.ended != nil {
		return dst, w.ended
	}
	b := w.buf
	if w.left >= 0 && w.left < int64(len(b)) {
		b = b[:w.left-w.left%int64(w.frame())]
	}
	n, err := io.ReadFull(w.in, b)
	w.at += int64(n)
	if w.left >= 0 {
		w.left -= int64(n)
	}
	frames := n / w.frame()
	dst, whole := w.mono(dst, b[:frames*w.frame()])
	w.whole += int64(whole)
	switch {
	case whole < frames:
		w.ended = fmt.Errorf("sample %d (%s) is not a number: make the recording anew, or cut it there", w.whole, seconds(w.whole, w.rate))
	case notEnd(err) != nil:
		w.ended = fmt.Errorf("after %s: %w", seconds(w.whole, w.rate), err)
	case err != nil && w.left > 0:
		w.ended = fmt.Errorf("the recording was cut off after %s: %d bytes of it are missing", seconds(w.whole, w.rate), w.left)
	case len(b) < len(w.buf) || err != nil:
		w.ended = io.EOF
	}
	if w.ended == io.EOF && w.whole == 0 {
		w.ended = errors.New("the recording has no samples")
	}
	return dst, w.ended
}

func (w *wave) sampleRate() int { return w.rate }

func (w *wave) take(b []byte) error {
	n, err := io.ReadFull(w.in, b)
	w.at += int64(n)
	return err
}

func (w *wave) skip(n int64) error {
	n, err := io.CopyN(io.Discard, w.in, n)
	w.at += n
	return err
}

// ends is the error of a file that ends before the first sample, or cannot be read any further.
func (w *wave) ends(where string, err error) error {
	if err := notEnd(err); err != nil {
		return fmt.Errorf("at byte %d, %s: %w", w.at, where, err)
	}
	return fmt.Errorf("the file ends at byte %d, %s", w.at, where)
}

// notEnd is err, unless it says that there is no more.
func notEnd(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return nil
	}
	return err
}

// seconds is a place in a recording, as a person says it.
func seconds(frame int64, rate int) string {
	return fmt.Sprintf("%.3f s", float64(frame)/float64(rate))
}
