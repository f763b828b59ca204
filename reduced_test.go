package corallite_test

import (
	"fmt"
	"image"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"gocv.io/x/gocv"

	"corallite"
	"corallite/internal/overlap"
	"corallite/internal/testdata"
	"corallite/pipeline"
	"corallite/pipeline/camera"
)

// largePictures makes 200 JPEGs of one to twelve megapixels from the test data's pictures and a video's frames: enlarged,
// half of them with the noise of a sensor, in several qualities.
func largePictures(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	var from []gocv.Mat
	t.Cleanup(func() {
		for _, m := range from {
			m.Close()
		}
	})
	for _, name := range []string{"images/cat_720p.jpg", "images/hot_dog.jpg", "images/parrot.jpg", "images/kite_and_cold.jpg", "images/cat.bmp",
		"images/bird.bmp", "images/sunflower.bmp", "images/grace_hopper.bmp", "images/squat.bmp", "wild/burger.jpg", "wild/cats_and_dogs.jpg"} {
		from = append(from, gocv.IMRead(testdata.Path(t, name), gocv.IMReadColor))
	}
	video, err := gocv.VideoCaptureFile(testdata.Path(t, "video/vtest.avi"))
	if err != nil {
		t.Fatal(err)
	}
	defer video.Close()
	for len(from) < 20 {
		m := gocv.NewMat()
		from = append(from, m)
		video.Grab(79)
		if !video.Read(&m) {
			t.Fatal("vtest.avi ended early")
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 1<<16)
	for i := range noise {
		noise[i] = byte(min(max(8+2.5*random.NormFloat64(), 0), 16))
	}
	sizes := []image.Point{{2000, 1500}, {1280, 960}, {4000, 3000}, {1601, 1203}, {1500, 2000}, {2560, 1440}, {1920, 1080}}
	big := gocv.NewMat()
	defer big.Close()
	for n := range 200 {
		gocv.Resize(from[n%len(from)], &big, sizes[n/len(from)%len(sizes)], 0, 0, gocv.InterpolationCubic)
		if pixels, err := big.DataPtrUint8(); err != nil {
			t.Fatal(err)
		} else if n%2 == 1 {
			for i := 0; i < len(pixels); i++ {
				pixels[i] = byte(min(max(int(pixels[i])+int(noise[(i/3*7919+i/30011)&0xffff])-8, 0), 255))
			}
		}
		data, err := gocv.IMEncodeWithParams(gocv.JPEGFileExt, big, []int{gocv.IMWriteJpegQuality, []int{75, 85, 92, 97}[n/2%4]})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%03d.jpg", n)), data.GetBytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		data.Close()
	}
	return dir
}

func model(t *testing.T, name string) *corallite.Model {
	t.Helper()
	m, err := corallite.Open(t.Context(), testdata.Path(t, name), corallite.Options{Engines: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

// found are a model's results for the pictures in a folder, in their order.
func found(t *testing.T, m *corallite.Model, dir, decode string) (all []pipeline.Event) {
	t.Helper()
	for e, err := range m.Events(t.Context(), &camera.ImagesConfig{Images: []string{dir}, Decode: decode}) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

// TestReducedPicturesGiveTheSame: what a model is sure of is the same whether JPEGs are decoded in full or no larger than it
// needs. Of what it is not sure, moving the picture by one pixel changes as much (docs/performance.md).
func TestReducedPicturesGiveTheSame(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes half a minute")
	}
	dir := largePictures(t)
	t.Run("classes", func(t *testing.T) {
		m := model(t, "models/mobilenet_v2_1.0_224_quant.tflite")
		full, auto := found(t, m, dir, "full"), found(t, m, dir, "auto")
		sure, same, other := 0, 0, 0
		for i, e := range full {
			a, b := e.Result.Classes[0], auto[i].Result.Classes[0]
			if a.Score != b.Score {
				other++
			}
			if a.Score < 0.5 {
				continue
			}
			sure++
			if a.Index == b.Index {
				same++
			} else {
				t.Logf("%s: %s %.2f in full, %s %.2f reduced", filepath.Base(e.Source), a.Label, a.Score, b.Label, b.Score)
			}
		}
		t.Logf("%d of %d best classes with 0.5 and more are the same; the score is another in %d pictures", same, sure, other)
		if sure < 50 || other < 25 || float64(same) < 0.99*float64(sure) {
			t.Errorf("%d of %d best classes are the same, want 99 %%; %d of %d pictures were reduced", same, sure, other, len(full))
		}
	})
	t.Run("detections", func(t *testing.T) {
		m := model(t, "models/ssd_mobilenet_v1_coco_quant.tflite")
		full, auto := found(t, m, dir, "full"), found(t, m, dir, "auto")
		sure, same, other := 0, 0, 0
		for i := range full {
			if !slices.EqualFunc(full[i].Result.Detections, auto[i].Result.Detections, func(a, b pipeline.Detection) bool { return a.Box == b.Box }) {
				other++
			}
			for _, pair := range [][2][]pipeline.Detection{{full[i].Result.Detections, auto[i].Result.Detections}, {auto[i].Result.Detections, full[i].Result.Detections}} {
				for _, d := range pair[0] {
					if d.Score < 0.7 {
						continue
					}
					sure++
					if slices.ContainsFunc(pair[1], func(o pipeline.Detection) bool {
						return o.Index == d.Index && overlap.IoU(o.Box, d.Box) >= 0.9 && max(o.Score-d.Score, d.Score-o.Score) <= 0.05
					}) {
						same++
					}
				}
			}
		}
		t.Logf("%d of %d detections with 0.7 and more are the same; something is another in %d pictures", same, sure, other)
		if sure < 50 || other < 10 || float64(same) < 0.98*float64(sure) {
			t.Errorf("%d of %d detections are the same, want 98 %%; %d of %d pictures were reduced", same, sure, other, len(full))
		}
	})
}
