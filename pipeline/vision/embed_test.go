package vision

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"corallite/pipeline"
	"corallite/tflite/tensor"
)

func TestCosine(t *testing.T) {
	for _, c := range []struct {
		a, b pipeline.Vector
		want float64
	}{
		{pipeline.Vector{1, 0}, pipeline.Vector{1, 0}, 1},
		{pipeline.Vector{3, 4}, pipeline.Vector{-6, -8}, -1},
		{pipeline.Vector{1, 0}, pipeline.Vector{0, 5}, 0},
		{pipeline.Vector{1, 0}, pipeline.Vector{2, 2}, math.Sqrt2 / 2},
		{pipeline.Vector{0, 0}, pipeline.Vector{1, 2}, 0},
		{pipeline.Vector{1e20, 1e20}, pipeline.Vector{1e20, 0}, math.Sqrt2 / 2},
		{pipeline.Vector{}, pipeline.Vector{}, 0},
	} {
		if got := Cosine(c.a, c.b); math.Abs(float64(got)-c.want) > 1e-6 || got > 1 || got < -1 {
			t.Errorf("the cosine of %v and %v is %v, want %v", c.a, c.b, got, c.want)
		}
	}
}

// madeGallery makes a gallery of files whose embeddings are given.
func madeGallery(t *testing.T, vectors map[string]pipeline.Vector) *Gallery {
	t.Helper()
	dir := t.TempDir()
	for name := range vectors {
		writeFile(t, filepath.Join(dir, name))
	}
	g, err := NewGallery(context.Background(), dir, GalleryOptions{Embed: func(_ context.Context, path string) (pipeline.Vector, error) {
		name, err := filepath.Rel(dir, path)
		return vectors[filepath.ToSlash(name)], err
	}})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func writeFile(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("a picture"), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestEmbedDecode(t *testing.T) {
	// Of the labels, in the order of the alphabet: ann along x, bob along y and halfway to x, cid along −z.
	gallery := madeGallery(t, map[string]pipeline.Vector{
		"bob/1.png": {0, 2, 0}, "bob/2.png": {5, 5, 0}, "ann/1.png": {0.1, 0, 0}, "cid.png": {0, 0, -9},
	})
	ann, bob, cid := pipeline.Class{Label: "ann", Index: 0}, pipeline.Class{Label: "bob", Index: 1}, pipeline.Class{Label: "cid", Index: 2}
	scored := func(c pipeline.Class, score float64) pipeline.Class {
		c.Score = float32(score)
		return c
	}
	quantized := bytesOf("v", tensor.UInt8, tensor.PerTensor(0.5, 10), []int{1, 1, 1, 3}, 16, 10, 18) // 3, 0, 4
	for name, c := range map[string]struct {
		out    tensor.Tensor
		opts   EmbedOptions
		vector pipeline.Vector
		want   []pipeline.Class
	}{
		"without a gallery": {floats("v", []int{1, 3}, 0, 3, 4), EmbedOptions{}, pipeline.Vector{0, 0.6, 0.8}, nil},
		"quantized":         {quantized, EmbedOptions{}, pipeline.Vector{0.6, 0, 0.8}, nil},
		"the best of each label": {floats("v", []int{3}, 8, 0, 0), EmbedOptions{Gallery: gallery}, pipeline.Vector{1, 0, 0},
			[]pipeline.Class{scored(ann, 1), scored(bob, math.Sqrt2/2), scored(cid, 0)}},
		"the first is the best": {floats("v", []int{1, 3}, 0, 4, 0), EmbedOptions{Gallery: gallery, Options: Options{MaxResults: 1}}, pipeline.Vector{0, 1, 0},
			[]pipeline.Class{scored(bob, 1)}},
		"the nearest": {floats("v", []int{1, 3}, 1, 1.2, 0), EmbedOptions{Gallery: gallery, NoVector: true, Options: Options{MaxResults: 1}}, nil,
			[]pipeline.Class{scored(bob, 2.2/math.Sqrt(2)/math.Sqrt(2.44))}},
		"above a threshold": {floats("v", []int{1, 3}, 8, 0, 0), EmbedOptions{Gallery: gallery, Options: Options{ScoreThreshold: 0.9}}, pipeline.Vector{1, 0, 0},
			[]pipeline.Class{scored(ann, 1)}},
		"unknown": {floats("v", []int{1, 3}, 0, 0, 1), EmbedOptions{Gallery: gallery, Options: Options{ScoreThreshold: 0.5}}, pipeline.Vector{0, 0, 1}, []pipeline.Class{}},
		"opposite": {floats("v", []int{1, 3}, 0, 0, 1), EmbedOptions{Gallery: gallery, Options: Options{ScoreThreshold: -1, Allow: []string{"cid"}}}, pipeline.Vector{0, 0, 1},
			[]pipeline.Class{scored(cid, -1)}},
		"denied": {floats("v", []int{1, 3}, 1, 0, 0), EmbedOptions{Gallery: gallery, Options: Options{MaxResults: 1, Deny: []string{"ann"}}}, pipeline.Vector{1, 0, 0},
			[]pipeline.Class{scored(bob, math.Sqrt2/2)}},
	} {
		task, err := NewEmbed(pictureInput(8), []tensor.Info{c.out.Info}, c.opts)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for range 2 {
			got, err := task.Decode(outputs{c.out}, pipeline.Placement{})
			if err != nil || !reflect.DeepEqual(got.Embedding, c.vector) || len(got.Classes) != len(c.want) || (got.Classes == nil) != (c.want == nil) {
				t.Errorf("%s: %+v, %v; want %v %v", name, got, err, c.vector, c.want)
				continue
			}
			for i, w := range c.want {
				if g := got.Classes[i]; g.Label != w.Label || g.Index != w.Index || math.Abs(float64(g.Score-w.Score)) > 1e-6 {
					t.Errorf("%s: class %d is %+v, want %+v", name, i, g, w)
				}
			}
		}
		task.Close()
	}
}

func TestEmbedDecodeOfStrangeOutputs(t *testing.T) {
	task, err := NewEmbed(pictureInput(8), []tensor.Info{floats("v", []int{1, 2}).Info}, EmbedOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer task.Close()
	inf := float32(math.Inf(1))
	for name, c := range map[string]struct {
		out tensor.Tensor
		one bool // the fault of one item
	}{
		"zeros":        {floats("v", []int{1, 2}, 0, 0), true},
		"no number":    {floats("v", []int{1, 2}, 0, inf-inf), true},
		"infinite":     {floats("v", []int{1, 2}, inf, 0), true},
		"too few":      {floats("v", []int{1, 2}, 1), false},
		"another type": {bytesOf("v", tensor.String, tensor.Quantization{}, []int{1, 2}, 1), false},
	} {
		_, err := task.Decode(outputs{c.out}, pipeline.Placement{})
		var one *pipeline.ItemError
		if err == nil || errors.As(err, &one) != c.one {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEmbedRefusesModels(t *testing.T) {
	in, vector := pictureInput(8), []tensor.Info{floats("v", []int{1, 3}).Info}
	gallery := madeGallery(t, map[string]pipeline.Vector{"a.png": {1, 2}})
	for name, c := range map[string]struct {
		outputs []tensor.Info
		opts    EmbedOptions
		want    string
	}{
		"two outputs":          {append(vector, vector...), EmbedOptions{}, "2 outputs"},
		"features of places":   {[]tensor.Info{{Name: "f", Type: tensor.UInt8, Shape: []int{1, 7, 7, 1024}}}, EmbedOptions{}, "[1,7,7,1024]"},
		"text":                 {[]tensor.Info{{Name: "f", Type: tensor.String, Shape: []int{1, 3}}}, EmbedOptions{}, "string"},
		"labels":               {vector, EmbedOptions{Options: Options{Labels: []string{"a"}}}, "gallery"},
		"max without gallery":  {vector, EmbedOptions{Options: Options{MaxResults: 1}}, "gallery"},
		"no vector, no labels": {vector, EmbedOptions{NoVector: true}, "gallery"},
		"another gallery":      {vector, EmbedOptions{Gallery: gallery}, "vectors have 2 values and the model's 3"},
		"unknown label": {[]tensor.Info{floats("v", []int{1, 2}).Info}, EmbedOptions{Gallery: gallery, Options: Options{Allow: []string{"b"}}},
			"there is no label \"b\" (labels: a)"},
	} {
		task, err := NewEmbed(in, c.outputs, c.opts)
		if err == nil {
			t.Errorf("%s: taken", name)
			task.Close()
		} else if !strings.HasPrefix(err.Error(), "embed: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %q does not say %q", name, err, c.want)
		}
	}
}

func BenchmarkEmbedDecode(b *testing.B) {
	out := bytesOf("v", tensor.UInt8, tensor.PerTensor(0.0235, 0), []int{1, 1, 1, 1024}, make([]byte, 1024)...)
	for i := range out.Data {
		out.Data[i] = byte(i * 7)
	}
	g := &Gallery{labels: []string{"a"}, size: 1024, of: make([]int, 100), vectors: make([]float32, 100*1024)}
	for i := range g.vectors {
		g.vectors[i] = float32(i%13) / 200
	}
	task, err := NewEmbed(pictureInput(224), []tensor.Info{out.Info}, EmbedOptions{Gallery: g})
	if err != nil {
		b.Fatal(err)
	}
	defer task.Close()
	benchmarkDecode(b, task, outputs{out})
}
