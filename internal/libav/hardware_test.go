package libav

import (
	"context"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"corallite/internal/testdata"
)

// TestHardwareFallsBack asks for hardware. Where there is none, the CPU decodes all frames, and the reason names each kind
// that was tried.
func TestHardwareFallsBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "h264.mp4")
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		testdata.Missing(t, "the program ffmpeg is not installed (package ffmpeg; scripts/test-files installs it)")
	}
	if text, err := exec.Command("ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc=s=320x240:r=25:d=2", "-c:v", "libx264",
		"-pix_fmt", "yuv420p", path).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	count := func(hardware string) (n int, kind, why string) {
		r, err := OpenReader(context.Background(), "file:"+path, ReaderOptions{Hardware: hardware})
		if err != nil {
			t.Fatalf("%s: %v", hardware, err)
		}
		defer r.Close()
		kind, why = r.Hardware()
		for n < 50 {
			f, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", hardware, err)
			}
			_, release, err := f.Picture()
			if err != nil {
				t.Fatalf("%s: %v", hardware, err)
			}
			release()
			f.Release()
			n++
		}
		return n, kind, why
	}
	devices, _ := filepath.Glob("/dev/dri/render*")
	nvidia, _ := filepath.Glob("/dev/nvidia*")
	video, _ := filepath.Glob("/dev/video*")
	has := map[string]bool{"vaapi": len(devices) > 0, "cuda": len(nvidia) > 0, "v4l2m2m": len(video) > 0}
	for _, hardware := range append([]string{"", "none", "auto"}, HardwareKinds...) {
		n, kind, why := count(hardware)
		if n != 50 {
			t.Errorf("%s: %d frames", hardware, n)
		}
		for _, k := range HardwareKinds {
			asked := hardware == "auto" || hardware == k
			if asked && !has[k] && (kind == k || !strings.Contains(why, k+": ")) || !asked && strings.Contains(why, k) {
				t.Errorf("%q: %q decodes, because %q", hardware, kind, why)
			}
		}
		t.Logf("%q: %q, %s", hardware, kind, why)
	}
}
