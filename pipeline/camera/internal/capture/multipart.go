package capture

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
)

// multipart is a stream of pictures, each a part (RFC 2046, section 5.1), as cameras send it: with boundaries that differ
// from the announced one, and with or without lengths.
type multipart struct {
	h        *httpInput
	body     io.Closer
	in       *bufio.Reader
	boundary string
	buffers  buffers
}

func newMultipart(h *httpInput, body io.Closer, in *bufio.Reader, boundary string) *multipart {
	// In the stream "--" precedes the boundary; many cameras announce it with that.
	return &multipart{h: h, body: body, in: in, boundary: "--" + strings.TrimLeft(boundary, "-")}
}

func (m *multipart) read(wanted func(captured int64) bool) (*offer, error) {
	length, err := m.head()
	if err != nil {
		return nil, err
	}
	captured := monotonic()
	data := m.buffers.get()
	if length < 0 {
		data, err = readJPEG(m.in, data)
	} else if data, err = readFull(m.in, data, length); err != nil {
		err = ended(err)
	}
	if err != nil {
		return nil, err
	}
	return m.buffers.compressed(captured, 0, data, wanted), nil
}

// maxHead is the number of bytes after which a stream without the header of a part is rejected.
const maxHead = 1 << 20

// head reads the header of the next part and returns the length of the part; -1: unknown.
func (m *multipart) head() (length int, err error) {
	length = -1
	for began, read := false, 0; read < maxHead; {
		line, err := m.in.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return 0, ended(err)
		}
		read += len(line)
		text := strings.TrimSpace(string(line[:min(len(line), 256)]))
		name, value, isField := strings.Cut(text, ":")
		switch {
		case m.isBoundary(text):
			began, length = true, -1
		case began && text == "":
			return length, nil
		case began && isField && strings.EqualFold(name, "Content-Length"):
			if _, err := fmt.Sscan(value, &length); err != nil || length < 0 || length > maxPictureFile {
				return 0, fmt.Errorf("the stream announces a picture of %q bytes", strings.TrimSpace(value))
			}
		}
	}
	return 0, errors.New("not a stream of pictures: it has no parts")
}

// isBoundary reports whether a line begins a part. A boundary that contains the announced one counts as well.
func (m *multipart) isBoundary(line string) bool {
	return strings.HasPrefix(line, "--") && (m.boundary == "--" || strings.Contains(line, m.boundary[2:]))
}

func ended(err error) error {
	switch {
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the server ended the stream")
	case errors.Is(err, errNoJPEG) || errors.Is(err, errManyBytes):
		return err
	}
	return fmt.Errorf("the stream broke off: %w", err)
}

func (m *multipart) close() {
	_ = m.body.Close() // no more data is wanted
	m.h.client.CloseIdleConnections()
}
