package camera

import (
	"path/filepath"
	"testing"

	"corallite/pipeline/camera/cameratest"
)

// TestLiveHardwareFallsBack asks for a decoder that this machine does not have: the CPU decodes, and the log says why.
func TestLiveHardwareFallsBack(t *testing.T) {
	if found, _ := filepath.Glob("/dev/dri/render*"); len(found) > 0 {
		t.Skip("this machine may decode by VA-API")
	}
	n := cameratest.NewRTSPH264(t, 320, 240)
	l, log := opened(t, LiveOptions{URL: n.URL("/yard"), Hardware: "vaapi"})
	for range 3 {
		nextFrame(t, l)
	}
	if log.count("the pictures are decoded on the CPU") != 1 || log.count("vaapi: ") != 1 {
		t.Errorf("log:\n%s", log)
	}
}
