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
	capture *gocv.VideoCapture
	fps     float64
	stamped bool // CAP_PROP_POS_MSEC is the capture time, of CLOCK_MONOTONIC
	pace    pace
	target  gocv.Mat
	buffers buffers
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
	return &videoInput{capture: capture, target: gocv.NewMat()}, nil
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

// read reads a picture, or has OpenCV pass over one without decoding it.
func (v *videoInput) read(wanted func(captured int64) bool) (*offer, error) {
	if v.tooEarly(wanted) {
		return nil, nil
	}
	if !v.capture.Read(&v.target) || v.target.Empty() {
		return nil, errors.New("the stream ended or cannot be read any further")
	}
	captured := v.captured()
	v.pace.of(captured)
	if !wanted(captured) {
		return nil, nil
	}
	switch v.target.Type() {
	case gocv.MatTypeCV8UC3:
	case gocv.MatTypeCV8UC1:
		gocv.CvtColor(v.target, &v.target, gocv.ColorGrayToBGR)
	case gocv.MatTypeCV8UC4:
		gocv.CvtColor(v.target, &v.target, gocv.ColorBGRAToBGR)
	default:
		return nil, reconnect.Permanent(fmt.Errorf("unsupported pixel type %v of OpenCV (want 8 bits per channel)", v.target.Type()))
	}
	pixels, err := v.target.DataPtrUint8()
	if err != nil {
		return nil, err
	}
	o := v.buffers.bgr(v.target.Cols(), v.target.Rows(), append(v.buffers.get(), pixels...))
	o.captured, o.rate = captured, v.fps
	return o, nil
}

// tooEarly passes over the next picture if it comes too early to be wanted, as far as can be told before it comes. The time of
// a picture that was passed over is unknown.
func (v *videoInput) tooEarly(wanted func(captured int64) bool) bool {
	now, gap := monotonic(), int64(v.pace.mean)
	if gap == 0 || wanted(now+2*gap) {
		return false
	}
	v.capture.Grab(1)
	v.pace.passed++
	return monotonic()-now > gap/4 // at once: OpenCV has one in store, or the camera is gone, which Read tells
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

func (v *videoInput) close() {
	v.capture.Close()
	v.target.Close()
}
