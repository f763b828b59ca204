package camera

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"io"
	"os"
	"slices"

	"gocv.io/x/gocv"

	"corallite/internal/opencv"
	"corallite/internal/regfile"
	"corallite/internal/turbojpeg"
	"corallite/pipeline/vision"
)

// maxFile is the maximum size of a picture file.
const maxFile = 1 << 30

// openPicture opens a picture file and returns its size in bytes, which is 0 after an error.
func openPicture(path string) (*os.File, int64, error) {
	f, err := regfile.OpenBare(path)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, 0, regfile.Cause(err)
	}
	size := info.Size()
	switch {
	case size == 0:
		err = errors.New("the file is empty")
	case size > maxFile:
		err = fmt.Errorf("the file has %d MiB; pictures of up to %d MiB are read", size>>20, maxFile>>20)
	}
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, size, nil
}

// readInto reads size bytes of a file into buf, which grows as needed.
func readInto(buf []byte, f io.Reader, size int) ([]byte, error) {
	buf = slices.Grow(buf[:0], size)[:size]
	if _, err := io.ReadFull(f, buf); err != nil {
		return buf, fmt.Errorf("reading: %w", regfile.Cause(err))
	}
	return buf, nil
}

// size reads the header of a picture and refuses one that is too large to be decoded.
func size(data []byte) (header, error) {
	h, err := sniff(data)
	if err != nil {
		return h, err
	}
	if h.height > vision.MaxPixels/h.width || h.width > maxSide || h.height > maxSide {
		return h, fmt.Errorf("%s of %dx%d pixels is too large: up to %d pixels are read", h.format, h.width, h.height, vision.MaxPixels)
	}
	if err := enoughMemory(h.width, h.height, h.copies()); err != nil {
		return h, fmt.Errorf("%s of %dx%d pixels: %w", h.format, h.width, h.height, err)
	}
	return h, nil
}

// decode decodes a picture into a frame and seals it: a JPEG in 1/by of its size. light: decode a PNG without OpenCV if
// possible.
func decode(data []byte, h header, f *vision.Frame, by int, light bool) error {
	err := errHeavy
	switch {
	case h.format == "JPEG":
		err = decodeJPEG(data, h, f, by)
	case h.format == "PNG" && light && h.width*h.height <= lightPixels:
		err = decodePNG(data, h, f)
	case h.format == "BMP":
		err = decodeBMP(data, h, f)
	case h.format == "GIF":
		err = decodeGIF(data, h, f)
	case h.compression != 0:
		err = decodeHEIF(data, h, f)
	}
	if errors.Is(err, errHeavy) || errors.Is(err, turbojpeg.ErrUnsupported) {
		err = decodeOpenCV(data, h, f)
	}
	if err != nil {
		return err
	}
	orient(f.Target(), h.orientation)
	return f.Seal()
}

// decodeJPEG decodes a JPEG in 1/by of its size.
func decodeJPEG(data []byte, h header, f *vision.Frame, by int) error {
	err := turbojpeg.Decode(data, by, func(width, height int) ([]byte, error) {
		if width != turbojpeg.Reduced(h.width, by) || height != turbojpeg.Reduced(h.height, by) {
			return nil, errHeavy // it has two headers
		}
		return f.Reserve(width, height)
	})
	if err == nil && by > 1 {
		width, height := h.upright()
		f.SetReduction(by, width, height, h.corner(by))
	}
	return err
}

// maxSide is the longest side that OpenCV decodes (its CV_IO_MAX_IMAGE_WIDTH and HEIGHT).
const maxSide = 1 << 20

func decodeOpenCV(data []byte, h header, f *vision.Frame) error {
	if err := opencv.LoadImgcodecs(); err != nil {
		return err
	}
	if h.format == "TIFF" {
		data = straightColours(data)
	}
	mat, err := gocv.IMDecode(data, gocv.IMReadColor|gocv.IMReadIgnoreOrientation)
	if err != nil {
		return err
	}
	if mat.Empty() {
		mat.Close()
		return fmt.Errorf("damaged %s: it is truncated or cannot be decoded", h.format)
	}
	target := f.Target()
	target.Close()
	*target = mat
	return nil
}

// decodeGIF decodes the first image of a GIF, which OpenCV cannot before version 4.11. The picture is black where the image
// does not cover it or is transparent.
func decodeGIF(data []byte, h header, f *vision.Frame) error {
	picture, err := gif.Decode(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("damaged GIF: %w", err)
	}
	indexed, ok := picture.(*image.Paletted)
	if !ok {
		return errors.New("damaged GIF: it has no palette")
	}
	pixels, err := f.Reserve(h.width, h.height)
	if err != nil {
		return err
	}
	clear(pixels)
	var bgr [256][3]byte
	for i, c := range indexed.Palette {
		r, g, b, _ := c.RGBA()
		bgr[i] = [3]byte{byte(b >> 8), byte(g >> 8), byte(r >> 8)}
	}
	area := indexed.Rect.Intersect(image.Rect(0, 0, h.width, h.height))
	for y := area.Min.Y; y < area.Max.Y; y++ {
		row := indexed.Pix[indexed.PixOffset(area.Min.X, y):]
		for x := range area.Dx() {
			copy(pixels[3*(y*h.width+area.Min.X+x):], bgr[row[x]][:])
		}
	}
	return nil
}

// IsPicture reports whether a file has, by its first bytes, a format that Pictures reads. The error of an unreadable file has
// its path.
func IsPicture(path string) (bool, error) {
	f, err := regfile.OpenBare(path)
	if err != nil {
		return false, fmt.Errorf("%s: %w", path, err)
	}
	defer f.Close()
	head := make([]byte, 16)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return false, fmt.Errorf("%s: reading: %w", path, regfile.Cause(err))
	}
	return formatOf(head[:n]) != nil, nil
}
