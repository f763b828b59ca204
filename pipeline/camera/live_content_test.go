package camera

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"corallite/pipeline/camera/cameratest"
)

// Pictures and streams are recognized by their bytes, whatever the server says of them.
func TestLiveContentIsRecognized(t *testing.T) {
	scene := cameratest.Scene(t, 320, 240)
	part := func(length int) string {
		return fmt.Sprintf("--frontier\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n", length)
	}
	partWithoutLength := func(int) string { return "\r\n--frontier\r\nContent-Type: image/jpeg\r\n\r\n" }
	none := func(int) string { return "" }
	thumbnails := make([][]byte, len(scene))
	for i, picture := range scene {
		thumbnails[i] = withThumbnail(picture, cameratest.Scene(t, 160, 120)[0])
	}
	for _, c := range []struct {
		name    string
		respond func(to *cameratest.Response, next []byte)
	}{
		{"a multipart stream as image/jpeg", func(to *cameratest.Response, _ []byte) {
			fmt.Fprint(to, "HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nConnection: close\r\n\r\n")
			to.Pictures(scene, part)
		}},
		{"a multipart stream with another boundary, without type and lengths", func(to *cameratest.Response, _ []byte) {
			fmt.Fprint(to, "HTTP/1.0 200 OK\r\n\r\n")
			to.Pictures(scene, partWithoutLength)
		}},
		{"a multipart stream that announces another boundary", func(to *cameratest.Response, _ []byte) {
			fmt.Fprint(to, "HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=border\r\n\r\n")
			to.Pictures(scene, partWithoutLength)
		}},
		{"pictures with thumbnails, without lengths", func(to *cameratest.Response, _ []byte) {
			fmt.Fprint(to, "HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frontier\r\n\r\n")
			to.Pictures(thumbnails, partWithoutLength)
		}},
		{"a picture as application/octet-stream", func(to *cameratest.Response, next []byte) {
			fmt.Fprintf(to, "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", len(next), next)
		}},
		{"a picture as text/plain without length", func(to *cameratest.Response, next []byte) {
			fmt.Fprintf(to, "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n%s", next)
		}},
		{"pictures one after the other, without parts", func(to *cameratest.Response, _ []byte) {
			fmt.Fprint(to, "HTTP/1.0 200 OK\r\nContent-Type: image/jpeg\r\n\r\n")
			to.Pictures(scene, none)
		}},
		{"pictures one after the other, with the length of all", func(to *cameratest.Response, _ []byte) {
			fmt.Fprint(to, "HTTP/1.0 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: 2147483647\r\n\r\n")
			to.Pictures(scene, none)
		}},
		{"HTTP/0.9, a multipart stream", func(to *cameratest.Response, _ []byte) { to.Pictures(scene, part) }},
		{"HTTP/0.9, a picture", func(to *cameratest.Response, next []byte) { fmt.Fprintf(to, "%s", next) }},
		{"a header without status line", func(to *cameratest.Response, _ []byte) {
			fmt.Fprint(to, "content-type: multipart/x-mixed-replace; boundary=frontier\r\n\r\n")
			to.Pictures(scene, part)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			sameAfter(t)
			var served atomic.Int64
			server := cameratest.NewRaw(t, func(to *cameratest.Response) {
				c.respond(to, scene[int(served.Add(1)-1)%len(scene)])
			})
			l, log := opened(t, LiveOptions{URL: server.URL("/"), Interval: 20 * time.Millisecond})
			seen := map[int]bool{}
			for range 8 {
				number, width, height := nextFrame(t, l)
				if width != 320 || height != 240 {
					t.Errorf("%dx%d", width, height)
				}
				seen[number] = true
			}
			if len(seen) < 4 {
				t.Errorf("8 frames show the pictures %v", seen)
			}
			if s := l.Connection(); s.Attempts != 1 || s.LastError != "" || log.count("could not be decoded") != 0 {
				t.Errorf("%+v\n%s", s, log)
			}
		})
	}
}

// withThumbnail is a JPEG with another one in a segment for applications (ITU-T T.81, section B.2.4.6).
func withThumbnail(picture, thumbnail []byte) []byte {
	segment := append([]byte{0xff, 0xe1}, binary.BigEndian.AppendUint16(nil, uint16(2+len(thumbnail)))...)
	return bytes.Join([][]byte{picture[:2], segment, thumbnail, picture[2:]}, nil)
}
