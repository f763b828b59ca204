package mic

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"corallite/internal/english"
)

// wave is the sound of a RIFF/WAVE file (Microsoft's "Multimedia Programming Interface and Data Specifications 1.0" and
// mmreg.h; for RF64 EBU Tech 3306).
type wave struct {
	decoder
	in    io.Reader
	at    int64 // bytes read
	left  int64 // bytes of samples left; unknownSize: until the end of the file
	buf   []byte
	whole int64 // frames returned
	ended error
}

// The format codes of mmreg.h that are decoded here.
const (
	codePCM        = 1
	codeFloat      = 3
	codeExtensible = 0xFFFE
)

// codeNames are frequent codes that are left to ffmpeg.
var codeNames = map[uint16]string{2: "Microsoft ADPCM", 6: "A-law", 7: "mu-law", 0x11: "IMA ADPCM", 0x31: "GSM 6.10", 0x55: "MP3", 0xFF: "AAC"}

// codecError is the error of a WAVE file with compressed samples.
type codecError struct{ code uint16 }

func (e *codecError) Error() string {
	if name := codeNames[e.code]; name != "" {
		return fmt.Sprintf("the samples are %s (format code %#x), not PCM", name, e.code)
	}
	return fmt.Sprintf("unknown format code %#x (PCM is 1, floating point 3)", e.code)
}

// guidEnd ends all sub-formats of WAVE_FORMAT_EXTENSIBLE that contain a format code (KSDATAFORMAT_SUBTYPE_…).
var guidEnd = []byte{0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71}

const (
	unknownSize = -1

	// streamSize is the smallest size that means unknown: programs that write to a pipe put 0xFFFFFFFF, 0x7FFFFFFF or a
	// little less there.
	streamSize = 0x7FFF0000

	// wavHead is the number of bytes that identify a WAVE file.
	wavHead = 12

	// blockFrames is the number of frames decoded at a time.
	blockFrames = 2048
)

// isWAV reports whether a file with that beginning is a WAVE file.
func isWAV(head []byte) bool {
	return len(head) >= wavHead && string(head[8:12]) == "WAVE" &&
		(string(head[:4]) == "RIFF" || string(head[:4]) == "RIFX" || string(head[:4]) == "RF64" || string(head[:4]) == "BW64")
}

// openWAV reads up to the first sample, of that channel (0: the mean of all).
func openWAV(in io.Reader, channel int) (*wave, error) {
	w := &wave{in: in}
	w.mixer.Channel = channel
	var head [wavHead]byte
	if err := w.take(head[:]); err != nil || !isWAV(head[:]) {
		return nil, errors.Join(errors.New("not a WAVE file: it does not begin with RIFF and WAVE"), notEnd(err))
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
			return nil, w.ends("before the samples (the data chunk)", err)
		}
		id, size := string(chunk[:4]), int64(order.Uint32(chunk[4:]))
		if id == "data" {
			if !known {
				return nil, fmt.Errorf("the samples (data chunk) at byte %d come without a format (fmt chunk) before them", start)
			}
			if err := w.begin(w.layout); err != nil {
				return nil, err
			}
			w.left = dataSize(size, large, riff, w.at)
			w.buf = make([]byte, blockFrames*w.frame())
			return w, nil
		}
		body := make([]byte, min(size, 64)) // what matters is at the beginning of a chunk
		err := w.take(body)
		if err == nil {
			err = w.skip(size - int64(len(body)) + size&1) // a chunk of odd size is padded
		}
		if err != nil {
			return nil, w.ends(fmt.Sprintf("in the chunk %q of %d bytes that begins at byte %d", id, size, start), err)
		}
		switch id {
		case "fmt ":
			if w.layout, err = readFormat(body, order); err != nil {
				return nil, fmt.Errorf("format (fmt chunk) at byte %d: %w", start, err)
			}
			known = true
		case "ds64":
			if len(body) >= 16 {
				large = int64(order.Uint64(body[8:]))
			}
		}
	}
}

// dataSize returns the bytes of samples, from the sizes of the data chunk, of the ds64 chunk and of the whole file. A writer
// that could not seek back left the size at 0 or at the maximum.
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

// readFormat parses a fmt chunk.
func readFormat(b []byte, order binary.ByteOrder) (layout, error) {
	if len(b) < 16 {
		return layout{}, fmt.Errorf("the fmt chunk has %d bytes (want at least 16)", len(b))
	}
	code, bits := order.Uint16(b), int(order.Uint16(b[14:]))
	l := layout{channels: int(order.Uint16(b[2:])), rate: int(order.Uint32(b[4:]))}
	if code == codeExtensible {
		if len(b) < 40 || !bytes.Equal(b[32:40], guidEnd) {
			return l, errors.New("unknown sub-format of WAVE_FORMAT_EXTENSIBLE")
		}
		code = uint16(order.Uint32(b[24:]))
	}
	if code != codePCM && code != codeFloat {
		return l, &codecError{code}
	}
	if err := l.check(); err != nil {
		return l, err
	}
	// A sample takes its share of a frame; fewer bits are left-aligned in it.
	block := int(order.Uint16(b[12:]))
	l.bytes, l.big = block/l.channels, order == binary.BigEndian
	switch {
	case block%l.channels != 0 || l.bytes == 0 || bits == 0 || bits > 8*l.bytes:
		return l, fmt.Errorf("invalid frame size %d (channels: %d, bits per sample: %d)", block, l.channels, bits)
	case code == codeFloat && l.bytes != 4 && l.bytes != 8, code == codePCM && l.bytes > 4:
		return l, fmt.Errorf("unsupported sample size of %d bits (want 8, 16, 24 or 32 for integers, 32 or 64 for floating point)", 8*l.bytes)
	case code == codeFloat:
		l.kind = floating
	case l.bytes == 1:
		l.kind = unsigned
	}
	return l, nil
}

// read appends the next samples, of one channel, to dst; io.EOF is the regular end. Of a file that is truncated or has
// a NaN, it returns everything before that.
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
		w.ended = fmt.Errorf("sample %d (at %s) is NaN: repair the recording, or cut it there", w.whole, seconds(w.whole, w.rate))
	case notEnd(err) != nil:
		w.ended = fmt.Errorf("after %s: %w", seconds(w.whole, w.rate), err)
	case err != nil && w.left > 0:
		w.ended = fmt.Errorf("the recording is truncated after %s: %s missing", seconds(w.whole, w.rate), english.Count(int(w.left), "byte"))
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

// ends is the error of a file that ends before the first sample, or of a failed read.
func (w *wave) ends(where string, err error) error {
	if err := notEnd(err); err != nil {
		return fmt.Errorf("at byte %d, %s: %w", w.at, where, err)
	}
	return fmt.Errorf("the file ends at byte %d, %s", w.at, where)
}

// notEnd returns err, or nil for the end of the file.
func notEnd(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return nil
	}
	return err
}

// seconds formats a position in a recording.
func seconds(frame int64, rate int) string {
	return fmt.Sprintf("%.3f s", float64(frame)/float64(rate))
}
