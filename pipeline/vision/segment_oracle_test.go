package vision_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"os"
	"slices"
	"testing"

	"corallite/internal/testdata"
	"corallite/pipeline"
	"corallite/pipeline/vision"
	"corallite/tflite/tensor"
)

func deepLab(t *testing.T, o vision.SegmentOptions) (*vision.Segment, pipeline.Engine, func(picture string) *pipeline.Mask) {
	t.Helper()
	engine := open(t, testdata.Path(t, "models/deeplabv3_mnv2_dm05_pascal_quant.tflite"))
	labels, err := vision.ReadLabels(testdata.Path(t, "labels/pascal_voc_segmentation_labels.txt"))
	if err != nil {
		t.Fatal(err)
	}
	o.Labels = labels
	task, err := vision.NewSegment(engine.Inputs(), engine.Outputs(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { task.Close() })
	return task, engine, func(picture string) *pipeline.Mask { return run(t, engine, task, picture).Mask }
}

// pixelsOf is the class of each pixel of a mask, row by row, from the runs.
func pixelsOf(t *testing.T, m *pipeline.Mask) []byte {
	t.Helper()
	pixels := slices.Repeat([]byte{255}, m.Width*m.Height)
	for _, s := range m.Segments {
		at := 0
		for i, n := range s.Counts {
			for k := range n {
				if i%2 == 1 {
					if pixels[at+k] != 255 {
						t.Fatalf("pixel %d is of %s and of class %d", at+k, s.Label, pixels[at+k])
					}
					pixels[at+k] = byte(s.Index)
				}
			}
			at += n
		}
		if at != len(pixels) {
			t.Fatalf("the runs of %s have %d pixels of %d", s.Label, at, len(pixels))
		}
	}
	return pixels
}

// TestSegmentAsThePeer compares DeepLab's masks with those of LiteRT 2.3 in Python (2 threads, the picture by cv2's
// imread, resize and cvtColor): the SHA-256 of the class of each pixel as a byte.
func TestSegmentAsThePeer(t *testing.T) {
	_, engine, segment := deepLab(t, vision.SegmentOptions{})
	for _, c := range []struct {
		picture, sum string
		box          [4]float32
		labels       []string
		pixels       []float32
	}{
		{"bird_segmentation.bmp", "44f177eb1b8332e567a6141b1871734f0b5cab9a5550a07ed022e250218afbfe", [4]float32{0, 0, 513, 513},
			[]string{"background", "bird", "dog", "horse"}, []float32{214043, 44935, 4160, 31}},
		{"cat_720p.jpg", "a98e0031785351f09ab5a9e716552ad18fb9c1402a17fc7dac7cfa2a0c071027", [4]float32{0, 0, 1280, 720},
			[]string{"background", "cat"}, []float32{162414, 100755}},
	} {
		mask := segment(c.picture)
		pixels := pixelsOf(t, mask)
		sum := sha256.Sum256(pixels)
		if got := hex.EncodeToString(sum[:]); got != c.sum {
			t.Errorf("%s: the mask's sum is %s, LiteRT's %s", c.picture, got, c.sum)
		}
		if mask.Width != 513 || mask.Height != 513 || mask.Box != c.box {
			t.Errorf("%s: a mask of %dx%d over %v", c.picture, mask.Width, mask.Height, mask.Box)
		}
		for i, raw := range stored(t, engine) {
			if int64(pixels[i]) != raw {
				t.Fatalf("%s: pixel %d has class %d, and the model said %d", c.picture, i, pixels[i], raw)
			}
		}
		if len(mask.Segments) != len(c.labels) {
			t.Fatalf("%s: %d segments, want %v", c.picture, len(mask.Segments), c.labels)
		}
		for i, s := range mask.Segments {
			if s.Label != c.labels[i] || s.Share != c.pixels[i]/(513*513) {
				t.Errorf("%s: segment %d is %v of %s, want %v of %s", c.picture, i, s.Share, s.Label, c.pixels[i]/(513*513), c.labels[i])
			}
		}
	}
}

// stored is the runtime's own output.
func stored(t *testing.T, engine pipeline.Engine) []int64 {
	t.Helper()
	classes, err := tensor.Of[int64](engine.Output(0))
	if err != nil {
		t.Fatal(err)
	}
	return classes
}

// TestSegmentLikeCoral measures the mask as Coral's own tests do (libcoral and pycoral): pixels
// that are equal, over twice all pixels without those, above 0.9. The reference is a picture whose palette indices are
// classes; LiteRT 2.3 in Python reaches 0.9241 with the same picture.
func TestSegmentLikeCoral(t *testing.T) {
	_, _, segment := deepLab(t, vision.SegmentOptions{})
	got := pixelsOf(t, segment("bird_segmentation.bmp"))
	want := paletteIndices(t, testdata.Path(t, "images/bird_segmentation_mask.bmp"))
	if len(got) != len(want) {
		t.Fatalf("%d pixels, and the reference has %d", len(got), len(want))
	}
	equal := 0
	for i := range got {
		if got[i] == want[i] {
			equal++
		}
	}
	if iou := float64(equal) / float64(2*len(got)-equal); !near(iou, 0.9241, 1e-4) {
		t.Errorf("the overlap with Coral's mask is %.4f, want 0.9241", iou)
	}
}

// paletteIndices reads a BMP of 8 bits a pixel that is not compressed: what OpenCV would turn into colours.
func paletteIndices(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	le := binary.LittleEndian
	from, width, height := int(le.Uint32(b[10:])), int(le.Uint32(b[18:])), int(le.Uint32(b[22:]))
	if bits, packed := le.Uint16(b[28:]), le.Uint32(b[30:]); bits != 8 || packed != 0 {
		t.Fatalf("%s has %d bits a pixel, compression %d", path, bits, packed)
	}
	stride := (width + 3) / 4 * 4
	var indices []byte
	for y := height - 1; y >= 0; y-- { // the lowest row comes first
		indices = append(indices, b[from+y*stride:][:width]...)
	}
	return indices
}

func TestSegmentLabels(t *testing.T) {
	for _, c := range []struct {
		opts vision.SegmentOptions
		want []string
	}{
		{vision.SegmentOptions{MinShare: 0.01}, []string{"background", "bird", "dog"}},
		{vision.SegmentOptions{Options: vision.Options{Allow: []string{"bird", "cat"}}}, []string{"bird"}},
		{vision.SegmentOptions{Options: vision.Options{Deny: []string{"background"}, MaxResults: 2}}, []string{"bird", "dog"}},
	} {
		_, _, segment := deepLab(t, c.opts)
		var got []string
		for _, s := range segment("bird_segmentation.bmp").Segments {
			got = append(got, s.Label)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%+v: %v, want %v", c.opts, got, c.want)
		}
	}
}

// TestSegmentLetterbox sees that bars count for no one's share.
func TestSegmentLetterbox(t *testing.T) {
	_, _, segment := deepLab(t, vision.SegmentOptions{Options: vision.Options{Input: vision.InputOptions{Resize: vision.Letterbox}}})
	mask := segment("cat_720p.jpg")
	// 1280 × 720 in 513 × 513 is 513 × 289 between bars of 112 rows.
	if want := [4]float32{0, -279.03, 1280, 999.03}; !near(float64(mask.Box[1]), float64(want[1]), 0.1) || !near(float64(mask.Box[3]), float64(want[3]), 0.1) {
		t.Errorf("the mask covers %v, want %v", mask.Box, want)
	}
	pixels := pixelsOf(t, mask)
	cats := 0
	for _, class := range pixels[112*513 : (112+289)*513] {
		if class == 8 {
			cats++
		}
	}
	for _, s := range mask.Segments {
		if s.Label == "cat" && (s.Share != float32(cats)/(513*289) || s.Share < 0.2) {
			t.Errorf("the cat has %v of the picture, want %v", s.Share, float32(cats)/(513*289))
		}
	}
	if cats == 0 {
		t.Error("no cat was found")
	}
}
