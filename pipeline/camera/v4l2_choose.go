package camera

import (
	"fmt"
	"slices"
	"strings"

	"corallite/internal/reconnect"
)

// motionJPEG is the format in which a USB camera gives large pictures at a full rate: raw ones do not go through USB 2.
const motionJPEG = "MJPG"

// chooseFormat is the pixel format to ask a camera for; "": the one that it has. wanted is the user's, in V4L2's or
// ffmpeg's words; without one it is motionJPEG where the camera has it in the size.
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
	return "", reconnect.Permanent(fmt.Errorf("the camera %s has no pixel format %s; it has %s", c, wanted, strings.Join(names, ", ")))
}

func hasSize(f CameraFormat, width, height int) bool {
	return slices.ContainsFunc(f.Sizes, func(s CameraSize) bool { return s.has(width, height) })
}

// fourCCOf is V4L2's code of a pixel format as ffmpeg or people call it.
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

// sizesText lists the sizes that a camera has in a format, or in all of them; "": it does not say.
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
