package edgetpu

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// Node is a device file: what opening a device opens.
type Node struct {
	Path    string      // "/dev/bus/usb/002/007", "/dev/apex_0"; "" when the device is gone
	There   bool        // whether the file is there
	Denied  error       // why this process may not read and write it; nil: it may, or the file is not there
	Mode    fs.FileMode // permissions
	Group   string      // the owning group: its name, or its number where it has no name here
	GroupID int         // -1: not known
	Holders []Holder    // other processes that have it open; those of other users show only to root
}

// Holder is a process that has a device file open.
type Holder struct {
	PID  int
	Name string // of its program, as in /proc/PID/comm
}

// String is "4242 (frigate)".
func (h Holder) String() string { return fmt.Sprintf("%d (%s)", h.PID, h.Name) }

// Node looks at a device file. "" gives a Node that is not there.
func (s System) Node(path string) Node {
	n := Node{Path: path, GroupID: -1}
	if path == "" {
		return n
	}
	info, err := os.Stat(s.Root + path)
	if errors.Is(err, fs.ErrNotExist) {
		return n
	}
	n.There = true
	n.Denied = s.access(path)
	if err != nil {
		return n
	}
	n.Mode = info.Mode().Perm()
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		n.GroupID = int(stat.Gid)
		n.Group = strconv.Itoa(n.GroupID)
		if g, err := user.LookupGroupId(n.Group); err == nil {
			n.Group = g.Name
		}
	}
	n.Holders = s.holders(path)
	return n
}

// belongsTo says which group may use the file: who has no permission mostly wants to join it.
func (n Node) belongsTo() string {
	if n.GroupID < 0 {
		return ""
	}
	return fmt.Sprintf(" (%s, group %s)", n.Mode, n.Group)
}

// holders gives the other processes that have a file open. Those of other users show only to root.
func (s System) holders(path string) []Holder {
	var holders []Holder
	for _, proc := range s.glob("/proc/[0-9]*") {
		pid, err := strconv.Atoi(filepath.Base(proc))
		if err != nil || s.Root == "" && pid == os.Getpid() { // libedgetpu shares a device within a process
			continue
		}
		for _, fd := range s.glob(proc + "/fd/*") {
			if target, err := os.Readlink(s.Root + fd); err == nil && target == path {
				holders = append(holders, Holder{pid, s.line(proc + "/comm")})
				break
			}
		}
	}
	return holders
}
