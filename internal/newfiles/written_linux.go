package newfiles

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// BeingWritten reports whether a program has the file open for writing. Linux says so when it refuses a read lease
// (fcntl(2), F_SETLEASE); it grants leases on own files only, and not in all file systems: of others nothing is known, and
// the answer is false.
func BeingWritten(path string) bool {
	// O_NONBLOCK: a file that has become a pipe must not stop the program.
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return false
	}
	defer f.Close()
	_, err = unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_RDLCK)
	if err == nil {
		_, err = unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_UNLCK)
	}
	return errors.Is(err, unix.EAGAIN)
}
