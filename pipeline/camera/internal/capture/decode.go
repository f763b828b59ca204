package capture

import (
	"bytes"
	"errors"
	"fmt"

	"gocv.io/x/gocv"

	"corallite/internal/opencv"
	"corallite/internal/reconnect"
	"corallite/internal/turbojpeg"
)

func isJPEG(data []byte) bool { return bytes.HasPrefix(data, []byte{0xff, 0xd8}) }

// decode decodes a compressed picture. The error of a damaged one is a damagedError; reserve's are passed on.
func decode(data []byte, reserve reserve) error {
	if len(data) < 4 {
		return damagedError{fmt.Errorf("the picture has only %d bytes", len(data))}
	}
	if isJPEG(data) {
		var refused error
		err := turbojpeg.Decode(data, 1, func(width, height int) ([]byte, error) {
			var pixels []byte
			pixels, refused = reserve(Form{Width: width, Height: height})
			return pixels, refused
		})
		switch {
		case refused != nil:
			return refused
		case err == nil:
			return nil
		}
		// OpenCV tolerates the small faults of some cameras. A picture without an end marker is truncated.
		if !bytes.Contains(data[max(0, len(data)-64):], []byte{0xff, 0xd9}) {
			return damagedError{errors.New("damaged or truncated JPEG")}
		}
	}
	if err := opencv.LoadImgcodecs(); err != nil {
		return reconnect.Permanent(err)
	}
	picture, err := gocv.IMDecode(data, gocv.IMReadColor)
	if err != nil {
		return damagedError{err}
	}
	defer picture.Close()
	if picture.Empty() {
		return damagedError{errors.New("not a picture that can be decoded")}
	}
	from, err := picture.DataPtrUint8()
	if err != nil {
		return damagedError{err}
	}
	pixels, err := reserve(Form{Width: picture.Cols(), Height: picture.Rows()})
	if err != nil {
		return err
	}
	copy(pixels, from)
	return nil
}
