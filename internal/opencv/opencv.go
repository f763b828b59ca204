// Package opencv loads the parts of OpenCV that the program does not load when it starts. scripts/build takes
// libopencv_imgcodecs, libopencv_videoio and libopencv_video off the binary's list of needed libraries, because they
// bring some 240 others with them (GDAL, ffmpeg, GStreamer; OpenCV's networks and protobuf); their functions are then
// bound when they are first called, and found in what was loaded here. In a binary that is linked plainly, as go test links it, the libraries are there already and
// loading them again costs nothing.
//
// LoadImgcodecs must have returned nil before the first call of gocv's IMRead, IMDecode, IMWrite and IMEncode, and
// LoadVideoio before VideoCapture… and VideoWriter…, LoadVideo before BackgroundSubtractor…; without it such a call ends
// the process.
package opencv

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/ebitengine/purego"
	"gocv.io/x/gocv"
)

// LoadImgcodecs loads the library that reads and writes pictures. Only the first call does anything; every call
// returns its error.
func LoadImgcodecs() error { return imgcodecs() }

// LoadVideoio loads the library that reads and writes video. Only the first call does anything; every call returns
// its error.
func LoadVideoio() error { return videoio() }

// LoadVideo loads the library that tells what moves from what does not. Only the first call does anything; every call
// returns its error.
func LoadVideo() error { return video() }

var (
	imgcodecs = sync.OnceValue(func() error { return load("imgcodecs", openImgcodecs) })
	videoio   = sync.OnceValue(func() error { return load("videoio", openVideoio) })
	video     = sync.OnceValue(func() error { return load("video", open) })
)

// Global, because the functions that are to be found in a library are bound by the dynamic linker; lazy, because the
// libraries under it have thousands of functions of which few are called.
const mode = purego.RTLD_LAZY | purego.RTLD_GLOBAL

func load(module string, open func(soname string) error) error {
	quiet()
	soname, debian, err := library(module, gocv.OpenCVVersion())
	if err != nil {
		return err
	}
	if err := open(soname); err != nil {
		return fmt.Errorf("OpenCV's %s cannot be loaded: %w; install the package %s (or libopencv-dev)", soname, err, debian)
	}
	return nil
}

func open(soname string) error {
	_, err := purego.Dlopen(soname, mode)
	return err
}

func openImgcodecs(soname string) error {
	if _, err := purego.Dlopen(beside("libopencv_core", soname), mode); err == nil {
		return nil
	}
	return open(soname)
}

func openVideoio(soname string) error {
	if handle := forward("libopencv_imgcodecs"); handle != 0 {
		if _, err := purego.Dlopen(soname, mode); err == nil {
			return nil
		}
		// Another build of OpenCV may want more of imgcodecs than the forwarder has.
		if err := purego.Dlclose(handle); err != nil {
			return err
		}
	}
	return open(soname)
}

// library is the shared object's name of an OpenCV module and the Debian package that has it. Since OpenCV 4.5.1 the
// name ends in major×100 + minor: 4.6.0 gives libopencv_videoio.so.406, in the package libopencv-videoio406.
func library(module, version string) (soname, debian string, err error) {
	parts := strings.SplitN(version, ".", 3)
	if len(parts) >= 2 {
		major, errMajor := strconv.Atoi(parts[0])
		minor, errMinor := strconv.Atoi(parts[1])
		if errMajor == nil && errMinor == nil && major >= 4 {
			n := major*100 + minor
			return fmt.Sprintf("libopencv_%s.so.%d", module, n), fmt.Sprintf("libopencv-%s%d", module, n), nil
		}
	}
	return "", "", fmt.Errorf("OpenCV's %s cannot be loaded: version %q is not one whose libraries have known names (4.5.1 or newer)",
		module, version)
}

// quiet keeps OpenCV and ffmpeg from writing to standard error what this program says better in its own errors. A
// user who wants to read it sets the variables.
func quiet() {
	if os.Getenv("OPENCV_FFMPEG_LOGLEVEL") == "" && os.Getenv("OPENCV_FFMPEG_DEBUG") == "" {
		os.Setenv("OPENCV_FFMPEG_LOGLEVEL", "-8") // AV_LOG_QUIET; read when the first video is opened
	}
	if os.Getenv("OPENCV_LOG_LEVEL") == "" {
		setLogLevel(0)
	}
}

// OneThread keeps OpenCV's functions from splitting their work among threads. The workers of a stream keep all cores
// busy already, each with an item of its own; splitting what takes half a millisecond then only makes them wait.
var OneThread = sync.OnceFunc(func() { callWithInt("_ZN2cv12setNumThreadsEi", 1) })

// setLogLevel calls cv::utils::logging::setLogLevel, whose level 0 is silent. OpenCV reads the environment when
// libopencv_core is loaded, which is before any Go code runs.
func setLogLevel(level int32) { callWithInt("_ZN2cv5utils7logging11setLogLevelENS1_8LogLevelE", level) }

// callWithInt calls a C++ function of libopencv_core that gocv has not: one that takes an int. Both that are called
// have been in OpenCV since 4.0, and where one is missing, nothing is lost but what it is good for.
func callWithInt(symbol string, value int32) {
	address, err := purego.Dlsym(purego.RTLD_DEFAULT, symbol)
	if err != nil {
		return
	}
	var call func(int32)
	purego.RegisterFunc(&call, address)
	call(value)
}
