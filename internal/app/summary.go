package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"corallite/internal/output"
)

// SummaryFile is where the summary of a run goes: "" nowhere, "-" to standard output. A file gets its name when it is
// complete; what is no file, a pipe or a device, is written as it is.
type SummaryFile string

// check fails when the summary could not be written, so that a run of hours is not lost to a folder that does not exist.
func (s SummaryFile) check() error {
	if s == "" || s == "-" {
		return nil
	}
	switch info, err := os.Stat(string(s)); {
	case err == nil && info.IsDir():
		return s.fail(errors.New("is a folder (want a file name)"))
	case err == nil && !info.Mode().IsRegular():
		return nil
	}
	part, err := s.create()
	if err != nil {
		return s.fail(err)
	}
	if err := errors.Join(part.Close(), os.Remove(part.Name())); err != nil {
		return s.fail(err)
	}
	return nil
}

// create makes a file beside the summary's place.
func (s SummaryFile) create() (*os.File, error) {
	return os.CreateTemp(filepath.Dir(string(s)), "."+filepath.Base(string(s))+".*.part")
}

// fail names the summary in an error of the system, which may name a file that the user does not know.
func (s SummaryFile) fail(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	return fmt.Errorf("summary %s: %w", string(s), err)
}

// write writes the summary. ctx ends when the run is to end: a pipe that nobody reads is then not waited for.
func (s SummaryFile) write(ctx context.Context, summaries any, stdout io.Writer) error {
	if s == "" {
		return nil
	}
	text, err := json.MarshalIndent(summaries, "", "  ")
	if err != nil {
		return s.fail(err)
	}
	text = append(text, '\n')
	if s == "-" {
		_, err := stdout.Write(text)
		return err
	}
	if info, err := os.Stat(string(s)); err == nil && !info.Mode().IsRegular() {
		return s.pour(ctx, info, text)
	}
	part, err := s.create()
	if err != nil {
		return s.fail(err)
	}
	// CreateTemp's file is for its owner only.
	err = errors.Join(part.Chmod(0o644), fill(part, text))
	if err == nil {
		err = os.Rename(part.Name(), string(s))
	}
	if err != nil {
		return s.fail(errors.Join(err, os.Remove(part.Name())))
	}
	return nil
}

// pour writes text into what is no file.
func (s SummaryFile) pour(ctx context.Context, info fs.FileInfo, text []byte) error {
	var f *os.File
	var err error
	if info.Mode()&fs.ModeNamedPipe != 0 {
		f, err = output.OpenPipe(ctx, string(s))
	} else {
		f, err = os.OpenFile(string(s), os.O_WRONLY, 0)
	}
	if err == nil {
		_, err = output.NewWriter(ctx, f).Write(text)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return s.fail(err)
	}
	return nil
}

// fill writes text into a file and closes it.
func fill(f *os.File, text []byte) error {
	_, err := f.Write(text)
	return errors.Join(err, f.Close())
}
