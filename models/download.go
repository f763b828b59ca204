package models

import (
	"context"
	"crypto/tls"
	"crypto/x509"
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

	"corallite/internal/backoff"
	"corallite/internal/redact"
	"corallite/internal/regfile"
)

// maxTries limits the attempts of a download that makes no progress.
const maxTries = 4

// errAbsent means that the server does not have the file.
var errAbsent = errors.New("not found")

// permanentError is a failure that a retry would only repeat.
type permanentError struct{ error }

func (e permanentError) Unwrap() error { return e.error }

func permanent(format string, args ...any) error { return permanentError{fmt.Errorf(format, args...)} }

// newClient has timeouts for connecting and for the response header, none for the whole download, which may be slow. It
// uses the proxy of HTTPS_PROXY, HTTP_PROXY and NO_PROXY. roots are the certificate authorities to trust; nil: the
// system's, or those of SSL_CERT_FILE and SSL_CERT_DIR.
func newClient(roots *x509.CertPool) *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DialContext = (&net.Dialer{Timeout: 15 * time.Second}).DialContext
	t.ResponseHeaderTimeout = 30 * time.Second
	t.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	return &http.Client{Transport: t, CheckRedirect: checkRedirect}
}

// checkRedirect follows redirects, but never from https to an unencrypted address.
func checkRedirect(req *http.Request, via []*http.Request) error {
	switch {
	case via[0].URL.Scheme == "https" && req.URL.Scheme != "https":
		return permanent("refused the redirect to %s, which is not https", redact.URL(req.URL))
	case len(via) >= 5:
		return permanent("too many redirects, the last to %s", redact.URL(req.URL))
	}
	return nil
}

// download fetches an address into dest. The partial download is kept in dest.part, from which a later call resumes,
// until it is complete and its sha256 is verified or, if that is unknown, recorded.
func (s *Store) download(ctx context.Context, address, dest string, p pin, onBytes counter) error {
	if !p.verifiable() && !strings.HasPrefix(strings.ToLower(address), "https://") {
		return fmt.Errorf("%s: no checksum is known for %s, so it is downloaded over https only", redact.Addresses(address), filepath.Base(dest))
	}
	if err := makeFolder(filepath.Dir(dest)); err != nil {
		return storageError(err)
	}
	shown := redact.Addresses(address)
	d := &transfer{s: s, address: address, shown: shown, dest: dest, part: dest + ".part", pin: p, onBytes: onBytes}
	best := d.have()
	for try := 1; ; try++ {
		err := d.once(ctx)
		var final permanentError
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return fmt.Errorf("%s: %w", shown, context.Cause(ctx))
		case errors.As(err, &final):
			return fmt.Errorf("%s: %w", shown, final.error)
		}
		// Only new bytes count as progress, so that a server that keeps breaking off is given up.
		if have := d.have(); have > best {
			best, try = have, 1
		}
		if try >= maxTries {
			kept := ""
			if d.have() > 0 {
				kept = "; the partial download is kept, and the next pull resumes it"
			}
			return fmt.Errorf("%s: %w (after %d attempts%s)", shown, err, maxTries, kept)
		}
		if err := sleep(ctx, backoff.Policy{First: s.pause}.Wait(try)); err != nil {
			return fmt.Errorf("%s: %w", shown, err)
		}
	}
}

// transfer is one download, over all attempts.
type transfer struct {
	s                   *Store
	address, dest, part string
	shown               string // the address without credentials
	pin                 pin
	onBytes             counter
}

// tag is the file that holds the server's validator (ETag or Last-Modified) for the partial download.
func (d *transfer) tag() string { return d.part + ".etag" }

// have is the number of bytes already downloaded.
func (d *transfer) have() int64 { return sizeOfOurs(d.part) }

// drop removes the partial download.
func (d *transfer) drop() {
	os.Remove(d.part)
	os.Remove(d.tag())
}

