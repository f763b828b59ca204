package dataset

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// folder writes files, and returns where.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

var jpegs = Options{Endings: []string{".jpg"}}

func TestFolders(t *testing.T) {
	dir := folder(t, map[string]string{"cat/1.jpg": "", "cat/more/2.JPG": "", "cat/notes.txt": "", "dog/3.jpg": "", ".hidden/4.jpg": "", "empty/x.txt": "", "5.jpg": ""})
	set, err := Open(dir, jpegs)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(set.Classes, " "); got != "cat dog" || len(set.Samples) != 3 || set.Samples[2].Label != "dog" || set.Samples[2].ID != 3 {
		t.Errorf("%+v", set)
	}
}

func TestCSV(t *testing.T) {
	dir := folder(t, map[string]string{
		"a.csv": "\ufefffile;class;x\nx/1.jpg;cat;7\n/2.jpg;\"a \"\"b\"\"\";8\n",
		"b.csv": "path,label,xmin,ymin,xmax,ymax\n1.jpg,cat,1,2,11,22\n1.jpg,dog,0,0,5,5\n2.jpg,,,,,\n",
	})
	set, err := Open(filepath.Join(dir, "a.csv"), jpegs)
	if err != nil {
		t.Fatal(err)
	}
	if s := set.Samples; len(s) != 2 || s[0].Path != filepath.Join(dir, "x/1.jpg") || s[1].Path != "/2.jpg" || s[1].Label != `a "b"` {
		t.Errorf("%+v", set)
	}
	if set, err = Open(filepath.Join(dir, "b.csv"), jpegs); err != nil {
		t.Fatal(err)
	}
	if s := set.Samples; len(s) != 2 || len(s[0].Objects) != 2 || s[0].Objects[0].Box != [4]float64{1, 2, 10, 20} || s[1].Objects != nil {
		t.Errorf("%+v", set)
	}
}

func TestCOCO(t *testing.T) {
	dir := folder(t, map[string]string{"images/1.jpg": "", "annotations/c.json": `{"images":[{"id":0,"file_name":"1.jpg"}],"categories":[{"id":3,"name":"person","keypoints":["nose"]}],
		"annotations":[{"image_id":0,"category_id":3,"bbox":[1,2,3,4],"area":5,"iscrowd":1,"keypoints":[7,8,2]}]}`})
	set, err := Open(filepath.Join(dir, "annotations/c.json"), jpegs)
	if err != nil {
		t.Fatal(err)
	}
	want := Object{Label: "person", Box: [4]float64{1, 2, 3, 4}, Area: 5, Crowd: true}
	s := set.Samples[0]
	if o := s.Objects[0]; o.Label != want.Label || o.Box != want.Box || o.Area != 5 || !o.Crowd || o.Points[0] != [3]float64{7, 8, 2} || s.ID != 0 {
		t.Errorf("%+v", set)
	}
	if _, err := os.Stat(s.Path); err != nil {
		t.Error(err)
	}
}

func TestYOLO(t *testing.T) {
	dir := folder(t, map[string]string{
		"data.yaml":        "path: ../elsewhere\ntrain: images/train\nval: images/val\nnames:\n  0: cat\n  1: dog\n",
		"images/val/1.jpg": "", "images/val/2.jpg": "", "images/train/3.jpg": "",
		"labels/val/1.txt": "1 0.5 0.5 0.2 0.4\n0 0.1 0.1 0.3 0.1 0.3 0.5\n",
	})
	set, err := Open(dir, jpegs)
	if err != nil {
		t.Fatal(err)
	}
	if len(set.Samples) != 2 || len(set.Samples[0].Objects) != 2 || set.Samples[1].Objects != nil {
		t.Fatalf("%+v", set)
	}
	a, b := set.Samples[0].Objects[0], set.Samples[0].Objects[1]
	if a.Label != "dog" || !a.Relative || a.Box != [4]float64{0.4, 0.3, 0.2, 0.4} || b.Box[0] != 0.1 || b.Box[3] != 0.4 {
		t.Errorf("%+v %+v", a, b)
	}
	if set, err = Open(dir, Options{Endings: jpegs.Endings, Split: "train"}); err != nil || len(set.Samples) != 1 {
		t.Errorf("%v %v", set, err)
	}
}

func TestVOC(t *testing.T) {
	dir := folder(t, map[string]string{"JPEGImages/a.jpg": "", "Annotations/a.xml": `<annotation><filename>other.jpg</filename>
		<object><name>cat</name><difficult>1</difficult><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>10</xmax><ymax>20</ymax></bndbox></object></annotation>`})
	set, err := Open(dir, jpegs)
	if err != nil {
		t.Fatal(err)
	}
	if o := set.Samples[0].Objects[0]; o.Box != [4]float64{0, 0, 10, 20} || !o.Hard || set.Samples[0].Path != filepath.Join(dir, "JPEGImages/a.jpg") {
		t.Errorf("%+v", set)
	}
}

// What is wrong is said, with the place.
func TestBad(t *testing.T) {
	for want, files := range map[string]map[string]string{
		"names no column \"label\"":         {"x.csv": "path,lable\n1.jpg,cat\n"},
		"did you mean \"lable\"":            {"x.csv": "path,lable\n1.jpg,cat\n"},
		"only 2 are there":                  {"x.csv": "path,label,xmin,ymin\n"},
		"line 3: the label is empty":        {"x.csv": "path,label\n1.jpg,a\n2.jpg,\n"},
		"line 2: a box from 5, 2 to 5, 9":   {"x.csv": "path,label,xmin,ymin,xmax,ymax\n1.jpg,a,5,2,5,9\n"},
		"wrong number of fields":            {"x.csv": "path,label\n1.jpg,a,b\n"},
		"has no labelled files":             {"x.csv": "path,label\n"},
		"is no COCO file":                   {"x.json": "[1]"},
		"image 4, which it does not have":   {"x.json": `{"images":[{"id":1}],"categories":[{"id":1,"name":"a"}],"annotations":[{"image_id":4,"category_id":1}]}`},
		"two categories \"a\"":              {"x.json": `{"images":[{"id":1}],"categories":[{"id":1,"name":"a"},{"id":2,"name":"a"}]}`},
		"class 1 has no name":               {"x.yaml": "val: .\nnames: {0: a, 2: b}\n"},
		"no pictures of the split \"val\"":  {"x.yaml": "names: [a]\n"},
		"no folders with .jpg files":        {"x/1.txt": ""},
		"neither data.yaml nor classes.txt": {"x/images/1.jpg": "", "x/labels/1.txt": ""},
		"class \"3\", there are 1, from 0":  {"x/images/1.jpg": "", "x/labels/1.txt": "3 0 0 1 1", "x/classes.txt": "a"},
		"3 numbers behind the class":        {"x/images/1.jpg": "", "x/labels/1.txt": "0 0 0 1", "x/classes.txt": "a"},
		"its picture is not in":             {"x/Annotations/a.xml": "<annotation><filename>b.jpg</filename></annotation>", "x/JPEGImages/c.jpg": ""},
		"is no set of labelled files":       {"x.doc": ""},
	} {
		dir := folder(t, files)
		names, err := filepath.Glob(filepath.Join(dir, "x*"))
		if err != nil || len(names) != 1 {
			t.Fatal(names, err)
		}
		if _, err := Open(names[0], jpegs); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
