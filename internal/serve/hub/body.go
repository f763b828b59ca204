package hub

import (
	"errors"
	"io"
	"net/http"
	"os"
)

// firstRead is how much memory a request gets before it has sent anything.
const firstRead = 16 << 10

// Body reads all of a request's body. It is valid until End.
func (j *Job) Body(r *http.Request) ([]byte, error) {
	if r.ContentLength > j.h.o.MaxBody {
		return nil, Fault(http.StatusRequestEntityTooLarge, "the request has %d bytes; at most %d are taken", r.ContentLength, j.h.o.MaxBody)
	}
	return j.Read(r.Body, r.ContentLength)
}

// Read reads all of r, of which size bytes are announced (-1: not known), and counts them. Memory is taken as the bytes
// come, not for what is only announced. What it returns is valid until End.
func (j *Job) Read(r io.Reader, size int64) ([]byte, error) {
	limit := j.h.o.MaxBody
	var buf []byte
	defer func() { j.buffers = append(j.buffers, buf) }()
	for {
		if len(buf) == cap(buf) {
			grown := max(firstRead, 4*int64(cap(buf)))
			if size >= 0 {
				grown = min(grown, size+1) // one more byte shows that it ends
			}
			grown = min(grown, limit+1)
			if grown <= int64(cap(buf)) {
				if int64(len(buf)) > limit {
					return nil, Fault(http.StatusRequestEntityTooLarge, "the request has more than %d bytes", limit)
				}
				grown = int64(cap(buf)) + firstRead // more comes than was announced
			}
			larger := buffer(grown)
			if err := j.Count(int64(cap(larger) - cap(buf))); err != nil {
				recycle(larger)
				return nil, err
			}
			larger = append(larger, buf...)
			recycle(buf)
			buf = larger
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case int64(len(buf)) > limit:
			return nil, Fault(http.StatusRequestEntityTooLarge, "the request has more than %d bytes", limit)
		case errors.Is(err, io.EOF):
			return buf, nil
		case errors.Is(err, io.ErrUnexpectedEOF):
			return nil, Bad("the request's body ends after %d bytes: more were announced", len(buf))
		case errors.Is(err, os.ErrDeadlineExceeded):
			return nil, Fault(http.StatusRequestTimeout, "the request's body came too slowly: %d bytes so far", len(buf))
		case err != nil:
			return nil, j.failed(err)
		}
	}
}

// Count counts n more bytes that the job keeps in memory. It fails when there is no more room for them.
func (j *Job) Count(n int64) error {
	if !j.h.bodies.TryAcquire(n) {
		return busy(0, "the requests in progress take all the memory that there is for them")
	}
	j.body += n
	return nil
}
