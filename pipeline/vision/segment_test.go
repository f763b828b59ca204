package vision

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"corallite/internal/score"
	"corallite/pipeline"
	"corallite/tflite/tensor"
)

// classMap is the class of each pixel, as a model gives it that ends in ArgMax.
func classMap(width int, classes ...int64) tensor.Tensor {
	t := tensor.Tensor{Info: tensor.Info{Name: "ArgMax", Type: tensor.Int64, Shape: []int{1, len(classes) / width, width}}}
	for _, c := range classes {
		t.Data = binary.NativeEndian.AppendUint64(t.Data, uint64(c))
	}
	return t
}

// three by four pixels: a cat (2) in the background (0), and a dog (1) in a corner.
func catAndDog() tensor.Tensor {
	return classMap(4,
		0, 2, 2, 0,
		0, 2, 2, 2,
		0, 0, 1, 1)
}

func TestSegmentDecode(t *testing.T) {
	stretch := fitInto(Stretch, 80, 30, 8, 6).placement(80, 30) // the input is twice the mask
	box := [4]float32{0, 0, 80, 30}
	labels := []string{"background", "dog", "cat"}
	nothing := pipeline.Segment{Label: "background", Index: 0, Share: 5. / 12, Counts: []int{0, 1, 2, 2, 3, 2, 2}}
	cat := pipeline.Segment{Label: "cat", Index: 2, Share: 5. / 12, Counts: []int{1, 2, 2, 3, 4}}
	dog := pipeline.Segment{Label: "dog", Index: 1, Share: 2. / 12, Counts: []int{10, 2}}
	quantized := bytesOf("scores", tensor.UInt8, tensor.PerTensor(0.5, 128), []int{1, 1, 3, 3}, 9, 9, 9, 0, 255, 1, 7, 8, 9)
	signed := bytesOf("scores", tensor.Int8, tensor.PerTensor(0.5, 0), []int{1, 1, 3, 3}, 0xF0, 0x80, 0xEF, 0xFF, 0, 0, 0x80, 0x81, 0x82)
	real := floats("scores", []int{1, 1, 3, 3}, 1, 1, 1, -3, -2, -3, -0.5, -0.25, 0)
	half := bytesOf("scores", tensor.Float16, tensor.Quantization{}, []int{1, 1, 3, 3},
		0, 0x3C, 0, 0x38, 0, 0, 0, 0, 0, 0x3C, 0, 0, 0, 0, 0, 0, 0, 0x38)
	three := []pipeline.Segment{
		{Label: "background", Index: 0, Share: 1. / 3, Counts: []int{0, 1, 2}},
		{Label: "dog", Index: 1, Share: 1. / 3, Counts: []int{1, 1, 1}},
		{Label: "cat", Index: 2, Share: 1. / 3, Counts: []int{2, 1}},
	}
	for name, c := range map[string]struct {
		out   tensor.Tensor
		opts  SegmentOptions
		place pipeline.Placement
		box   [4]float32
		want  []pipeline.Segment
	}{
		"classes, the lower of equals first": {catAndDog(), SegmentOptions{}, stretch, box, []pipeline.Segment{nothing, cat, dog}},
		"without the background":             {catAndDog(), SegmentOptions{Options: Options{Deny: []string{"background"}}}, stretch, box, []pipeline.Segment{cat, dog}},
		"allowed":                            {catAndDog(), SegmentOptions{Options: Options{Allow: []string{"dog"}}}, stretch, box, []pipeline.Segment{dog}},
		"the largest":                        {catAndDog(), SegmentOptions{Options: Options{MaxResults: 1}}, stretch, box, []pipeline.Segment{nothing}},
		"least share":                        {catAndDog(), SegmentOptions{MinShare: 0.4}, stretch, box, []pipeline.Segment{nothing, cat}},
		"least share is kept":                {catAndDog(), SegmentOptions{MinShare: 2. / 12}, stretch, box, []pipeline.Segment{nothing, cat, dog}},
		"nothing":                            {catAndDog(), SegmentOptions{MinShare: 1}, stretch, box, []pipeline.Segment{}},
		"one class": {classMap(4, make([]int64, 12)...), SegmentOptions{}, stretch, box,
			[]pipeline.Segment{{Label: "background", Share: 1, Counts: []int{0, 12}}}},
		"uint8": {bytesOf("m", tensor.UInt8, tensor.Quantization{}, []int{1, 1, 3, 1}, 2, 2, 1), SegmentOptions{}, stretch, box, []pipeline.Segment{
			{Label: "cat", Index: 2, Share: 2. / 3, Counts: []int{0, 2, 1}}, {Label: "dog", Index: 1, Share: 1. / 3, Counts: []int{2, 1}}}},
		"quantized classes": {bytesOf("m", tensor.UInt8, tensor.PerTensor(1, 5), []int{1, 1, 2}, 7, 5), SegmentOptions{}, stretch, box, []pipeline.Segment{
			{Label: "background", Index: 0, Share: 0.5, Counts: []int{1, 1}}, {Label: "cat", Index: 2, Share: 0.5, Counts: []int{0, 1, 1}}}},
		"float classes": {floats("m", []int{1, 1, 1}, 1), SegmentOptions{}, stretch, box, []pipeline.Segment{{Label: "dog", Index: 1, Share: 1, Counts: []int{0, 1}}}},
		"uint8 scores":  {quantized, SegmentOptions{}, stretch, box, three},
		"int8 scores":   {signed, SegmentOptions{}, stretch, box, three},
		"scores":        {real, SegmentOptions{}, stretch, box, three},
		"half scores":   {half, SegmentOptions{}, stretch, box, three},
		// An input of 8 × 6 with a picture of 80 × 30 in the middle: rows 1.5 to 4.5 of the input hold it, so of the three
		// rows of the mask only the middle of the second one lies in it.
		"letterbox": {catAndDog(), SegmentOptions{}, pipeline.Placement{OffsetY: -15, ScaleX: 10, ScaleY: 10, Width: 80, Height: 30}, [4]float32{0, -15, 80, 45}, []pipeline.Segment{
			{Label: "cat", Index: 2, Share: 0.75, Counts: cat.Counts}, {Label: "background", Index: 0, Share: 0.25, Counts: nothing.Counts}}},
		"bars at the sides": {catAndDog(), SegmentOptions{}, pipeline.Placement{OffsetX: -10, ScaleX: 5, ScaleY: 5, Width: 20, Height: 30}, [4]float32{-10, 0, 30, 30}, []pipeline.Segment{
			{Label: "cat", Index: 2, Share: 4. / 6, Counts: cat.Counts}, {Label: "background", Index: 0, Share: 1. / 6, Counts: nothing.Counts}, {Label: "dog", Index: 1, Share: 1. / 6, Counts: dog.Counts}}},
		"cropped": {catAndDog(), SegmentOptions{Options: Options{MaxResults: 1}}, pipeline.Placement{OffsetX: 20, ScaleX: 5, ScaleY: 5, Width: 80, Height: 30}, [4]float32{20, 0, 60, 30}, []pipeline.Segment{nothing}},
	} {
		c.opts.Labels = labels
		in := pictureInput(8)
		in[0].Shape = []int{1, 6, 8, 3}
		task, err := NewSegment(in, []tensor.Info{c.out.Info}, c.opts)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for range 2 { // the second with memory that was used before
			got, err := task.Decode(outputs{c.out}, c.place)
			if err != nil || got.Mask == nil {
				t.Errorf("%s: %+v, %v", name, got, err)
				break
			}
			if got.Mask.Box != c.box || !reflect.DeepEqual(got.Mask.Segments, c.want) {
				t.Errorf("%s: %+v, want %v %+v", name, got.Mask, c.box, c.want)
			}
		}
		task.Close()
	}
}

