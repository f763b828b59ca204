//go:build unix

package annotate

import (
	"path/filepath"

	"golang.org/x/sys/unix"
)

// minSpace is what must be free on the disk before a frame is written: about what ffmpeg keeps in its buffers.
const minSpace = 256 << 10

// spaceLeft fails when the disk that path is on is full, so that this is found out while the video is written and not
// at its end. A file system that does not tell counts as having room.
func spaceLeft(path string) error {
	var st unix.Statfs_t
	if err := unix.Statfs(filepath.Dir(path), &st); err != nil || st.Blocks == 0 {
		return nil
	}
	if uint64(st.Bavail)*uint64(st.Bsize) < minSpace {
		return unix.ENOSPC
	}
	return nil
}