// once makes one request, appends the response to part, and moves part into place once it is complete and verified.
func (d *transfer) once(ctx context.Context) error {
	from := d.have()
	if from > d.pin.limit() || !d.pin.known() && d.readTag() == "" {
		// Without a sha256 only the validator tells that both halves belong to one file.
		d.drop()
		from = 0
	}
	if from < d.pin.size || !d.pin.known() {
		resumed, err := d.request(ctx, from)
		if err != nil {
			return err
		}
		if !resumed {
			from = 0
		}
	}
	if !d.pin.known() {
		if err := adopt(d.part, d.dest, d.shown, d.pin.blob); err != nil {
			d.drop()
			return permanentError{err}
		}
		os.Remove(d.tag())
		return nil
	}
	err := checkFile(d.part, d.pin.size, d.pin.sum)
	var wrong *HashError
	switch {
	case errors.As(err, &wrong):
		d.drop()
		if from > 0 {
			return errors.New("the server's file changed during the download; starting over")
		}
		wrong.Path, wrong.Record = filepath.Base(d.dest), d.pin.record
		return permanentError{wrong}
	case err != nil:
		return permanentError{storageError(err)}
	}
	if err := move(d.part, d.dest); err != nil {
		return permanentError{storageError(err)}
	}
	os.Remove(d.tag())
	return nil
}

// request requests the file starting at byte from and appends it to part; resumed reports whether the server continued
// there.
func (d *transfer) request(ctx context.Context, from int64) (resumed bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.address, nil)
	if err != nil {
		return false, permanent("invalid address") // the parser's error may repeat a password
	}
	req.Header.Set("User-Agent", "corallite")
	// Ranges and sizes are those of the file itself, so it must not be compressed.
	req.Header.Set("Accept-Encoding", "identity")
	if from > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", from))
		if tag := d.readTag(); tag != "" {
			req.Header.Set("If-Range", tag)
		}
	}
	resp, err := d.s.client.Do(req)
	var final permanentError
	switch {
	case errors.As(err, &final):
		return false, final // without the client's wrapping
	case untrusted(err):
		return false, permanentError{plainNetError(err)}
	case err != nil:
		return false, plainNetError(err)
	}
	defer resp.Body.Close()

	switch resp.StatusCode {
	case http.StatusOK:
		from = 0
	case http.StatusPartialContent:
		if !d.continues(resp, from) {
			d.drop()
			return false, fmt.Errorf("the server sent another range than requested (%s)", resp.Header.Get("Content-Range"))
		}
	case http.StatusRequestedRangeNotSatisfiable:
		d.drop()
		return false, errors.New("the server's file is shorter than the partial download; starting over")
	case http.StatusNotFound, http.StatusGone:
		return false, permanentError{fmt.Errorf("%w (%s)", errAbsent, resp.Status)}
	case http.StatusTooManyRequests, http.StatusRequestTimeout:
		return false, errors.New(resp.Status)
	default:
		if resp.StatusCode >= 500 {
			return false, errors.New(resp.Status)
		}
		return false, permanent("%s", resp.Status)
	}
	switch n := resp.ContentLength; {
	case n >= 0 && d.pin.known() && from+n != d.pin.size:
		d.drop()
		return false, permanent("the server's file has %d bytes, want %d: it is another file", from+n, d.pin.size)
	case n >= 0 && from+n > d.pin.limit():
		return false, permanent("the server's file has %s, more than the limit of %s", Bytes(from+n), Bytes(d.pin.limit()))
	}
	return from > 0, d.receive(resp, from, cancel)
}

// continues reports whether a response starts where part ends and, without a known checksum, belongs to the same file
// and reaches its end.
func (d *transfer) continues(resp *http.Response, from int64) bool {
	start, total, ok := parseRange(resp.Header.Get("Content-Range"))
	if !ok || start != from {
		return false
	}
	return d.pin.known() || validator(resp.Header) == d.readTag() && total == from+resp.ContentLength
}

