package dataset

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"corallite/internal/didyoumean"
	"corallite/internal/regfile"
)

// columns are the columns of a CSV file by what they may be called.
var columns = map[string][]string{
	"path":  {"path", "file", "filename", "file_name", "image", "image_path", "image_id", "clip", "audio", "wav"},
	"label": {"label", "class", "category", "name", "word", "target"},
	"left":  {"xmin", "left", "x1"}, "top": {"ymin", "top", "y1"}, "right": {"xmax", "right", "x2"}, "bottom": {"ymax", "bottom", "y2"},
}

// readCSV reads a row a file (path, label) or a row an object (path, label, xmin, ymin, xmax, ymax in pixels). The first row
// names the columns; what else there is is not looked at. Columns are separated by commas, semicolons or tabs. A file with
// an empty label and no box has no objects in it.
func readCSV(path string, o Options) (*Set, error) {
	data, err := regfile.Read(path, maxFile)
	if err != nil {
		return nil, err
	}
	text := strings.TrimPrefix(string(data), "\ufeff")
	first, _, _ := strings.Cut(text, "\n")
	r := csv.NewReader(strings.NewReader(text))
	r.TrimLeadingSpace = true
	for _, comma := range "\t;" {
		if strings.ContainsRune(first, comma) && !strings.Contains(first, ",") {
			r.Comma = comma
		}
	}
	head, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	at, err := find(head)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	set := &Set{Form: "csv"}
	known := map[string]int{}
	base := folderOf(path, o)
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		line, _ := r.FieldPos(0)
		name, label := row[at["path"]], strings.TrimSpace(row[at["label"]])
		if name == "" {
			return nil, fmt.Errorf("%s, line %d: the path is empty", path, line)
		}
		if label != "" {
			set.indexed(label)
		}
		if _, boxes := at["left"]; !boxes {
			if label == "" {
				return nil, fmt.Errorf("%s, line %d: the label is empty", path, line)
			}
			set.Samples = append(set.Samples, Sample{Path: within(base, name), Label: label})
			continue
		}
		i, seen := known[name]
		if !seen {
			i = len(set.Samples)
			known[name] = i
			set.Samples = append(set.Samples, Sample{Path: within(base, name)})
		}
		if label == "" && row[at["left"]] == "" {
			continue
		}
		box, err := corners(row, at)
		if err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", path, line, err)
		}
		set.Samples[i].Objects = append(set.Samples[i].Objects, Object{Label: label, Box: box})
	}
	return set, nil
}

// find finds the columns.
func find(head []string) (map[string]int, error) {
	at := map[string]int{}
	for what, names := range columns {
		for i, h := range head {
			if _, have := at[what]; !have && slices.Contains(names, strings.ToLower(strings.TrimSpace(h))) {
				at[what] = i
			}
		}
	}
	for _, what := range []string{"path", "label"} {
		if _, ok := at[what]; !ok {
			near := didyoumean.Suggest(what, head)
			if near != "" {
				near = fmt.Sprintf(" (did you mean %q?)", near)
			}
			return nil, fmt.Errorf("the first line names no column %q%s: it says %s", what, near, strings.Join(head, ", "))
		}
	}
	boxes := 0
	for _, side := range []string{"left", "top", "right", "bottom"} {
		if _, ok := at[side]; ok {
			boxes++
		}
	}
	if boxes != 0 && boxes != 4 {
		return nil, fmt.Errorf("of the columns xmin, ymin, xmax and ymax only %d are there", boxes)
	}
	return at, nil
}

// corners reads a box from xmin, ymin, xmax, ymax.
func corners(row []string, at map[string]int) (box [4]float64, err error) {
	for i, side := range []string{"left", "top", "right", "bottom"} {
		if box[i], err = strconv.ParseFloat(strings.TrimSpace(row[at[side]]), 64); err != nil {
			return box, fmt.Errorf("%q is no number", row[at[side]])
		}
	}
	box[2], box[3] = box[2]-box[0], box[3]-box[1]
	if !(box[2] > 0 && box[3] > 0) {
		return box, fmt.Errorf("a box from %v, %v to %v, %v has no area", box[0], box[1], box[0]+box[2], box[1]+box[3])
	}
	return box, nil
}

// folderOf is what a file's names are relative to.
func folderOf(path string, o Options) string {
	if o.Images != "" {
		return o.Images
	}
	return filepath.Dir(path)
}

func within(dir, name string) string {
	name = filepath.FromSlash(name)
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(dir, name)
}
