package camera

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"corallite/internal/reconnect"
)

// fakeCamera answers as a driver does, in the kernel's structures.
type fakeCamera struct {
	card, bus string
	metadata  bool // gives no pictures
	formats   []CameraFormat
	broken    unix.Errno // of every list
}

func (c *fakeCamera) Close() error { return nil }

func (c *fakeCamera) ioctl(request uint32, arg []byte) error {
	if size := int(request >> 16 & 0x3fff); size != len(arg) {
		return fmt.Errorf("request %#x with %d bytes", request, len(arg))
	}
	put := func(at int, values ...int) {
		for i, v := range values {
			native.PutUint32(arg[at+4*i:], uint32(v))
		}
	}
	index := int(native.Uint32(arg))
	if request != vidiocQueryCap && c.broken != 0 {
		return c.broken
	}
	switch request {
	case vidiocQueryCap:
		copy(arg, "uvcvideo")
		copy(arg[16:], c.card)
		copy(arg[48:], c.bus)
		put(84, capVideoCapture|capDeviceCaps, capVideoCapture)
		if c.metadata {
			put(88, 0x00800000) // V4L2_CAP_META_CAPTURE
		}
		return nil
	case vidiocEnumFmt:
		if native.Uint32(arg[4:]) != bufVideoCapture || index >= len(c.formats) {
			return unix.EINVAL
		}
		f := c.formats[index]
		copy(arg[12:], f.Description)
		copy(arg[44:], f.FourCC)
		if f.Compressed {
			put(8, flagCompressed)
		}
		return nil
	case vidiocEnumFrameSizes:
		for _, f := range c.formats {
			if f.FourCC == string(arg[4:8]) && index < len(f.Sizes) {
				s := f.Sizes[index]
				if s.MaxWidth > 0 {
					put(8, 3, s.Width, s.MaxWidth, s.StepWidth, s.Height, s.MaxHeight, s.StepHeight)
				} else {
					put(8, discrete, s.Width, s.Height)
				}
				return nil
			}
		}
		return unix.EINVAL
	case vidiocEnumFrameIntervals:
		for _, f := range c.formats {
			for _, s := range f.Sizes {
				if f.FourCC == string(arg[4:8]) && s.Width == int(native.Uint32(arg[8:])) && s.Height == int(native.Uint32(arg[12:])) && index < len(s.Rates) {
					put(16, discrete, 1000, int(s.Rates[index]*1000))
					return nil
				}
			}
		}
		return unix.EINVAL
	}
	return unix.ENOTTY
}

var (
	mjpg = CameraFormat{FourCC: "MJPG", Description: "Motion-JPEG", Compressed: true, Sizes: []CameraSize{
		{Width: 1920, Height: 1080, Rates: []float64{30, 15}}, {Width: 640, Height: 480, Rates: []float64{60, 29.97}}}}
	yuyv = CameraFormat{FourCC: "YUYV", Description: "YUYV 4:2:2", Sizes: []CameraSize{
		{Width: 160, Height: 120, MaxWidth: 800, MaxHeight: 600, StepWidth: 16, StepHeight: 8, Rates: []float64{30}}}}
)

// machine is a made-up /sys and /dev.
type machine struct {
	tb      testing.TB
	root    string
	cameras map[string]*fakeCamera
}

func newMachine(tb testing.TB) *machine {
	return &machine{tb: tb, root: tb.TempDir(), cameras: map[string]*fakeCamera{}}
}

// plug puts a camera under a number, with udev's link to it unless id is "".
func (m *machine) plug(number int, id string, c *fakeCamera) {
	m.tb.Helper()
	node := fmt.Sprintf("video%d", number)
	sys := filepath.Join(m.root, "sys/class/video4linux", node)
	links := filepath.Join(m.root, "dev/v4l/by-id")
	for _, err := range []error{os.MkdirAll(sys, 0o755), os.MkdirAll(links, 0o755),
		os.WriteFile(filepath.Join(sys, "name"), []byte(c.card+"\n"), 0o644), os.WriteFile(filepath.Join(m.root, "dev", node), nil, 0o644)} {
		if err != nil {
			m.tb.Fatal(err)
		}
	}
	if id != "" {
		if err := os.Symlink("../../"+node, filepath.Join(links, id)); err != nil {
			m.tb.Fatal(err)
		}
	}
	m.cameras[filepath.Join(m.root, "dev", node)] = c
}

