package doctor

import (
	"fmt"
	"slices"
)

// cameras checks the configured cameras and those that the kernel shows.
func (e *examiner) cameras() {
	there := e.machine.match("/dev/video[0-9]*")
	for _, c := range e.Cameras {
		if !e.System.Node(c.Path).There {
			e.add(Finding{
				Check: Cameras, Subject: c.Path, Looked: []string{c.Path, "/dev/video*"}, State: Problem, ID: CameraMissing,
				Found: fmt.Sprintf("the camera %s is not there%s", c.Path, others(there)), Fix: []string{"v4l2-ctl --list-devices"},
				Advice: e.passCamera(c.Path), Stops: c.Pipelines,
			})
		} else if !slices.Contains(there, c.Path) {
			there = append(there, c.Path)
		}
	}
	if len(there) == 0 && len(e.Cameras) == 0 {
		e.skip(Cameras, "there is no camera", "/dev/video*")
	}
	allowed, denied := []string{}, Finding{}
	for _, path := range there {
		n := e.System.Node(path)
		if n.Denied == nil {
			allowed = append(allowed, path)
			continue
		}
		if denied.Subject != "" { // the first finding covers all: they have the same group
			denied.Looked = append(denied.Looked, path)
		} else {
			denied = Finding{Check: Cameras, Subject: path, Looked: []string{path}, State: Warning, ID: CameraPermission}
			owner := e.machine.groupName(n)
			denied.Found, denied.Fix, denied.Advice = e.machine.join(fmt.Sprintf("no permission for %s (%s, group %s)", path, n.Mode, owner), owner, n.GroupID)
			if inside := e.machine.container(); inside != noContainer {
				denied.Fix, denied.Advice = e.machine.joinInside(inside, n.GroupID)
			}
		}
		for _, c := range e.Cameras {
			if c.Path == path {
				denied.State = Problem
				denied.stop(c.Pipelines)
			}
		}
	}
	if len(allowed) > 0 {
		e.ok(Cameras, "", and(allowed)+" may be opened", allowed...)
	}
	if denied.Subject != "" {
		e.add(denied)
	}
}

func others(there []string) string {
	if len(there) == 0 {
		return ": there is none"
	}
	return "; there is " + and(there)
}

// passCamera says how to pass a camera to a container.
func (e *examiner) passCamera(path string) string {
	switch inside := e.machine.container(); inside {
	case noContainer:
		return "Numbers move when cameras are plugged in: /dev/v4l/by-id has names that stay."
	case docker:
		return fmt.Sprintf("Give it to the container: docker run --device %s --group-add video IMAGE", path)
	case podman:
		return fmt.Sprintf("Give it to the container: podman run --device %s --group-add keep-groups IMAGE", path)
	default:
		return "Give the container the host's " + path + "."
	}
}
