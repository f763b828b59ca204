package deepstack_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"mime/multipart"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"corallite/internal/part"
	"corallite/internal/serve/deepstack"
	"corallite/internal/serve/hub"
	"corallite/internal/serve/servetest"
	"corallite/internal/web"
	"corallite/pipeline"
	"corallite/pipeline/vision"
	"corallite/tflite/tensor"
)

// faces is a detector that finds one face, in the middle of the picture.
func faces() part.Served {
	s := servetest.Pets("faces")
	s.Labels = []string{"face"}
	s.Work = &servetest.Task{Kind: "detect", Names: s.Labels, Found: pipeline.Result{Detections: pipeline.Detections{
		{Label: "face", Score: 0.9, Box: [4]float32{16, 16, 48, 48}},
	}}}
	return s
}

// colour embeds a picture as its mean colour.
type colour struct{ servetest.Task }

func (*colour) Prepare(dst tensor.Tensor, f *vision.Frame) (pipeline.Placement, error) {
	m := f.Mat()
	pix, err := m.DataPtrUint8()
	if err != nil {
		return pipeline.Placement{}, err
	}
	var sum [3]int
	for i, v := range pix {
		sum[i%3] += int(v)
	}
	for i := range sum {
		dst.Data[i] = byte(sum[i] * 3 / len(pix))
	}
	return pipeline.Placement{}, nil
}

func (*colour) Decode(out pipeline.Outputs, _ pipeline.Placement) (pipeline.Result, error) {
	d := out.Output(0).Data
	return pipeline.Result{Embedding: pipeline.Vector{float32(d[0]), float32(d[1]), float32(d[2])}}, nil
}

func embedder() part.Served {
	s := servetest.Pets("colours")
	s.Task, s.Labels, s.Threshold, s.Faces, s.Work = "embed", nil, 0.98, true, &colour{servetest.Task{Kind: "embed"}}
	return s
}

func scenes() part.Served {
	s := servetest.Pets("scenes")
	s.Task, s.Labels, s.Work = "classify", []string{"beach"}, &servetest.Task{Kind: "classify", Found: pipeline.Result{Classes: pipeline.Classes{{Label: "beach", Score: 0.2}}}}
	return s
}

// open makes a server with a gallery in folder; "": without one.
func open(t *testing.T, folder, token string) string {
	t.Helper()
	h := servetest.Hub(t, hub.Options{Models: []part.Served{servetest.Pets("pets"), faces(), embedder(), scenes()}, MaxBody: 1 << 20})
	o := deepstack.Options{Detection: h.Models()[0], Face: h.Models()[1], Scene: h.Models()[3]}
	if folder != "" {
		var err error
		o.Faces, err = deepstack.OpenFaces(t.Context(), h, h.Models()[2], folder, nil, func(path string, err error) { t.Logf("%s: %v", path, err) })
		if err != nil {
			t.Fatal(err)
		}
	}
	return servetest.Serve(t, token, func(s *web.Server) []hub.Route { return deepstack.Routes(h, s, o) })
}

// ask posts a form of fields and pictures.
func ask(t *testing.T, address string, fields map[string]string, pictures ...[]byte) (int, map[string]any) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		w.WriteField(name, fields[name])
	}
	for i, p := range pictures {
		name := "image"
		if len(pictures) > 1 {
			name = fmt.Sprintf("image%d", i+1)
		}
		f, err := w.CreateFormFile(name, "image")
		if err != nil {
			t.Fatal(err)
		}
		f.Write(p)
	}
	w.Close()
	status, body, _ := servetest.Post(t, address, w.FormDataContentType(), b.Bytes())
	var got map[string]any
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatalf("%s: %d %s", address, status, body)
	}
	return status, got
}

func TestDetection(t *testing.T) {
	address := open(t, "", "")
	picture := servetest.JPEG(t, 64, 64)
	for _, path := range []string{"/v1/vision/detection", "/v1/vision/detection/", "/v1/vision/custom/pets"} {
		status, got := ask(t, address+path, map[string]string{"min_confidence": "0.4"}, picture)
		all, _ := got["predictions"].([]any)
		if status != 200 || got["success"] != true || len(all) != 2 || got["count"] != 2.0 || got["code"] != 200.0 {
			t.Fatalf("%s: %d %v", path, status, got)
		}
		first := all[0].(map[string]any)
		want := map[string]any{"label": "cat", "confidence": 0.75, "x_min": 1.0, "y_min": 2.0, "x_max": 11.0, "y_max": 12.0}
		if !maps.Equal(first, want) {
			t.Errorf("%s: %v; want %v", path, first, want)
		}
	}
	if _, got := ask(t, address+"/v1/vision/custom/list", nil); fmt.Sprint(got["models"]) != "[pets faces]" {
		t.Errorf("%v", got)
	}
	if status, got := ask(t, address+"/v1/vision/scene", nil, picture); status != 200 || got["label"] != "beach" || got["confidence"] != 0.2 {
		t.Errorf("%d %v", status, got)
	}
	status, got := ask(t, address+"/v1/vision/face/", nil, picture)
	if all := got["predictions"].([]any); status != 200 || len(all) != 1 || all[0].(map[string]any)["x_min"] != 16.0 || all[0].(map[string]any)["label"] != nil {
		t.Errorf("%d %v", status, got)
	}
}

