package turbojpeg

import (
	"errors"
	"fmt"
	"runtime"
)

// ErrMissing says that there is no libturbojpeg on this machine that can compress.
var ErrMissing = errors.New("libturbojpeg is not there")

// MaxSide is the longest side of a JPEG picture in pixels, as libjpeg holds it (JPEG_MAX_DIMENSION).
const MaxSide = 65500

// The values of turbojpeg.h (libjpeg-turbo 2 and 3).
const (
	subsampling420 = 2    // TJSAMP_420: half the colours in both directions, as cameras give them
	flagNoRealloc  = 1024 // TJFLAG_NOREALLOC: the memory for the result is ours
)

// Compressor makes JPEGs. It keeps the library's state and the memory for the largest picture that it has made, and is
// used by one goroutine at a time.
type Compressor struct {
	lib    *library
	handle uintptr
	worst  []byte // as large as the result can be
	closed bool
}

// NewCompressor fails with ErrMissing when there is no library. The caller closes it.
func NewCompressor() (*Compressor, error) {
	lib, err := load()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMissing, err)
	}
	handle := lib.initCompress()
	if handle == 0 {
		return nil, fmt.Errorf("turbojpeg: tjInitCompress failed: %s", lib.errorStr(0))
	}
	return &Compressor{lib: lib, handle: handle}, nil
}

// Compress makes a JPEG of BGR pixels, 8 bits a channel, width × height × 3 bytes in rows without gaps, with a quality
// of 1 to 100 and the colours at half the resolution (4:2:0). The result is new memory that belongs to the caller.
func (c *Compressor) Compress(pixels []byte, width, height, quality int) ([]byte, error) {
	switch {
	case c.closed:
		return nil, errors.New("turbojpeg: the compressor is closed")
	case width < 1 || height < 1 || width > MaxSide || height > MaxSide:
		return nil, fmt.Errorf("turbojpeg: a picture of %dx%d: a JPEG has 1 to %d pixels on each side", width, height, MaxSide)
	case len(pixels) != width*height*3:
		return nil, fmt.Errorf("turbojpeg: %d bytes given for a picture of %dx%d", len(pixels), width, height)
	case quality < 1 || quality > 100:
		return nil, fmt.Errorf("turbojpeg: quality %d: want 1 to 100", quality)
	}
	need := int(c.lib.bufSize(int32(width), int32(height), subsampling420))
	if need <= 0 {
		return nil, fmt.Errorf("turbojpeg: tjBufSize of %dx%d failed: %s", width, height, c.lib.errorStr(0))
	}
	if len(c.worst) < need {
		c.worst = make([]byte, need)
	}
	// C gets the address of a variable that holds the address of Go memory: both stay where they are until it returns.
	var pin runtime.Pinner
	defer pin.Unpin()
	pin.Pin(&c.worst[0])
	pin.Pin(&pixels[0])
	out := &struct {
		at   *byte
		size uintptr // unsigned long: as wide as a pointer on what this runs on
	}{&c.worst[0], uintptr(len(c.worst))}
	pin.Pin(out)
	status := c.lib.compress(c.handle, &pixels[0], int32(width), int32(width*3), int32(height), pixelFormatBGR,
		&out.at, &out.size, subsampling420, int32(quality), flagNoRealloc)
	if status != 0 {
		return nil, fmt.Errorf("turbojpeg: tjCompress2 of %dx%d failed: %s", width, height, c.lib.errorStr(c.handle))
	}
	if out.at != &c.worst[0] || out.size > uintptr(len(c.worst)) {
		return nil, fmt.Errorf("turbojpeg: tjCompress2 of %dx%d did not keep to the memory that it was given", width, height)
	}
	return append([]byte(nil), c.worst[:out.size]...), nil
}

// Close frees the library's state. Twice is safe.
func (c *Compressor) Close() error {
	if c.closed {
		return nil
	}
	c.closed, c.worst = true, nil
	if c.lib.destroy(c.handle) != 0 {
		return errors.New("turbojpeg: tjDestroy failed")
	}
	return nil
}
