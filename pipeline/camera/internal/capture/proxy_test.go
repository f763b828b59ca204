package capture

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// teardown is the last that ffmpeg says.
const teardown = "TEARDOWN rtsp://127.0.0.1/yard RTSP/1.0\r\nCSeq: 9\r\n\r\n"

// jpegPacket is a packet of RTP in its frame, of a JPEG picture of a size.
func jpegPacket(width, height byte) []byte {
	return []byte{'$', 0, 0, 20, 0x80, jpegPayload, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 50, width, height}
}

// fakeCamera takes one connection, and gives what it was told on it until its end. begin is what it says first.
func fakeCamera(t *testing.T, begin []byte, then func(c net.Conn)) (address *url.URL, heard <-chan []byte) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	all := make(chan []byte, 1)
	go func() {
		defer listener.Close()
		defer close(all)
		c, err := listener.Accept()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		if _, err := c.Write(begin); err != nil {
			t.Error(err)
		}
		talking := make(chan struct{})
		go func() {
			defer close(talking)
			then(c)
		}()
		text, _ := io.ReadAll(c) // what came before an error counts
		all <- text
		c.Close()
		<-talking
	}()
	return &url.URL{Scheme: "rtsp", Host: listener.Addr().String()}, all
}

// talk sends packets without end.
func talk(c net.Conn) {
	for {
		if _, err := c.Write(bytes.Repeat(jpegPacket(40, 30), 100)); err != nil {
			return
		}
	}
}

func connected(t *testing.T, camera *url.URL) (*rtspProxy, net.Conn) {
	t.Helper()
	r, err := newRTSPProxy(camera, dimensions{})
	if err != nil {
		t.Fatal(err)
	}
	client, err := net.Dial("tcp", r.address())
	if err != nil {
		t.Fatal(err)
	}
	return r, client
}

// A camera is told of the end, even while it sends more than is read: ffmpeg says so and is gone at once.
func TestRelayPassesTheLastWord(t *testing.T) {
	defer goleak.VerifyNone(t)
	for range 20 {
		camera, heard := fakeCamera(t, nil, talk)
		r, client := connected(t, camera)
		if _, err := io.ReadFull(client, make([]byte, 10_000)); err != nil {
			t.Fatal(err)
		}
		if _, err := client.Write([]byte(teardown)); err != nil {
			t.Fatal(err)
		}
		client.Close() // much is unread, so this resets the connection
		text := <-heard
		r.close()
		if string(text) != teardown {
			t.Fatalf("the camera heard %q", text)
		}
	}
}

// Where the pictures get another size, what came before it arrives, nothing after it does, and the camera is told that
// the stream is not wanted any more.
func TestRelayEndsBeforeAnotherSize(t *testing.T) {
	defer goleak.VerifyNone(t)
	const description = "RTSP/1.0 200 OK\r\nContent-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n"
	before := bytes.Repeat(jpegPacket(20, 15), 50)
	camera, heard := fakeCamera(t, append([]byte(description), before...), talk)
	r, client := connected(t, camera)
	got, err := io.ReadAll(client)
	if err != nil || string(got) != description+string(before) {
		t.Errorf("%d bytes arrived, want %d; %v", len(got), len(description)+len(before), err)
	}
	if _, err := client.Write([]byte(teardown)); err != nil {
		t.Fatal(err)
	}
	client.Close()
	if text := <-heard; string(text) != teardown {
		t.Errorf("the camera heard %q", text)
	}
	r.close()
	if size, resized := r.resized(); !resized || size != (dimensions{320, 240}) {
		t.Errorf("%v, %v", size, resized)
	}
}

// A camera that says nothing more and does not hang up keeps nobody.
func TestRelayClosesWithSilentCamera(t *testing.T) {
	defer goleak.VerifyNone(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	r, client := connected(t, &url.URL{Scheme: "rtsp", Host: listener.Addr().String()})
	silent, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	client.Close()
	r.close()
	if err := silent.SetReadDeadline(time.Now().Add(time.Minute)); err != nil { // only for a test that fails
		t.Fatal(err)
	}
	if _, err := io.ReadAll(silent); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the connection to the camera is still open")
	}
}
