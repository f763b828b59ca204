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

// Gallery holds the embeddings of a folder of labelled pictures; a new picture gets the label of the most similar one.
// It is immutable and safe for concurrent use.
type Gallery struct {
	labels  []string // sorted
	of      []int    // the label of each vector
	vectors []float32
	size    int // of a vector
}

// GalleryOptions say how a gallery is made.
type GalleryOptions struct {
	// IsPicture says whether a file is a picture; other files are ignored. nil: all files are pictures.
	IsPicture func(path string) (bool, error)
	// Embed returns the embedding of the picture in a file; its errors name the file. It must use the model, the resizing and the normalization
	// that the gallery is used with: run an Embed without a gallery (see Once).
	Embed func(ctx context.Context, path string) (pipeline.Vector, error)
	// Skip, when set, is called with each picture that has no embedding, and the gallery is made without it. nil: such
	// a picture is an error of NewGallery.
	Skip func(path string, err error)
	// Progress, when set, is called after each picture with the number of pictures done and that of all.
	Progress func(done, total int)
}

// NewGallery makes a gallery of the pictures in a folder. The pictures in a sub-folder, and anywhere below it, have the
// sub-folder's name as their label. A picture directly in the folder has its own name as the label, without the
// extension and without a number at its end that "-", "_" or a space sets apart: alice/1.jpg, alice.jpg and
// alice_2.jpg are all of alice. Files and folders whose names start with a dot are ignored; symbolic links to folders
// are not followed. A folder without pictures is an error, and so is a picture without an embedding unless
// GalleryOptions.Skip is set.
func NewGallery(ctx context.Context, dir string, o GalleryOptions) (*Gallery, error) {
	g, err := newGallery(ctx, dir, o)
	if err != nil {
		return nil, fmt.Errorf("gallery %s: %w", dir, err)
	}
	return g, nil
}

func newGallery(ctx context.Context, dir string, o GalleryOptions) (*Gallery, error) {
	if o.Embed == nil {
		return nil, errors.New("GalleryOptions.Embed is missing")
	}
	pictures, err := labelled(dir, o.IsPicture)
	if err != nil {
		return nil, err
	}
	if len(pictures) == 0 {
		return nil, errors.New("it has no pictures; add some, in a sub-folder for each label or named after their label")
	}
	g := &Gallery{}
	var labels []string // of each vector
	for i, p := range pictures {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		v, err := o.Embed(ctx, p.path)
		if err == nil {
			if err = g.add(v); err != nil {
				err = fmt.Errorf("%s: %w", p.path, err)
			}
		}
		switch {
		case err == nil:
			labels = append(labels, p.label)
		case o.Skip == nil || ctx.Err() != nil:
			return nil, err
		default:
			o.Skip(p.path, err)
		}
		if o.Progress != nil {
			o.Progress(i+1, len(pictures))
		}
	}
	if len(labels) == 0 {
		return nil, fmt.Errorf("none of its %d pictures could be read", len(pictures))
	}
	g.label(labels)
	return g, nil
}

// add appends a vector, normalized.
func (g *Gallery) add(v pipeline.Vector) error {
	if len(v) == 0 || g.size != 0 && len(v) != g.size {
		return fmt.Errorf("the embedding has %d values, want %d", len(v), g.size)
	}
	unit := make([]float32, len(v))
	if err := normalize(unit, v); err != nil {
		return err
	}
	g.size = len(v)
	g.vectors = append(g.vectors, unit...)
	return nil
}

// label gives the vectors their labels, one each.
func (g *Gallery) label(labels []string) {
	g.labels = slices.Clone(labels)
	slices.Sort(g.labels)
	g.labels = slices.Compact(g.labels)
	g.of = make([]int, len(labels))
	for i, l := range labels {
		g.of[i], _ = slices.BinarySearch(g.labels, l)
	}
}

// labelledPicture is a picture file and its label.
type labelledPicture struct{ path, label string }

// labelled returns the pictures of a folder, sorted by path.
func labelled(dir string, isPicture func(string) (bool, error)) ([]labelledPicture, error) {
	// WalkDir does not follow a link, even as the root.
	root, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(root); err != nil || !info.IsDir() {
		return nil, cmp.Or(err, errors.New("it is not a folder"))
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
		is := isRegular
		if isPicture != nil {
			is = isPicture // a pipe with a picture's name is one, which Embed refuses: it is not passed over
		}
		if ok, err := is(path); err != nil || !ok {
			return err
		}
		relative, err := filepath.Rel(root, path)
		found = append(found, labelledPicture{path, labelOf(relative)})
		return err
	})
	return found, err
}

// isRegular reports whether a file, or a link's target, is a regular file.
func isRegular(path string) (bool, error) {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular(), err
}

var numberAtEnd = regexp.MustCompile(`[-_ ]+[0-9]+$`)

// labelOf derives a picture's label from its path in the gallery.
func labelOf(path string) string {
	if folder, _, below := strings.Cut(filepath.ToSlash(path), "/"); below {
		return folder
	}
	name := strings.TrimSuffix(path, filepath.Ext(path))
	return cmp.Or(numberAtEnd.ReplaceAllString(name, ""), name)
}

// Labels returns the labels, sorted; the Index of a Class is an index into them. The slice must not be changed.
func (g *Gallery) Labels() []string { return g.labels }

// Pictures returns the number of pictures.
func (g *Gallery) Pictures() int { return len(g.of) }

// similarities returns, for each label, the highest cosine similarity of a unit vector to one of its pictures.
func (g *Gallery) similarities(v pipeline.Vector, buf *[]float32) []float32 {
	best := sized(buf, len(g.labels))
	for i := range best {
		best[i] = -1
	}
	for i, label := range g.of {
		best[label] = max(best[label], similarity(v, g.vector(i)))
	}
	return best
}

// vector is the embedding of picture i.
func (g *Gallery) vector(i int) []float32 { return g.vectors[i*g.size : (i+1)*g.size] }

// similarity is the cosine similarity of two vectors of length 1.
func similarity(a, b []float32) float32 { return float32(min(max(dot(a, b), -1), 1)) }
