package camera

import (
	"encoding/binary"
	"errors"

	"gocv.io/x/gocv"
)

// The tags of a TIFF directory that are read here (TIFF 6.0, section 8).
const (
	tagWidth       = 256
	tagHeight      = 257
	tagOrientation = 274
)

// tiffTags reads the whole numbers of a TIFF's first directory, by tag. EXIF data is a TIFF without a picture.
func tiffTags(d []byte) (map[uint16]uint32, error) {
	if len(d) < 8 {
		return nil, errShort
	}
	var order binary.ByteOrder
	switch string(d[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return nil, errors.New("not a TIFF directory")
	}
	at := uint64(order.Uint32(d[4:]))
	if at+2 > uint64(len(d)) {
		return nil, errShort
	}
	entries := d[at+2:]
	count := int(order.Uint16(d[at:]))
	if len(entries) < 12*count {
		return nil, errShort
	}
	tags := make(map[uint16]uint32)
	for i := range count {
		entry := entries[12*i:]
		tag, kind := order.Uint16(entry), order.Uint16(entry[2:])
		switch kind {
		case 3: // SHORT
			tags[tag] = uint32(order.Uint16(entry[8:]))
		case 4: // LONG
			tags[tag] = order.Uint32(entry[8:])
		}
	}
	return tags, nil
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
