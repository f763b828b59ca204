//go:build unix

package annotate

import (
	"path/filepath"

	"golang.org/x/sys/unix"
)

// minSpace is what must be free on the disk before a video is begun: a header fits on many a full disk, the first second
// after it does not.
const minSpace = 256 << 10

// spaceLeft fails when the disk that path is on has no room for minSpace and that many bytes more. A file system that does not tell counts as having room.
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