func (m *machine) unplug(number int, id string) {
	m.tb.Helper()
	node := fmt.Sprintf("video%d", number)
	delete(m.cameras, filepath.Join(m.root, "dev", node))
	for _, path := range []string{"sys/class/video4linux/" + node, "dev/" + node, "dev/v4l/by-id/" + id} {
		if err := os.RemoveAll(filepath.Join(m.root, path)); err != nil {
			m.tb.Fatal(err)
		}
	}
}

func (m *machine) open(node string) (driver, error) {
	if c := m.cameras[node]; c != nil {
		return c, nil
	}
	return nil, &os.PathError{Op: "open", Path: node, Err: unix.EACCES}
}

func TestCamerasOfTheMachine(t *testing.T) {
	m := newMachine(t)
	if all, err := listCameras(m.root, m.open); len(all) != 0 || err != nil {
		t.Errorf("without cameras: %v, %v", all, err)
	}
	m.plug(10, "", &fakeCamera{card: "Loopback", bus: "platform:loop", formats: []CameraFormat{yuyv}})
	m.plug(0, "usb-C920-video-index0", &fakeCamera{card: "HD Pro Webcam C920", bus: "usb-0000:00:14.0-1", formats: []CameraFormat{yuyv, mjpg}})
	m.plug(1, "usb-C920-video-index1", &fakeCamera{card: "HD Pro Webcam C920", metadata: true})
	m.plug(2, "", &fakeCamera{card: "Locked"})
	delete(m.cameras, filepath.Join(m.root, "dev/video2"))
	m.plug(3, "", &fakeCamera{card: "Broken", broken: unix.EIO})
	all, err := listCameras(m.root, m.open)
	if err != nil || len(all) != 4 {
		t.Fatalf("%d cameras, %v: %v", len(all), err, all)
	}
	c := all[0]
	if c.Name != "HD Pro Webcam C920" || c.Node != m.root+"/dev/video0" || c.ID != m.root+"/dev/v4l/by-id/usb-C920-video-index0" || c.Driver != "uvcvideo" || c.Problem != "" {
		t.Errorf("%+v", c)
	}
	if got, want := fmt.Sprintf("%+v", c.Formats), fmt.Sprintf("%+v", []CameraFormat{yuyv, mjpg}); got != want {
		t.Errorf("formats\n%s\nwant\n%s", got, want)
	}
	if all[1].Name != "Locked" || !strings.Contains(all[1].Problem, "group video") {
		t.Errorf("%+v", all[1])
	}
	if !strings.Contains(all[2].Problem, "VIDIOC_ENUM_FMT") {
		t.Errorf("%+v", all[2])
	}
	if all[3].Index != 10 || all[3].ID != all[3].Node {
		t.Errorf("%+v", all[3])
	}
}

func TestCameraIsFound(t *testing.T) {
	m := newMachine(t)
	m.plug(0, "usb-C920-video-index0", &fakeCamera{card: "HD Pro Webcam C920"})
	m.plug(2, "usb-A-video-index0", &fakeCamera{card: "Twin"})
	m.plug(4, "usb-B-video-index0", &fakeCamera{card: "Twin"})
	m.plug(6, "", &fakeCamera{card: "Locked"})
	delete(m.cameras, filepath.Join(m.root, "dev/video6"))
	m.plug(7, "", &fakeCamera{card: "Broken", broken: unix.EIO})
	for _, c := range []struct {
		wanted, node, err string
		absent            bool // it may come: not permanent, unless it is required
	}{
		{"0", "video0", "", false}, {"/dev/video2", "video2", "", false}, {"/dev/v4l/by-id/usb-B-video-index0", "video4", "", false},
		{"hd pro webcam c920", "video0", "", false}, {"C920", "video0", "", false},
		{"Twin", "", "ambiguous", false}, {"HD Pro Webcam C92O", "", `did you mean "HD Pro Webcam C920"?`, true},
		{"9", "", "there are: HD Pro Webcam C920", true}, {"/dev/v4l/by-id/usb-C", "", "not found", true},
		{"6", "", "group video", false}, {"7", "", "VIDIOC_ENUM_FMT", true},
	} {
		f := finder{wanted: c.wanted, root: m.root, required: c.absent, open: m.open}
		if _, err := f.find(); c.err != "" && !reconnect.IsPermanent(err) {
			t.Errorf("%s, required: %v is not permanent", c.wanted, err)
		}
		f = finder{wanted: c.wanted, root: m.root, open: m.open}
		got, err := f.find()
		switch {
		case c.err == "" && (err != nil || filepath.Base(got.Node) != c.node):
			t.Errorf("%s: %s, %v", c.wanted, got.Node, err)
		case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err) || reconnect.IsPermanent(err) == c.absent):
			t.Errorf("%s: %v, want %q, permanent: %t", c.wanted, err, c.err, !c.absent)
		}
	}
}

