package camera

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"
)

// CameraFormat is a pixel format of a camera.
type CameraFormat struct {
	FourCC      string       `json:"fourcc"`      // "MJPG", "YUYV"
	Description string       `json:"description"` // by the driver
	Compressed  bool         `json:"compressed"`
	Sizes       []CameraSize `json:"sizes"` // largest first
}

// CameraSize is a picture size in pixels, or, when MaxWidth is not 0, a range of sizes from Width × Height in steps.
type CameraSize struct {
	Width      int       `json:"width"`
	Height     int       `json:"height"`
	MaxWidth   int       `json:"max_width,omitempty"`
	MaxHeight  int       `json:"max_height,omitempty"`
	StepWidth  int       `json:"step_width,omitempty"`
	StepHeight int       `json:"step_height,omitempty"`
	Rates      []float64 `json:"rates"` // frames per second, highest first; of a range the highest and the lowest
}

// has reports whether a size is included.
func (s CameraSize) has(width, height int) bool {
	if s.MaxWidth == 0 {
		return s.Width == width && s.Height == height
	}
	inSteps := func(n, least, most, step int) bool {
		return n >= least && n <= most && (n-least)%max(step, 1) == 0
	}
	return inSteps(width, s.Width, s.MaxWidth, s.StepWidth) && inSteps(height, s.Height, s.MaxHeight, s.StepHeight)
}

// capability describes a video device.
type capability struct {
	Card, Driver, Bus string
	Captures          bool // it captures pictures, not only metadata
}

// driver is an open video device; tests have their own.
type driver interface {
	ioctl(request uint32, argument []byte) error
	Close() error
}

// The requests and structures of linux/videodev2.h, whose layout is the same on all processors.
const (
	vidiocQueryCap           = 0x80685600 // _IOR('V', 0, struct v4l2_capability)
	vidiocEnumFmt            = 0xc0405602 // _IOWR('V', 2, struct v4l2_fmtdesc)
	vidiocEnumFrameSizes     = 0xc02c564a // _IOWR('V', 74, struct v4l2_frmsizeenum)
	vidiocEnumFrameIntervals = 0xc034564b // _IOWR('V', 75, struct v4l2_frmivalenum)

	sizeCapability = 104
	sizeFmtDesc    = 64
	sizeFrameSize  = 44
	sizeInterval   = 52

	capVideoCapture       = 0x00000001
	capVideoCaptureMplane = 0x00001000
	capDeviceCaps         = 0x80000000

	bufVideoCapture       = 1
	bufVideoCaptureMplane = 9
	flagCompressed        = 1
	discrete              = 1
)

// maxEntries bounds a list that a driver does not end.
const maxEntries = 256

func openDriver(node string) (driver, error) {
	// Non-blocking, because some drivers make a second user wait.
	fd, err := unix.Open(node, unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: node, Err: err}
	}
	return kernelDriver(fd), nil
}

type kernelDriver int

func (d kernelDriver) ioctl(request uint32, argument []byte) error {
	// unsafe: the kernel accesses as many bytes as the request encodes, which is the length of the slice.
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(d), uintptr(request), uintptr(unsafe.Pointer(&argument[0])))
	if errno != 0 {
		return errno
	}
	return nil
}

func (d kernelDriver) Close() error { return os.NewSyscallError("close", unix.Close(int(d))) }

// queryCapability queries the description of a device.
func queryCapability(d driver) (capability, error) {
	arg := make([]byte, sizeCapability)
	if err := d.ioctl(vidiocQueryCap, arg); err != nil {
		return capability{}, fmt.Errorf("not a V4L2 device: VIDIOC_QUERYCAP: %w", err)
	}
	flags := native.Uint32(arg[84:])
	if flags&capDeviceCaps != 0 { // those of this node, not of all nodes of the device
		flags = native.Uint32(arg[88:])
	}
	return capability{
		Driver: text(arg[0:16]), Card: text(arg[16:48]), Bus: text(arg[48:80]),
		Captures: flags&(capVideoCapture|capVideoCaptureMplane) != 0,
	}, nil
}

// queryFormats queries the formats, sizes and rates of a device.
func queryFormats(d driver) ([]CameraFormat, error) {
	for _, kind := range []uint32{bufVideoCapture, bufVideoCaptureMplane} {
		if all, err := formatsOf(d, kind); len(all) > 0 || err != nil {
			return all, err
		}
	}
	return nil, nil
}

