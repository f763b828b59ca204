package cameratest

import (
	"bytes"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"testing"

	"corallite/internal/testdata"
)

// Segments are consecutive parts of a stream of the scene, encoded by the program ffmpeg with these arguments: each has
// all frames of the scene, which take 0.96 s.
func Segments(tb testing.TB, width, height, count int, arguments ...string) [][]byte {
	tb.Helper()
	all := make([][]byte, count)
	for i := range all {
		offset := fmt.Sprintf("%.2f", 0.96*float64(i))
		all[i] = Encoded(tb, width, height, append([]string{"-output_ts_offset", offset, "-muxdelay", "0", "-muxpreload", "0"}, arguments...)...)
	}
	return all
}

// Send starts the program ffmpeg, which sends the scene to an address in a loop, in real time. It ends with the test.
func Send(tb testing.TB, width, height int, arguments ...string) {
	tb.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		testdata.Missing(tb, "the program ffmpeg is not installed: run scripts/test-files")
	}
	command := exec.Command("ffmpeg", append([]string{"-hide_banner", "-loglevel", "error", "-re", "-f", "image2pipe", "-c:v", "mjpeg",
		"-framerate", "25", "-i", "pipe:0", "-c:v", "libx264", "-preset", "ultrafast", "-g", "12", "-pix_fmt", "yuv420p"}, arguments...)...)
	scene := bytes.Join(Scene(tb, width, height), nil)
	command.Stdin = &endless{data: scene}
	var said bytes.Buffer
	command.Stderr = &said
	if err := command.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = command.Process.Kill() // it may have ended with its client
		_ = command.Wait()
		if tb.Failed() {
			tb.Logf("ffmpeg said: %s", &said)
		}
	})
}

// endless repeats the same bytes.
type endless struct {
	data []byte
	at   int
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.data[e.at:])
	e.at = (e.at + n) % len(e.data)
	return n, nil
}

// FreePort is a currently unused local port of a network such as "udp".
func FreePort(tb testing.TB, network string) string {
	tb.Helper()
	var address net.Addr
	if strings.HasPrefix(network, "udp") {
		c, err := net.ListenPacket(network, "127.0.0.1:0")
		if err != nil {
			tb.Fatal(err)
		}
		address = c.LocalAddr()
		defer c.Close()
	} else {
		l, err := net.Listen(network, "127.0.0.1:0")
		if err != nil {
			tb.Fatal(err)
		}
		address = l.Addr()
		defer l.Close()
	}
	_, port, err := net.SplitHostPort(address.String())
	if err != nil {
		tb.Fatal(err)
	}
	return port
}
