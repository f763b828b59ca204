// Package output holds what programs that write files for hours, and to readers that may stand still, must see to:
// one writer a file, and an end that comes although nobody reads.
package output

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// LockedError is an output that somebody else writes.
type LockedError struct {
	Path string
	PID  int // the process that has it; 0 where the system does not tell
}

func (e *LockedError) Error() string {
	switch e.PID {
	case 0:
		return fmt.Sprintf("%s is being written by another process; choose another output, or end that process", e.Path)
	case os.Getpid():
		return fmt.Sprintf("%s is being written by another output of this run; choose another one", e.Path)
	}
	return fmt.Sprintf("%s is being written by process %d; choose another output, or end that process", e.Path, e.PID)
}

// Lock takes the advisory lock (flock) of an open file or folder, until f is closed or the process ends. When it is
// taken, the error is a *LockedError that names path. File systems without locks, as some on a network, and what is
// neither file nor folder count as free.
func Lock(f *os.File, path string) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() && !info.IsDir() {
		return nil
	}
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.EWOULDBLOCK):
			return &LockedError{Path: path, PID: holder(f)}
		}
		return nil
	}
}

// LockFolder takes the lock of a folder. Closing the file frees it.
func LockFolder(path string) (*os.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if err := Lock(f, path); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// holder is the process that has the lock of a file, as Linux tells it in /proc/locks (proc(5)):
//
//	1: FLOCK  ADVISORY  WRITE 4711 08:01:131074 0 EOF
//
// 0 when that is not known.
func holder(f *os.File) int {
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return 0
	}
	locks, err := os.Open("/proc/locks")
	if err != nil {
		return 0
	}
	defer locks.Close()
	// Some file systems show another device here than stat does, so the number of the file alone must do.
	inode := ":" + strconv.FormatUint(st.Ino, 10)
	for scan := bufio.NewScanner(locks); scan.Scan(); {
		if w := strings.Fields(scan.Text()); len(w) >= 6 && w[1] == "FLOCK" && strings.HasSuffix(w[5], inode) {
			pid, _ := strconv.Atoi(w[4]) // -1 and 0: in another container
			return max(pid, 0)
		}
	}
	return 0
}
