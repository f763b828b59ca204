package dataset

import (
	"bufio"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"corallite/internal/regfile"
)

// yoloFile is the YAML of a set for Ultralytics' tools.
type yoloFile struct {
	Path   string    `yaml:"path"`
	Train  yaml.Node `yaml:"train"`
	Val    yaml.Node `yaml:"val"`
	Test   yaml.Node `yaml:"test"`
	Names  yaml.Node `yaml:"names"`
	Points []int     `yaml:"kpt_shape"` // number, and 2 or 3 values each
}

func readYOLO(path string, o Options) (*Set, error) {
	data, err := regfile.Read(path, 1<<20)
	if err != nil {
		return nil, err
	}
	var f yoloFile
	if err := yaml.Unmarshal(data, &f); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	names, err := yoloNames(f.Names)
	if err != nil {
		return nil, fmt.Errorf("%s: names: %w", path, err)
	}
	splits := map[string]yaml.Node{"val": f.Val, "test": f.Test, "train": f.Train}
	split := o.Split
	for _, s := range []string{"val", "test", "train"} {
		if split == "" && !splitOf(splits[s]) {
			continue
		}
		split = cmp.Or(split, s)
	}
	if node := splits[split]; !splitOf(node) {
		return nil, fmt.Errorf("%s names no pictures of the split %q", path, cmp.Or(split, "val"))
	}
	var places []string
	node := splits[split]
	if err := node.Decode(&places); err != nil {
		places = []string{node.Value}
	}
	set := &Set{Form: "yolo", Classes: names}
	base := within(filepath.Dir(path), f.Path)
	if _, err := os.Stat(base); err != nil {
		base = filepath.Dir(path) // Ultralytics resolves path against a folder of its own settings
	}
	for _, p := range places {
		if err := set.addYOLO(within(cmp.Or(o.Images, base), p), f.Points, o); err != nil {
			return nil, err
		}
	}
	return set, nil
}

// splitOf reports whether the YAML names a split.
func splitOf(n yaml.Node) bool {
	return n.Kind == yaml.SequenceNode || n.Value != "" && n.Value != "null"
}

// yoloNames are a list, or a map of numbers to names.
func yoloNames(n yaml.Node) ([]string, error) {
	var list []string
	if n.Decode(&list) == nil {
		return list, nil
	}
	var byNumber map[int]string
	if err := n.Decode(&byNumber); err != nil {
		return nil, err
	}
	for i := range len(byNumber) {
		name, ok := byNumber[i]
		if !ok {
			return nil, fmt.Errorf("class %d has no name, of %d", i, len(byNumber))
		}
		list = append(list, name)
	}
	return list, nil
}

// readYOLOFolder reads a folder with images and labels, and classes.txt in one of these.
func readYOLOFolder(dir string, o Options) (*Set, error) {
	for _, name := range []string{"classes.txt", "labels/classes.txt", "obj.names"} {
		data, err := regfile.Read(filepath.Join(dir, name), 1<<20)
		if err != nil {
			continue
		}
		set := &Set{Form: "yolo"}
		for line := range strings.Lines(string(data)) {
			if line = strings.TrimSpace(line); line != "" {
				set.Classes = append(set.Classes, line)
			}
		}
		return set, set.addYOLO(filepath.Join(dir, "images"), nil, o)
	}
	return nil, fmt.Errorf("%s has images and labels but neither data.yaml nor classes.txt, which name the classes", dir)
}

// addYOLO adds a folder of pictures, or a file that lists them. The labels of …/images/x.jpg are in …/labels/x.txt; a picture
// without that file has no objects.
func (s *Set) addYOLO(place string, points []int, o Options) error {
	var files []string
	info, err := os.Stat(place)
	switch {
	case err != nil:
		return err
	case info.IsDir():
		files, err = filesIn(place, o)
	default:
		var data []byte
		data, err = regfile.Read(place, maxFile)
		for line := range strings.Lines(string(data)) {
			if line = strings.TrimSpace(line); line != "" {
				files = append(files, within(filepath.Dir(place), line))
			}
		}
	}
	if err != nil {
		return err
	}
	for _, f := range files {
		sample := Sample{Path: f}
		if sample.Objects, err = s.yoloObjects(labelFile(f), points); err != nil {
			return err
		}
		s.Samples = append(s.Samples, sample)
	}
	return nil
}

// labelFile is where the labels of a picture are: the last folder images of its path becomes labels.
func labelFile(picture string) string {
	parts := strings.Split(filepath.Dir(picture), string(filepath.Separator))
	for i, p := range slices.Backward(parts) {
		if p == "images" {
			parts[i] = "labels"
			break
		}
	}
	return filepath.Join(strings.Join(parts, string(filepath.Separator)), stem(picture)+".txt")
}

// yoloObjects reads a line an object: class, and the box's middle, width and height as shares of the picture; or class and a
// polygon (x y x y …), whose box is taken; or the box and the key points.
func (s *Set) yoloObjects(path string, points []int) ([]Object, error) {
	data, err := regfile.Read(path, 16<<20)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var objects []Object
	lines := bufio.NewScanner(strings.NewReader(string(data)))
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		fields := strings.Fields(lines.Text())
		if len(fields) == 0 {
			continue
		}
		class, err := strconv.Atoi(fields[0])
		if err != nil || class < 0 || class >= len(s.Classes) {
			return nil, fmt.Errorf("%s, line %d: class %q, there are %d, from 0", path, n, fields[0], len(s.Classes))
		}
		v := make([]float64, len(fields)-1)
		for i := range v {
			if v[i], err = strconv.ParseFloat(fields[i+1], 64); err != nil || !(v[i] > -1 && v[i] < 3) {
				return nil, fmt.Errorf("%s, line %d: %q is no share of the picture", path, n, fields[i+1])
			}
		}
		object := Object{Label: s.Classes[class], Relative: true}
		switch {
		case len(v) == 4 || points != nil && len(v) > 4:
			object.Box = [4]float64{v[0] - float64(v[2]/2), v[1] - float64(v[3]/2), v[2], v[3]}
		case len(v) >= 6 && len(v)%2 == 0:
			object.Box = around(v)
		default:
			return nil, fmt.Errorf("%s, line %d: %d numbers behind the class: want 4 of a box, or those of a polygon", path, n, len(v))
		}
		objects = append(objects, object)
	}
	return objects, lines.Err()
}

// around is the box around a polygon.
func around(v []float64) [4]float64 {
	x0, y0, x1, y1 := v[0], v[1], v[0], v[1]
	for i := 0; i+1 < len(v); i += 2 {
		x0, x1, y0, y1 = min(x0, v[i]), max(x1, v[i]), min(y0, v[i+1]), max(y1, v[i+1])
	}
	return [4]float64{x0, y0, x1 - x0, y1 - y0}
}
