package camera

import (
	"fmt"
	"slices"
	"strings"

	"corallite/internal/reconnect"
)

// motionJPEG is the format in which USB cameras give large pictures at the full rate, which exceed USB 2 uncompressed.
const motionJPEG = "MJPG"

// chooseFormat returns the pixel format to request; "": unchanged. wanted is the user's choice, by the name of V4L2 or ffmpeg;
// without one it is motionJPEG, if the camera has that in the wanted size.
func chooseFormat(c CameraInfo, wanted string, width, height int) (string, error) {
	code := fourCCOf(wanted)
	var names []string
	for _, f := range c.Formats {
		names = append(names, f.FourCC)
		if code == "" && f.FourCC == motionJPEG && (width == 0 || len(f.Sizes) == 0 || hasSize(f, width, height)) {
			return motionJPEG, nil
		}
	}
	if code == "" || slices.Contains(names, code) || len(names) == 0 {
		return code, nil
	}
	return "", reconnect.Permanent(fmt.Errorf("camera %s does not support the pixel format %s (want one of %s)", c, wanted, strings.Join(names, ", ")))
}

func hasSize(f CameraFormat, width, height int) bool {
	return slices.ContainsFunc(f.Sizes, func(s CameraSize) bool { return s.has(width, height) })
}

// fourCCOf returns the V4L2 code of a pixel format by any of its common names.
func fourCCOf(name string) string {
	switch strings.ToLower(name) {
	case "mjpeg", "mjpg", "jpeg":
		return motionJPEG
	case "yuyv", "yuyv422", "yuy2":
		return "YUYV"
	case "h264":
		return "H264"
	case "nv12":
		return "NV12"
	}
	return strings.ToUpper(name)
}

// sizesText lists the sizes of a camera in a format, or in all; empty if unknown.
func sizesText(c CameraInfo, code string) string {
	var all []string
	for _, f := range c.Formats {
		for _, s := range f.Sizes {
			text := fmt.Sprintf("%dx%d", s.Width, s.Height)
			if s.MaxWidth > 0 {
				text += fmt.Sprintf(" to %dx%d", s.MaxWidth, s.MaxHeight)
			}
			if (code == "" || f.FourCC == code) && !slices.Contains(all, text) {
				all = append(all, text)
			}
		}
	}
	return strings.Join(all, ", ")
}
