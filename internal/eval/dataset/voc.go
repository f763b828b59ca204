package dataset

import (
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"corallite/internal/regfile"
)

// vocFile is an annotation of PASCAL VOC, whose pixels are counted from 1, both corners inside the box.
type vocFile struct {
	Name    string `xml:"filename"`
	Objects []struct {
		Name string `xml:"name"`
		Hard int    `xml:"difficult"`
		Box  struct {
			Left   float64 `xml:"xmin"`
			Top    float64 `xml:"ymin"`
			Right  float64 `xml:"xmax"`
			Bottom float64 `xml:"ymax"`
		} `xml:"bndbox"`
	} `xml:"object"`
}

// readVOC reads Annotations/*.xml with the pictures of JPEGImages, images or the folder itself.
func readVOC(dir string, o Options) (*Set, error) {
	images := o.Images
	for _, name := range []string{"JPEGImages", "images", "."} {
		if _, err := os.Stat(filepath.Join(dir, name)); images == "" && err == nil {
			images = filepath.Join(dir, name)
		}
	}
	named, err := byStem(images, o)
	if err != nil {
		return nil, err
	}
	files, err := filesIn(filepath.Join(dir, "Annotations"), Options{Endings: []string{".xml"}})
	if err != nil {
		return nil, err
	}
	set := &Set{Form: "voc"}
	var errs []error
	for _, path := range files {
		sample, err := readVOCFile(path, images, named)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		for _, object := range sample.Objects {
			set.indexed(object.Label)
		}
		set.Samples = append(set.Samples, sample)
	}
	slices.Sort(set.Classes)
	return set, few(errs)
}

func readVOCFile(path, images string, named map[string]string) (s Sample, err error) {
	data, err := regfile.Read(path, 16<<20)
	if err != nil {
		return s, err
	}
	var f vocFile
	if err := xml.Unmarshal(data, &f); err != nil {
		return s, fmt.Errorf("%s: %w", path, err)
	}
	s.Path = named[stem(path)]
	if s.Path == "" { // whose annotation has another name than the picture
		s.Path = filepath.Join(images, filepath.Base(f.Name))
		if _, err := os.Stat(s.Path); err != nil {
			return s, fmt.Errorf("%s: its picture is not in %s", path, images)
		}
	}
	for _, object := range f.Objects {
		b := object.Box
		box := [4]float64{b.Left - 1, b.Top - 1, b.Right - b.Left + 1, b.Bottom - b.Top + 1}
		if object.Name == "" {
			return s, errors.New(path + ": an object has no name")
		}
		if !(box[2] > 0 && box[3] > 0) {
			return s, fmt.Errorf("%s: the box of %s, from %v, %v to %v, %v, has no area", path, object.Name, b.Left, b.Top, b.Right, b.Bottom)
		}
		s.Objects = append(s.Objects, Object{Label: object.Name, Box: box, Hard: object.Hard != 0})
	}
	return s, nil
}