func TestErrors(t *testing.T) {
	address := open(t, "", "")
	picture := servetest.JPEG(t, 64, 64)
	for name, c := range map[string]struct {
		path   string
		fields map[string]string
		files  [][]byte
		status int
		want   string
	}{
		"no picture":        {"detection", nil, nil, 400, "no picture"},
		"ten bytes":         {"detection", nil, [][]byte{[]byte("0123456789")}, 400, "not a picture"},
		"no number":         {"detection", map[string]string{"min_confidence": "high"}, [][]byte{picture}, 400, "from 0 to 1"},
		"too high":          {"detection", map[string]string{"min_confidence": "40"}, [][]byte{picture}, 400, "from 0 to 1"},
		"unknown model":     {"custom/pest", nil, [][]byte{picture}, 404, "did you mean"},
		"another task":      {"custom/scenes", nil, [][]byte{picture}, 400, "for classify"},
		"no gallery":        {"face/list", nil, nil, 403, "face/list is off"},
		"no gallery either": {"face/register", map[string]string{"userid": "ada"}, [][]byte{picture}, 403, "is off"},
	} {
		status, got := ask(t, address+"/v1/vision/"+c.path, c.fields, c.files...)
		text, _ := got["error"].(string)
		if status != c.status || got["success"] != false || !strings.Contains(text, c.want) || got["code"] != float64(c.status) {
			t.Errorf("%s: %d %v; want %d and %q", name, status, got, c.status, c.want)
		}
	}
}

func TestKey(t *testing.T) {
	const token = "0123456789abcdef"
	address := open(t, "", token)
	for key, want := range map[string]int{"": 401, "0123456789abcdee": 401, token: 200} {
		status, got := ask(t, address+"/v1/vision/detection", map[string]string{"api_key": key}, servetest.JPEG(t, 32, 32))
		if status != want || got["success"] != (want == 200) {
			t.Errorf("key %q: %d %v", key, status, got)
		}
	}
}

// TestFaces registers two people, tells them apart, and still knows them after a restart.
func TestFaces(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "people")
	address := open(t, folder, "") + "/v1/vision/face/"
	blue := servetest.JPEG(t, 64, 64)
	red := servetest.Colour(t, 64, 64, 220, 40, 30)
	for name, picture := range map[string][]byte{"ada": blue, "Grace Hopper": red} {
		if status, got := ask(t, address+"register", map[string]string{"userid": name}, picture); status != 200 || got["success"] != true {
			t.Fatalf("%s: %d %v", name, status, got)
		}
	}
	known := func(address string) {
		t.Helper()
		for name, picture := range map[string][]byte{"ada": blue, "Grace Hopper": red, "unknown": servetest.Colour(t, 64, 64, 20, 200, 30)} {
			status, got := ask(t, address+"recognize", nil, picture)
			all, _ := got["predictions"].([]any)
			if status != 200 || len(all) != 1 || all[0].(map[string]any)["userid"] != name {
				t.Errorf("%s: %d %v", name, status, got)
			}
		}
		if _, got := ask(t, address+"list", nil); fmt.Sprint(got["faces"]) != "[Grace Hopper ada]" {
			t.Errorf("%v", got["faces"])
		}
	}
	known(address)
	if err := os.WriteFile(filepath.Join(folder, "ada", "note.jpg"), []byte("no picture"), 0o600); err != nil {
		t.Fatal(err)
	}
	known(open(t, folder, "") + "/v1/vision/face/")
	if status, got := ask(t, address+"match", nil, blue, blue); status != 200 || got["similarity"].(float64) < 0.99 {
		t.Errorf("%d %v", status, got)
	}
	if status, got := ask(t, address+"match", nil, blue); status != 400 {
		t.Errorf("one picture to compare: %d %v", status, got)
	}
	for _, name := range []string{"", "..", "../ada", "a/b", `a\b`, ".ada", "a\nb", strings.Repeat("x", 200)} {
		for _, path := range []string{"register", "delete"} {
			if status, got := ask(t, address+path, map[string]string{"userid": name}, red); status != 400 {
				t.Errorf("%s of %q: %d %v", path, name, status, got)
			}
		}
	}
	if status, got := ask(t, address+"delete", map[string]string{"userid": "ada"}); status != 200 || got["success"] != true {
		t.Errorf("%d %v", status, got)
	}
	if _, got := ask(t, address+"list", nil); fmt.Sprint(got["faces"]) != "[Grace Hopper]" {
		t.Errorf("%v", got["faces"])
	}
	if status, _ := ask(t, address+"delete", map[string]string{"userid": "ada"}); status != 400 {
		t.Errorf("deleted twice: %d", status)
	}
	if left, _ := filepath.Glob(filepath.Join(folder, "ada", "*")); len(left) != 1 || filepath.Base(left[0]) != "note.jpg" {
		t.Errorf("%v is left of what was registered, and note.jpg was not", left)
	}
	if entries, err := os.ReadDir(filepath.Dir(folder)); err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
}
