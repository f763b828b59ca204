package main

import (
	"image"
	"image/color"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/image/draw"

	_ "image/jpeg"

	"corallite/internal/schema/modeltest"
	"corallite/internal/testdata"
	"corallite/tflite/tensor"
)

// makeFiles makes a folder with the odd files of the scripts, all of them with the cat of cat_720p.jpg where they have
// a picture at all:
//
//	small.png grey.png alpha.png sixteen.png   480x270: 8-bit colour, grey, with alpha, 16-bit
//	one.png huge.png                           1x1 and 10,000x10,000
//	empty.jpg text.jpg short.jpg               0 bytes, text, the first half of a JPEG file
//	clip.avi                                   the first 400,000 bytes of vtest.avi: 25 frames and a part of one
//	empty.tflite random.tflite short.tflite    0 bytes, noise, the first half of a model
func makeFiles(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	small := scaledCat(t, 480, 270)
	bounds := small.Bounds()
	grey, sixteen, alpha := image.NewGray(bounds), image.NewNRGBA64(bounds), image.NewNRGBA(bounds)
	draw.Draw(grey, bounds, small, image.Point{}, draw.Src)
	draw.Draw(sixteen, bounds, small, image.Point{}, draw.Src)
	for y := range bounds.Dy() {
		for x := range bounds.Dx() {
			c := small.RGBAAt(x, y)
			alpha.SetNRGBA(x, y, color.NRGBA{c.R, c.G, c.B, 128})
		}
	}
	huge := image.NewPaletted(image.Rect(0, 0, 10_000, 10_000), color.Palette{color.Black, color.White})
	plain := image.NewRGBA(image.Rect(0, 0, 40, 20))
	draw.Draw(plain, plain.Bounds(), image.NewUniform(color.RGBA{255, 204, 153, 255}), image.Point{}, draw.Src)
	for name, picture := range map[string]image.Image{
		"plain.png": plain, "small.png": small, "grey.png": grey, "sixteen.png": sixteen, "alpha.png": alpha, "huge.png": huge,
		"one.png": small.SubImage(image.Rect(0, 0, 1, 1)),
	} {
		writePNG(t, filepath.Join(dir, name), picture)
	}
	noise := make([]byte, 50_000)
	for i, x := 0, uint32(1); i < len(noise); i++ {
		x = x*1664525 + 1013904223
		noise[i] = byte(x >> 24)
	}
	for name, data := range map[string][]byte{
		"empty.jpg": {}, "text.jpg": []byte("This is no picture.\n"), "short.jpg": head(t, "images/cat_720p.jpg", 50_000),
		"mean.tflite": meanColour().Bytes(), "signatures.tflite": meanAndMax().Bytes(), "outputs.tflite": meanAndMaxOutputs().Bytes(), "yolov8.tflite": reshaped(8, 8, 6, 32).Bytes(), "yolov5.tflite": reshaped(8, 8, 24, 8).Bytes(),
		"clip.avi": head(t, "video/vtest.avi", 400_000), "empty.tflite": {}, "random.tflite": noise,
		"short.tflite": head(t, "models/mobilenet_v1_0.25_128_quant.tflite", 262_000),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func scaledCat(t *testing.T, width, height int) *image.RGBA {
	t.Helper()
	f, err := os.Open(testdata.Path(t, "images/cat_720p.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cat, _, err := image.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	scaled := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.BiLinear.Scale(scaled, scaled.Bounds(), cat, cat.Bounds(), draw.Src, nil)
	return scaled
}

func writePNG(t *testing.T, path string, picture image.Image) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	encoder := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := encoder.Encode(f, picture); err != nil {
		t.Fatal(err)
	}
}

// head is the first n bytes of a file of the test data.
func head(t *testing.T, name string, n int) []byte {
	t.Helper()
	f, err := os.Open(testdata.Path(t, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	data := make([]byte, n)
	if _, err := io.ReadFull(f, data); err != nil {
		t.Fatal(err)
	}
	return data
}

// meanColour is a classifier of pictures of any size, whose scores are the means of red, green and blue.
func meanColour() modeltest.Model {
	return modeltest.Model{Subgraphs: []modeltest.Subgraph{{
		Tensors: []modeltest.Tensor{
			{Info: tensor.Info{Name: "picture", Type: tensor.Float32, Shape: []int{1, 1, 1, 3}}, Open: []int32{1, -1, -1, 3}},
			{Info: tensor.Info{Name: "axes", Type: tensor.Int32, Shape: []int{2}}, Data: []byte{1, 0, 0, 0, 2, 0, 0, 0}},
			{Info: tensor.Info{Name: "means", Type: tensor.Float32, Shape: []int{1, 3}}},
		},
		Inputs: []int32{0}, Outputs: []int32{2},
		Operators: []modeltest.Operator{{Code: 40, Inputs: []int32{0, 1}, Outputs: []int32{2}, OptionsType: 27, Options: []any{false}}}, // MEAN, ReducerOptions
	}}}
}

// meanAndMax is a classifier of pictures of 8x8 with two signatures, "mean" and "max", whose scores are the means and the
// largest values of red, green and blue.
func meanAndMax() modeltest.Model {
	m := meanColour()
	picture := &m.Subgraphs[0].Tensors[0]
	picture.Shape, picture.Open = []int{1, 8, 8, 3}, nil
	largest := meanColour().Subgraphs[0]
	largest.Tensors[0] = *picture
	largest.Operators[0].Code = 82 // REDUCE_MAX
	m.Subgraphs = append(m.Subgraphs, largest)
	for i, key := range []string{"mean", "max"} {
		m.Signatures = append(m.Signatures, modeltest.Signature{
			Key: key, Subgraph: uint32(i), Inputs: []modeltest.Named{{Name: "image", Tensor: 0}}, Outputs: []modeltest.Named{{Name: key + "_scores", Tensor: 2}},
		})
	}
	return m
}

// meanAndMaxOutputs is the same with one graph of two outputs, "means" and "largest".
func meanAndMaxOutputs() modeltest.Model {
	m := meanAndMax()
	m.Signatures, m.Subgraphs = nil, m.Subgraphs[:1]
	g := &m.Subgraphs[0]
	g.Tensors = append(g.Tensors, modeltest.Tensor{Info: tensor.Info{Name: "largest", Type: tensor.Float32, Shape: []int{1, 3}}})
	g.Operators = append(g.Operators, g.Operators[0])
	g.Operators[1].Code, g.Operators[1].Outputs = 82, []int32{3}
	g.Outputs = []int32{2, 3}
	return m
}

// reshaped is a model whose output, of a shape as YOLO heads have it, is its picture's pixels.
func reshaped(width, height, rows, columns int) modeltest.Model {
	return modeltest.Model{Subgraphs: []modeltest.Subgraph{{
		Tensors: []modeltest.Tensor{
			{Info: tensor.Info{Name: "picture", Type: tensor.Float32, Shape: []int{1, height, width, 3}}},
			{Info: tensor.Info{Name: "boxes", Type: tensor.Float32, Shape: []int{1, rows, columns}}},
		},
		Inputs: []int32{0}, Outputs: []int32{1},
		Operators: []modeltest.Operator{{Code: 22, Inputs: []int32{0}, Outputs: []int32{1}, OptionsType: 17, Options: []any{[]int32{1, int32(rows), int32(columns)}}}}, // RESHAPE, ReshapeOptions
	}}}
}
