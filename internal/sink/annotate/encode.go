package annotate

import (
	"fmt"
	"path/filepath"
	"strings"

	"gocv.io/x/gocv"

	"corallite/internal/opencv"
)

// quality is the quality of JPEG and WebP copies, of 100.
const quality = 90

// The largest sides that the formats can hold, in pixels.
const (
	maxJPEG = 65500
	maxWebP = 16383
)

// extensionFor is the extension of the copy of a picture: its own if that format can be written and allows
// the size, otherwise ".png".
func extensionFor(source string, width, height int) string {
	ext := filepath.Ext(source)
	side := max(width, height)
	switch strings.ToLower(ext) {
	case ".jpg", ".jpeg", ".jpe":
		if side <= maxJPEG {
			return ext
		}
	case ".webp":
		if side <= maxWebP {
			return ext
		}
	case ".png", ".bmp", ".tif", ".tiff":
		return ext
	}
	return ".png"
}

// encode passes the bytes of a picture file in the format of ext to use, and frees them afterwards. Encoding goes to
// memory because OpenCV does not report why a file could not be written.
func encode(m gocv.Mat, ext string, use func([]byte) error) error {
	if err := opencv.LoadImgcodecs(); err != nil {
		return err
	}
	format := gocv.FileExt(strings.ToLower(ext))
	var params []int
	switch format {
	case ".jpg", ".jpeg", ".jpe":
		params = []int{gocv.IMWriteJpegQuality, quality}
	case ".webp":
		params = []int{gocv.IMWriteWebpQuality, quality}
	}
	var buf *gocv.NativeByteBuffer
	var err error
	if params == nil {
		buf, err = gocv.IMEncode(format, m)
	} else {
		buf, err = gocv.IMEncodeWithParams(format, m, params)
	}
	if err != nil {
		return fmt.Errorf("encoding as %s: %w", ext, err)
	}
	defer buf.Close()
	if buf.Len() == 0 {
		return fmt.Errorf("encoding %d×%d pixels as %s: OpenCV's imencode gave nothing", m.Cols(), m.Rows(), ext)
	}
	return use(buf.GetBytes())
}
