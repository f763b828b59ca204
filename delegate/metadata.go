package delegate

import (
	"archive/zip"
	"fmt"
	"io"
	"iter"
	"path"
	"slices"

	"corallite/tflite"
)

// Description is what a model's file says of its inputs and outputs.
type Description struct {
	*tflite.Metadata
	path string
}

// Describe reads what the file at Path says of the graph that is run in TensorFlow Lite Metadata; nil where it says
// nothing: they are of the main graph alone. Its errors, and those of Packed, do not name the model.
func (m *Model) Describe() (*Description, error) {
	d, err := m.one().model.DescribeEntry(m.signature)
	if err != nil {
		return nil, err
	}
	if d == nil {
		return nil, nil
	}
	return &Description{d, m.Path()}, nil
}

// mostDescribed bounds a description that an exporter packs into a model, in bytes: one with names of 20,000 classes has less.
const mostDescribed = 1 << 20

// Notes are the small files of text (.json, .yaml, .txt) that are packed into the model's file, by name: exporters describe a
// model in them. What cannot be read is left out.
func (m *Model) Notes() iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		archive, err := zip.OpenReader(m.Path())
		if err != nil {
			return // mostly there is none
		}
		defer archive.Close()
		for _, f := range archive.File {
			if !slices.Contains([]string{".json", ".yaml", ".txt"}, path.Ext(f.Name)) || f.UncompressedSize64 > mostDescribed {
				continue
			}
			if text, err := unpacked(f, mostDescribed); err == nil && !yield(f.Name, text) {
				return
			}
		}
	}
}

// unpacked is a packed file of at most so many bytes.
func unpacked(f *zip.File, most int64) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && int64(len(data)) > most {
		err = fmt.Errorf("it has more than %d MiB", most>>20)
	}
	return data, err
}

// mostPacked bounds a file that is packed into a model, in bytes.
const mostPacked = 16 << 20

// Packed reads a file that is packed into the model's: a ZIP archive behind the FlatBuffer holds it. It is at most 16 MiB.
func (d *Description) Packed(name string) ([]byte, error) {
	archive, err := zip.OpenReader(d.path)
	if err != nil {
		return nil, fmt.Errorf("its metadata name %s, but no files are packed into it: %w", name, err)
	}
	defer archive.Close()
	i := slices.IndexFunc(archive.File, func(f *zip.File) bool { return f.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("its metadata name %s, which is not packed into it", name)
	}
	data, err := unpacked(archive.File[i], mostPacked)
	if err != nil {
		return nil, fmt.Errorf("%s, which is packed into it: %w", name, err)
	}
	return data, nil
}
