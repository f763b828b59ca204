package deepstack

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"unicode"

	"corallite/internal/regfile"
	"corallite/internal/serve/hub"
	"corallite/pipeline"
	"corallite/pipeline/vision"
)

const (
	maxFaces    = 10000   // pictures in a gallery
	maxFaceFile = 4 << 20 // bytes
	maxUserID   = 128     // bytes
)

// around is how much of a picture belongs to a face.
var around = vision.SecondaryOptions{Margin: 0.2, Square: true}

// Faces are known faces: pictures in a folder with a sub-folder for each person, as `gallery` of a model has them, and
// the vectors of a model. It is safe for concurrent use.
type Faces struct {
	folder  string
	model   *hub.Model
	aligned int // faces are turned upright and scaled by their key points to a picture of that side; 0: their boxes are cut out

	mu     sync.RWMutex
	people map[string][]face
	count  int
}

// face is one picture.
type face struct {
	path   string
	vector pipeline.Vector
}

// OpenFaces reads a folder, which is made if it is not there, with a model for embed. align says whether faces are aligned, nil:
// for a model that takes 112x112 pixels. A picture that cannot be read is told to warn and left out.
func OpenFaces(ctx context.Context, h *hub.Hub, m *hub.Model, folder string, align *bool, warn func(path string, err error)) (*Faces, error) {
	g := &Faces{folder: folder, model: m, people: map[string][]face{}}
	g.align(align)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	people, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	for _, person := range people {
		if !person.IsDir() || checkUserID(person.Name()) != nil {
			continue
		}
		files, err := os.ReadDir(filepath.Join(folder, person.Name()))
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			if file.IsDir() || strings.HasPrefix(file.Name(), ".") {
				continue
			}
			path := filepath.Join(folder, person.Name(), file.Name())
			if err := g.load(ctx, h, person.Name(), path); err != nil {
				if ctx.Err() != nil {
					return nil, ctx.Err()
				}
				warn(path, err)
			}
		}
	}
	return g, nil
}

func (g *Faces) load(ctx context.Context, h *hub.Hub, person, path string) error {
	data, err := regfile.Read(path, maxFaceFile)
	if err != nil {
		return err
	}
	j, err := h.Begin(ctx)
	if err != nil {
		return err
	}
	defer j.End()
	v, err := j.Vector(g.model, data)
	if err != nil {
		return err
	}
	if g.count == maxFaces {
		return fmt.Errorf("the gallery has more than %d pictures", maxFaces)
	}
	g.people[person] = append(g.people[person], face{path, v})
	g.count++
	return nil
}

// checkUserID refuses names that are no folders of their own.
func checkUserID(id string) error {
	switch {
	case id == "":
		return hub.Bad("userid is missing")
	case len(id) > maxUserID:
		return hub.Bad("userid has more than %d bytes", maxUserID)
	case strings.HasPrefix(id, ".") || strings.ContainsAny(id, `/\`) || strings.ContainsFunc(id, unicode.IsControl) || strings.ToValidUTF8(id, "?") != id:
		return hub.Bad("userid %q: want a name without slashes, which does not begin with a dot", id)
	}
	return nil
}

// add keeps a picture of a person.
func (g *Faces) add(person string, data []byte, v pipeline.Vector) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.count >= maxFaces {
		return hub.Fault(http.StatusInsufficientStorage, "the gallery has %d pictures, the maximum: delete some", g.count)
	}
	folder := filepath.Join(g.folder, person)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(folder, "face-*.jpg")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	g.people[person] = append(g.people[person], face{f.Name(), v})
	g.count++
	return nil
}

// nearest is who is most similar, and how much: the cosine of the vectors. "": the gallery is empty.
func (g *Faces) nearest(v pipeline.Vector) (person string, similarity float32) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	similarity = -1
	for name, all := range g.people {
		for _, f := range all {
			if s := vision.Cosine(v, f.vector); s > similarity || s == similarity && name < person {
				person, similarity = name, s
			}
		}
	}
	return person, similarity
}

// names are all people, sorted.
func (g *Faces) names() []string {
	g.mu.RLock()
	defer g.mu.RUnlock()
	names := []string{}
	for name := range g.people {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// remove forgets a person and the pictures that were read or registered.
func (g *Faces) remove(person string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	all, known := g.people[person]
	if !known {
		return hub.Bad("there is no face of %q", person)
	}
	var errs []error
	for _, f := range all {
		if err := os.Remove(f.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	_ = os.Remove(filepath.Join(g.folder, person)) // other files in it are somebody else's
	if err := errors.Join(errs...); err != nil {
		return err
	}
	g.count -= len(all)
	delete(g.people, person)
	return nil
}
