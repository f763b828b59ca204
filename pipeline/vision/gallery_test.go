package vision

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"corallite/pipeline"
)

func TestGalleryLabels(t *testing.T) {
	for path, want := range map[string]string{
		"alice.jpg": "alice", "alice_2.jpg": "alice", "alice-03.jpg": "alice", "alice 4.jpg": "alice", "alice_x_2.png": "alice_x",
		"room12.png": "room12", "7.png": "7", "_7.png": "_7", "a.b.png": "a.b", "alice": "alice",
		"bob/1.png": "bob", "bob_2/x.png": "bob_2", "bob/2024/01/x.png": "bob",
	} {
		if got := labelOf(filepath.FromSlash(path)); got != want {
			t.Errorf("the label of %s is %q, want %q", path, got, want)
		}
	}
}

func TestGalleryFolder(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{
		"bob/1.png", "bob/old/2.png", "ann.png", "ann_2.png", "README.txt", ".hidden.png", ".git/x.png", "bob/.y.png", "bob/notes.txt",
	} {
		writeFile(t, filepath.Join(dir, name))
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(dir, "ann.png"), filepath.Join(dir, "zoe.png")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(dir, "bob"), filepath.Join(dir, "robert")); err != nil {
		t.Fatal(err)
	}
	options := GalleryOptions{IsPicture: func(path string) (bool, error) { return filepath.Ext(path) == ".png", nil }}
	for _, d := range []string{dir, link} {
		var seen []string
		options.Embed = func(_ context.Context, path string) (pipeline.Vector, error) {
			seen = append(seen, filepath.Base(path))
			return pipeline.Vector{float32(len(seen)), 1}, nil
		}
		g, err := NewGallery(context.Background(), d, options)
		if err != nil {
			t.Fatal(err)
		}
		if want := []string{"ann.png", "ann_2.png", "1.png", "2.png", "zoe.png"}; !reflect.DeepEqual(seen, want) {
			t.Errorf("the pictures are %v, want %v", seen, want)
		}
		if want := []string{"ann", "bob", "zoe"}; !reflect.DeepEqual(g.Labels(), want) || g.Pictures() != 5 {
			t.Errorf("%d pictures of %v, want 5 of %v", g.Pictures(), g.Labels(), want)
		}
	}
}

func TestGalleryErrors(t *testing.T) {
	broken := errors.New("broken")
	one := func(v pipeline.Vector, err error) func(context.Context, string) (pipeline.Vector, error) {
		return func(context.Context, string) (pipeline.Vector, error) { return v, err }
	}
	lengths := 0
	ended, end := context.WithCancel(context.Background())
	end()
	full, empty := t.TempDir(), t.TempDir()
	writeFile(t, filepath.Join(full, "a.png"))
	writeFile(t, filepath.Join(full, "b.png"))
	for name, c := range map[string]struct {
		ctx  context.Context
		dir  string
		opts GalleryOptions
		want []string
	}{
		"no such folder": {context.Background(), filepath.Join(empty, "x"), GalleryOptions{Embed: one(nil, nil)}, []string{"gallery ", "no such file"}},
		"a file":         {context.Background(), filepath.Join(full, "a.png"), GalleryOptions{Embed: one(nil, nil)}, []string{"a.png", "not a folder"}},
		"no pictures":    {context.Background(), empty, GalleryOptions{Embed: one(nil, nil)}, []string{empty, "no pictures", "sub-folder for each label"}},
		"none is a picture": {context.Background(), full, GalleryOptions{Embed: one(nil, nil), IsPicture: func(string) (bool, error) { return false, nil }},
			[]string{full, "no pictures"}},
		"not checkReadable": {context.Background(), full, GalleryOptions{Embed: one(nil, nil), IsPicture: func(string) (bool, error) { return false, broken }}, []string{"broken"}},
		"no embedding":      {context.Background(), full, GalleryOptions{Embed: one(nil, broken)}, []string{full, "broken"}},
		"nothing":           {context.Background(), full, GalleryOptions{Embed: one(nil, nil)}, []string{"a.png", "0 values"}},
		"zeros":             {context.Background(), full, GalleryOptions{Embed: one(pipeline.Vector{0}, nil)}, []string{"a.png", "zeros"}},
		"of two lengths": {context.Background(), full, GalleryOptions{Embed: func(context.Context, string) (pipeline.Vector, error) {
			lengths++
			return pipeline.Vector{1, 2}[:lengths], nil
		}}, []string{"b.png", "2 values, want 1"}},
		"nothing to embed": {context.Background(), full, GalleryOptions{}, []string{"Embed is missing"}},
		"given up":         {ended, full, GalleryOptions{Embed: one(pipeline.Vector{1}, nil)}, []string{"context canceled"}},
	} {
		_, err := NewGallery(c.ctx, c.dir, c.opts)
		if err == nil {
			t.Errorf("%s: taken", name)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q does not say %q", name, err, want)
			}
		}
	}
}