// receive writes a response's body to part, starting at byte from. The request is cancelled when no data arrives for
// the Store's stall time.
func (d *transfer) receive(resp *http.Response, from int64, cancel context.CancelCauseFunc) error {
	open := resume
	if from == 0 {
		open = create
		d.writeTag(resp.Header)
	}
	f, err := open(d.part)
	if err != nil {
		return permanentError{storageError(err)}
	}
	defer f.Close()
	errStalled := fmt.Errorf("no data for %v", d.s.stall)
	watch := time.AfterFunc(d.s.stall, func() { cancel(errStalled) })
	defer watch.Stop()

	total := d.pin.size
	if !d.pin.known() && resp.ContentLength >= 0 {
		total = from + resp.ContentLength
	} else if !d.pin.known() {
		total = -1
	}
	// One byte too many is enough to know that it is another file.
	body := io.LimitReader(resp.Body, d.pin.limit()-from+1)
	buf := make([]byte, 64<<10)
	for have := from; ; {
		n, readErr := body.Read(buf)
		watch.Reset(d.s.stall)
		if n > 0 {
			if _, err := f.Write(buf[:n]); err != nil {
				return permanentError{storageError(err)}
			}
			have += int64(n)
			d.onBytes(have, total)
		}
		switch {
		case readErr == io.EOF && have < total, errors.Is(readErr, io.ErrUnexpectedEOF):
			return fmt.Errorf("the connection ended after %s", share(have, total))
		case have > d.pin.limit() && !d.pin.known():
			d.drop()
			return permanent("the server's file exceeds the limit of %s", Bytes(maxUnknown))
		case readErr == io.EOF:
			if err := f.Sync(); err != nil {
				return permanentError{storageError(err)}
			}
			return nil
		case readErr != nil && context.Cause(resp.Request.Context()) == errStalled:
			return fmt.Errorf("%w after %s", errStalled, share(have, total))
		case readErr != nil:
			return fmt.Errorf("after %s: %w", share(have, total), plainNetError(readErr))
		}
	}
}

// share formats how much of a download has arrived; total is -1 if unknown.
func share(have, total int64) string {
	if total < 0 {
		return fmt.Sprintf("%d bytes", have)
	}
	return fmt.Sprintf("%d of %d bytes", have, total)
}

// validator is a response's ETag or Last-Modified; "" for none. Weak ETags do not guarantee equal bytes (RFC 9110,
// 13.1.5).
func validator(h http.Header) string {
	if tag := h.Get("ETag"); tag != "" && !strings.HasPrefix(tag, "W/") {
		return tag
	}
	return h.Get("Last-Modified")
}

// writeTag stores the response's validator, for If-Range.
func (d *transfer) writeTag(h http.Header) {
	tag := validator(h)
	if tag == "" {
		os.Remove(d.tag())
		return
	}
	// If this fails, a later call resumes without If-Range, and the sha256 detects a changed file.
	if f, err := create(d.tag()); err == nil {
		_, _ = f.WriteString(d.shown + "\n" + tag + "\n")
		_ = f.Close()
	}
}

// readTag returns the validator of the partial download; "" if unknown or of another address.
func (d *transfer) readTag() string {
	data, err := regfile.ReadBare(d.tag(), 1<<16)
	if err != nil {
		return ""
	}
	address, tag, _ := strings.Cut(strings.TrimSuffix(string(data), "\n"), "\n")
	if address != d.shown {
		return ""
	}
	return tag
}

// parseRange parses the first byte's offset and the total length, -1 for "*", from "bytes 100-199/200".
func parseRange(header string) (start, total int64, ok bool) {
	spec, ok := strings.CutPrefix(header, "bytes ")
	first, rest, dash := strings.Cut(spec, "-")
	_, whole, slash := strings.Cut(rest, "/")
	if !ok || !dash || !slash {
		return 0, 0, false
	}
	start, err := strconv.ParseInt(first, 10, 64)
	if err != nil {
		return 0, 0, false
	}
	if total, err = strconv.ParseInt(whole, 10, 64); err != nil {
		total = -1
	}
	return start, total, true
}
