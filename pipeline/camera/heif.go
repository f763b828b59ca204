package camera

import (
	"errors"
	"fmt"
	"slices"

	"corallite/internal/heif"
	"corallite/pipeline/vision"
)

// Major brands of files with one picture (ISO/IEC 23008-12, annexes B.4 and F; the AVIF specification, section 6). Image
// sequences are left to ffmpeg, which reads them as videos, except animated AVIFs: their first picture is taken, as of a GIF.
var (
	heicBrands = []string{"heic", "heix", "heim", "heis", "mif1"}
	avifBrands = []string{"avif", "avis"}
)

func isHEIC(d []byte) bool { return slices.Contains(heicBrands, brandOf(d)) && !namesAVIF(d) }

func isAVIF(d []byte) bool {
	return slices.Contains(avifBrands, brandOf(d)) || brandOf(d) == "mif1" && namesAVIF(d)
}

// brandOf is the major brand in a file's ftyp box; "": there is none.
func brandOf(d []byte) string {
	if len(d) < 12 || string(d[4:8]) != "ftyp" {
		return ""
	}
	return string(d[8:12])
}

// namesAVIF looks among the compatible brands that are there, which follow the major one and its version.
func namesAVIF(d []byte) bool {
	for at := 16; at+4 <= min(len(d), int(d[3])); at += 4 {
		if string(d[at:at+4]) == "avif" {
			return true
		}
	}
	return false
}

// readHEIF has libheif read the size, which is that of the upright picture.
func readHEIF(d []byte, h *header) (err error) {
	h.compression = heif.HEVC
	if isAVIF(d) {
		h.compression = heif.AV1
	}
	h.width, h.height, err = heif.Size(d, h.compression)
	return err
}

// copies is about how often a picture is in memory while it is decoded: of HEIC and AVIF as planes, as libheif's RGB and as BGR.
func (h header) copies() int {
	if h.compression != 0 {
		return 3
	}
	return 2
}

func decodeHEIF(data []byte, h header, f *vision.Frame) error {
	pixels, err := f.Reserve(h.width, h.height)
	if err != nil {
		return err
	}
	err = heif.Decode(data, h.compression, h.width, h.height, pixels)
	switch {
	case errors.Is(err, heif.ErrMissing), errors.Is(err, heif.ErrUnsupported):
		return fmt.Errorf("%s %w", h.format, err)
	case err != nil:
		return fmt.Errorf("damaged %s: %w", h.format, err)
	}
	return nil
}
