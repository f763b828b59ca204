package api_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"corallite/internal/part"
	"corallite/internal/serve/api"
	"corallite/internal/serve/hub"
	"corallite/internal/serve/servetest"
	"corallite/internal/web"
	"corallite/pipeline"
	"corallite/pipeline/audio"
)

func serve(t *testing.T, token string) (*hub.Hub, string) {
	t.Helper()
	h := servetest.Hub(t, hub.Options{Models: []part.Served{servetest.Pets("pets")}, MaxBody: 1 << 20})
	return h, servetest.Serve(t, token, func(s *web.Server) []hub.Route { return api.Routes(h, s) })
}

// schemas compiles the schemas of the OpenAPI file.
func schemas(t *testing.T, text []byte) func(name string, body []byte) {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("openapi.json", doc); err != nil {
		t.Fatal(err)
	}
	return func(name string, body []byte) {
		t.Helper()
		schema, err := c.Compile("openapi.json#/components/schemas/" + name)
		if err != nil {
			t.Fatal(err)
		}
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
		if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		if err := schema.Validate(v); err != nil {
			t.Errorf("%s is no %s: %v", body, name, err)
		}
	}
}

// TestOpenAPI holds the file against the routes, and answers against the file.
func TestOpenAPI(t *testing.T) {
	h, address := serve(t, "")
	status, text, _ := servetest.Get(t, address+"/v1/openapi.json")
	if status != 200 {
		t.Fatal(status, string(text))
	}
	var doc struct {
		Paths map[string]map[string]any `json:"paths"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	for _, r := range api.Routes(h, nil) {
		method := strings.ToLower(r.Methods[0])
		if doc.Paths[r.Pattern][method] == nil {
			t.Errorf("%s %s is not in the file", method, r.Pattern)
		}
		delete(doc.Paths, r.Pattern)
	}
	for path := range doc.Paths {
		t.Errorf("%s is in the file and no route", path)
	}
	valid := schemas(t, text)
	_, event, _ := servetest.Post(t, address+"/v1/detect", "image/jpeg", servetest.JPEG(t, 64, 48))
	valid("Event", event)
	_, models, _ := servetest.Get(t, address+"/v1/models")
	valid("Models", models)
	_, failure, _ := servetest.Post(t, address+"/v1/detect", "image/jpeg", nil)
	valid("Failure", failure)
}

// TestListen posts sound to a model that hears the same word in everything, twice.
func TestListen(t *testing.T) {
	bells := part.Served{
		Name: "bells", Task: "keyword", Labels: []string{"bell", "door"}, Engines: []pipeline.Engine{&servetest.Engine{}}, Close: func() error { return nil },
		Hear: func(ctx context.Context, open func(int) (audio.Source, error), found func(pipeline.Keyword)) error {
			source, err := open(16000)
			if err != nil {
				return err
			}
			defer source.Close()
			for samples := 0; ; {
				c, err := source.Next(ctx)
				if errors.Is(err, io.EOF) {
					found(pipeline.Keyword{Label: "bell", Score: 0.5, EndS: float64(samples) / 16000})
					found(pipeline.Keyword{Label: "door", Score: 0.75, StartS: 1, EndS: 2})
					return nil
				}
				if err != nil {
					return err
				}
				samples += len(c.Samples)
				c.Release()
			}
		},
	}
	h := servetest.Hub(t, hub.Options{Models: []part.Served{servetest.Pets("pets"), bells}, MaxBody: 1 << 20})
	address := servetest.Serve(t, "", func(s *web.Server) []hub.Route { return api.Routes(h, s) })
	sound := wav(8000, 8000)
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	file, err := w.CreateFormFile("sound", "ring.wav")
	if err != nil {
		t.Fatal(err)
	}
	file.Write(sound)
	w.Close()
	bell, door := `{"label":"bell","score":0.5,"start_s":0,"end_s":1,`, `{"label":"door","score":0.75,"start_s":1,"end_s":2,`
	for name, c := range map[string]struct {
		path, kind string
		body       []byte
		status     int
		want       string
	}{
		"the body":         {"", "audio/wav", sound, 200, `"keywords":[` + bell},
		"a form":           {"", w.FormDataContentType(), b.Bytes(), 200, `"source":"ring.wav"`},
		"a threshold":      {"?score_threshold=0.6", "", sound, 200, `"keywords":[` + door},
		"a label":          {"?labels=door&model=bells", "", sound, 200, `"keywords":[` + door},
		"the best":         {"?max_results=1", "", sound, 200, `"keywords":[` + door},
		"none":             {"?score_threshold=1", "", sound, 200, `"keywords":[]`},
		"nothing":          {"", "", nil, 400, "no recording"},
		"no recording":     {"", "", []byte("0123456789"), 400, "ffmpeg cannot read it"},
		"cut":              {"", "", sound[:30], 400, "ends at byte 30"},
		"cut in the sound": {"", "", sound[:len(sound)-1001], 400, "truncated"},
		"a picture":        {"", "", servetest.JPEG(t, 8, 8), 400, "format of no recording"},
		"a playlist":       {"", "", []byte("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n/etc/passwd\n"), 400, "format of no recording"},
		"another files'":   {"", "", []byte("ffconcat version 1.0\nfile /dev/zero\n"), 400, "format of no recording"},
		"unknown label":    {"?labels=bel", "", sound, 400, `did you mean \"bell\"`},
		"no such model":    {"?model=bels", "", sound, 404, `did you mean \"bells\"`},
		"no model for it":  {"?model=pets", "", sound, 400, "takes no sound"},
		"too large":        {"", "", make([]byte, 1<<20+1), 413, "at most 1048576"},
	} {
		status, body, _ := servetest.Post(t, address+"/v1/listen"+c.path, c.kind, c.body)
		if status != c.status || !strings.Contains(string(body), c.want) {
			t.Errorf("%s: %d %s; want %d %s", name, status, body, c.status, c.want)
		}
	}
	_, text, _ := servetest.Get(t, address+"/v1/openapi.json")
	_, event, _ := servetest.Post(t, address+"/v1/listen", "audio/wav", sound)
	schemas(t, text)("Event", event)
	if status, body, _ := servetest.Post(t, address+"/v1/detect?model=bells", "", servetest.JPEG(t, 8, 8)); status != 400 || !strings.Contains(string(body), "keyword, not for detect") {
		t.Errorf("%d %s", status, body)
	}
}

// TestListenTooLong has a model that takes longer for a recording than a request may: what is wrong is not that others are served.
func TestListenTooLong(t *testing.T) {
	slow := part.Served{
		Name: "slow", Task: "keyword", Engines: []pipeline.Engine{&servetest.Engine{}}, Close: func() error { return nil },
		Hear: func(ctx context.Context, _ func(int) (audio.Source, error), _ func(pipeline.Keyword)) error {
			<-ctx.Done()
			return ctx.Err()
		},
	}
	h := servetest.Hub(t, hub.Options{Models: []part.Served{slow}, Timeout: 50 * time.Millisecond})
	address := servetest.Serve(t, "", func(s *web.Server) []hub.Route { return api.Routes(h, s) })
	for range 2 {
		status, body, _ := servetest.Post(t, address+"/v1/listen", "", wav(100, 8000))
		if status != 413 || !strings.Contains(string(body), "longer than the 50ms") {
			t.Errorf("%d %s", status, body)
		}
	}
}

// wav is a recording of so many samples.
func wav(samples, rate int) []byte {
	var b bytes.Buffer
	le := binary.LittleEndian
	head := le.AppendUint32([]byte("RIFF"), uint32(36+2*samples))
	head = append(head, "WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00"...)
	head = le.AppendUint32(le.AppendUint32(head, uint32(rate)), uint32(2*rate))
	head = append(head, 2, 0, 16, 0)
	b.Write(le.AppendUint32(append(head, "data"...), uint32(2*samples)))
	for i := range samples {
		b.Write(le.AppendUint16(nil, uint16(100*(i%50))))
	}
	return b.Bytes()
}

func TestDetect(t *testing.T) {
	_, address := serve(t, "")
	picture := servetest.JPEG(t, 64, 48)
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreateFormFile("image", "street.jpg")
	if err != nil {
		t.Fatal(err)
	}
	part.Write(picture)
	w.Close()
	for name, c := range map[string]struct {
		path, kind string
		body       []byte
		status     int
		want       string
	}{
		"the body":          {"/v1/detect", "image/jpeg", picture, 200, `"source":"request"`},
		"curl's own type":   {"/v1/detect?model=pets", "application/x-www-form-urlencoded", picture, 200, `"model":"pets"`},
		"a form":            {"/v1/detect", w.FormDataContentType(), b.Bytes(), 200, `"source":"street.jpg"`},
		"a source":          {"/v1/detect?source=door", w.FormDataContentType(), b.Bytes(), 200, `"source":"door"`},
		"a threshold":       {"/v1/detect?score_threshold=0.6", "", picture, 200, `"detections":[{"label":"cat","index":0,"score":0.75,"box":[1,2,11,12]}]`},
		"a label":           {"/v1/detect?labels=dog,person", "", picture, 200, `"detections":[{"label":"dog","index":1,"score":0.5,"box":[20,20,40,30]}]`},
		"at most one":       {"/v1/detect?max_results=1&score_threshold=0", "", picture, 200, `"detections":[{"label":"cat","index":0,"score":0.75,"box":[1,2,11,12]}]`},
		"no picture":        {"/v1/detect", "", nil, 400, "no picture"},
		"no picture at all": {"/v1/detect", "image/jpeg", []byte("0123456789"), 400, "not a picture"},
		"a bad threshold":   {"/v1/detect?score_threshold=2", "", picture, 400, "from 0 to 1"},
		"an unknown label":  {"/v1/detect?labels=cta", "", picture, 400, `did you mean \"cat\"`},
		"an unknown model":  {"/v1/detect?model=pest", "", picture, 404, `did you mean \"pets\"`},
		"another task":      {"/v1/classify", "", picture, 404, "no model for classify"},
		"unknown parameter": {"/v1/detect?treshold=1", "", picture, 400, "unknown parameter"},
		"too large":         {"/v1/detect", "", make([]byte, 1<<20+1), 413, "at most 1048576"},
	} {
		status, body, header := servetest.Post(t, address+c.path, c.kind, c.body)
		if status != c.status || !strings.Contains(string(body), c.want) || header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %s; want %d and %s", name, status, body, c.status, c.want)
		}
	}
}

func TestToken(t *testing.T) {
	const token = "0123456789abcdef"
	_, address := serve(t, token)
	picture := servetest.JPEG(t, 16, 16)
	for name, c := range map[string]struct {
		header string
		status int
	}{"none": {"", 401}, "a wrong one": {"Bearer 0123456789abcdeg", 401}, "the right one": {"Bearer " + token, 200}} {
		status, body, _ := servetest.Post(t, address+"/v1/detect", "image/jpeg", picture, "Authorization", c.header)
		if status != c.status {
			t.Errorf("%s: %d %s", name, status, body)
		}
		if status == 401 && !json.Valid(body) {
			t.Errorf("%s: %s is no JSON", name, body)
		}
	}
	if status, _, _ := servetest.Get(t, address+"/v1/models"); status != 401 {
		t.Errorf("the models without a token: %d", status)
	}
}

// TestEvents follows the events of requests and pipelines.
func TestEvents(t *testing.T) {
	h, address := serve(t, "")
	resp, err := http.Get(address + "/v1/events?pipeline=door")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewReader(resp.Body)
	next := func() string {
		t.Helper()
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(line, "data: ") {
				return strings.TrimSpace(line[len("data: "):])
			}
			if strings.HasPrefix(line, ": events") {
				return ""
			}
		}
	}
	next() // it follows from here on
	servetest.Post(t, address+"/v1/detect", "image/jpeg", servetest.JPEG(t, 16, 16))
	h.Publish(pipeline.Event{Pipeline: "door", Model: "pets", Seq: 7})
	e, err := pipeline.ReadEvent([]byte(next()))
	if err != nil || e.Pipeline != "door" || e.Seq != 7 {
		t.Errorf("%+v, %v", e, err)
	}
}

func TestMethods(t *testing.T) {
	_, address := serve(t, "")
	status, _, header := servetest.Get(t, address+"/v1/detect")
	if status != http.StatusMethodNotAllowed || !slices.Contains(header["Allow"], "POST") {
		t.Errorf("%d %v", status, header["Allow"])
	}
}
