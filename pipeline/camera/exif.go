package camera

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"

	"gocv.io/x/gocv"

	"corallite/internal/turbojpeg"
)

// Tags of a TIFF directory (TIFF 6.0, section 8).
const (
	tagWidth       = 256
	tagHeight      = 257
	tagOrientation = 274
	tagExtra       = 338 // meaning of the extra channels
)

// Values of tagExtra for alpha that the colours are, or are not, multiplied by.
const (
	extraMultiplied    = 1
	extraNotMultiplied = 2
)

// tiffEntries returns the offsets of the entries, of 12 bytes each, of the first directory.
func tiffEntries(d []byte) (order binary.ByteOrder, entries []int, err error) {
	if len(d) < 8 {
		return nil, nil, errShort
	}
	switch string(d[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return nil, nil, errors.New("not a TIFF directory")
	}
	at := uint64(order.Uint32(d[4:]))
	if at+2 > uint64(len(d)) {
		return nil, nil, errShort
	}
	count := int(order.Uint16(d[at:]))
	if len(d[at+2:]) < 12*count {
		return nil, nil, errShort
	}
	for i := range count {
		entries = append(entries, int(at)+2+12*i)
	}
	return order, entries, nil
}

// tiffTags reads the integers of the first directory, by tag. EXIF data is a TIFF without a picture.
func tiffTags(d []byte) (map[uint16]uint32, error) {
	order, entries, err := tiffEntries(d)
	if err != nil {
		return nil, err
	}
	tags := make(map[uint16]uint32)
	for _, at := range entries {
		tag, kind := order.Uint16(d[at:]), order.Uint16(d[at+2:])
		switch kind {
		case 3: // SHORT
			tags[tag] = uint32(order.Uint16(d[at+8:]))
		case 4: // LONG
			tags[tag] = order.Uint32(d[at+8:])
		}
	}
	return tags, nil
}

// straightColours keeps libtiff from multiplying 8-bit colours by alpha, which OpenCV then drops: it marks them as already
// multiplied. It returns d, or a marked copy of it.
func straightColours(d []byte) []byte {
	order, entries, err := tiffEntries(d)
	if err != nil {
		return d
	}
	for _, at := range entries {
		// One or two values are stored in the entry itself; colour pictures have no more.
		if order.Uint16(d[at:]) == tagExtra && order.Uint16(d[at+2:]) == 3 && order.Uint32(d[at+4:]) <= 2 &&
			order.Uint16(d[at+8:]) == extraNotMultiplied {
			d = bytes.Clone(d)
			order.PutUint16(d[at+8:], extraMultiplied)
		}
	}
	return d
}

// orientationOf returns the orientation in EXIF data, from 1 to 8; 1 (upright) if it is missing or invalid.
func orientationOf(exif []byte) int {
	tags, err := tiffTags(exif)
	if o := tags[tagOrientation]; err == nil && o >= 1 && o <= 8 {
		return int(o)
	}
	return 1
}

// upright is the size of the picture in pixels when it is upright.
func (h header) upright() (width, height int) {
	if h.orientation >= 5 {
		return h.height, h.width
	}
	return h.width, h.height
}

// corner is where the upper left corner of a picture that was reduced to 1/by, and then turned upright, lies in the upright
// picture, in its pixels: the last column and row of the stored picture stand for up to by pixels that it does not have.
func (h header) corner(by int) image.Point {
	right, bottom := h.width-turbojpeg.Reduced(h.width, by)*by, h.height-turbojpeg.Reduced(h.height, by)*by
	switch h.orientation {
	case 2:
		return image.Pt(right, 0)
	case 3:
		return image.Pt(right, bottom)
	case 4:
		return image.Pt(0, bottom)
	case 6:
		return image.Pt(bottom, 0)
	case 7:
		return image.Pt(bottom, right)
	case 8:
		return image.Pt(0, right)
	}
	return image.Point{}
}

// orient rotates and mirrors a picture upright (Exif 2.32, tag Orientation): the value says where the first row and column
// of the stored picture belong.
func orient(m *gocv.Mat, orientation int) {
	if orientation < 2 || orientation > 8 {
		return
	}
	upright := gocv.NewMat()
	switch orientation {
	case 2: // top, right
		gocv.Flip(*m, &upright, 1)
	case 3: // bottom, right
		gocv.Rotate(*m, &upright, gocv.Rotate180Clockwise)
	case 4: // bottom, left
		gocv.Flip(*m, &upright, 0)
	case 5: // left, top
		gocv.Transpose(*m, &upright)
	case 6: // right, top
		gocv.Rotate(*m, &upright, gocv.Rotate90Clockwise)
	case 7: // right, bottom
		turned := gocv.NewMat()
		gocv.Transpose(*m, &turned)
		gocv.Flip(turned, &upright, -1)
		turned.Close()
	case 8: // left, bottom
		gocv.Rotate(*m, &upright, gocv.Rotate90CounterClockwise)
	}
	m.Close()
	*m = upright
}
