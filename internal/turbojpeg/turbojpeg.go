// Package turbojpeg decodes and makes JPEG pictures with the system's libturbojpeg, loaded when first needed. OpenCV decodes
// with the same library underneath, so the pixels are the same to the bit; but OpenCV's imgcodecs brings over a
// hundred shared libraries with it (GDAL and what that needs), which takes longer and more memory than the model.
package turbojpeg

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"github.com/ebitengine/purego"
)

// ErrUnsupported is a JPEG that this package leaves to OpenCV: damaged, or in a colour space (CMYK) that libturbojpeg
// does not turn into BGR; or there is no libturbojpeg on this machine.
var ErrUnsupported = errors.New("not a JPEG that libturbojpeg can decode to BGR")

// The values of turbojpeg.h (libjpeg-turbo 2 and 3).
const (
	pixelFormatBGR = 1 // TJPF_BGR
	colorspaceCMYK = 3 // TJCS_CMYK
	colorspaceYCCK = 4 // TJCS_YCCK
)

type library struct {
	initDecompress   func() uintptr
	decompressHeader func(handle uintptr, data *byte, size uintptr, width, height, subsampling, colorspace *int32) int32
	decompress       func(handle uintptr, data *byte, size uintptr, dst *byte, width, pitch, height, format, flags int32) int32
	destroy          func(handle uintptr) int32

	initCompress func() uintptr
	bufSize      func(width, height, subsampling int32) uintptr
	compress     func(handle uintptr, src *byte, width, pitch, height, format int32, dst **byte, size *uintptr,
		subsampling, quality, flags int32) int32
	errorStr func(handle uintptr) string
}

var load = sync.OnceValues(func() (*library, error) {
	var handle uintptr
	var err error
	for _, name := range []string{"libturbojpeg.so.0", "libturbojpeg.so.0.2.0", "libturbojpeg.so"} {
		if handle, err = purego.Dlopen(name, purego.RTLD_LAZY|purego.RTLD_LOCAL); err == nil {
			break
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	lib := &library{}
	for name, into := range map[string]any{
		"tjInitDecompress": &lib.initDecompress, "tjDecompressHeader3": &lib.decompressHeader,
		"tjDecompress2": &lib.decompress, "tjDestroy": &lib.destroy,
		"tjInitCompress": &lib.initCompress, "tjCompress2": &lib.compress, "tjBufSize": &lib.bufSize,
		"tjGetErrorStr2": &lib.errorStr,
	} {
		symbol, err := purego.Dlsym(handle, name)
		if err != nil {
			return nil, fmt.Errorf("%w: libturbojpeg: %w", ErrUnsupported, err)
		}
		purego.RegisterFunc(into, symbol)
	}
	return lib, nil
})

// Reductions are the numbers by which Decode can divide a picture's width and height, the largest first: those for which
// libjpeg-turbo computes less than for the whole picture, with code for the processor's vector units.
func Reductions() []int { return []int{8, 4, 2} }

// Reduced is the width or height of a picture of n pixels when it is reduced: rounded up, because the last block of pixels
// counts as a whole one (TJSCALED).
func Reduced(n, by int) int { return (n + by - 1) / by }

// Decode decodes a JPEG to BGR, 8 bits a channel, rows without gaps, as it lies in the file (EXIF orientation is not
// applied), with width and height divided by a number: 1, or one of Reductions. Each pixel is then about the mean of by × by
// pixels. alloc is called once with the size in pixels (Reduced) and gives the memory, width × height × 3 bytes, or
// an error, which Decode returns. Any other error is ErrUnsupported.
func Decode(data []byte, by int, alloc func(width, height int) ([]byte, error)) error {
	if by != 1 && !slices.Contains(Reductions(), by) {
		return fmt.Errorf("turbojpeg: a picture cannot be reduced to 1/%d (want 1 or one of %v)", by, Reductions())
	}
	if len(data) == 0 {
		return ErrUnsupported
	}
	lib, err := load()
	if err != nil {
		return err
	}
	handle := lib.initDecompress()
	if handle == 0 {
		return fmt.Errorf("%w: tjInitDecompress failed", ErrUnsupported)
	}
	defer lib.destroy(handle)
	// C gets addresses of Go memory for the length of a call only, and the memory holds no pointers.
	defer runtime.KeepAlive(data)
	var width, height, subsampling, colorspace int32
	if lib.decompressHeader(handle, &data[0], uintptr(len(data)), &width, &height, &subsampling, &colorspace) != 0 ||
		width <= 0 || height <= 0 || colorspace == colorspaceCMYK || colorspace == colorspaceYCCK {
		return ErrUnsupported
	}
	// tjDecompress2 takes the largest of its scales that fits into the size that it is given.
	width, height = int32(Reduced(int(width), by)), int32(Reduced(int(height), by))
	pixels, err := alloc(int(width), int(height))
	if err != nil {
		return err
	}
	if len(pixels) != int(width)*int(height)*3 {
		return fmt.Errorf("turbojpeg: %d bytes given for a picture of %dx%d", len(pixels), width, height)
	}
	if lib.decompress(handle, &data[0], uintptr(len(data)), &pixels[0], width, width*3, height, pixelFormatBGR, 0) != 0 {
		return ErrUnsupported
	}
	return nil
}
