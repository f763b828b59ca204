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

// fromMirror puts a file into dest from the mirror, by its sha256 or its name. It returns errAbsent when there is no
// mirror or when the mirror has neither.
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
		return fmt.Errorf("CORALLITE_MODEL_MIRROR: %s is no folder and no http(s) address", redact.Addresses(s.mirror))
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

// lacks is the error of a mirror that has none of the files, when nothing else may be asked; nil when the internet may.
func (s *Store) lacks(files ...wanted) error {
	if s.mirror == "" || s.internet {
		return nil
	}
	return &MirrorError{Mirror: redact.Addresses(s.mirror), files: files}
}

// wanted is a file that a mirror was asked for.
type wanted struct{ name, sum string }

func (w wanted) String() string {
	if w.sum == "" {
		return w.name
	}
	return w.name + " (or " + w.sum + ")"
}

// MirrorError is a mirror that does not have a file. The internet was not asked.
type MirrorError struct {
	Mirror string // the folder, or the address without what may be secret
	files  []wanted
}

func (e *MirrorError) Error() string {
	words := make([]string, len(e.files))
	for i, f := range e.files {
		words[i] = f.String()
	}
	return fmt.Sprintf("the mirror %s (CORALLITE_MODEL_MIRROR) does not have %s, and the internet is not asked while a mirror is set: "+
		"put the file there, or pull with --internet", e.Mirror, strings.Join(words, ", nor the package "))
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
		return s.adoptFrom(f, dest, onBytes)
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

// adoptFrom copies a file that nothing is known about, and records it.
func (s *Store) adoptFrom(f *os.File, dest string, onBytes counter) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() || info.Size() > maxUnknown {
		return fmt.Errorf("%s is no file of at most %s: not used", f.Name(), Bytes(maxUnknown))
	}
	sum, err := hashFile(f.Name())
	if err != nil {
		return err
	}
	// A part of a download is no use any more; the copy takes its place.
	part := dest + ".part"
	os.Remove(part + ".etag")
	if err := install(part, f, info.Size(), sum); err != nil {
		return storageError(err)
	}
	if err := adopt(part, dest, f.Name()); err != nil {
		return err
	}
	onBytes(info.Size(), info.Size())
	return nil
}
