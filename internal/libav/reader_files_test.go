package libav

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"corallite/internal/testdata"
	"corallite/internal/yuv"
)

// run runs ffmpeg or ffprobe and returns its output.
func run(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		testdata.Missing(t, "the program %s is not installed (package ffmpeg; scripts/test-files installs it)", name)
	}
	var out, errs bytes.Buffer
	c := exec.Command(name, args...)
	c.Stdout, c.Stderr = &out, &errs
	if err := c.Run(); err != nil {
		t.Fatalf("%s %q: %v: %s", name, args, err, errs.String())
	}
	return out.Bytes()
}

// made is a file that ffmpeg makes; the arguments stand between the input and the name.
type made struct {
	name  string
	input string // of lavfi; "": a moving test picture of 160×120 pixels, a second at 25 a second
	args  string
	patch func(t *testing.T, data []byte) []byte // changes the file
	check string                                 // filters with which the ffmpeg program gives what is right
}

const testInput = "testsrc2=size=160x120:rate=25:duration=1"

func (m made) write(t *testing.T) string {
	t.Helper()
	input := m.input
	if input == "" {
		input = testInput
	}
	path := filepath.Join(t.TempDir(), m.name)
	args := append([]string{"-nostdin", "-v", "error", "-f", "lavfi", "-i", input}, strings.Fields(m.args)...)
	run(t, "ffmpeg", append(args, path)...)
	if m.patch != nil {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, m.patch(t, data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// matrix puts a display matrix (ISO/IEC 14496-12, 8.3.2) into the track header of an MP4.
func matrix(a, b, c, d int32) func(*testing.T, []byte) []byte {
	return func(t *testing.T, data []byte) []byte {
		at := bytes.Index(data, []byte("tkhd")) + 4 + 40
		for i, v := range map[int]int32{0: a, 4: b, 12: c, 16: d} {
			binary.BigEndian.PutUint32(data[at+i:], uint32(v<<16))
		}
		return data
	}
}

// cut leaves a part of a file.
func cut(share float64) func(*testing.T, []byte) []byte {
	return func(t *testing.T, data []byte) []byte { return data[:int(share*float64(len(data)))] }
}

const x264 = "-c:v libx264 -preset veryfast -bf 2 "

// colours says the matrix and range, and converts to them.
func colours(matrix, pixels, scaleRange, tagRange string) string {
	scale := matrix
	if matrix == "bt2020nc" {
		scale = "bt2020"
	}
	return fmt.Sprintf("-vf scale=out_color_matrix=%s:out_range=%s,format=%s -colorspace %s -color_range %s ", scale, scaleRange, pixels, matrix, tagRange)
}

var files = []made{
	{name: "bframes.mp4", args: x264},
	{name: "ntsc.mkv", args: x264, input: "testsrc2=size=160x120:rate=30000/1001:duration=1"},
	{name: "vp9.webm", args: "-c:v libvpx-vp9 -deadline realtime -cpu-used 8"},
	{name: "vp8.webm", args: "-c:v libvpx -deadline realtime", input: "testsrc2=size=161x121:rate=15:duration=1"},
	{name: "xvid.avi", args: "-c:v mpeg4 -q:v 3 -bf 2"},
	{name: "mjpeg.avi", args: "-c:v mjpeg -q:v 3 -pix_fmt yuvj422p"},
	{name: "prores.mov", args: "-c:v prores_ks -pix_fmt yuv422p10le"},
	{name: "mpeg2.mpg", args: "-c:v mpeg2video -q:v 3"},
	{name: "flv.flv", args: "-c:v flv -q:v 3"},
	{name: "theora.ogv", args: "-c:v libtheora -q:v 8"},
	{name: "wmv.wmv", args: "-c:v wmv2 -q:v 3"},
	{name: "h264.ts", args: x264},
	{name: "raw.h264", args: "-c:v libx264 -preset veryfast -bf 0"},
	{name: "rgb.mkv", args: "-c:v ffv1 -pix_fmt gbrp"},
	{name: "gray.mkv", args: "-c:v ffv1 -pix_fmt gray"},
	{name: "gray10.mkv", args: "-c:v ffv1 -pix_fmt gray10le"},
	{name: "palette.gif", args: "-filter_complex split[a][b];[a]palettegen[p];[b][p]paletteuse", input: "testsrc2=size=33x21:rate=10:duration=1"},
	{name: "bottomup.avi", args: "-c:v rawvideo -pix_fmt bgr24"},
	{name: "nv12.nut", args: "-c:v rawvideo -pix_fmt nv12"},
	{name: "411.avi", args: "-c:v rawvideo -pix_fmt yuv411p"},
	{name: "444.mp4", args: x264 + "-pix_fmt yuv444p"},
	{name: "hevc10.mp4", args: "-c:v libx265 -x265-params log-level=none -preset ultrafast -pix_fmt yuv420p10le"},
	{name: "601full.mp4", args: x264 + colours("smpte170m", "yuvj420p", "full", "pc")},
	{name: "709limited.mp4", args: x264 + colours("bt709", "yuv420p", "limited", "tv")},
	{name: "709full.mp4", args: x264 + colours("bt709", "yuvj420p", "full", "pc")},
	{name: "2020limited.mp4", args: x264 + colours("bt2020nc", "yuv420p", "limited", "tv")},
	{name: "2020full.mp4", args: x264 + colours("bt2020nc", "yuvj420p", "full", "pc")},
	{name: "240m.mp4", args: x264 + colours("smpte240m", "yuv444p", "limited", "tv"), check: "scale=in_color_matrix=smpte240m"},
	{name: "quarter.mp4", args: x264, patch: matrix(0, 1, -1, 0)},
	{name: "half.mp4", args: x264, patch: matrix(-1, 0, 0, -1)},
	{name: "three.mp4", args: x264, patch: matrix(0, -1, 1, 0)},
	{name: "mirror.mp4", args: x264, patch: matrix(-1, 0, 0, 1)},
	{name: "flip.mp4", args: x264, patch: matrix(1, 0, 0, -1)},
	{name: "transpose.mp4", args: x264, patch: matrix(0, 1, 1, 0)},
	{name: "transverse.mp4", args: x264, patch: matrix(0, -1, -1, 0)},
	{name: "quarter422.mov", args: "-c:v mjpeg -q:v 2 -pix_fmt yuvj422p", patch: matrix(0, 1, -1, 0)},
	{name: "wide.mp4", args: x264 + "-vf setsar=4/3", check: "scale=iw*sar:ih"},
	{name: "narrow.mkv", args: x264 + "-vf setsar=8/9", check: "scale=iw*sar:ih"},
	{name: "vfr.mp4", args: x264 + "-vf select=not(mod(n\\,3)*gt(n\\,8)) -vsync vfr"},
	{name: "gap.mkv", args: x264 + "-vf setpts=PTS+gt(N\\,12)*10/TB -vsync vfr"},
	{name: "late.mp4", args: x264 + "-output_ts_offset 3"},
	{name: "wrap.ts", args: x264 + "-output_ts_offset 95442.5", input: "testsrc2=size=160x120:rate=25:duration=3"},
	{name: "cutend.ts", args: x264, patch: cut(0.7)},
	{name: "cutend.mkv", args: x264, patch: cut(0.7)},
	{name: "cutfront.mp4", args: x264 + "-movflags +faststart", patch: cut(0.7)},
}

// TestFiles compares count, times and mean colour with ffprobe's and the ffmpeg program's.
func TestFiles(t *testing.T) {
	for _, m := range files {
		t.Run(m.name, func(t *testing.T) { compare(t, m.write(t), m.check) })
	}
}

// TestCutWithEditList cuts between key frames: the edit list hides the frames before the cut.
func TestCutWithEditList(t *testing.T) {
	whole := made{name: "whole.mp4", args: x264 + "-g 25", input: "testsrc2=size=160x120:rate=25:duration=3"}.write(t)
	path := filepath.Join(t.TempDir(), "cut.mp4")
	run(t, "ffmpeg", "-nostdin", "-v", "error", "-ss", "0.6", "-i", whole, "-c", "copy", path)
	compare(t, path, "")
}

type shown struct {
	time          time.Duration
	width, height int
	mean          [4][3]float64 // of each quarter, which shows what is turned or mirrored
}

func compare(t *testing.T, path, filter string) {
	t.Helper()
	got := read(t, path)
	times := probe(t, path)
	if len(got) != len(times) {
		t.Fatalf("%d frames, ffprobe counts %d", len(got), len(times))
	}
	for i := range got {
		if d := got[i].time - times[i]; d < -time.Microsecond || d > time.Microsecond { // ffprobe writes microseconds
			t.Errorf("frame %d is at %v, ffprobe says %v", i, got[i].time, times[i])
		}
	}
	args := []string{"-nostdin", "-v", "error", "-i", path}
	if filter != "" {
		args = append(args, "-vf", filter)
	}
	data := run(t, "ffmpeg", append(args, "-vsync", "passthrough", "-sws_flags", "accurate_rnd+full_chroma_int", "-f", "rawvideo", "-pix_fmt", "rgb24", "-")...)
	size := 3 * got[0].width * got[0].height
	if len(data) != size*len(got) {
		t.Fatalf("%d frames of %d×%d are %d bytes, ffmpeg gives %d", len(got), got[0].width, got[0].height, size*len(got), len(data))
	}
	for i := range got {
		w, h, picture := got[i].width, got[i].height, data[i*size:(i+1)*size]
		want := quarters(w, h, func(x, y int) (c [3]float64) {
			for n := range c {
				c[n] = float64(picture[3*(y*w+x)+n])
			}
			return c
		})
		for c := range 3 {
			whole := 0.0
			for q := range want {
				d := got[i].mean[q][c] - want[q][c]
				whole += d / 4
				if math.Abs(d) > 4 { // saturated edges, by how chroma is interpolated
					t.Fatalf("frame %d has the mean colours %.2f, ffmpeg's has %.2f", i, got[i].mean, want)
				}
			}
			if math.Abs(whole) > 1 {
				t.Fatalf("frame %d has the mean colours %.2f, ffmpeg's has %.2f", i, got[i].mean, want)
			}
		}
	}
}

// quarters are the mean colours of a picture's quarters.
func quarters(width, height int, at func(x, y int) [3]float64) (mean [4][3]float64) {
	var n [4]float64
	for y := range height {
		for x := range width {
			q := 0
			if x >= width/2 {
				q++
			}
			if y >= height/2 {
				q += 2
			}
			n[q]++
			for i, v := range at(x, y) {
				mean[q][i] += v
			}
		}
	}
	for q := range mean {
		for i := range mean[q] {
			mean[q][i] /= n[q]
		}
	}
	return mean
}

// read decodes a file.
func read(t *testing.T, path string) (all []shown) {
	t.Helper()
	r, err := OpenReader(context.Background(), "file:"+path, ReaderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for {
		f, err := r.Next()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Logf("after %d frames: %v", len(all), err)
			return all
		}
		p, release, err := f.Picture()
		if err != nil {
			t.Fatal(err)
		}
		mean := quarters(p.Width, p.Height, func(x, y int) [3]float64 { return rgb(&p, x, y) })
		all = append(all, shown{f.Time, p.Width, p.Height, mean})
		f.Release()
		release()
	}
}

// rgb is a pixel's red, green and blue, 0 to 255, by the formulas of Picture's comment.
func rgb(p *yuv.Picture, x, y int) [3]float64 {
	cx, cy := x, y
	if p.Layout != yuv.I444 {
		cx /= 2
	}
	if p.Layout == yuv.I420 || p.Layout == yuv.NV12 {
		cy /= 2
	}
	luma, u, v := float64(p.Data[0][y*p.Stride[0]+x]), 128.0, 128.0
	switch p.Layout {
	case yuv.Gray:
	case yuv.NV12:
		u, v = float64(p.Data[1][cy*p.Stride[1]+2*cx]), float64(p.Data[1][cy*p.Stride[1]+2*cx+1])
	default:
		u, v = float64(p.Data[1][cy*p.Stride[1]+cx]), float64(p.Data[2][cy*p.Stride[2]+cx])
	}
	luma, cb, cr := luma/255, (u-128)/255, (v-128)/255
	if !p.Full {
		luma, cb, cr = (luma*255-16)/219, cb*255/224, cr*255/224
	}
	kr, kb := p.Matrix.Weights()
	r, b := luma+2*(1-kr)*cr, luma+2*(1-kb)*cb
	g := (luma - kr*r - kb*b) / (1 - kr - kb)
	c := [3]float64{r, g, b}
	for i := range c {
		c[i] = 255 * min(max(c[i], 0), 1)
	}
	return c
}

// probe are ffprobe's times of the frames, from the beginning of the file.
func probe(t *testing.T, path string) (times []time.Duration) {
	t.Helper()
	out := run(t, "ffprobe", "-v", "quiet", "-select_streams", "v:0", "-show_entries", "format=start_time:frame=best_effort_timestamp_time", "-of", "compact", path)
	var start time.Duration
	for line := range strings.Lines(string(out)) {
		what, rest, _ := strings.Cut(strings.TrimSpace(line), "|")
		field, _, _ := strings.Cut(rest, "|")
		_, value, _ := strings.Cut(field, "=")
		switch {
		case what == "format" && value != "N/A":
			start = parseSeconds(t, value)
		case what == "frame" && value != "N/A":
			times = append(times, parseSeconds(t, value))
		case what == "frame": // it is interpolated: all files without times have 25 frames a second
			times = append(times, start)
			if n := len(times); n > 1 {
				times[n-1] = times[n-2] + time.Second/25
			}
		}
	}
	for i := range times {
		times[i] -= start
	}
	return times
}

func parseSeconds(t *testing.T, s string) time.Duration {
	t.Helper()
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return time.Duration(math.Round(v*1e6)) * time.Microsecond
}

// TestHighDynamicRange compares the tone mapping with ffmpeg's filters zscale (zimg) and tonemap. zimg raises each channel
// of HLG to the power, not their luminance as BT.2100 says, so that only greys can be compared.
func TestHighDynamicRange(t *testing.T) {
	for transfer, saturation := range map[string]string{"smpte2084": "0.5", "arib-std-b67": "0"} {
		t.Run(transfer, func(t *testing.T) {
			path := made{name: "hdr.mp4", input: "testsrc2=size=160x120:rate=10:duration=0.3",
				args: "-vf eq=contrast=0.7:brightness=-0.1:saturation=" + saturation + ",scale=out_color_matrix=bt2020:out_range=limited,format=yuv444p10le,setparams=range=tv:colorspace=bt2020nc:color_primaries=bt2020:color_trc=" + transfer +
					" -c:v libx265 -x265-params log-level=none -preset ultrafast -crf 5"}.write(t)
			compare(t, path, "zscale=t=linear:npl=203,format=gbrpf32le,zscale=p=bt709,tonemap=mobius:param=0.7:peak=4.926108:desat=0,zscale=t=bt709,format=gbrp")
		})
	}
}
