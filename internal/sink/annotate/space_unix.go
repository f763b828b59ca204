//go:build unix

package annotate

import (
	"path/filepath"

	"golang.org/x/sys/unix"
)

// minSpace is the free disk space required to start a video: on a nearly full disk the header may fit, but not the
// first second after it.
const minSpace = 256 << 10

// spaceLeft fails if the disk of path has less than minSpace plus that many bytes free. A file system that does not
// report its free space counts as having enough.
func spaceLeft(path string, more int64) error {
	var st unix.Statfs_t
	if err := unix.Statfs(filepath.Dir(path), &st); err != nil || st.Blocks == 0 {
		return nil
	}
	if uint64(st.Bavail)*uint64(st.Bsize) < minSpace+uint64(more) {
		return unix.ENOSPC
	}
	return nil
}
