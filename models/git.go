package models

import (
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"corallite/internal/regfile"
)

// gitBlobID returns the id that git gives a file's content as an object ("blob"), in hexadecimal: the sha1 of "blob ",
// the size in decimal, a zero byte and the content (gitformat-loose, "Loose objects"; the format of repositories that do
// not use sha256). Nobody is known to be able to make a file for an id that exists; whoever made both files could.
func gitBlobID(path string) (string, error) {
	f, err := regfile.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	h := sha1.New()
	fmt.Fprintf(h, "blob %d\x00", info.Size())
	if n, err := io.Copy(h, f); err != nil || n != info.Size() {
		return "", errors.Join(err, fmt.Errorf("%s: read %d of %d bytes", path, n, info.Size()))
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// checkGitBlob returns a *HashError that names the file so if the file at path is not git's object of that id.
func checkGitBlob(path, name, want string) error {
	got, err := gitBlobID(path)
	if err != nil {
		return storageError(err)
	}
	if got != want {
		return &HashError{Path: name, SHA256: got, Want: want, Git: true}
	}
	return nil
}