func TestSegmentDecodeOfStrangeOutputs(t *testing.T) {
	nan := float32(math.NaN())
	place := fitInto(Stretch, 80, 30, 8, 8).placement(80, 30)
	for name, c := range map[string]struct {
		out  tensor.Tensor
		want string
	}{
		"class below 0":              {classMap(2, 0, -1), "-1 as a class"},
		"class without a label":      {classMap(2, 0, 2), "no label"},
		"class beyond all":           {classMap(2, 1<<40, 0), "as a class"},
		"class beyond 16 bits":       {classMap(2, 1<<16, 0), "65536 as a class"},
		"half a class":               {floats("m", []int{1, 1, 2}, 0.5, 0), "0.5 as a class"},
		"class that is no number":    {floats("m", []int{1, 1, 2}, 1, nan), "NaN as a class"},
		"endless class":              {floats("m", []int{1, 1, 2}, float32(math.Inf(1)), 0), "as a class"},
		"score that is no number":    {floats("m", []int{1, 1, 1, 2}, 1, nan), "not a finite number"},
		"first score is no number":   {floats("m", []int{1, 1, 1, 2}, nan, 1), "not a finite number"},
		"too few classes":            {tensor.Tensor{Info: classMap(2, 0, 0, 0, 0).Info, Data: classMap(2, 0, 0).Data}, "has 2 values, want 4"},
		"too few scores":             {bytesOf("m", tensor.Int8, tensor.Quantization{}, []int{1, 1, 2, 2}, 1, 2), "has 2 values, want 4"},
		"too few scores, not stored": {floats("m", []int{1, 1, 2, 2}, 1, 2), "has 2 values, want 4"},
	} {
		task, err := NewSegment(pictureInput(8), []tensor.Info{c.out.Info}, SegmentOptions{Options: Options{Labels: []string{"a", "b"}}})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if _, err := task.Decode(outputs{c.out}, place); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if _, err := task.Decode(outputs{c.out}, pipeline.Placement{}); err == nil {
			t.Errorf("%s: decoded without a placement", name)
		}
		task.Close()
	}
}

