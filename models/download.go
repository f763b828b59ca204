package models

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tries is how often a download is tried that gets nowhere; one that got further starts the count again.
const tries = 4

// errAbsent is a server that answers, and does not have the file.
var errAbsent = errors.New("not found")

// lastingError is a failure that another try would only repeat.
type lastingError struct{ error }

func (e lastingError) Unwrap() error { return e.error }

func lasting(format string, args ...any) error { return lastingError{fmt.Errorf(format, args...)} }

// newClient gives up on servers that do not answer. There is no limit on the whole: a slow download is a download.
func newClient() *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DialContext = (&net.Dialer{Timeout: 15 * time.Second}).DialContext
	t.ResponseHeaderTimeout = 30 * time.Second
	return &http.Client{Transport: t}
}

// download fetches an address into dest. What has come lies in dest.part until all is there and its sha256 is right;
// a later call goes on from it. onBytes is told how much of size has come.
func (s *Store) download(ctx context.Context, address, dest string, size int64, sum string, onBytes func(int64)) error {
	if err := os.MkdirAll(filepath.Dir(dest), 0o777); err != nil {
		return storageError(err)
	}
	d := &transfer{s: s, address: address, dest: dest, part: dest + ".part", size: size, sum: sum, onBytes: onBytes}
	for try := 1; ; try++ {
		before := d.have()
		err := d.once(ctx)
		var final lastingError
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return fmt.Errorf("%s: %w", address, context.Cause(ctx))
		case errors.As(err, &final):
			return fmt.Errorf("%s: %w", address, final.error)
		}
		if d.have() > before {
			try = 1
		}
		if try >= tries {
			return fmt.Errorf("%s: %w (tried %d times; what has come is kept, and the next pull goes on from it)", address, err, tries)
		}
		if err := sleep(ctx, s.pause<<(try-1)); err != nil {
			return fmt.Errorf("%s: %w", address, err)
		}
	}
}

// transfer is one download over all of its tries.
type transfer struct {
	s                   *Store
	address, dest, part string
	size                int64
	sum                 string
	onBytes             func(int64)
}

// tag is the file that keeps what the server called the version that part is the beginning of.
func (d *transfer) tag() string { return d.part + ".etag" }

// have is how much of the file has come.
func (d *transfer) have() int64 {
	info, err := os.Stat(d.part)
	if err != nil {
		return 0
	}
	return info.Size()
}

// drop forgets what has come.
func (d *transfer) drop() {
	os.Remove(d.part)
	os.Remove(d.tag())
}

// once makes one request and puts its answer into part, and part in its place when it is whole and right.
func (d *transfer) once(ctx context.Context) error {
	from := d.have()
	if from > d.size {
		d.drop()
		from = 0
	}
	if from < d.size {
		resumed, err := d.request(ctx, from)
		if err != nil {
			return err
		}
		if !resumed {
			from = 0
		}
	}
	err := checkFile(d.part, d.size, d.sum)
	var wrong *HashError
	switch {
	case errors.As(err, &wrong):
		d.drop()
		if from > 0 {
			return fmt.Errorf("what came now does not fit what came before: from the start again")
		}
		wrong.Path = filepath.Base(d.dest)
		return lastingError{wrong}
	case err != nil:
		return lastingError{storageError(err)}
	}
	if err := move(d.part, d.dest); err != nil {
		return lastingError{storageError(err)}
	}
	os.Remove(d.tag())
	return nil
}

