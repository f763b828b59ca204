// Package output is for long-running writers: advisory locks, so that a file has one writer, and writes that do not keep
// the program from ending when the reader of a pipe stalls.
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

// LockedError is an output that another writer has locked.
type LockedError struct {
	Path string
	PID  int // the process that holds the lock; 0: unknown
}

func (e *LockedError) Error() string {
	switch e.PID {
	case 0:
		return fmt.Sprintf("%s is being written by another process; choose another output, or stop that process", e.Path)
	case os.Getpid():
		return fmt.Sprintf("%s is being written by another output of this run; choose another one", e.Path)
	}
	return fmt.Sprintf("%s is being written by process %d; choose another output, or stop that process", e.Path, e.PID)
}

// Lock takes the advisory lock (flock) of an open file or folder, held until f is closed or the process ends. If another
// holds it, the error is a *LockedError that names path. It succeeds without a lock on file systems that have none, such
// as some network ones, and for what is neither a regular file nor a folder.
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

// LockFolder takes the lock of a folder. Closing the returned file releases it.
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

// holder returns the process that holds the lock of a file, from Linux's /proc/locks (proc(5)):
//
//	1: FLOCK  ADVISORY  WRITE 4711 08:01:131074 0 EOF
//
// 0 if unknown.
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
	// Some file systems show another device here than stat does, so only the inode is compared.
	inode := ":" + strconv.FormatUint(st.Ino, 10)
	for scan := bufio.NewScanner(locks); scan.Scan(); {
		if w := strings.Fields(scan.Text()); len(w) >= 6 && w[1] == "FLOCK" && strings.HasSuffix(w[5], inode) {
			pid, _ := strconv.Atoi(w[4]) // -1 and 0: in another container
			return max(pid, 0)
		}
	}
	return 0
}
