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

	"corallite/internal/redact"
	"corallite/internal/regfile"
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
// Like every program in Go it goes through the proxy that HTTPS_PROXY, HTTP_PROXY and NO_PROXY name. roots are the
// authorities that a server's certificate must come from; nil: the system's, or those of SSL_CERT_FILE and SSL_CERT_DIR.
func newClient(roots *x509.CertPool) *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DialContext = (&net.Dialer{Timeout: 15 * time.Second}).DialContext
	t.ResponseHeaderTimeout = 30 * time.Second
	t.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	return &http.Client{Transport: t, CheckRedirect: checkRedirect}
}

// checkRedirect follows a server to another address, but never from https to where others can read and write along.
func checkRedirect(req *http.Request, via []*http.Request) error {
	switch {
	case via[0].URL.Scheme == "https" && req.URL.Scheme != "https":
		return lasting("the server sends on to %s, which is not https: not followed", redact.URL(req.URL))
	case len(via) >= 5:
		return lasting("the server sends on again and again, at last to %s", redact.URL(req.URL))
	}
	return nil
}

// download fetches an address into dest. What has come lies in dest.part until all is there and its sha256 is right,
// or, when p knows nothing, recorded; a later call goes on from it.
func (s *Store) download(ctx context.Context, address, dest string, p pin, onBytes counter) error {
	if !p.known() && !strings.HasPrefix(strings.ToLower(address), "https://") {
		return fmt.Errorf("%s: the sha256 of %s is not known, so it may only come over https", redact.Addresses(address), filepath.Base(dest))
	}
	if err := makeFolder(filepath.Dir(dest)); err != nil {
		return storageError(err)
	}
	shown := redact.Addresses(address)
	d := &transfer{s: s, address: address, shown: shown, dest: dest, part: dest + ".part", pin: p, onBytes: onBytes}
	best := d.have()
	for try := 1; ; try++ {
		err := d.once(ctx)
		var final lastingError
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return fmt.Errorf("%s: %w", shown, context.Cause(ctx))
		case errors.As(err, &final):
			return fmt.Errorf("%s: %w", shown, final.error)
		}
		// What has to be fetched again is no step forward: a server that breaks off for ever is given up.
		if have := d.have(); have > best {
			best, try = have, 1
		}
		if try >= tries {
			kept := ""
			if d.have() > 0 {
				kept = "; what has come is kept, and the next pull goes on from it"
			}
			return fmt.Errorf("%s: %w (tried %d times%s)", shown, err, tries, kept)
		}
		if err := sleep(ctx, s.pause<<(try-1)); err != nil {
			return fmt.Errorf("%s: %w", shown, err)
		}
	}
}

// transfer is one download over all of its tries.
type transfer struct {
	s                   *Store
	address, dest, part string
	shown               string // the address, without what may be secret
	pin                 pin
	onBytes             counter
}

// tag is the file that keeps what the server called the version that part is the beginning of.
func (d *transfer) tag() string { return d.part + ".etag" }

// have is how much of the file has come.
func (d *transfer) have() int64 { return sizeOfOurs(d.part) }

// drop forgets what has come.
func (d *transfer) drop() {
	os.Remove(d.part)
	os.Remove(d.tag())
}