// request asks for the file from byte from on and appends to part; resumed says whether the server went on from there.
func (d *transfer) request(ctx context.Context, from int64) (resumed bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.address, nil)
	if err != nil {
		return false, lastingError{err}
	}
	req.Header.Set("User-Agent", "corallite")
	// The bytes are counted and can be asked for from the middle, so they must come as they are.
	req.Header.Set("Accept-Encoding", "identity")
	if from > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", from))
		if tag := d.readTag(); tag != "" {
			req.Header.Set("If-Range", tag)
		}
	}
	resp, err := d.s.client.Do(req)
	if err != nil {
		return false, plainNetError(err)
	}
	defer resp.Body.Close()

	switch resp.StatusCode {
	case http.StatusOK:
		from = 0
	case http.StatusPartialContent:
		if start, ok := rangeStart(resp.Header.Get("Content-Range")); !ok || start != from {
			d.drop()
			return false, fmt.Errorf("the server sent another part of the file than was asked for (%s)", resp.Header.Get("Content-Range"))
		}
	case http.StatusRequestedRangeNotSatisfiable:
		d.drop()
		return false, errors.New("the server's file is shorter than what has come: from the start again")
	case http.StatusNotFound, http.StatusGone:
		return false, lastingError{fmt.Errorf("%w (%s)", errAbsent, resp.Status)}
	case http.StatusTooManyRequests, http.StatusRequestTimeout:
		return false, errors.New(resp.Status)
	default:
		if resp.StatusCode >= 500 {
			return false, errors.New(resp.Status)
		}
		return false, lasting("%s", resp.Status)
	}
	if n := resp.ContentLength; n >= 0 && from+n != d.size {
		d.drop()
		return false, lasting("the server's file has %d bytes, and %d were expected: it is another file", from+n, d.size)
	}
	return from > 0, d.receive(resp, from, cancel)
}

// receive writes the body of an answer to part, from byte from on. The request is cancelled when nothing comes for
// longer than the Store's stall.
func (d *transfer) receive(resp *http.Response, from int64, cancel context.CancelCauseFunc) error {
	flags := os.O_CREATE | os.O_WRONLY | os.O_APPEND
	if from == 0 {
		flags = os.O_CREATE | os.O_WRONLY | os.O_TRUNC
		d.writeTag(resp.Header)
	}
	f, err := os.OpenFile(d.part, flags, 0o666)
	if err != nil {
		return lastingError{storageError(err)}
	}
	defer f.Close()
	errStalled := fmt.Errorf("nothing came for %v", d.s.stall)
	watch := time.AfterFunc(d.s.stall, func() { cancel(errStalled) })
	defer watch.Stop()

	body := io.LimitReader(resp.Body, d.size-from+1)
	buf := make([]byte, 64<<10)
	for have := from; ; {
		n, readErr := body.Read(buf)
		watch.Reset(d.s.stall)
		if n > 0 {
			if _, err := f.Write(buf[:n]); err != nil {
				return lastingError{storageError(err)}
			}
			have += int64(n)
			d.onBytes(min(have, d.size))
		}
		switch {
		case readErr == io.EOF && have < d.size, errors.Is(readErr, io.ErrUnexpectedEOF):
			return fmt.Errorf("the connection ended after %d of %d bytes", have, d.size)
		case readErr == io.EOF:
			if err := f.Sync(); err != nil {
				return lastingError{storageError(err)}
			}
			return nil
		case readErr != nil && context.Cause(resp.Request.Context()) == errStalled:
			return fmt.Errorf("%w after %d of %d bytes", errStalled, have, d.size)
		case readErr != nil:
			return fmt.Errorf("after %d of %d bytes: %w", have, d.size, plainNetError(readErr))
		}
	}
}

// writeTag keeps the answer's validator, for If-Range. A weak one cannot vouch for bytes (RFC 9110, 13.1.5).
func (d *transfer) writeTag(h http.Header) {
	tag := h.Get("ETag")
	if tag == "" || strings.HasPrefix(tag, "W/") {
		tag = h.Get("Last-Modified")
	}
	if tag == "" {
		os.Remove(d.tag())
		return
	}
	// Without the tag a later call asks without If-Range; the sha256 finds a file that changed in between.
	_ = os.WriteFile(d.tag(), []byte(d.address+"\n"+tag+"\n"), 0o666)
}

// readTag is the validator of what has come; "" when it is not known or came from another address.
func (d *transfer) readTag() string {
	data, err := os.ReadFile(d.tag())
	if err != nil {
		return ""
	}
	address, tag, _ := strings.Cut(strings.TrimSuffix(string(data), "\n"), "\n")
	if address != d.address {
		return ""
	}
	return tag
}

// rangeStart reads the first byte's number from "bytes 100-199/200".
func rangeStart(header string) (int64, bool) {
	spec, ok := strings.CutPrefix(header, "bytes ")
	if !ok {
		return 0, false
	}
	first, _, ok := strings.Cut(spec, "-")
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(first, 10, 64)
	return n, err == nil
}
