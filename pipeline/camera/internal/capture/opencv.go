package capture

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"gocv.io/x/gocv"

	"corallite/internal/opencv"
	"corallite/internal/reconnect"
)

// videoInput reads with OpenCV's VideoCapture.
type videoInput struct {
	capture       *gocv.VideoCapture
	width, height int // of the last picture
	fps           float64
	stamped       bool // CAP_PROP_POS_MSEC is the capture time, of CLOCK_MONOTONIC
}

func openVideo(target string, api gocv.VideoCaptureAPI) (*videoInput, error) {
	if err := opencv.LoadVideoio(); err != nil {
		return nil, reconnect.Permanent(err)
	}
	capture, err := gocv.VideoCaptureFileWithAPI(target, api)
	if err != nil {
		capture.Close()
		return nil, errNotOpened
	}
	return &videoInput{capture: capture}, nil
}

// errNotOpened is all that OpenCV tells.
var errNotOpened = errors.New("OpenCV cannot open it")

// openDevice opens a V4L2 camera. The driver chooses the closest size and rate that it supports.
func openDevice(o Options) (input, error) {
	if err := usable(o.Target); err != nil {
		return nil, err
	}
	v, err := openVideo(o.Target, gocv.VideoCaptureV4L2)
	if err != nil {
		return nil, fmt.Errorf("%s: %w as a camera; it may be in use by another program (fuser -v %s)", o.Target, err, o.Target)
	}
	// The pixel format comes first, because the sizes and rates depend on it.
	if o.FourCC != "" {
		v.capture.Set(gocv.VideoCaptureFOURCC, v.capture.ToCodec(o.FourCC))
	}
	if o.Width > 0 && o.Height > 0 {
		v.capture.Set(gocv.VideoCaptureFrameWidth, float64(o.Width))
		v.capture.Set(gocv.VideoCaptureFrameHeight, float64(o.Height))
	}
	if o.FPS > 0 {
		v.capture.Set(gocv.VideoCaptureFPS, o.FPS)
	}
	v.fps, v.stamped = v.capture.Get(gocv.VideoCaptureFPS), true
	return v, nil
}

// usable returns why a device node cannot be opened, as far as the system tells.
func usable(node string) error {
	f, err := os.OpenFile(node, os.O_RDWR, 0)
	switch {
	case err == nil:
		return f.Close()
	case errors.Is(err, fs.ErrPermission):
		return reconnect.Permanent(fmt.Errorf("%w: add the user to the group video (sudo usermod -aG video \"$USER\") and log in again", err))
	default:
		return err
	}
}

// openGStreamer opens a pipeline. Without an appsink, one that keeps only the newest picture is appended.
func openGStreamer(o Options) (input, error) {
	pipeline := o.Target
	if !strings.Contains(pipeline, "appsink") {
		pipeline += " ! videoconvert ! video/x-raw,format=BGR ! appsink sync=false drop=true max-buffers=1"
	}
	v, err := openVideo(pipeline, gocv.VideoCaptureGstreamer)
	if err != nil {
		return nil, fmt.Errorf("%w as a GStreamer pipeline: an element is missing or does not start; try gst-launch-1.0 PIPELINE ! fakesink", err)
	}
	v.fps = v.capture.Get(gocv.VideoCaptureFPS)
	return v, nil
}

// read has OpenCV decode straight into reserved memory, if the size is that of the last picture.
func (v *videoInput) read(reserve reserve) (int64, error) {
	target := gocv.NewMat()
	defer func() { target.Close() }()
	var room []byte
	if v.width > 0 {
		var err error
		if room, err = reserve(v.width, v.height); err != nil {
			return 0, err
		}
		placed, err := gocv.NewMatFromBytes(v.height, v.width, gocv.MatTypeCV8UC3, room)
		if err != nil {
			return 0, err
		}
		target.Close()
		target = placed
	}
	if !v.capture.Read(&target) || target.Empty() {
		return 0, errors.New("the stream ended or cannot be read any further")
	}
	captured := v.captured()
	switch target.Type() {
	case gocv.MatTypeCV8UC3:
	case gocv.MatTypeCV8UC1:
		gocv.CvtColor(target, &target, gocv.ColorGrayToBGR)
	case gocv.MatTypeCV8UC4:
		gocv.CvtColor(target, &target, gocv.ColorBGRAToBGR)
	default:
		return 0, reconnect.Permanent(fmt.Errorf("unsupported pixel type %v of OpenCV (want 8 bits per channel)", target.Type()))
	}
	pixels, err := target.DataPtrUint8()
	if err != nil {
		return 0, err
	}
	if len(room) > 0 && &pixels[0] == &room[0] {
		return captured, nil
	}
	v.width, v.height = target.Cols(), target.Rows()
	if room, err = reserve(v.width, v.height); err != nil {
		return 0, err
	}
	copy(room, pixels)
	return captured, nil
}

// captured returns the time stamp of the driver, if it has one, which is from before the decoding.
func (v *videoInput) captured() int64 {
	now := monotonic()
	if !v.stamped {
		return now
	}
	stamp := int64(v.capture.Get(gocv.VideoCapturePosMsec) * float64(time.Millisecond))
	if stamp > now-int64(5*time.Second) && stamp < now {
		return stamp
	}
	return now
}

func (v *videoInput) rate() float64 { return v.fps }

func (v *videoInput) close() { v.capture.Close() }
