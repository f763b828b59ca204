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

	"corallite/internal/regfile"
)

func hasSize(path string, size int64) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Size() == size
}

// hashFile is the sha256 of a file, in hexadecimal.
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

// checkFile says whether a file is there with that size and sha256: fs.ErrNotExist, a *HashError, or another error.
func checkFile(path string, size int64, sum string) error {
	_, err := examine(path, size, sum)
	return err
}

// examine is checkFile, and says what the file was while it was read; the zero identity when it changed meanwhile.
func examine(path string, size int64, sum string) (identity, error) {
	f, err := regfile.Open(path)
	if err != nil {
		return identity{}, err
	}
	defer f.Close()
	before, err := identify(f)
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
	if after, err := identify(f); err != nil || after != before {
		return identity{}, err
	}
	return before, nil
}

// makeFolder makes a folder that others may read and only its owner may write: who can write there can replace models.
func makeFolder(dir string) error { return os.MkdirAll(dir, 0o755) }

// create makes a file anew. What lies in its place is taken away first, so that a link that somebody planted there is
// not followed.
func create(path string) (*os.File, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	// Not a private file: a service of another user may read the cache.
	return os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
}

// resume opens a file of ours to write behind what it has.
func resume(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	var st unix.Stat_t
	err = unix.Fstat(int(f.Fd()), &st)
	if err == nil && !ours(&st) {
		err = errors.New("is a link, or somebody else's")
	}
	if err != nil {
		_ = f.Close()
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	return f, nil
}

// ours says whether a file is a regular one of this user that has no other name: one that may be written on.
func ours(st *unix.Stat_t) bool {
	return st.Mode&unix.S_IFMT == unix.S_IFREG && st.Nlink == 1 && int(st.Uid) == os.Geteuid()
}

// sizeOfOurs is the size of a file that resume opens; 0 for any other, or none.
func sizeOfOurs(path string) int64 {
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil || !ours(&st) {
		return 0
	}
	return st.Size
}

// install writes what r gives to dest in one step: to a file beside it first, which is flushed to the disk, checked
// and moved. The file is dest's alone while the caller holds the lock that guards dest. On an error nothing is left.
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
	// One byte more than expected is enough to know that it is another file.
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

// move renames a flushed file to its place, and flushes the folder so that the name outlives a power cut.
func move(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	d, err := os.Open(filepath.Dir(to))
	if err != nil {
		return err
	}
	defer d.Close()
	// Some file systems cannot flush a folder; the file is in its place all the same.
	_ = d.Sync()
	return nil
}
