package models

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"corallite/internal/redact"
	"corallite/internal/regfile"
)

// fromMirror fetches a file from the mirror into dest, by its sha256 or its name. It returns errAbsent if there is no
// mirror or the mirror has neither.
func (s *Store) fromMirror(ctx context.Context, dest, name string, p pin, onBytes counter) error {
	if s.mirror == "" {
		return errAbsent
	}
	fetch := s.copyFrom
	if isAddress(s.mirror) {
		fetch = func(ctx context.Context, name, dest string, p pin, onBytes counter) error {
			return s.download(ctx, strings.TrimSuffix(s.mirror, "/")+"/"+url.PathEscape(name), dest, p, onBytes)
		}
	} else if info, err := os.Stat(s.mirrorFolder()); err != nil || !info.IsDir() {
		return fmt.Errorf("CORALLITE_MODEL_MIRROR: %s is neither a folder nor an http(s) address", redact.Addresses(s.mirror))
	}
	for _, word := range []string{p.sum, name} {
		if word == "" {
			continue
		}
		err := fetch(ctx, word, dest, p, onBytes)
		if err == nil {
			return nil
		}
		if !errors.Is(err, errAbsent) {
			return fmt.Errorf("mirror: %w", err)
		}
	}
	return errAbsent
}

// mirrorOnly is the error for files that the mirror lacks; nil if the internet may be asked.
func (s *Store) mirrorOnly(files ...wanted) error {
	if s.mirror == "" || s.internet {
		return nil
	}
	return &MirrorError{Mirror: redact.Addresses(s.mirror), files: files}
}

// wanted is a file that was requested from a mirror.
type wanted struct{ name, sum string }

func (w wanted) String() string {
	if w.sum == "" {
		return w.name
	}
	return w.name + " (or " + w.sum + ")"
}

// MirrorError is a file that the mirror lacks, while the internet is not asked.
type MirrorError struct {
	Mirror string // the folder, or the address without credentials
	files  []wanted
}

func (e *MirrorError) Error() string {
	words := make([]string, len(e.files))
	for i, f := range e.files {
		words[i] = f.String()
	}
	return fmt.Sprintf("the mirror %s (CORALLITE_MODEL_MIRROR) does not have %s; while a mirror is set, nothing is downloaded from the internet: "+
		"add the file to the mirror, or pull with --internet", e.Mirror, strings.Join(words, ", nor the package "))
}

func isAddress(mirror string) bool {
	lower := strings.ToLower(mirror)
	return strings.HasPrefix(lower, "http://") || strings.HasPrefix(lower, "https://")
}

func (s *Store) mirrorFolder() string { return strings.TrimPrefix(s.mirror, "file://") }

func (s *Store) copyFrom(_ context.Context, name, dest string, p pin, onBytes counter) error {
	path := filepath.Join(s.mirrorFolder(), name)
	f, err := regfile.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return errAbsent
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if !p.known() {
		return s.adoptFrom(f, dest, p.blob, onBytes)
	}
	err = install(dest, f, p.size, p.sum)
	var wrong *HashError
	if errors.As(err, &wrong) {
		wrong.Path, wrong.Record = path, p.record
		return wrong
	}
	if err != nil {
		return storageError(err)
	}
	onBytes(p.size, p.size)
	return nil
}

// adoptFrom copies a file without a known sha256, and records it; blob is git's object id of it, or "".
func (s *Store) adoptFrom(f *os.File, dest, blob string, onBytes counter) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() || info.Size() > maxUnknown {
		return fmt.Errorf("%s is not a regular file of at most %s", f.Name(), Bytes(maxUnknown))
	}
	sum, err := hashFile(f.Name())
	if err != nil {
		return err
	}
	// The copy replaces a partial download.
	part := dest + ".part"
	os.Remove(part + ".etag")
	if err := install(part, f, info.Size(), sum); err != nil {
		return storageError(err)
	}
	if err := adopt(part, dest, f.Name(), blob); err != nil {
		return err
	}
	onBytes(info.Size(), info.Size())
	return nil
}
