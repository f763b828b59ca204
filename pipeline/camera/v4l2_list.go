package camera

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"corallite/internal/didyoumean"
	"corallite/internal/reconnect"
	"corallite/internal/regfile"
)

// CameraInfo is a V4L2 camera.
type CameraInfo struct {
	Name    string         `json:"name"`           // of the card: "HD Pro Webcam C920"
	Node    string         `json:"node"`           // "/dev/video0"; may change with the next boot
	ID      string         `json:"id"`             // stable name: in /dev/v4l/by-id, else in by-path, else Node
	Path    string         `json:"path,omitempty"` // in /dev/v4l/by-path: the port that it is plugged into
	Index   int            `json:"index"`          // number of Node
	Driver  string         `json:"driver,omitempty"`
	Bus     string         `json:"bus,omitempty"` // "usb-0000:00:14.0-1"
	Formats []CameraFormat `json:"formats"`
	Problem string         `json:"problem,omitempty"` // why it cannot be used, and what to do

	denied bool // Problem is a missing permission
}

// Cameras lists the V4L2 cameras below root's sys/class/video4linux and dev, sorted by number; root "" is "/". Nodes without
// pictures (metadata, encoders) are omitted. A camera that cannot be opened is listed with its Problem. Having no camera
// is not an error.
func Cameras(root string) ([]CameraInfo, error) { return listCameras(root, openDriver) }

func listCameras(root string, open func(node string) (driver, error)) ([]CameraInfo, error) {
	if root == "" {
		root = "/"
	}
	folder := filepath.Join(root, "sys/class/video4linux")
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("listing cameras: %w", err)
	}
	ids, paths := linksTo(root, "by-id"), linksTo(root, "by-path")
	var all []CameraInfo
	for _, e := range entries {
		number, isVideo := strings.CutPrefix(e.Name(), "video")
		index, err := strconv.Atoi(number)
		if !isVideo || err != nil {
			continue
		}
		c := CameraInfo{Index: index, Node: filepath.Join(root, "dev", e.Name()), Formats: []CameraFormat{}}
		if name, err := os.ReadFile(filepath.Join(folder, e.Name(), "name")); err == nil {
			c.Name = strings.TrimSpace(string(name))
		}
		c.Path, c.ID = paths[c.Node], ids[c.Node]
		if c.ID == "" {
			c.ID = c.Path
		}
		if c.ID == "" {
			c.ID = c.Node
		}
		if c.probe(open) {
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(a, b CameraInfo) int { return a.Index - b.Index })
	return all, nil
}

// probe queries the device; false: it is not a camera.
func (c *CameraInfo) probe(open func(node string) (driver, error)) bool {
	d, err := open(c.Node)
	if err != nil {
		c.Problem, c.denied = openProblem(err), errors.Is(err, fs.ErrPermission)
		return true
	}
	defer d.Close()
	can, err := queryCapability(d)
	if err != nil {
		c.Problem = err.Error()
		return true
	}
	if !can.Captures {
		return false
	}
	if can.Card != "" {
		c.Name = can.Card
	}
	c.Driver, c.Bus = can.Driver, can.Bus
	if c.Formats, err = queryFormats(d); err != nil {
		c.Problem = err.Error()
	}
	if c.Formats == nil {
		c.Formats = []CameraFormat{}
	}
	return true
}

func openProblem(err error) string {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return "permission denied: add the user to the group video (sudo usermod -aG video \"$USER\") and log in again"
	case errors.Is(err, fs.ErrNotExist):
		return "the kernel shows it, but its file in /dev is missing: in a container, pass the device through"
	}
	return regfile.Cause(err).Error()
}

// linksTo returns the links in a folder of /dev/v4l by the node that they point to; of several the first by name.
func linksTo(root, folder string) map[string]string {
	folder = filepath.Join(root, "dev/v4l", folder)
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil // udev creates it with the first camera
	}
	links := map[string]string{}
	for _, e := range entries {
		link := filepath.Join(folder, e.Name())
		target, err := os.Readlink(link)
		if err != nil {
			continue
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(folder, target)
		}
		if links[target] == "" {
			links[target] = link
		}
	}
	return links
}

