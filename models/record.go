package models

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"corallite/internal/regfile"
)

// maxUnknown limits, in bytes, files whose size the catalog does not know. The largest models compiled for the Edge TPU
// have about 40 MB.
const maxUnknown = 100_000_000

// pin is what a file is expected to be; an empty sum means that the sha256 is unknown.
type pin struct {
	sum    string // sha256
	size   int64
	record *Record // where the two come from; nil: the catalog
	blob   string  // git's object id, of the catalog; "": none
}

func (p pin) known() bool { return p.sum != "" }

// verifiable reports whether a download can be verified.
func (p pin) verifiable() bool { return p.known() || p.blob != "" }

// unproven reports whether the record was not made of a file with the catalog's object id: it is older than that id.
func (p pin) unproven() bool { return p.record != nil && p.blob != "" && p.record.GitBlob != p.blob }

// limit is the maximum number of bytes to accept.
func (p pin) limit() int64 {
	if p.known() {
		return p.size
	}
	return maxUnknown
}

// Record describes a downloaded file whose sha256 the catalog does not know. It is stored beside the file as
// FILE.record.json; from then on the file must match it.
type Record struct {
	SHA256  string    `json:"sha256"`
	Size    int64     `json:"size"` // bytes
	Date    time.Time `json:"date"`
	Address string    `json:"address"` // the source: an address without credentials, or a path in the mirror
	// GitBlob is git's object id that the file was verified by; empty: it was accepted unverified.
	GitBlob string `json:"git_blob,omitempty"`
}

func recordPlace(file string) string { return file + ".record.json" }

// readRecord reads the record of the file at path; nil if there is none.
func readRecord(path string) (*Record, error) {
	data, err := regfile.Read(recordPlace(path), 1<<16)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var r Record
	if json.Unmarshal(data, &r) != nil || !sha256Text.MatchString(r.SHA256) || r.Size <= 0 {
		return nil, fmt.Errorf("%s is not a valid download record: run `corallite models remove %s`, and pull the model again",
			recordPlace(path), filepath.Base(filepath.Dir(path)))
	}
	return &r, nil
}

// pin returns what an entry's file must be, from the catalog or else from its record.
func (s *Store) pin(e *Entry, f *File) (pin, error) {
	if f.SHA256 != "" {
		return pin{sum: f.SHA256, size: f.Size}, nil
	}
	r, err := readRecord(s.place(e, f))
	if r == nil || err != nil {
		return pin{blob: f.GitBlob}, err
	}
	return pin{sum: r.SHA256, size: r.Size, record: r, blob: f.GitBlob}, nil
}

// check reads an entry's file and compares its sha256; the result is remembered for checkOnce. Its errors are
// fs.ErrNotExist, a *HashError, or one of reading. A file without a known checksum does not count as existing, because
// it did not come by a pull.
func (s *Store) check(e *Entry, f *File) error {
	p, err := s.pin(e, f)
	if err != nil {
		return err
	}
	path := s.place(e, f)
	if !p.known() {
		return &fs.PathError{Op: "check", Path: path, Err: fs.ErrNotExist}
	}
	id, err := examine(path, p.size, p.sum)
	if err == nil && p.unproven() {
		// What was accepted before the catalog had the id.
		err = checkGitBlob(path, path, p.blob)
	}
	if err == nil {
		s.remember(e, f, p.sum, id)
		return nil
	}
	s.forget(e, f)
	var wrong *HashError
	if errors.As(err, &wrong) && !wrong.Git {
		wrong.Record = p.record
	}
	return err
}

// adopt writes the record of a complete download that had no known sha256, then moves the file into place. In this
// order, because a file without a record does not count as existing. A file that is not git's object of that id ("":
// any) is a *HashError.
func adopt(part, dest, address, blob string) error {
	err := plausible(part, dest)
	if err == nil && blob != "" {
		err = checkGitBlob(part, filepath.Base(dest), blob)
	}
	if err != nil {
		os.Remove(part)
		return err
	}
	sum, err := hashFile(part)
	if err != nil {
		return storageError(err)
	}
	info, err := os.Stat(part)
	if err != nil {
		return storageError(err)
	}
	if err := writeRecord(dest, Record{sum, info.Size(), time.Now().UTC().Truncate(time.Second), address, blob}); err != nil {
		return storageError(err)
	}
	return storageError(move(part, dest))
}

// writeRecord writes the record of the file at path.
func writeRecord(path string, r Record) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	data = append(data, '\n')
	own := sha256.Sum256(data)
	return install(recordPlace(path), bytes.NewReader(data), int64(len(data)), hex.EncodeToString(own[:]))
}

// plausible refuses content that cannot be the file: an HTML page, or a Git LFS pointer.
func plausible(part, dest string) error {
	data, err := regfile.Read(part, maxUnknown)
	if err != nil {
		return storageError(err)
	}
	switch {
	case len(data) == 0:
		return fmt.Errorf("the download of %s is empty", filepath.Base(dest))
	case strings.HasSuffix(dest, ".tflite") && (len(data) < 8 || string(data[4:8]) != "TFL3"):
		return fmt.Errorf("the download of %s is not a TensorFlow Lite model", filepath.Base(dest))
	case !strings.HasSuffix(dest, ".tflite") && (!utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0):
		return fmt.Errorf("the download of %s is not text", filepath.Base(dest))
	}
	return nil
}