// What is no camera at all is found by the name that the kernel shows: why it cannot be used is in its Problem.
func TestFind(t *testing.T) {
	m := newMachine(t)
	m.plug(3, "", &fakeCamera{card: "HD Pro Webcam C920"})
	for _, wanted := range []string{"c920", "3", "/dev/video3"} {
		if c, err := Find(m.root, wanted); err != nil || c.Node != m.root+"/dev/video3" || c.Problem == "" {
			t.Errorf("%s: %+v, %v", wanted, c, err)
		}
	}
	if _, err := Find(m.root, "C925"); err == nil || !strings.Contains(err.Error(), "there are: HD Pro Webcam C920") {
		t.Error(err)
	}
}

// A camera that was unplugged is waited for, and found under another number, where another camera has its own.
func TestCameraMoves(t *testing.T) {
	for _, id := range []string{"usb-C920-video-index0", ""} { // with udev and without
		m := newMachine(t)
		camera := &fakeCamera{card: "HD Pro Webcam C920", bus: "usb-0000:00:14.0-1"}
		m.plug(0, id, camera)
		f := finder{wanted: "0", root: m.root, open: m.open}
		if _, err := f.find(); err != nil {
			t.Fatal(err)
		}
		m.unplug(0, id)
		m.plug(0, "usb-other", &fakeCamera{card: "Other", bus: "usb-0000:00:14.0-2"})
		if c, err := f.find(); err == nil || reconnect.IsPermanent(err) {
			t.Errorf("id %q: found %s, %v; it is to be waited for", id, c.Node, err)
		}
		m.plug(5, id, camera)
		if c, err := f.find(); err != nil || c.Index != 5 {
			t.Errorf("id %q: found %s, %v", id, c.Node, err)
		}
	}
}

func TestChooseFormat(t *testing.T) {
	both := CameraInfo{Formats: []CameraFormat{yuyv, mjpg}}
	for _, c := range []struct {
		camera        CameraInfo
		wanted        string
		width, height int
		want          string
		fails         bool
	}{
		{both, "", 0, 0, "MJPG", false}, {both, "", 1920, 1080, "MJPG", false},
		{both, "", 320, 240, "", false}, // only as raw
		{both, "yuyv422", 0, 0, "YUYV", false}, {both, "mjpeg", 0, 0, "MJPG", false},
		{both, "H264", 0, 0, "", true},
		{CameraInfo{Formats: []CameraFormat{yuyv}}, "", 0, 0, "", false},
		{CameraInfo{}, "grey", 0, 0, "GREY", false}, // a driver that lists none
	} {
		got, err := chooseFormat(c.camera, c.wanted, c.width, c.height)
		if got != c.want || (err != nil) != c.fails {
			t.Errorf("%q at %dx%d: %q, %v; want %q", c.wanted, c.width, c.height, got, err, c.want)
		}
	}
	if !slices.ContainsFunc(yuyv.Sizes, func(s CameraSize) bool { return s.has(176, 128) }) || yuyv.Sizes[0].has(170, 128) || yuyv.Sizes[0].has(816, 600) {
		t.Error("the steps of sizes are not counted right")
	}
	contains(t, sizesText(both, ""), "160x120 to 800x600, 1920x1080, 640x480")
}