func TestSegmentRefusesModels(t *testing.T) {
	in, mask := pictureInput(8), []tensor.Info{catAndDog().Info}
	scores := tensor.Info{Name: "scores", Type: tensor.UInt8, Shape: []int{1, 4, 4, 3}}
	shaped := func(shape ...int) []tensor.Info {
		info := scores
		info.Shape = shape
		return []tensor.Info{info}
	}
	turned := scores
	turned.Quantization = tensor.PerTensor(-1, 0)
	real := tensor.Info{Name: "probability", Type: tensor.Float32, Shape: []int{1, 4, 4, 1}}
	for name, c := range map[string]struct {
		inputs, outputs []tensor.Info
		opts            SegmentOptions
		want            string
	}{
		"no output":           {in, nil, SegmentOptions{}, "no output"},
		"two outputs":         {in, append(mask, mask...), SegmentOptions{}, "2 outputs"},
		"another output":      {in, mask, SegmentOptions{Output: "mask"}, "no output named \"mask\""},
		"two inputs":          {append(in, in...), mask, SegmentOptions{}, "one input"},
		"a classifier":        {in, shaped(1, 1001), SegmentOptions{}, "[1,height,width]"},
		"two pictures":        {in, shaped(2, 4, 4), SegmentOptions{}, "[1,height,width]"},
		"no pixel":            {in, shaped(1, 0, 4), SegmentOptions{}, "[1,height,width]"},
		"no class":            {in, shaped(1, 4, 4, 0), SegmentOptions{}, "[1,height,width,classes]"},
		"many labels of one":  {in, []tensor.Info{real}, SegmentOptions{Options: Options{Labels: []string{"a", "b", "c"}}}, "has one label, or two"},
		"softmax of one":      {in, []tensor.Info{real}, SegmentOptions{Options: Options{Activation: score.Softmax}}, "use sigmoid"},
		"certain of one":      {in, []tensor.Info{real}, SegmentOptions{Options: Options{ScoreThreshold: 1}}, "score_threshold 1"},
		"too large":           {in, shaped(1, 1<<20, 1<<20), SegmentOptions{}, "too large"},
		"too many classes":    {in, shaped(1, 1, 1, 1<<17), SegmentOptions{}, "65536"},
		"text":                {in, []tensor.Info{{Name: "t", Type: tensor.String, Shape: []int{1, 4, 4}}}, SegmentOptions{}, "string"},
		"scale below 0":       {in, []tensor.Info{turned}, SegmentOptions{}, "scale"},
		"few labels":          {in, []tensor.Info{scores}, SegmentOptions{Options: Options{Labels: []string{"a", "b"}}}, "3 classes"},
		"a score threshold":   {in, mask, SegmentOptions{Options: Options{ScoreThreshold: 0.5}}, "min_share"},
		"a share beyond 1":    {in, mask, SegmentOptions{MinShare: 1.5}, "min_share"},
		"a share of no value": {in, mask, SegmentOptions{MinShare: float32(math.NaN())}, "min_share"},
		"sound":               {[]tensor.Info{{Name: "wave", Type: tensor.Float32, Shape: []int{1, 100}}}, mask, SegmentOptions{}, "one picture"},
	} {
		task, err := NewSegment(c.inputs, c.outputs, c.opts)
		if err == nil {
			t.Errorf("%s: taken", name)
			task.Close()
		} else if !strings.HasPrefix(err.Error(), "segment: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %q does not say %q", name, err, c.want)
		}
	}
}

