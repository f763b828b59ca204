package capture

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"gocv.io/x/gocv"

	"corallite/internal/reconnect"
	"corallite/pipeline/internal/opencv"
)

// videoInput reads by OpenCV's VideoCapture.
type videoInput struct {
	capture       *gocv.VideoCapture
	width, height int // of the last picture
	fps           float64
	stamped       bool // CAP_PROP_POS_MSEC is the time of capture, by CLOCK_MONOTONIC
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

// errNotOpened is all that OpenCV says.
var errNotOpened = errors.New("OpenCV cannot open it")

// openDevice opens a V4L2 camera. The driver takes the nearest size and rate that it has.
func openDevice(o Options) (input, error) {
	if err := usable(o.Target); err != nil {
		return nil, err
	}
	v, err := openVideo(o.Target, gocv.VideoCaptureV4L2)
	if err != nil {
		return nil, fmt.Errorf("%s: %w as a camera; it may be in use by another program (fuser -v %s)", o.Target, err, o.Target)
	}
	// The pixel format first: which sizes and rates there are depends on it.
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

// usable says why a device's node cannot be opened, where the system says it.
func usable(node string) error {
	f, err := os.OpenFile(node, os.O_RDWR, 0)
	switch {
	case err == nil:
		return f.Close()
	case errors.Is(err, fs.ErrPermission):
		return reconnect.Permanent(fmt.Errorf("%w: the user must be in the group video (sudo usermod -aG video \"$USER\", then log in anew)", err))
	default:
		return err
	}
}

// openGStreamer opens a pipeline; one without an appsink gets one that keeps the newest picture only.
func openGStreamer(o Options) (input, error) {
	pipeline := o.Target
	if !strings.Contains(pipeline, "appsink") {
		pipeline += " ! videoconvert ! video/x-raw,format=BGR ! appsink sync=false drop=true max-buffers=1"
	}
	v, err := openVideo(pipeline, gocv.VideoCaptureGstreamer)
	if err != nil {
		return nil, fmt.Errorf("%w as a GStreamer pipeline: an element is missing or cannot start; try it with: gst-launch-1.0 PIPELINE ! fakesink", err)
	}
	v.fps = v.capture.Get(gocv.VideoCaptureFPS)
	return v, nil
}

// read lets OpenCV put the picture straight where it is to lie, if its size is that of the last one.
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
		return 0, errors.New("the stream ended, or can be read no further")
	}
	captured := v.captured()
	switch target.Type() {
	case gocv.MatTypeCV8UC3:
	case gocv.MatTypeCV8UC1:
		gocv.CvtColor(target, &target, gocv.ColorGrayToBGR)
	case gocv.MatTypeCV8UC4:
		gocv.CvtColor(target, &target, gocv.ColorBGRAToBGR)
	default:
		return 0, reconnect.Permanent(fmt.Errorf("its pictures have OpenCV's type %v, not 8 bits a channel", target.Type()))
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

// captured is the driver's time stamp where there is one: it leaves the decoding out.
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
