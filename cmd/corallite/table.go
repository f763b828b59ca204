package main

import (
	"errors"
	"io"
	"os"

	"corallite/pipeline"
	"corallite/pipeline/sink"
)

// tableFile is a table that goes into a file of its own.
type tableFile struct {
	*sink.Table
	file *os.File
}

// openTable makes a table on standard output ("-") or in a file.
func openTable(stdout io.Writer, path string, o sink.TableOptions) (pipeline.Sink, error) {
	if path == "-" || path == "" {
		return sink.NewTable(stdout, o), nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	return &tableFile{sink.NewTable(f, o), f}, nil
}

// Close writes the last line and closes the file.
func (t *tableFile) Close() error {
	if t.file == nil {
		return nil
	}
	err := errors.Join(t.Table.Close(), t.file.Close())
	t.file = nil
	return err
}
