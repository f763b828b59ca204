package vision

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"corallite/pipeline"
)

// Gallery is a folder of labelled pictures as embeddings, so that a new picture can be named after the one that it is
// the most similar to. It does not change, and may be used by several goroutines at once.
type Gallery struct {
	labels  []string // sorted
	of      []int    // the label of each vector
	vectors []float32
	size    int // of a vector
}

// GalleryOptions say how a gallery is made.
type GalleryOptions struct {
	// IsPicture says whether a file is a picture; those that are not are left out. nil: all files are.
	IsPicture func(path string) (bool, error)
	// Embed gives the embedding of the picture in a file. It must come from the model, the resizing and the
	// normalization that the gallery is used with: run an Embed without a gallery (see Once).
	Embed func(ctx context.Context, path string) (pipeline.Vector, error)
}

// NewGallery makes a gallery of the pictures in a folder. The pictures in a sub-folder, and anywhere below it, have the
// sub-folder's name as their label. A picture directly in the folder has its own name as the label, without the
// extension and without a number at its end that "-", "_" or a space sets apart: alice/1.jpg, alice.jpg and
// alice_2.jpg are all of alice. Files and folders whose names start with a dot are left out; symbolic links to folders
// are not followed. A picture without an embedding is an error that names it, and so is a folder without pictures.
func NewGallery(ctx context.Context, dir string, o GalleryOptions) (*Gallery, error) {
	g, err := newGallery(ctx, dir, o)
	if err != nil {
		return nil, fmt.Errorf("gallery %s: %w", dir, err)
	}
	return g, nil
}

func newGallery(ctx context.Context, dir string, o GalleryOptions) (*Gallery, error) {
	if o.Embed == nil {
		return nil, errors.New("nothing gives embeddings")
	}
	pictures, err := labelled(dir, o.IsPicture)
	if err != nil {
		return nil, err
	}
	if len(pictures) == 0 {
		return nil, errors.New("it has no pictures; put some into it, in a sub-folder for each label or named after what they show")
	}
	g := &Gallery{}
	for _, p := range pictures {
		g.labels = append(g.labels, p.label)
	}
	slices.Sort(g.labels)
	g.labels = slices.Compact(g.labels)
	for _, p := range pictures {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		v, err := o.Embed(ctx, p.path)
		if err == nil {
			err = g.add(p.label, v)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.path, err)
		}
	}
	return g, nil
}

func (g *Gallery) add(label string, v pipeline.Vector) error {
	if g.size == 0 {
		g.size = len(v)
	}
	if len(v) == 0 || len(v) != g.size {
		return fmt.Errorf("an embedding of %d numbers, and %d are wanted", len(v), g.size)
	}
	at, _ := slices.BinarySearch(g.labels, label)
	g.of = append(g.of, at)
	g.vectors = append(g.vectors, v...)
	return normalize(g.vectors[len(g.vectors)-len(v):], v)
}

// labelledPicture is a file and what it shows.
type labelledPicture struct{ path, label string }

// labelled finds the pictures of a folder, in the order of their paths.
func labelled(dir string, isPicture func(string) (bool, error)) ([]labelledPicture, error) {
	// So that a folder that is a link itself is walked.
	root, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(root); err != nil || !info.IsDir() {
		return nil, cmp.Or(err, errors.New("it is no folder"))
	}
	var found []labelledPicture
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path != root && strings.HasPrefix(d.Name(), "."):
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.IsDir():
			return nil
		}
		if regular, err := isRegular(path); err != nil || !regular {
			return err
		}
		if isPicture != nil {
			if ok, err := isPicture(path); err != nil || !ok {
				return err
			}
		}
		relative, err := filepath.Rel(root, path)
		found = append(found, labelledPicture{path, labelOf(relative)})
		return err
	})
	return found, err
}

// isRegular says whether a file, or what a link leads to, is a file that can be read to its end.
func isRegular(path string) (bool, error) {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular(), err
}

var numberAtEnd = regexp.MustCompile(`[-_ ]+[0-9]+$`)

// labelOf is the label of a picture, from its path in the gallery.
func labelOf(path string) string {
	if folder, _, below := strings.Cut(filepath.ToSlash(path), "/"); below {
		return folder
	}
	name := strings.TrimSuffix(path, filepath.Ext(path))
	return cmp.Or(numberAtEnd.ReplaceAllString(name, ""), name)
}

// Labels are the labels, sorted; the Index of a Class counts in them. They must not be changed.
func (g *Gallery) Labels() []string { return g.labels }

// Pictures is how many pictures the gallery has.
func (g *Gallery) Pictures() int { return len(g.of) }

// similarities is the highest cosine similarity of a vector of length 1 with a picture of each label.
func (g *Gallery) similarities(v pipeline.Vector, buf *[]float32) []float32 {
	best := sized(buf, len(g.labels))
	for i := range best {
		best[i] = -1
	}
	for i, label := range g.of {
		s := float32(min(max(dot(v, g.vectors[i*g.size:(i+1)*g.size]), -1), 1))
		best[label] = max(best[label], s)
	}
	return best
}
