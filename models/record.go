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

// maxUnknown is the most bytes that a file may have whose size the catalog does not know. The largest models that are
// compiled for the Edge TPU have about 40 MB.
const maxUnknown = 100_000_000

// pin is what a file must be. Without a sum nothing is known about it.
type pin struct {
	sum    string // sha256
	size   int64
	record *Record // where the two are from; nil: the catalog
}

func (p pin) known() bool { return p.sum != "" }

// limit is the most bytes that are taken.
func (p pin) limit() int64 {
	if p.known() {
		return p.size
	}
	return maxUnknown
}

// Record is what came for a file whose sha256 the catalog does not know. It lies beside the file as FILE.record.json;
// from then on the file must be the one that came.
type Record struct {
	SHA256  string    `json:"sha256"`
	Size    int64     `json:"size"` // bytes
	Date    time.Time `json:"date"`
	Address string    `json:"address"` // where it came from: the address, without what may be secret, or the mirror's path
}

func recordPlace(file string) string { return file + ".record.json" }

// readRecord reads the record of the file at path; nil when there is none.
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
		return nil, fmt.Errorf("%s is no record of a download: take the model out with `corallite models remove %s`, and pull it again",
			recordPlace(path), filepath.Base(filepath.Dir(path)))
	}
	return &r, nil
}

// pin says what the file of an entry must be: as the catalog says, else as its record says.
func (s *Store) pin(e *Entry, f *File) (pin, error) {
	if f.SHA256 != "" {
		return pin{sum: f.SHA256, size: f.Size}, nil
	}
	r, err := readRecord(s.place(e, f))
	if r == nil || err != nil {
		return pin{}, err
	}
	return pin{sum: r.SHA256, size: r.Size, record: r}, nil
}

// check reads a file of an entry and says whether it is there and the right one: fs.ErrNotExist, a *HashError, or
// another error. It is remembered for checkOnce.
// A file that nothing is known about is not there: what lies in its place did not come by a pull.
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
	if err == nil {
		s.remember(e, f, p.sum, id)
		return nil
	}
	s.forget(e, f)
	var wrong *HashError
	if errors.As(err, &wrong) {
		wrong.Record = p.record
	}
	return err
}

// adopt writes the record of a whole file that nothing was known about, and moves it in its place. The record comes
// first: a file without one would be taken for a stranger's.
func adopt(part, dest, address string) error {
	if err := plausible(part, dest); err != nil {
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
	data, err := json.MarshalIndent(Record{sum, info.Size(), time.Now().UTC().Truncate(time.Second), address}, "", "  ")
	if err != nil {
		return err
	}
	data = append(data, '\n')
	own := sha256.Sum256(data)
	if err := install(recordPlace(dest), bytes.NewReader(data), int64(len(data)), hex.EncodeToString(own[:])); err != nil {
		return storageError(err)
	}
	return storageError(move(part, dest))
}

// plausible refuses what cannot be the file: a server's page of words, or the pointer of a large-file store.
func plausible(part, dest string) error {
	data, err := regfile.Read(part, maxUnknown)
	if err != nil {
		return storageError(err)
	}
	switch {
	case len(data) == 0:
		return fmt.Errorf("%s came empty: not used", filepath.Base(dest))
	case strings.HasSuffix(dest, ".tflite") && (len(data) < 8 || string(data[4:8]) != "TFL3"):
		return fmt.Errorf("what came is no TensorFlow Lite model: not used as %s", filepath.Base(dest))
	case !strings.HasSuffix(dest, ".tflite") && (!utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0):
		return fmt.Errorf("what came is no text: not used as %s", filepath.Base(dest))
	}
	return nil
}
