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

// relay stands between ffmpeg and an RTSP camera, because OpenCV keeps the size that a stream began with: where the
// pictures get another one it shows them cut off, or the last one for ever. The relay sees the new size coming and ends
// ffmpeg's connection before it, so that the stream is opened anew. What passes is not changed, as in a forwarded port;
// only a description that is known to be out of date is.
type relay struct {
	camera   *url.URL
	listener net.Listener
	end      context.CancelFunc
	watch    sizeWatch                  // of the goroutine that relays
	cut      atomic.Pointer[dimensions] // what the pictures changed to; nil: they did not
	ended    sync.WaitGroup
}

// newRelay makes a relay to a camera, on an address of this machine. after is the size to which the stream has just
// changed; the zero one: none.
func newRelay(camera *url.URL, after dimensions) (*relay, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	ctx, end := context.WithCancel(context.Background()) // not an input's: when that ends, the camera is still to be told
	r := &relay{camera: camera, listener: listener, end: end, watch: sizeWatch{known: after, hide: after != dimensions{}}}
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

// address is where ffmpeg is to connect to.
func (r *relay) address() string { return r.listener.Addr().String() }

// resized is the size for which the relay ended a connection, if it did.
func (r *relay) resized() (dimensions, bool) {
	if size := r.cut.Load(); size != nil {
		return *size, true
	}
	return dimensions{}, false
}

// close ends the relay and its connections, after what ffmpeg has told the camera at its end was passed on. It returns
// when nothing of it runs any more.
func (r *relay) close() {
	_ = r.listener.Close() // ends Accept
	timer := time.AfterFunc(stopWait/2, r.end)
	defer timer.Stop()
	r.ended.Wait()
	r.end()
}

// serve relays one connection. ffmpeg has one at a time. Where one side ends, the other is told so and is heard to its
// end: the last that ffmpeg says is TEARDOWN, and it is said while pictures still come.
func (r *relay) serve(ctx context.Context, client net.Conn) {
	defer client.Close()
	camera, err := dialRTSP(ctx, r.camera)
	if err != nil {
		return // whyNot finds out why
	}
	defer camera.Close()
	defer context.AfterFunc(ctx, func() {
		_ = client.Close() // wakes who reads or writes
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
	// A connection that is closed while something is unread is reset, and what was sent on it last may be lost.
	_, _ = io.Copy(io.Discard, from)
	up.Wait()
}

// endWriting tells the other side that nothing more comes.
func endWriting(c net.Conn) {
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite() // that it has gone is no news
		return
	}
	_ = c.Close()
}

var errResized = errors.New("the pictures have another size from here on")

// maxPacket is the longest packet with its head, in bytes.
const maxPacket = 4 + 1<<16

// Limits of a message in a stream. What is longer is passed on unread.
const (
	maxMessageHead = 64 << 10
	maxMessageBody = 1 << 20
)

// down passes on what the camera sends: packets, each after "$", its channel and its length, and messages between them
// (RFC 2326, section 10.12). It returns errResized before a packet that begins pictures of another size.
func (r *relay) down(from *bufio.Reader, to *bufio.Writer) error {
	// peek waits for n bytes, and keeps nothing back meanwhile.
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

// message passes on a line, and where that begins a message, the message.
func (r *relay) message(from *bufio.Reader, to *bufio.Writer) error {
	if err := to.Flush(); err != nil { // a message may take its time
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
