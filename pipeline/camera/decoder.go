package camera

import (
	"fmt"
	"sync/atomic"

	"corallite/pipeline/vision"
)

// Decoder decodes pictures that a program has as bytes, in the formats and to the pixels of Pictures. It is safe for
// concurrent use; whoever makes it closes it.
type Decoder struct {
	reader reader
	count  atomic.Int64 // pictures so far
}

// NewDecoder returns a decoder.
func NewDecoder() *Decoder {
	d := &Decoder{}
	d.reader.init()
	return d
}

// Encoded is a picture whose header was read.
type Encoded struct {
	Format        string // "JPEG"
	Width, Height int    // in pixels, upright
	// Bytes is about the memory that decoding takes.
	Bytes int64

	data []byte
	h    header
	by   int
}

// Read reads the header of a picture. It fails if the data are not a picture, or one of more than maxPixels pixels (0: as many as
// Pictures reads). reduce says how many times smaller, in both directions, a picture of width × height pixels may be
// decoded, as Reducer says; nil: it may not. The data must not change until the picture is decoded.
func (d *Decoder) Read(data []byte, maxPixels int, reduce func(width, height int) float64) (Encoded, error) {
	h, err := sniff(data)
	if err != nil {
		return Encoded{}, err
	}
	if maxPixels > 0 && h.height > maxPixels/h.width {
		return Encoded{}, &TooLargeError{h.format, h.width, h.height, maxPixels}
	}
	if h, err = size(data); err != nil {
		return Encoded{}, err
	}
	e := Encoded{Format: h.format, data: data, h: h, by: h.reduction(reduce)}
	e.Width, e.Height = h.upright()
	e.Bytes = frameBytes(h, e.by)
	return e, nil
}

// Decode decodes a picture. The caller releases the frame.
func (d *Decoder) Decode(e Encoded) (*vision.Frame, error) {
	f, err := d.reader.pool.Get()
	if err != nil {
		return nil, ErrClosed
	}
	if err := decode(e.data, e.h, f, e.by, d.count.Add(1) <= lightPNGs); err != nil {
		f.Release()
		return nil, err
	}
	return f, nil
}

// Close frees the memory that is kept for further pictures. Frames stay valid. It may be called twice.
func (d *Decoder) Close() error { return d.reader.pool.Close() }

// TooLargeError is a picture with more pixels than are taken.
type TooLargeError struct {
	Format        string
	Width, Height int
	MaxPixels     int
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("%s of %dx%d pixels is too large: up to %d pixels are taken", e.Format, e.Width, e.Height, e.MaxPixels)
}
