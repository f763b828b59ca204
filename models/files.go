package models

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

func hasSize(path string, size int64) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Size() == size
}

// hashFile is the sha256 of a file, in hexadecimal.
func hashFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// checkFile says whether a file is there with that size and sha256: fs.ErrNotExist, a *HashError, or another error.
func checkFile(path string, size int64, sum string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return &fs.PathError{Op: "read", Path: path, Err: errors.New("is not a file")}
	}
	got, err := hashFile(path)
	if err != nil {
		return err
	}
	if info.Size() != size || got != sum {
		return &HashError{Path: path, SHA256: got, Want: sum}
	}
	return nil
}

// install writes what r gives to dest in one step: to a file beside it first, which is flushed to the disk, checked
// and moved. The file is dest's alone while the caller holds the lock that guards dest. On an error nothing is left.
func install(dest string, r io.Reader, size int64, sum string) (err error) {
	if err := os.MkdirAll(filepath.Dir(dest), 0o777); err != nil {
		return err
	}
	tmp := dest + ".tmp"
	// 0666 and the user's umask, not a private temporary file: a service of another user may read the cache.
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o666)
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
