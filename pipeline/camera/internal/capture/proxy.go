package capture

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// rtspProxy stands between ffmpeg and an RTSP camera, because OpenCV keeps the size that a stream began with: when it
// changes, OpenCV shows cropped pictures, or the last one for ever. The proxy detects the new size and ends ffmpeg's
// connection before it, so that the stream is reopened. Data passes unchanged, except for a session description that is
// known to be outdated.
type rtspProxy struct {
	camera   *url.URL
	listener net.Listener
	end      context.CancelFunc
	watch    sizeWatch                  // used by the serving goroutine only
	cut      atomic.Pointer[dimensions] // the new size of the pictures; nil: unchanged
	ended    sync.WaitGroup
}

// newRTSPProxy starts a proxy to a camera on the loopback address. after is the size to which the stream has just changed;
// zero: none.
func newRTSPProxy(camera *url.URL, after dimensions) (*rtspProxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	ctx, end := context.WithCancel(context.Background()) // not the input's: after that ends, TEARDOWN still has to reach the camera
	r := &rtspProxy{camera: camera, listener: listener, end: end, watch: sizeWatch{known: after, hide: after != dimensions{}}}
	r.ended.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return // closed
			}
			r.serve(ctx, client)
		}
	})
	return r, nil
}

// address is where ffmpeg has to connect to.
func (r *rtspProxy) address() string { return r.listener.Addr().String() }

// resized returns the new size for which the proxy ended a connection, if it did.
func (r *rtspProxy) resized() (dimensions, bool) {
	if size := r.cut.Load(); size != nil {
		return *size, true
	}
	return dimensions{}, false
}

// close ends the proxy and its connections, after ffmpeg's last request was passed on. It waits for all goroutines.
func (r *rtspProxy) close() {
	_ = r.listener.Close() // ends Accept
	timer := time.AfterFunc(stopWait/2, r.end)
	defer timer.Stop()
	r.ended.Wait()
	r.end()
}

// serve handles one connection; ffmpeg has one at a time. When one side ends, the other is told, and read until its end:
// ffmpeg's last request is TEARDOWN, which it sends while pictures still arrive.
func (r *rtspProxy) serve(ctx context.Context, client net.Conn) {
	defer client.Close()
	camera, err := dialRTSP(ctx, r.camera)
	if err != nil {
		return // explain finds out why
	}
	defer camera.Close()
	defer context.AfterFunc(ctx, func() {
		_ = client.Close() // unblocks reads and writes
		_ = camera.Close()
	})()
	var up sync.WaitGroup
	up.Go(func() {
		_, _ = io.Copy(camera, client) // ends with either connection
		endWriting(camera)
	})
	from := bufio.NewReaderSize(camera, maxPacket)
	if err := r.down(from, bufio.NewWriterSize(client, 64<<10)); errors.Is(err, errResized) {
		size := r.watch.known
		r.cut.Store(&size)
	}
	endWriting(client)
	// Closing a connection with unread data resets it, and what was sent last may be lost.
	_, _ = io.Copy(io.Discard, from)
	up.Wait()
}

// endWriting tells the other side that no more data comes.
func endWriting(c net.Conn) {
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite() // it may have gone already
		return
	}
	_ = c.Close()
}

var errResized = errors.New("the size of the pictures changes")

// maxPacket is the maximum length of a packet with its header, in bytes.
const maxPacket = 4 + 1<<16

// Limits of a message in a stream, in bytes. Longer ones are passed on without parsing.
const (
	maxMessageHead = 64 << 10
	maxMessageBody = 1 << 20
)

// down copies from the camera to ffmpeg: packets, each after "$", its channel and its length, with messages in between
// (RFC 2326, section 10.12). It returns errResized before the first packet of pictures with another size.
func (r *rtspProxy) down(from *bufio.Reader, to *bufio.Writer) error {
	// peek waits for n bytes, after passing on all earlier ones.
	peek := func(n int) ([]byte, error) {
		if from.Buffered() < n {
			if err := to.Flush(); err != nil {
				return nil, err
			}
		}
		return from.Peek(n)
	}
	for {
		head, err := peek(1)
		if err != nil {
			return err
		}
		if head[0] != '$' {
			if err := r.message(from, to); err != nil {
				return err
			}
			continue
		}
		if head, err = peek(4); err != nil {
			return err
		}
		packet, err := peek(4 + int(binary.BigEndian.Uint16(head[2:])))
		if err != nil {
			return err
		}
		if r.watch.packet(packet[4:]) {
			return errors.Join(errResized, to.Flush())
		}
		if _, err := to.Write(packet); err != nil {
			return err
		}
		if _, err := from.Discard(len(packet)); err != nil {
			return err
		}
	}
}

// message copies a line, and the rest of the message if the line begins one.
func (r *rtspProxy) message(from *bufio.Reader, to *bufio.Writer) error {
	if err := to.Flush(); err != nil { // reading a message may take a while
		return err
	}
	var head []byte
	length, sdp := 0, false
	for first := true; len(head) < maxMessageHead; first = false {
		line, err := from.ReadSlice('\n')
		head = append(head, line...)
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
		text := strings.TrimSpace(string(line))
		if first && !strings.Contains(text, "RTSP/") || text == "" {
			break
		}
		name, value, _ := strings.Cut(text, ":")
		switch value = strings.TrimSpace(value); strings.ToLower(name) {
		case "content-length":
			if n, err := strconv.Atoi(value); err == nil && n > 0 && n <= maxMessageBody {
				length = n
			}
		case "content-type":
			sdp = strings.HasPrefix(strings.ToLower(value), "application/sdp")
		}
	}
	if _, err := to.Write(head); err != nil {
		return err
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(from, body); err != nil {
		return err
	}
	if sdp {
		body = r.watch.describe(body)
	}
	_, err := to.Write(body)
	return err
}
