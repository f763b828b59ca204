package doods_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image/jpeg"
	"image/png"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"corallite/internal/part"
	"corallite/internal/serve/doods"
	"corallite/internal/serve/hub"
	"corallite/internal/serve/servetest"
	"corallite/internal/web"
)

func open(t *testing.T, token string) string {
	t.Helper()
	h := servetest.Hub(t, hub.Options{Models: []part.Served{servetest.Pets("pets")}, MaxBody: 1 << 20})
	return servetest.Serve(t, token, func(s *web.Server) []hub.Route { return doods.Routes(h, h.Models()[0], s) })
}

// request is a request with a picture of 40x30 pixels.
func request(t *testing.T, with map[string]any) []byte {
	t.Helper()
	r := map[string]any{"data": base64.StdEncoding.EncodeToString(servetest.JPEG(t, 40, 30))}
	maps.Copy(r, with)
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// labels are the labels of an answer, with their regions.
func labels(t *testing.T, body []byte) string {
	t.Helper()
	var r doods.Response
	if err := json.Unmarshal(body, &r); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	var all []string
	for _, d := range r.Detections {
		all = append(all, strings.TrimSuffix(d.Label+"@"+d.Region, "@"))
	}
	return strings.Join(all, " ")
}

func TestDetect(t *testing.T) {
	address := open(t, "")
	type m = map[string]any
	for name, c := range map[string]struct {
		with m
		want string
	}{
		"nothing asked":        {nil, "cat dog"},
		"everything":           {m{"detect": m{"*": 0}}, "cat dog cat"},
		"a named label":        {m{"detect": m{"dog": 50}}, "dog"},
		"named is not in *":    {m{"detect": m{"*": 10, "cat": 70}}, "cat dog"},
		"too sure":             {m{"detect": m{"*": 99}}, ""},
		"a region":             {m{"regions": []m{{"id": "left", "top": 0, "left": 0, "bottom": 1, "right": 0.3, "detect": m{"*": 20}}}}, "cat@left cat@left"},
		"a region that covers": {m{"regions": []m{{"id": "left", "top": 0, "left": 0, "bottom": 1, "right": 0.3, "covers": true, "detect": m{"*": 20}}}}, "cat@left"},
		"beside a region":      {m{"detect": m{"dog": 1}, "regions": []m{{"id": "all", "bottom": 1, "right": 1, "detect": m{"cat": 50}}}}, "cat@all dog"},
		"default":              {m{"detector_name": "default"}, "cat dog"},
		"by name":              {m{"detector_name": "pets"}, "cat dog"},
	} {
		status, body, _ := servetest.Post(t, address+"/detect", "application/json", request(t, c.with))
		if got := labels(t, body); status != 200 || got != c.want {
			t.Errorf("%s: %d %q; want %q", name, status, got, c.want)
		}
	}
	_, body, _ := servetest.Post(t, address+"/detect", "application/json", request(t, m{"id": "x1", "detect": m{"dog": 1}}))
	var r doods.Response
	if err := json.Unmarshal(body, &r); err != nil || r.ID != "x1" || len(r.Detections) != 1 {
		t.Fatalf("%s: %v", body, err)
	}
	if d := r.Detections[0]; d.Left != 0.5 || d.Right != 1 || d.Bottom != 1 || d.Confidence != 50 {
		t.Errorf("%+v", d)
	}
}

func TestErrors(t *testing.T) {
	address := open(t, "")
	type m = map[string]any
	for name, c := range map[string]struct {
		body []byte
		want string
	}{
		"no JSON":          {[]byte("hello"), "not the JSON"},
		"an empty body":    {nil, "not the JSON"},
		"deep JSON":        {[]byte(`{"data":` + strings.Repeat("[", 500_000)), "not the JSON"},
		"no data":          {[]byte("{}"), "data is missing"},
		"an address":       {request(t, m{"data": "http://camera/x.jpg"}), "not fetched"},
		"no base64":        {request(t, m{"data": "!!!"}), "base64"},
		"no picture":       {request(t, m{"data": "MDEyMzQ1Njc4OQ=="}), "not a picture"},
		"unknown detector": {request(t, m{"detector_name": "pest"}), "did you mean"},
		"unknown label":    {request(t, m{"detect": m{"cta": 1}}), "did you mean"},
		"101 percent":      {request(t, m{"detect": m{"cat": 101}}), "0 to 100"},
		"an empty region":  {request(t, m{"regions": []m{{"id": "r", "detect": m{"cat": 1}}}}), "is empty"},
		"outside":          {request(t, m{"regions": []m{{"id": "r", "bottom": 2, "right": 1, "detect": m{"cat": 1}}}}), "from 0 to 1"},
		"another format":   {request(t, m{"image": "gif"}), "want jpeg or png"},
		"preprocess":       {request(t, m{"preprocess": []string{"grayscale"}}), "not supported"},
	} {
		status, body, _ := servetest.Post(t, address+"/detect", "application/json", c.body)
		if want := 400; status != want && !(name == "unknown detector" && status == 404) || !strings.Contains(string(body), c.want) || !json.Valid(body) {
			t.Errorf("%s: %d %s; want %q", name, status, body, c.want)
		}
	}
}

func TestImages(t *testing.T) {
	address := open(t, "")
	status, body, header := servetest.Post(t, address+"/image", "application/json", request(t, nil))
	picture, err := jpeg.Decode(bytes.NewReader(body))
	if status != 200 || err != nil || picture.Bounds().Dx() != 40 || header.Get("Content-Type") != "image/jpeg" {
		t.Errorf("%d %v", status, err)
	}
	status, body, header = servetest.Post(t, address+"/image", "application/json", request(t, map[string]any{"image": "png"}))
	if picture, err = png.Decode(bytes.NewReader(body)); status != 200 || err != nil || picture.Bounds().Dy() != 30 || header.Get("Content-Type") != "image/png" {
		t.Errorf("%d %v", status, err)
	}
	_, body, _ = servetest.Post(t, address+"/detect", "application/json", request(t, map[string]any{"image": "jpeg"}))
	var r doods.Response
	if err := json.Unmarshal(body, &r); err != nil || len(r.Image) == 0 {
		t.Errorf("%v: an image of %d bytes", err, len(r.Image))
	}
}

func TestDetectors(t *testing.T) {
	status, body, _ := servetest.Get(t, open(t, "")+"/detectors")
	var got struct{ Detectors []doods.Detector }
	if err := json.Unmarshal(body, &got); err != nil || status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	if want := "[{pets tflite pets [cat dog person] 2 2} {default tflite pets [cat dog person] 2 2}]"; fmt.Sprint(got.Detectors) != want {
		t.Errorf("%v; want %v", got.Detectors, want)
	}
}

func TestKey(t *testing.T) {
	const token = "0123456789abcdef"
	address := open(t, token)
	for key, want := range map[string]int{"": 401, "no": 401, token: 200} {
		if status, body, _ := servetest.Post(t, address+"/detect", "application/json", request(t, nil), "doods-auth-key", key); status != want {
			t.Errorf("key %q: %d %s", key, status, body)
		}
	}
}

// TestWebSocket sends several requests, of which one is bad, and tells the answers apart by their id.
func TestWebSocket(t *testing.T) {
	address := strings.Replace(open(t, ""), "http", "ws", 1) + "/detect"
	conn, _, err := websocket.DefaultDialer.Dial(address, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetReadDeadline(time.Now().Add(time.Minute))
	want := map[string]string{}
	for i := range 10 {
		id := fmt.Sprint("r", i)
		with := map[string]any{"id": id}
		want[id] = "cat dog"
		if i == 4 {
			with["detector_name"], want[id] = "pest", ""
		}
		if err := conn.WriteMessage(websocket.TextMessage, request(t, with)); err != nil {
			t.Fatal(err)
		}
	}
	for len(want) > 0 {
		_, body, err := conn.ReadMessage()
		if err != nil {
			t.Fatal(err)
		}
		var r doods.Response
		if err := json.Unmarshal(body, &r); err != nil {
			t.Fatal(err)
		}
		expected, asked := want[r.ID]
		if got := labels(t, body); !asked || got != expected || (r.Error == "") != (expected != "") {
			t.Errorf("%s; want %q", body, expected)
		}
		delete(want, r.ID)
	}
	conn.WriteMessage(websocket.TextMessage, []byte("no JSON"))
	if _, body, err := conn.ReadMessage(); err != nil || !strings.Contains(string(body), "not the JSON") {
		t.Errorf("%s %v", body, err)
	}
	if err := conn.WriteMessage(websocket.TextMessage, make([]byte, 2<<20)); err == nil {
		for err == nil { // it says why, or is gone
			_, _, err = conn.ReadMessage()
		}
	}
	again, _, err := websocket.DefaultDialer.Dial(address, nil)
	if err != nil {
		t.Fatalf("after a message that is too large: %v", err)
	}
	again.Close()
}