// TestSegmentsOfAnyMask decodes masks made by chance and compares with what a plain loop over the pixels finds.
func TestSegmentsOfAnyMask(t *testing.T) {
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		width, height, classes := 1+rnd.IntN(12), 1+rnd.IntN(12), 1+rnd.IntN(5)
		pixels := make([]int64, width*height)
		for i := range pixels {
			if i == 0 || rnd.IntN(3) == 0 {
				pixels[i] = int64(rnd.IntN(classes))
			} else {
				pixels[i] = pixels[i-1]
			}
		}
		out := classMap(width, pixels...)
		task, err := NewSegment(pictureInput(16), []tensor.Info{out.Info}, SegmentOptions{})
		if err != nil {
			t.Fatal(err)
		}
		resize := []Resize{Stretch, Letterbox, CenterCrop}[rnd.IntN(3)]
		w, h := 1+rnd.IntN(100), 1+rnd.IntN(100)
		place := fitInto(resize, w, h, 16, 16).placement(w, h)
		got, err := task.Decode(outputs{out}, place)
		task.Close()
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		checkSegments(t, seed, got.Mask, pixels, place)
	}
}

func checkSegments(t *testing.T, seed uint64, mask *pipeline.Mask, pixels []int64, place pipeline.Placement) {
	t.Helper()
	inside, total := map[int]int{}, 0
	for i, class := range pixels {
		x := float64(place.OffsetX) + (float64(i%mask.Width)+0.5)*16/float64(mask.Width)*float64(place.ScaleX)
		y := float64(place.OffsetY) + (float64(i/mask.Width)+0.5)*16/float64(mask.Height)*float64(place.ScaleY)
		if x >= 0 && y >= 0 && x < float64(place.Width) && y < float64(place.Height) {
			inside[int(class)]++
			total++
		}
	}
	if len(mask.Segments) != len(inside) {
		t.Errorf("seed %d: %d segments, want %d", seed, len(mask.Segments), len(inside))
	}
	for _, s := range mask.Segments {
		if want := float32(inside[s.Index]) / float32(total); s.Share != want {
			t.Errorf("seed %d: class %d has %v of the picture, want %v", seed, s.Index, s.Share, want)
		}
		at := 0
		for k, n := range s.Counts {
			if n == 0 && k > 0 {
				t.Errorf("seed %d: an empty run in %v", seed, s.Counts)
			}
			for range n {
				if (int(pixels[at]) == s.Index) != (k%2 == 1) {
					t.Fatalf("seed %d: pixel %d of class %d is wrong in %v", seed, at, s.Index, s.Counts)
				}
				at++
			}
		}
		if at != len(pixels) {
			t.Errorf("seed %d: the runs have %d pixels, want %d", seed, at, len(pixels))
		}
	}
}

func BenchmarkSegmentDecode(b *testing.B) {
	const size, classes = 513, 21
	class := func(i int) int { return (i/40 + i/size/30) % classes }
	pixels := make([]int64, size*size)
	scores := bytesOf("scores", tensor.UInt8, tensor.PerTensor(0.1, 0), []int{1, size, size, classes}, make([]byte, size*size*classes)...)
	for i := range pixels {
		pixels[i] = int64(class(i))
		scores.Data[i*classes+class(i)] = 200
	}
	for name, out := range map[string]tensor.Tensor{"classes int64": classMap(size, pixels...), "scores uint8": scores} {
		b.Run(name, func(b *testing.B) {
			task, err := NewSegment(pictureInput(size), []tensor.Info{out.Info}, SegmentOptions{})
			if err != nil {
				b.Fatal(err)
			}
			defer task.Close()
			place := fitInto(Letterbox, 1280, 720, size, size).placement(1280, 720)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := task.Decode(outputs{out}, place); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