// Find returns a camera by its number, by a path in /dev, by its name, or by a part of the name that only one camera has. The
// error lists the cameras that there are. root is as for Cameras.
func Find(root, wanted string) (CameraInfo, error) { return findCamera(root, wanted, openDriver) }

func findCamera(root, wanted string, open func(node string) (driver, error)) (CameraInfo, error) {
	all, err := listCameras(root, open)
	if err != nil {
		return CameraInfo{}, err
	}
	return pick(all, root, wanted)
}

// finder finds a camera again, even under another number.
type finder struct {
	wanted   string
	root     string
	required bool // its absence is a permanent error
	open     func(node string) (driver, error)
	known    *CameraInfo // as found first; nil: not found yet
}

// find finds the camera. An ambiguous name and a missing permission are permanent errors, which plugging in does not mend.
func (f *finder) find() (CameraInfo, error) {
	if f.known != nil {
		all, err := listCameras(f.root, f.open)
		if err != nil {
			return CameraInfo{}, err
		}
		for _, c := range all {
			if f.known.same(c) {
				return c, nil
			}
		}
		return CameraInfo{}, fmt.Errorf("the camera is unplugged (%s)", f.known)
	}
	c, err := findCamera(f.root, f.wanted, f.open)
	if err == nil && c.Problem != "" {
		err = fmt.Errorf("%s (%s): %s", c.Node, c.Name, c.Problem)
		if c.denied {
			err = reconnect.Permanent(err)
		}
	}
	switch {
	case err != nil && f.required:
		return CameraInfo{}, reconnect.Permanent(err)
	case err != nil:
		return CameraInfo{}, err
	}
	f.known = &c
	return c, nil
}

// same reports whether two are the same camera, by the stable name, which without udev is the name and the port.
func (c CameraInfo) same(other CameraInfo) bool {
	if c.ID == c.Node && c.Bus != "" {
		return c.Name == other.Name && c.Bus == other.Bus
	}
	return c.ID == other.ID
}

// pick implements Find for a list of cameras.
func pick(all []CameraInfo, root, wanted string) (CameraInfo, error) {
	if index, err := strconv.Atoi(wanted); err == nil {
		return only(all, wanted, func(c CameraInfo) bool { return c.Index == index })
	}
	if strings.Contains(wanted, "/") {
		path := filepath.Join(root, wanted)
		if target, err := filepath.EvalSymlinks(path); err == nil {
			path = target
		}
		node := func(c CameraInfo) string {
			if target, err := filepath.EvalSymlinks(c.Node); err == nil {
				return target
			}
			return c.Node
		}
		return only(all, wanted, func(c CameraInfo) bool { return node(c) == path })
	}
	if c, err := only(all, wanted, func(c CameraInfo) bool { return strings.EqualFold(c.Name, wanted) }); err == nil {
		return c, nil
	}
	return only(all, wanted, func(c CameraInfo) bool { return strings.Contains(strings.ToLower(c.Name), strings.ToLower(wanted)) })
}

// only returns the one camera that fits.
func only(all []CameraInfo, wanted string, fits func(CameraInfo) bool) (CameraInfo, error) {
	var found, names []string
	var it CameraInfo
	for _, c := range all {
		names = append(names, c.Name)
		if fits(c) {
			it = c
			found = append(found, c.String())
		}
	}
	switch {
	case len(found) == 1:
		return it, nil
	case len(found) > 1:
		return it, reconnect.Permanent(fmt.Errorf("camera %q is ambiguous: %s; use the path in brackets", wanted, strings.Join(found, ", ")))
	case len(all) == 0:
		return it, fmt.Errorf("no camera found (looked for %q)", wanted)
	}
	text := fmt.Sprintf("camera %q not found", wanted)
	if near := didyoumean.Suggest(wanted, names); near != "" {
		text += fmt.Sprintf(" (did you mean %q?)", near)
	}
	for _, c := range all {
		found = append(found, c.String())
	}
	return it, fmt.Errorf("%s; there are: %s", text, strings.Join(found, ", "))
}

// String returns the name and the stable path of the camera.
func (c CameraInfo) String() string { return fmt.Sprintf("%s (%s)", c.Name, c.ID) }