// once makes one request and puts its answer into part, and part in its place when it is whole and right.
func (d *transfer) once(ctx context.Context) error {
	from := d.have()
	if from > d.pin.limit() || !d.pin.known() && d.readTag() == "" {
		// Without a sha256 only the server's tag tells that both halves are of one file.
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
		if err := adopt(d.part, d.dest, d.shown); err != nil {
			d.drop()
			return lastingError{err}
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
			return fmt.Errorf("what came now does not fit what came before: from the start again")
		}
		wrong.Path, wrong.Record = filepath.Base(d.dest), d.pin.record
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
		return false, lasting("the address cannot be read") // the parser's error may repeat a password
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
	var final lastingError
	switch {
	case errors.As(err, &final):
		return false, final // without the client's words around it
	case untrusted(err):
		return false, lastingError{plainNetError(err)}
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
	switch n := resp.ContentLength; {
	case n >= 0 && d.pin.known() && from+n != d.pin.size:
		d.drop()
		return false, lasting("the server's file has %d bytes, and %d were expected: it is another file", from+n, d.pin.size)
	case n >= 0 && from+n > d.pin.limit():
		return false, lasting("the server's file has %s: models are not larger than %s", Bytes(from+n), Bytes(d.pin.limit()))
	}
	return from > 0, d.receive(resp, from, cancel)
}

// continues says whether an answer goes on where part ends, and, when nothing else can tell, in the same file to its
// end.
func (d *transfer) continues(resp *http.Response, from int64) bool {
	start, total, ok := parseRange(resp.Header.Get("Content-Range"))
	if !ok || start != from {
		return false
	}
	return d.pin.known() || validator(resp.Header) == d.readTag() && total == from+resp.ContentLength
}

// receive writes the body of an answer to part, from byte from on. The request is cancelled when nothing comes for
// longer than the Store's stall.
func (d *transfer) receive(resp *http.Response, from int64, cancel context.CancelCauseFunc) error {
	open := resume
	if from == 0 {
		open = create
		d.writeTag(resp.Header)
	}
	f, err := open(d.part)
	if err != nil {
		return lastingError{storageError(err)}
	}
	defer f.Close()
	errStalled := fmt.Errorf("nothing came for %v", d.s.stall)
	watch := time.AfterFunc(d.s.stall, func() { cancel(errStalled) })
	defer watch.Stop()

	total := d.pin.size
	if !d.pin.known() && resp.ContentLength >= 0 {
		total = from + resp.ContentLength
	} else if !d.pin.known() {
		total = -1
	}
	// One byte more than expected is enough to know that it is another file.
	body := io.LimitReader(resp.Body, d.pin.limit()-from+1)
	buf := make([]byte, 64<<10)
	for have := from; ; {
		n, readErr := body.Read(buf)
		watch.Reset(d.s.stall)
		if n > 0 {
			if _, err := f.Write(buf[:n]); err != nil {
				return lastingError{storageError(err)}
			}
			have += int64(n)
			d.onBytes(have, total)
		}
		switch {
		case readErr == io.EOF && have < total, errors.Is(readErr, io.ErrUnexpectedEOF):
			return fmt.Errorf("the connection ended after %s", share(have, total))
		case have > d.pin.limit() && !d.pin.known():
			d.drop()
			return lasting("the server's file has more than %s: no model is as large", Bytes(maxUnknown))
		case readErr == io.EOF:
			if err := f.Sync(); err != nil {
				return lastingError{storageError(err)}
			}
			return nil
		case readErr != nil && context.Cause(resp.Request.Context()) == errStalled:
			return fmt.Errorf("%w after %s", errStalled, share(have, total))
		case readErr != nil:
			return fmt.Errorf("after %s: %w", share(have, total), plainNetError(readErr))
		}
	}
}

// share is how much has come of what is to come; total is -1 when the server did not say.
func share(have, total int64) string {
	if total < 0 {
		return fmt.Sprintf("%d bytes", have)
	}
	return fmt.Sprintf("%d of %d bytes", have, total)
}

// validator is what an answer calls the version of its file; "" for none. A weak tag cannot vouch for bytes (RFC 9110,
// 13.1.5).
func validator(h http.Header) string {
	if tag := h.Get("ETag"); tag != "" && !strings.HasPrefix(tag, "W/") {
		return tag
	}
	return h.Get("Last-Modified")
}

// writeTag keeps the answer's validator, for If-Range.
func (d *transfer) writeTag(h http.Header) {
	tag := validator(h)
	if tag == "" {
		os.Remove(d.tag())
		return
	}
	// Without the tag a later call asks without If-Range; the sha256 finds a file that changed in between.
	if f, err := create(d.tag()); err == nil {
		_, _ = f.WriteString(d.shown + "\n" + tag + "\n")
		_ = f.Close()
	}
}

// readTag is the validator of what has come; "" when it is not known or came from another address.
func (d *transfer) readTag() string {
	data, err := regfile.ReadRegular(d.tag(), 1<<16)
	if err != nil {
		return ""
	}
	address, tag, _ := strings.Cut(strings.TrimSuffix(string(data), "\n"), "\n")
	if address != d.shown {
		return ""
	}
	return tag
}

// parseRange reads the first byte's number and the length of the whole, -1 for "*", from "bytes 100-199/200".
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
