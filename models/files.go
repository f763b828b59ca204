package models

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"corallite/internal/filesum"
	"corallite/internal/regfile"
)

func hasSize(path string, size int64) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Size() == size
}

// hashFile returns the sha256 of a file, in hexadecimal.
func hashFile(path string) (string, error) {
	f, err := regfile.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	return hash(f)
}

func hash(r io.Reader) (string, error) {
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// checkFile checks that a file exists with that size and sha256. Its errors are fs.ErrNotExist, a *HashError, or one of
// reading.
func checkFile(path string, size int64, sum string) error {
	_, err := examine(path, size, sum)
	return err
}

// examine is checkFile, and returns the identity the file had while it was read; the zero identity if it changed
// meanwhile.
func examine(path string, size int64, sum string) (identity, error) {
	f, err := regfile.Open(path)
	if err != nil {
		return identity{}, err
	}
	defer f.Close()
	before, err := filesum.Identify(f)
	if err != nil {
		return identity{}, err
	}
	got, err := hash(f)
	if err != nil {
		return identity{}, err
	}
	if before.Size != size || got != sum {
		return identity{}, &HashError{Path: path, SHA256: got, Want: sum}
	}
	if after, err := filesum.Identify(f); err != nil || after != before {
		return identity{}, err
	}
	return before, nil
}

// makeFolder makes a folder that only its owner can write to: whoever can write there can replace models.
func makeFolder(dir string) error { return os.MkdirAll(dir, 0o755) }

// create creates a file, removing an old one first, so that a planted symbolic link is not followed.
func create(path string) (*os.File, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	// World-readable: a service of another user may read the cache.
	return os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
}

// resume opens a partial download to append to it.
func resume(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	var st unix.Stat_t
	err = unix.Fstat(int(f.Fd()), &st)
	if err == nil && !ours(&st) {
		err = errors.New("is a link, or another user's file")
	}
	if err != nil {
		_ = f.Close()
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	return f, nil
}

// ours reports whether a file is a regular one of this user without other hard links, and so safe to write to.
func ours(st *unix.Stat_t) bool {
	return st.Mode&unix.S_IFMT == unix.S_IFREG && st.Nlink == 1 && int(st.Uid) == os.Geteuid()
}

// sizeOfOurs is the size of a file that resume can open; 0 if there is none.
func sizeOfOurs(path string) int64 {
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil || !ours(&st) {
		return 0
	}
	return st.Size
}

// install writes the content of r to dest atomically: to a temporary file that is synced, checked and renamed. The
// caller holds the lock that guards dest. After an error no file is left.
func install(dest string, r io.Reader, size int64, sum string) (err error) {
	if err := makeFolder(filepath.Dir(dest)); err != nil {
		return err
	}
	tmp := dest + ".tmp"
	f, err := create(tmp)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(tmp)
		}
	}()
	h := sha256.New()
	// One byte too many is enough to know that it is another file.
	n, err := io.Copy(io.MultiWriter(f, h), io.LimitReader(r, size+1))
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	if got := hex.EncodeToString(h.Sum(nil)); n != size || got != sum {
		return &HashError{Path: filepath.Base(dest), SHA256: got, Want: sum}
	}
	return move(tmp, dest)
}

// move renames a synced file and syncs the folder, so that the new name survives a power cut.
func move(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	d, err := os.Open(filepath.Dir(to))
	if err != nil {
		return err
	}
	defer d.Close()
	// Some file systems cannot sync a folder; the file is in place all the same.
	_ = d.Sync()
	return nil
}
