package delegate

import (
	"archive/zip"
	"fmt"
	"io"

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

// mostPacked bounds a file that is packed into a model, in bytes.
const mostPacked = 16 << 20

// Packed reads a file that is packed into the model's: a ZIP archive behind the FlatBuffer holds it. It is at most 16 MiB.
func (d *Description) Packed(name string) ([]byte, error) {
	archive, err := zip.OpenReader(d.path)
	if err != nil {
		return nil, fmt.Errorf("its metadata name %s, but no files are packed into it: %w", name, err)
	}
	defer archive.Close()
	f, err := archive.Open(name)
	if err != nil {
		return nil, fmt.Errorf("its metadata name %s, which is not packed into it: %w", name, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, mostPacked+1))
	if err == nil && len(data) > mostPacked {
		err = fmt.Errorf("it has more than %d MiB", mostPacked>>20)
	}
	if err != nil {
		return nil, fmt.Errorf("%s, which is packed into it: %w", name, err)
	}
	return data, nil
}
