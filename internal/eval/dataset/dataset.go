// Package dataset reads labelled pictures and recordings in the forms that people have them: a folder for each class,
// CSV, COCO's JSON, Ultralytics' YOLO folders, PASCAL VOC's XML.
package dataset

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"corallite/internal/english"
	"corallite/internal/regfile"
)

// Set is samples with what is true of them.
type Set struct {
	Form    string   // "folders", "csv", "coco", "yolo" or "voc"
	Classes []string // in the set's order; those that have no sample are there, too
	Samples []Sample
	Points  []string // names of the key points of objects, in order; nil: they have none
}

// Sample is a file.
type Sample struct {
	Path    string
	ID      int      // of the picture in COCO's files; else its number from 1
	Label   string   // the class of all of it; "": Objects, or none
	Objects []Object // what is in a picture
	Mask    string   // a PNG with the class of each pixel as its value; "": none
}

// Object is one thing in a picture. Box is left, top, width and height in pixels or, when Relative, shares of the picture.
type Object struct {
	Label    string
	Box      [4]float64
	Relative bool
	Area     float64 // in the unit of Box, of the object's own pixels; 0: that of the box
	Crowd    bool
	Hard     bool         // VOC's difficult: neither right nor wrong
	Points   [][3]float64 // x, y in pixels and 0 (not labelled), 1 (hidden) or 2 (seen)
}

// Options say how a set is read.
type Options struct {
	Images  string                 // the folder of pictures that a file's names are relative to; "": the file's, or images beside it
	Endings []string               // of the files in folders: ".jpg"; a name's case does not matter
	Split   string                 // of a YOLO set: "val", "test" or "train"; "": the first of these that it has
	Is      func(path string) bool // whether a file without such an ending is one all the same; nil: never
}

// maxFile is the most bytes that a file of labels may have. COCO's own are 450 MB.
const maxFile = 1 << 30

// Open reads a set: of a folder or a file.
func Open(path string, o Options) (*Set, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, regfile.Cause(err))
	}
	var set *Set
	switch {
	case info.IsDir():
		set, err = openFolder(path, o)
	case hasEnding(path, ".json"):
		set, err = readCOCO(path, o)
	case hasEnding(path, ".csv", ".tsv", ".txt"):
		set, err = readCSV(path, o)
	case hasEnding(path, ".yaml", ".yml"):
		set, err = readYOLO(path, o)
	default:
		return nil, fmt.Errorf("%s is no set of labelled files: %s", path, forms)
	}
	if err != nil {
		return nil, err
	}
	if len(set.Samples) == 0 {
		return nil, fmt.Errorf("%s has no labelled files", path)
	}
	for i := range set.Samples {
		if set.Form != "coco" {
			set.Samples[i].ID = i + 1
		}
	}
	return set, nil
}

// forms says what may be given.
const forms = `give a folder with a folder for each class, a CSV file with the columns path and label, COCO's JSON, the YAML or folder of a YOLO set, or a folder of a VOC set (Annotations, JPEGImages)`

// openFolder finds out which form a folder has.
func openFolder(dir string, o Options) (*Set, error) {
	has := func(name string) bool {
		_, err := os.Stat(filepath.Join(dir, name))
		return err == nil
	}
	switch {
	case has("Annotations"):
		return readVOC(dir, o)
	case has("SegmentationClass"):
		return readMasks(filepath.Join(dir, "JPEGImages"), filepath.Join(dir, "SegmentationClass"), o)
	case has("images") && has("masks"):
		return readMasks(filepath.Join(dir, "images"), filepath.Join(dir, "masks"), o)
	}
	for _, name := range []string{"data.yaml", "dataset.yaml", "data.yml"} {
		if has(name) {
			return readYOLO(filepath.Join(dir, name), o)
		}
	}
	if has("images") && has("labels") {
		return readYOLOFolder(dir, o)
	}
	return readFolders(dir, o)
}

// readFolders reads a folder for each class. Folders in these belong to the class, too; names that begin with a dot do not.
func readFolders(dir string, o Options) (*Set, error) {
	set := &Set{Form: "folders"}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		class := filepath.Join(dir, e.Name())
		info, err := os.Stat(class) // a link to a folder is one
		if err != nil {
			return nil, err
		}
		if !info.IsDir() || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		files, err := filesIn(class, o)
		if err != nil {
			return nil, err
		}
		if len(files) == 0 {
			continue
		}
		set.Classes = append(set.Classes, e.Name())
		for _, f := range files {
			set.Samples = append(set.Samples, Sample{Path: f, Label: e.Name()})
		}
	}
	if len(set.Samples) == 0 {
		return nil, fmt.Errorf("%s has no folders with %s files: %s", dir, strings.Join(o.Endings, ", "), forms)
	}
	return set, nil
}

// filesIn are the files of a folder and of those in it.
func filesIn(dir string, o Options) (files []string, err error) {
	dir, err = filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, err
	}
	err = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path != dir && strings.HasPrefix(e.Name(), "."):
			if e.IsDir() {
				return fs.SkipDir
			}
		case !e.IsDir() && (hasEnding(path, o.Endings...) || o.Is != nil && o.Is(path)):
			files = append(files, path)
		}
		return nil
	})
	slices.Sort(files)
	return files, err
}

// readMasks pairs pictures with masks of the same name.
func readMasks(images, masks string, o Options) (*Set, error) {
	set := &Set{Form: "masks"}
	files, err := filesIn(masks, Options{Endings: []string{".png"}})
	if err != nil {
		return nil, err
	}
	named, err := byStem(images, o)
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, f := range files {
		if picture, ok := named[stem(f)]; ok {
			set.Samples = append(set.Samples, Sample{Path: picture, Mask: f})
		} else {
			errs = append(errs, fmt.Errorf("%s: %s has no picture of that name", f, images))
		}
	}
	return set, few(errs)
}

// byStem are the files of a folder by their names without endings.
func byStem(dir string, o Options) (map[string]string, error) {
	files, err := filesIn(dir, o)
	if err != nil {
		return nil, err
	}
	named := make(map[string]string, len(files))
	for _, f := range files {
		named[stem(f)] = f
	}
	return named, nil
}

func stem(path string) string {
	return strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
}

func hasEnding(path string, endings ...string) bool {
	return slices.Contains(endings, strings.ToLower(filepath.Ext(path)))
}

// few joins the first errors, and says how many more there are: a set of thousands would else give as many lines.
func few(errs []error) error {
	const most = 5
	if more := len(errs) - most; more > 0 {
		errs = append(errs[:most:most], fmt.Errorf("and %s like these", english.Count(more, "more error")))
	}
	return errors.Join(errs...)
}

// indexed gives the place of a class, and adds it if it is new.
func (s *Set) indexed(class string) {
	if !slices.Contains(s.Classes, class) {
		s.Classes = append(s.Classes, class)
	}
}
