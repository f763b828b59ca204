package tflitefile

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
)

// Packed is a file in the archive behind a model.
type Packed struct {
	Header zip.FileHeader
	raw    []byte // compressed as the header says
}

// maxPacked bounds an unpacked file, in bytes.
const maxPacked = 16 << 20

// Name is the file's.
func (p *Packed) Name() string { return p.Header.Name }

// readPacked reads what stands behind the FlatBuffer, which ends at end or before the next multiple of 16.
func (m *Model) readPacked(file []byte, end int) error {
	archive, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if errors.Is(err, zip.ErrFormat) {
		if rest := file[end:]; len(bytes.Trim(rest, "\x00")) > 0 {
			m.Trailing = bytes.Clone(rest)
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("the archive behind the model: %w", err)
	}
	m.archived, m.comment = true, archive.Comment
	for _, f := range archive.File {
		at, err := f.DataOffset()
		if err == nil && at < int64(end) {
			err = errors.New("it overlaps the model")
		}
		if err != nil {
			return fmt.Errorf("%s, which is packed into the model: %w", f.Name, err)
		}
		if f.CompressedSize64 > uint64(len(file)) || uint64(at) > uint64(len(file))-f.CompressedSize64 {
			return fmt.Errorf("%s, which is packed into the model, is cut off", f.Name)
		}
		m.Packed = append(m.Packed, Packed{Header: f.FileHeader, raw: bytes.Clone(file[at : at+int64(f.CompressedSize64)])})
	}
	return nil
}

// appendPacked writes what stands behind the FlatBuffer. Packed files keep their bytes as they are compressed.
func (m *Model) appendPacked(file []byte) ([]byte, error) {
	if len(m.Packed) == 0 && !m.archived {
		return append(file, m.Trailing...), nil
	}
	out := bytes.NewBuffer(file)
	w := zip.NewWriter(out)
	w.SetOffset(int64(out.Len()))
	for _, p := range m.Packed {
		h := p.Header
		to, err := w.CreateRaw(&h)
		if err == nil {
			_, err = to.Write(p.raw)
		}
		if err != nil {
			return nil, fmt.Errorf("packing %s into the model: %w", p.Name(), err)
		}
	}
	if err := errors.Join(w.SetComment(m.comment), w.Close()); err != nil {
		return nil, fmt.Errorf("packing files into the model: %w", err)
	}
	return out.Bytes(), nil
}

// Unpack is the contents of a packed file, of at most 16 MiB.
func (m *Model) Unpack(name string) ([]byte, error) {
	i := slices.IndexFunc(m.Packed, func(p Packed) bool { return p.Name() == name })
	if i < 0 {
		return nil, fmt.Errorf("no file %s is packed into the model", name)
	}
	alone := &Model{Packed: m.Packed[i : i+1]}
	b, err := alone.appendPacked(nil)
	if err != nil {
		return nil, err
	}
	archive, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, fmt.Errorf("%s, which is packed into the model: %w", name, err)
	}
	r, err := archive.File[0].Open()
	if err != nil {
		return nil, fmt.Errorf("%s, which is packed into the model: %w", name, err)
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, maxPacked+1))
	if err == nil && len(data) > maxPacked {
		err = fmt.Errorf("it has more than %d MiB", maxPacked>>20)
	}
	if err != nil {
		return nil, fmt.Errorf("%s, which is packed into the model: %w", name, err)
	}
	return data, nil
}

// Pack puts a file into the model, in the place of one of that name. It is stored uncompressed, as other readers of models
// want it: they map it into memory.
func (m *Model) Pack(name string, data []byte) error {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	to, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
	if err == nil {
		_, err = to.Write(data)
	}
	if err = errors.Join(err, w.Close()); err != nil {
		return fmt.Errorf("packing %s: %w", name, err)
	}
	one := &Model{}
	if err := one.readPacked(b.Bytes(), 0); err != nil {
		return err
	}
	if i := slices.IndexFunc(m.Packed, func(p Packed) bool { return p.Name() == name }); i >= 0 {
		m.Packed[i] = one.Packed[0]
	} else {
		m.Packed = append(m.Packed, one.Packed[0])
	}
	return nil
}
