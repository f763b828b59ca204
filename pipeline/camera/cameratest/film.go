package cameratest

import (
	"bytes"
	"fmt"
	"os/exec"
	"sync"
	"testing"

	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/pion/rtp"

	"corallite/internal/testdata"
)

// film is what an RTSP server sends in a loop.
type film struct {
	format   format.Format
	pictures [][][]byte // MJPEG: one part each; H.264: the NAL units of an access unit; the first is a key frame
}

func mjpeg(tb testing.TB, width, height int) *film {
	tb.Helper()
	f := &film{format: &format.MJPEG{}}
	for _, picture := range Scene(tb, width, height) {
		f.pictures = append(f.pictures, [][]byte{picture})
	}
	return f
}

// The types of NAL units: ITU-T H.264, table 7-1.
const (
	nalSlice = 1
	nalKey   = 5
	nalSPS   = 7
	nalPPS   = 8
)

// h264 encodes the scene, with a key frame and parameter sets every half second.
func h264(tb testing.TB, width, height int) *film {
	tb.Helper()
	stream := Encoded(tb, width, height, "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "12",
		"-x264-params", "slices=1:sliced-threads=0", "-pix_fmt", "yuv420p", "-f", "h264")
	f, described := &film{}, &format.H264{PayloadTyp: 96, PacketizationMode: 1}
	f.format = described
	var picture [][]byte
	for _, nal := range NALUnits(stream) {
		picture = append(picture, nal)
		switch nal[0] & 0x1f {
		case nalSPS:
			described.SPS = nal
		case nalPPS:
			described.PPS = nal
		case nalSlice, nalKey:
			f.pictures = append(f.pictures, picture)
			picture = nil
		}
	}
	if len(f.pictures) != SceneFrames {
		tb.Fatalf("x264 made %d pictures of %d", len(f.pictures), SceneFrames)
	}
	return f
}

// Encoded is the scene, encoded by the program ffmpeg with these arguments, once for all calls.
func Encoded(tb testing.TB, width, height int, arguments ...string) []byte {
	tb.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		testdata.Missing(tb, "the program ffmpeg is not installed: run scripts/test-files")
	}
	key := fmt.Sprint(width, height, arguments)
	if data, ok := encodings.Load(key); ok {
		return data.([]byte)
	}
	command := exec.Command("ffmpeg", append(append([]string{"-hide_banner", "-loglevel", "error", "-f", "image2pipe", "-c:v", "mjpeg",
		"-r", "25", "-i", "pipe:0"}, arguments...), "pipe:1")...)
	command.Stdin = bytes.NewReader(bytes.Join(Scene(tb, width, height), nil))
	var said bytes.Buffer
	command.Stderr = &said
	data, err := command.Output()
	if err != nil {
		tb.Fatalf("ffmpeg: %v: %s", err, &said)
	}
	encodings.Store(key, data)
	return data
}

var encodings sync.Map

// NALUnits splits a byte stream (ITU-T H.264, annex B).
func NALUnits(stream []byte) [][]byte {
	var all [][]byte
	for _, nal := range bytes.Split(stream, []byte{0, 0, 1}) {
		if nal = bytes.TrimRight(nal, "\x00"); len(nal) > 0 {
			all = append(all, nal)
		}
	}
	return all
}

// encoder packetizes pictures.
func encoder(f format.Format) (func(picture [][]byte) ([]*rtp.Packet, error), error) {
	switch f := f.(type) {
	case *format.MJPEG:
		e, err := f.CreateEncoder()
		if err != nil {
			return nil, err
		}
		return func(picture [][]byte) ([]*rtp.Packet, error) { return e.Encode(picture[0]) }, nil
	case *format.H264:
		e, err := f.CreateEncoder()
		if err != nil {
			return nil, err
		}
		return e.Encode, nil
	}
	return nil, fmt.Errorf("there is no encoder of %T", f)
}
