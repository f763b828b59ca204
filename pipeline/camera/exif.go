package camera

import (
	"bytes"
	"encoding/binary"
	"errors"

	"gocv.io/x/gocv"
)

// The tags of a TIFF directory that are read here (TIFF 6.0, section 8).
const (
	tagWidth       = 256
	tagHeight      = 257
	tagOrientation = 274
	tagExtra       = 338 // what the channels behind the colours are
)

// The values of tagExtra for alpha: whether the colours were multiplied by it.
const (
	extraMultiplied    = 1
	extraNotMultiplied = 2
)

// tiffEntries finds the entries of a TIFF's first directory: where each of them begins in d. One has 12 bytes.
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

// tiffTags reads the whole numbers of a TIFF's first directory, by tag. EXIF data is a TIFF without a picture.
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

// straightColours makes a TIFF's decoder leave the colours as they are where the picture has an alpha channel: libtiff
// multiplies colours of 8 bits by it, unless the file says that they are multiplied already, and OpenCV then drops alpha.
// It returns d, or a copy of it that says so.
func straightColours(d []byte) []byte {
	order, entries, err := tiffEntries(d)
	if err != nil {
		return d
	}
	for _, at := range entries {
		// One or two values stand in the entry itself; no picture of colours has more behind them.
		if order.Uint16(d[at:]) == tagExtra && order.Uint16(d[at+2:]) == 3 && order.Uint32(d[at+4:]) <= 2 &&
			order.Uint16(d[at+8:]) == extraNotMultiplied {
			d = bytes.Clone(d)
			order.PutUint16(d[at+8:], extraMultiplied)
		}
	}
	return d
}

// orientationOf is the orientation in EXIF data, 1 to 8; 1, which is none, when it says nothing sensible.
func orientationOf(exif []byte) int {
	tags, err := tiffTags(exif)
	if o := tags[tagOrientation]; err == nil && o >= 1 && o <= 8 {
		return int(o)
	}
	return 1
}

// orient turns and mirrors a picture so that it stands upright (Exif 2.32, tag Orientation): the value says where the
// first row and column of the stored picture belong.
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