func formatsOf(d driver, kind uint32) ([]CameraFormat, error) {
	var all []CameraFormat
	err := enumerate(d, vidiocEnumFmt, "VIDIOC_ENUM_FMT", sizeFmtDesc, func(arg []byte) {
		native.PutUint32(arg[4:], kind)
	}, func(arg []byte) error {
		code := native.Uint32(arg[44:])
		sizes, err := sizesOf(d, code)
		all = append(all, CameraFormat{
			FourCC: fourCC(code), Description: text(arg[12:44]), Compressed: native.Uint32(arg[8:])&flagCompressed != 0, Sizes: sizes,
		})
		return err
	})
	return all, err
}

func sizesOf(d driver, code uint32) ([]CameraSize, error) {
	var all []CameraSize
	err := enumerate(d, vidiocEnumFrameSizes, "VIDIOC_ENUM_FRAMESIZES", sizeFrameSize, func(arg []byte) {
		native.PutUint32(arg[4:], code)
	}, func(arg []byte) (err error) {
		n := func(i int) int { return int(native.Uint32(arg[12+4*i:])) }
		size := CameraSize{Width: n(0), Height: n(1)}
		if native.Uint32(arg[8:]) != discrete { // minimum, maximum and step of the width, then of the height
			size = CameraSize{Width: n(0), MaxWidth: n(1), StepWidth: n(2), Height: n(3), MaxHeight: n(4), StepHeight: n(5)}
		}
		size.Rates, err = ratesOf(d, code, size)
		all = append(all, size)
		return err
	})
	slices.SortStableFunc(all, func(a, b CameraSize) int {
		return max(b.Width, b.MaxWidth)*max(b.Height, b.MaxHeight) - max(a.Width, a.MaxWidth)*max(a.Height, a.MaxHeight)
	})
	return all, err
}

func ratesOf(d driver, code uint32, size CameraSize) ([]float64, error) {
	var all []float64
	err := enumerate(d, vidiocEnumFrameIntervals, "VIDIOC_ENUM_FRAMEINTERVALS", sizeInterval, func(arg []byte) {
		native.PutUint32(arg[4:], code)
		native.PutUint32(arg[8:], uint32(size.Width))
		native.PutUint32(arg[12:], uint32(size.Height))
	}, func(arg []byte) error {
		all = append(all, perSecond(arg[20:]))
		if native.Uint32(arg[16:]) != discrete { // the shortest interval, then the longest
			all = append(all, perSecond(arg[28:]))
		}
		return nil
	})
	all = slices.DeleteFunc(all, func(r float64) bool { return r == 0 })
	slices.SortFunc(all, func(a, b float64) int {
		if a > b {
			return -1
		}
		return 1
	})
	return slices.Compact(all), err
}

// enumerate calls each for every entry of a list. The index is the first number of the structure; EINVAL ends the list, and
// ENOTTY means that the driver has no such list.
func enumerate(d driver, request uint32, name string, size int, fill func(arg []byte), each func(arg []byte) error) error {
	for i := range maxEntries {
		arg := make([]byte, size)
		native.PutUint32(arg, uint32(i))
		fill(arg)
		switch err := d.ioctl(request, arg); {
		case errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTTY):
			return nil
		case err != nil:
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := each(arg); err != nil {
			return err
		}
		// A range is one entry, at index 0; some drivers repeat it for ever.
		if request == vidiocEnumFrameSizes && native.Uint32(arg[8:]) != discrete ||
			request == vidiocEnumFrameIntervals && native.Uint32(arg[16:]) != discrete {
			return nil
		}
	}
	return nil
}

var native = binary.NativeEndian

// perSecond converts a struct v4l2_fract of seconds to a rate, rounded to a thousandth; 0: invalid.
func perSecond(fraction []byte) float64 {
	numerator, denominator := native.Uint32(fraction), native.Uint32(fraction[4:])
	if numerator == 0 {
		return 0
	}
	return math.Round(1000*float64(denominator)/float64(numerator)) / 1000
}

// text returns the C string in a field.
func text(field []byte) string {
	field, _, _ = bytes.Cut(field, []byte{0})
	return string(bytes.ToValidUTF8(field, []byte("?")))
}

// fourCC returns a pixel format code as text: its four bytes, lowest first.
func fourCC(code uint32) string {
	b := []byte{byte(code), byte(code >> 8), byte(code >> 16), byte(code >> 24 & 0x7f)}
	return string(bytes.TrimRight(bytes.ToValidUTF8(b, []byte("?")), " "))
}
