package dataset

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"corallite/internal/regfile"
)

// cocoFile is COCO's "Data format" (cocodataset.org) for objects and key points.
type cocoFile struct {
	Images []struct {
		ID   int    `json:"id"`
		Name string `json:"file_name"`
	} `json:"images"`
	Categories []struct {
		ID     int      `json:"id"`
		Name   string   `json:"name"`
		Points []string `json:"keypoints"`
	} `json:"categories"`
	Annotations []struct {
		Image    int        `json:"image_id"`
		Category int        `json:"category_id"`
		Box      [4]float64 `json:"bbox"`
		Area     float64    `json:"area"`
		Crowd    int        `json:"iscrowd"`
		Points   []float64  `json:"keypoints"`
	} `json:"annotations"`
}

// readCOCO reads objects; of crowds the box stands for all of them.
func readCOCO(path string, o Options) (*Set, error) {
	data, err := regfile.Read(path, maxFile)
	if err != nil {
		return nil, err
	}
	var f cocoFile
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, fmt.Errorf("%s is no COCO file: %w", path, err)
	}
	if len(f.Images) == 0 || len(f.Categories) == 0 {
		return nil, fmt.Errorf("%s is no COCO file: it has %d images and %d categories", path, len(f.Images), len(f.Categories))
	}
	set := &Set{Form: "coco"}
	names := map[int]string{}
	for _, c := range f.Categories {
		if slices.Contains(set.Classes, c.Name) {
			return nil, fmt.Errorf("%s has two categories %q: rename one of them", path, c.Name)
		}
		names[c.ID] = c.Name
		set.Classes = append(set.Classes, c.Name)
		if c.Points != nil {
			set.Points = c.Points
		}
	}
	base := folderOf(path, o)
	at := map[int]int{}
	for _, i := range f.Images {
		if _, twice := at[i.ID]; twice {
			return nil, fmt.Errorf("%s has two images of id %d", path, i.ID)
		}
		at[i.ID] = len(set.Samples)
		set.Samples = append(set.Samples, Sample{ID: i.ID, Path: beside(base, i.Name, o)})
	}
	var errs []error
	for n, a := range f.Annotations {
		i, there := at[a.Image]
		label, known := names[a.Category]
		switch {
		case !there:
			errs = append(errs, fmt.Errorf("%s: annotation %d is of image %d, which it does not have", path, n+1, a.Image))
		case !known:
			errs = append(errs, fmt.Errorf("%s: annotation %d is of category %d, which it does not have", path, n+1, a.Category))
		case len(a.Points)%3 != 0 || a.Points != nil && set.Points != nil && len(a.Points) != 3*len(set.Points):
			errs = append(errs, fmt.Errorf("%s: annotation %d has %d numbers of key points, for %d points", path, n+1, len(a.Points), len(set.Points)))
		default:
			object := Object{Label: label, Box: a.Box, Area: a.Area, Crowd: a.Crowd != 0}
			for k := 0; k+2 < len(a.Points); k += 3 {
				object.Points = append(object.Points, [3]float64(a.Points[k:k+3]))
			}
			set.Samples[i].Objects = append(set.Samples[i].Objects, object)
		}
	}
	return set, few(errs)
}

// beside finds a picture relative to a folder or, unless the user named one, to the folder images in or beside it.
func beside(base, name string, o Options) string {
	path := within(base, name)
	if o.Images != "" {
		return path
	}
	for _, other := range []string{path, filepath.Join(base, "images", name), filepath.Join(base, "..", "images", name)} {
		if _, err := os.Stat(other); err == nil {
			return other
		}
	}
	return path
}
