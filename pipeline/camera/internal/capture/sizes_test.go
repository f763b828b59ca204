package capture

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/bluenviron/mediacommon/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/pkg/codecs/h265"

	"corallite/pipeline/camera/cameratest"
)

// parameterSets are the sequence parameter sets of a stream.
func parameterSets(tb testing.TB, codec string, stream []byte) [][]byte {
	tb.Helper()
	want := map[string]int{"H264": 7, "H265": 33}[codec]
	var all [][]byte
	for _, nal := range cameratest.NALUnits(stream) {
		if nalKind(codec, nal) == want {
			all = append(all, nal)
		}
	}
	if len(all) == 0 {
		tb.Fatal("the stream has no parameter sets")
	}
	return all
}

// The sizes are those that another reader finds, in streams of x264 and x265 with all that moves the fields: cropping,
// profiles with other samplings of colour, scaling matrices, fields.
func TestSizesOfParameterSets(t *testing.T) {
	x264 := func(more ...string) []string {
		return append([]string{"-frames:v", "2", "-c:v", "libx264", "-preset", "ultrafast", "-f", "h264"}, more...)
	}
	x265 := func(more ...string) []string {
		return append([]string{"-frames:v", "2", "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none", "-f", "hevc"}, more...)
	}
	for _, c := range []struct {
		codec         string
		width, height int
		arguments     []string
	}{
		{"H264", 320, 240, x264("-pix_fmt", "yuv420p", "-profile:v", "baseline")},
		{"H264", 322, 242, x264("-pix_fmt", "yuv420p")},
		{"H264", 1920, 1080, x264("-pix_fmt", "yuv420p")},
		{"H264", 322, 244, x264("-pix_fmt", "yuv422p")},
		{"H264", 323, 241, x264("-pix_fmt", "yuv444p")},
		{"H264", 322, 242, x264("-pix_fmt", "yuv420p", "-x264-params", "cqm=jvt")},
		{"H264", 322, 244, x264("-pix_fmt", "yuv420p", "-x264-params", "interlaced=1")},
		{"H265", 320, 240, x265("-pix_fmt", "yuv420p")},
		{"H265", 322, 242, x265("-pix_fmt", "yuv420p")},
		{"H265", 322, 242, x265("-pix_fmt", "yuv422p")},
		{"H265", 324, 244, x265("-pix_fmt", "yuv444p")},
	} {
		t.Run(fmt.Sprint(c.codec, c.width, c.arguments[8:]), func(t *testing.T) {
			for _, nal := range parameterSets(t, c.codec, cameratest.Encoded(t, c.width, c.height, c.arguments...)) {
				var got, want dimensions
				var err, refErr error
				if c.codec == "H264" {
					var sps h264.SPS
					refErr = sps.Unmarshal(nal)
					want = dimensions{sps.Width(), sps.Height()}
					got, err = avcSize(nal)
				} else {
					var sps h265.SPS
					refErr = sps.Unmarshal(nal)
					want = dimensions{sps.Width(), sps.Height()}
					got, err = hevcSize(nal)
				}
				if err != nil || refErr != nil || got != want || got != (dimensions{c.width, c.height}) {
					t.Errorf("%v, %v; the other reader: %v, %v", got, err, want, refErr)
				}
				for n := range nal { // cut off anywhere: no size, or one, but no crash
					_, _ = avcSize(nal[:n])
					_, _ = hevcSize(nal[:n])
				}
			}
		})
	}
}

func FuzzSizeWatch(f *testing.F) {
	f.Add([]byte{0x80, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0x67, 0x42, 0xc0, 0x1e, 0xd9}, "a=rtpmap:96 H264/90000")
	f.Add([]byte{0x90, 97, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4, 0x60, 1, 0, 4, 0x42, 1}, "a=rtpmap:97 H265/90000")
	f.Fuzz(func(t *testing.T, packet []byte, sdp string) {
		var w sizeWatch
		if got := w.describe([]byte(sdp)); string(got) != sdp {
			t.Errorf("the description became %q", got)
		}
		w.packet(packet)
		w.hide = true
		if got := w.describe([]byte(sdp)); len(got) != len(sdp) {
			t.Errorf("the description has %d bytes now, not %d", len(got), len(sdp))
		}
	})
}

// rtpPacket is a packet of RTP.
func rtpPacket(payloadType byte, payload ...byte) []byte {
	return append([]byte{0x80, payloadType, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0}, payload...)
}

func TestSizeWatch(t *testing.T) {
	set := func(width, height int) []byte {
		return parameterSets(t, "H264", cameratest.Encoded(t, width, height, "-frames:v", "1", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-f", "h264"))[0]
	}
	small, large := set(320, 240), set(640, 480)
	sdp := "v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 sprop-parameter-sets=" + base64.StdEncoding.EncodeToString(small) + ",aM4G8g==; packetization-mode=1\r\n"
	aggregate := func(nals ...[]byte) []byte {
		p := []byte{24}
		for _, nal := range nals {
			p = append(append(p, byte(len(nal)>>8), byte(len(nal))), nal...)
		}
		return p
	}
	jpeg := func(width, height byte) []byte { return rtpPacket(jpegPayload, 0, 0, 0, 0, 1, 60, width/8, height/8) }
	extended := rtpPacket(96, append([]byte{0xbe, 0xde, 0, 1, 1, 2, 3, 4}, large...)...)
	extended[0] |= 0x10
	for _, c := range []struct {
		name    string
		watch   sizeWatch
		packets [][]byte
		want    string // which packets change the size
	}{
		{"described", sizeWatch{}, [][]byte{rtpPacket(96, small...), rtpPacket(96, 1, 2, 3), rtpPacket(96, large...), rtpPacket(96, large...)}, "..x."},
		{"described wrongly", sizeWatch{known: dimensions{640, 480}, hide: true}, [][]byte{rtpPacket(96, large...), rtpPacket(96, small...)}, ".x"},
		{"aggregated", sizeWatch{}, [][]byte{rtpPacket(96, aggregate(small, []byte{6, 1})...), rtpPacket(96, aggregate([]byte{9, 1}, large)...)}, ".x"},
		{"extended", sizeWatch{}, [][]byte{extended}, "x"},
		{"of another type", sizeWatch{}, [][]byte{rtpPacket(97, large...), rtpPacket(72, large...)}, ".."},
		{"JPEG", sizeWatch{}, [][]byte{jpeg(160, 120), jpeg(160, 120), jpeg(240, 120), jpeg(0, 0), jpeg(160, 120)}, "..x.x"},
		{"damaged", sizeWatch{}, [][]byte{nil, rtpPacket(96), rtpPacket(96, large[:3]...), rtpPacket(96, 24, 0xff), rtpPacket(26, 0)}, "....."},
	} {
		if c.name == "JPEG" {
			c.watch.describe(nil)
		} else if got := string(c.watch.describe([]byte(sdp))); len(got) != len(sdp) || c.watch.hide == strings.Contains(got, "sprop-parameter-sets") {
			t.Errorf("%s: the description became\n%s", c.name, got)
		}
		got := ""
		for _, p := range c.packets {
			if c.watch.packet(p) {
				got += "x"
			} else {
				got += "."
			}
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
