// Package heif decodes HEIC and AVIF pictures with the system's libheif (1.11 or newer), loaded when first needed.
//
// Colours and orientation are libheif's business: it applies the rotation, mirroring and crop that stand in the file, as the
// format asks (ISO/IEC 23008-12; EXIF orientation is only a note there), and converts with the matrix and range that the file
// names. Alpha is dropped, more than 8 bits become 8, and colour profiles are not applied, as for other pictures.
package heif

// #include "heif.h"
import "C"

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"unsafe"

	"corallite/internal/dynlib"
)

// ErrMissing says that libheif, or its decoder for the file, is not on this machine, and which package brings it.
var ErrMissing = errors.New("cannot be read here")

// ErrUnsupported is a picture that is not damaged, but has what this version of libheif does not read.
var ErrUnsupported = errors.New("has what the libheif of this machine cannot read")

// ErrSize is a picture whose pixels have another size than the file says.
var ErrSize = errors.New("its pixels have another size than its header says")

// Compression is what pixels are compressed with, in libheif's numbers.
type Compression int

const (
	HEVC Compression = 1 // HEIC
	AV1  Compression = 4 // AVIF
)

// packages are those of Debian and Ubuntu with a decoder, for libheif 1.16 and newer; before, libheif brings both.
var packages = map[Compression]string{HEVC: "libheif-plugin-libde265", AV1: "libheif-plugin-dav1d"}

var load = sync.OnceValues(func() (*C.heif_api, error) { return open("libheif.so.1") })

func open(library string) (*C.heif_api, error) {
	handle, err := dynlib.Open(library)
	if err != nil {
		return nil, fmt.Errorf("%w: it needs libheif (apt install libheif1): %w", ErrMissing, err)
	}
	api := &C.heif_api{}
	for _, f := range []struct {
		name string
		into unsafe.Pointer
	}{
		{"heif_context_alloc", unsafe.Pointer(&api.context_alloc)},
		{"heif_context_free", unsafe.Pointer(&api.context_free)},
		{"heif_context_read_from_memory_without_copy", unsafe.Pointer(&api.read)},
		{"heif_context_get_primary_image_handle", unsafe.Pointer(&api.primary)},
		{"heif_image_handle_release", unsafe.Pointer(&api.handle_release)},
		{"heif_image_handle_get_width", unsafe.Pointer(&api.handle_width)},
		{"heif_image_handle_get_height", unsafe.Pointer(&api.handle_height)},
		{"heif_decoding_options_alloc", unsafe.Pointer(&api.options_alloc)},
		{"heif_decoding_options_free", unsafe.Pointer(&api.options_free)},
		{"heif_decode_image", unsafe.Pointer(&api.decode)},
		{"heif_image_release", unsafe.Pointer(&api.image_release)},
		{"heif_image_get_width", unsafe.Pointer(&api.image_width)},
		{"heif_image_get_height", unsafe.Pointer(&api.image_height)},
		{"heif_image_get_plane_readonly", unsafe.Pointer(&api.plane)},
		{"heif_have_decoder_for_format", unsafe.Pointer(&api.have_decoder)},
		{"heif_init", unsafe.Pointer(&api.init)},
	} {
		symbol := handle.Symbol(f.name)
		if symbol == nil && f.name != "heif_init" {
			return nil, fmt.Errorf("%w: the libheif of this machine is too old or too new: it has no %s", ErrMissing, f.name)
		}
		*(*unsafe.Pointer)(f.into) = symbol // a field of heif_api is a function's address
	}
	C.heif_start(api)
	return api, nil
}

// Size reads the size in pixels of a file's first picture, upright. The error is libheif's, ErrUnsupported or ErrMissing.
func Size(data []byte, c Compression) (width, height int, err error) {
	p := C.heif_picture{}
	if err := run(&p, data, c, nil); err != nil {
		return 0, 0, err
	}
	return int(p.width), int(p.height), nil
}

// Decode decodes a file's first picture to BGR, 8 bits a channel, upright, in rows without gaps: width × height × 3 bytes,
// where width and height are those of Size. A damaged picture is an error, ErrSize if only its size is another; so are ErrUnsupported
// and ErrMissing.
func Decode(data []byte, c Compression, width, height int, bgr []byte) error {
	if width < 1 || height < 1 || len(bgr) != 3*width*height {
		return fmt.Errorf("heif: %d bytes given for a picture of %dx%d", len(bgr), width, height)
	}
	return run(&C.heif_picture{width: C.int(width), height: C.int(height)}, data, c, bgr)
}

func run(p *C.heif_picture, data []byte, c Compression, bgr []byte) error {
	api, err := load()
	if err != nil {
		return err
	}
	if len(data) == 0 {
		return errors.New("it is empty")
	}
	// C gets the address of a struct that holds addresses of Go memory: all stay where they are until it returns.
	var pin runtime.Pinner
	defer pin.Unpin()
	pin.Pin(&data[0])
	p.data, p.size = unsafe.Pointer(&data[0]), C.size_t(len(data))
	if bgr != nil {
		pin.Pin(&bgr[0])
		p.bgr = (*C.uint8_t)(unsafe.Pointer(&bgr[0]))
	}
	status := C.heif_run(api, p)
	said := strings.Join(strings.Fields(C.GoString(&p.message[0])), " ")
	switch {
	case status == 0:
		return nil
	case status == -1:
		return ErrSize
	case bgr != nil && C.heif_has_decoder(api, C.int(c)) == 0:
		return fmt.Errorf("%w: the libheif of this machine has no decoder for it (apt install %s): %s",
			ErrMissing, packages[c], said)
	case status == C.heif_unsupported_filetype || status == C.heif_unsupported_feature:
		return fmt.Errorf("%w: %s", ErrUnsupported, said)
	default:
		return errors.New(said)
	}
}
