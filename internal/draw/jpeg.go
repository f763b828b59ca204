package draw

import (
	"errors"
	"fmt"

	"gocv.io/x/gocv"

	"corallite/internal/opencv"
	"corallite/internal/turbojpeg"
)

// JPEG encodes pictures with libturbojpeg, or with OpenCV where that is missing. The zero value is ready. It is used by
// one goroutine at a time, and closed by whoever used it.
type JPEG struct {
	NoTurbo bool // OpenCV encodes, as where libturbojpeg is missing

	turbo  *turbojpeg.Compressor // nil: not opened yet, or OpenCV encodes
	opened bool
}

// Encode makes a JPEG of an 8-bit BGR picture, with a quality from 1 to 100.
func (j *JPEG) Encode(m gocv.Mat, quality int) ([]byte, error) {
	if !j.opened && !j.NoTurbo {
		c, err := turbojpeg.NewCompressor()
		if err != nil && !errors.Is(err, turbojpeg.ErrMissing) {
			return nil, err
		}
		j.turbo, j.opened = c, true
	}
	if j.turbo == nil {
		return encodeOpenCV(m, quality)
	}
	pixels, err := m.DataPtrUint8()
	if err != nil {
		return nil, err
	}
	return j.turbo.Compress(pixels, m.Cols(), m.Rows(), quality)
}

// encodeOpenCV needs OpenCV's imgcodecs and the hundred libraries that come with it.
func encodeOpenCV(m gocv.Mat, quality int) ([]byte, error) {
	if err := opencv.LoadImgcodecs(); err != nil {
		return nil, err
	}
	buf, err := gocv.IMEncodeWithParams(gocv.JPEGFileExt, m, []int{gocv.IMWriteJpegQuality, quality})
	if err != nil {
		return nil, fmt.Errorf("encoding as JPEG: %w", err)
	}
	defer buf.Close()
	if buf.Len() == 0 {
		return nil, fmt.Errorf("encoding %d×%d pixels as JPEG: OpenCV's imencode gave nothing", m.Cols(), m.Rows())
	}
	return append([]byte(nil), buf.GetBytes()...), nil
}

// Close frees what encoding needed. Twice is safe.
func (j *JPEG) Close() error {
	if j.turbo == nil {
		return nil
	}
	turbo := j.turbo
	j.turbo, j.NoTurbo = nil, true
	return turbo.Close()
}
