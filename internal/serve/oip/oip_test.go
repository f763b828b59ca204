package oip_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"corallite/internal/part"
	"corallite/internal/serve/hub"
	"corallite/internal/serve/oip"
	"corallite/internal/serve/servetest"
	"corallite/internal/web"
)

const lengthHeader = "Inference-Header-Content-Length"

func open(t *testing.T) string {
	t.Helper()
	h := servetest.Hub(t, hub.Options{Models: []part.Served{servetest.Pets("pets")}, MaxBody: 1 << 20})
	return servetest.Serve(t, "", func(*web.Server) []hub.Route { return oip.Routes(h, "1.2.3") })
}

func TestAbout(t *testing.T) {
	address := open(t)
	for path, want := range map[string]string{
		"/v2":                           `"version":"1.2.3"`,
		"/v2/health/live":               `"live":true`,
		"/v2/health/ready":              `"ready":true`,
		"/v2/models/pets":               `{"name":"pets","versions":["1"],"platform":"tensorflow_lite","inputs":[{"name":"picture","datatype":"UINT8","shape":[1,2,2,3],"parameters":{"scale":0.5,"zero_point":3}}],"outputs":[{"name":"echo","datatype":"UINT8","shape":[1,2,2,3]}]}`,
		"/v2/models/pets/versions/1":    `"name":"pets"`,
		"/v2/models/pets/ready":         `"ready":true`,
		"/v2/models/pest":               `did you mean \"pets\"`,
		"/v2/models/pets/versions/2":    `there is version 1`,
		"/v2/models/pets/nothing/there": `there is nothing`,
	} {
		status, body, _ := servetest.Get(t, address+path)
		if !strings.Contains(string(body), want) || (status == 200) != !strings.Contains(want, "there is") && !strings.Contains(want, "did you") {
			t.Errorf("%s: %d %s; want %s", path, status, body, want)
		}
	}
	if status, body, _ := servetest.Post(t, address+"/v2/repository/index", "", nil); status != 200 || !strings.Contains(string(body), `"state":"READY"`) {
		t.Errorf("%d %s", status, body)
	}
}

const input = `{"id":"a","inputs":[{"name":"picture","datatype":"UINT8","shape":[1,2,2,3],`

func TestInfer(t *testing.T) {
	address := open(t) + "/v2/models/pets/infer"
	numbers := "[1,2,3,4,5,6,7,8,9,10,11,12]"
	tensors := []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
	want := []byte{2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13}
	for name, c := range map[string]struct {
		json    string
		tensors []byte
		binary  bool // the answer
	}{
		"flat JSON":      {input + `"data":` + numbers + `}]}`, nil, false},
		"nested JSON":    {input + `"data":[[[[1,2,3],[4,5,6]],[[7,8,9],[10, 11 ,12]]]]}]}`, nil, false},
		"binary":         {input + `"parameters":{"binary_data_size":12}}],"parameters":{"binary_data_output":true}}`, tensors, true},
		"binary in only": {input + `"parameters":{"binary_data_size":12}}]}`, tensors, false},
		"one output":     {input + `"data":` + numbers + `}],"outputs":[{"name":"echo","parameters":{"binary_data":true}}]}`, nil, true},
	} {
		var header []string
		if c.tensors != nil {
			header = []string{lengthHeader, strconv.Itoa(len(c.json))}
		}
		status, body, got := servetest.Post(t, address, "", append([]byte(c.json), c.tensors...), header...)
		if status != 200 {
			t.Errorf("%s: %d %s", name, status, body)
			continue
		}
		text, rest := body, []byte(nil)
		if n := got.Get(lengthHeader); (n != "") != c.binary {
			t.Errorf("%s: %s is %q", name, lengthHeader, n)
		} else if c.binary {
			at, _ := strconv.Atoi(n)
			text, rest = body[:at], body[at:]
		}
		var r struct {
			ID        string `json:"id"`
			ModelName string `json:"model_name"`
			Outputs   []struct {
				Name, Datatype string
				Shape          []int
				Data           []int
				Parameters     map[string]int
			}
		}
		if err := json.Unmarshal(text, &r); err != nil || len(r.Outputs) != 1 || r.ID != "a" || r.ModelName != "pets" {
			t.Errorf("%s: %s: %v", name, text, err)
			continue
		}
		if c.binary && (!bytes.Equal(rest, want) || r.Outputs[0].Parameters["binary_data_size"] != 12) ||
			!c.binary && fmt.Sprint(r.Outputs[0].Data) != "[2 3 4 5 6 7 8 9 10 11 12 13]" {
			t.Errorf("%s: %s %v", name, text, rest)
		}
	}
}

func TestCompressed(t *testing.T) {
	address := open(t) + "/v2/models/pets/infer"
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	fmt.Fprint(w, input+`"data":[1,2,3,4,5,6,7,8,9,10,11,12]}]}`)
	w.Close()
	if status, body, _ := servetest.Post(t, address, "", b.Bytes(), "Content-Encoding", "gzip"); status != 200 {
		t.Errorf("%d %s", status, body)
	}
	b.Reset()
	w = gzip.NewWriter(&b)
	w.Write(make([]byte, 100<<20))
	w.Close()
	if status, body, _ := servetest.Post(t, address, "", b.Bytes(), "Content-Encoding", "gzip"); status != 413 {
		t.Errorf("100 MiB in %d bytes: %d %s", b.Len(), status, body)
	}
	if status, body, _ := servetest.Post(t, address, "", []byte("x"), "Content-Encoding", "br"); status != 415 {
		t.Errorf("%d %s", status, body)
	}
}

func TestErrors(t *testing.T) {
	address := open(t)
	const data = `"data":[1,2,3,4,5,6,7,8,9,10,11,12]}]`
	for name, c := range map[string]struct {
		json   string
		length string
		want   string
	}{
		"no JSON":             {"hello", "", "not the JSON"},
		"nothing":             {"", "", "not the JSON"},
		"no inputs":           {"{}", "", "missing"},
		"unknown input":       {`{"inputs":[{"name":"sound"}]}`, "", "no input"},
		"another type":        {strings.Replace(input, "UINT8", "FP32", 1) + data + "}", "", "want UINT8"},
		"another shape":       {strings.Replace(input, "1,2,2,3", "1,3,2,2", 1) + data + "}", "", "want [1 2 2 3]"},
		"a huge shape":        {strings.Replace(input, "1,2,2,3", "1,2,2,999999999999", 1) + data + "}", "", "want [1 2 2 3]"},
		"too few":             {input + `"data":[1,2]}]}`, "", "has 2 numbers"},
		"too many":            {input + `"data":[1,2,3,4,5,6,7,8,9,10,11,12,13]}]}`, "", "more than the 12"},
		"too large a number":  {input + `"data":[1,2,3,4,5,6,7,8,9,10,11,256]}]}`, "", "no UINT8"},
		"a fraction":          {input + `"data":[1.5,2,3,4,5,6,7,8,9,10,11,12]}]}`, "", "no UINT8"},
		"words":               {input + `"data":["a"]}]}`, "", "something else than numbers"},
		"objects":             {input + `"data":{"a":1}}]}`, "", "something else than numbers"},
		"deep":                {input + `"data":` + strings.Repeat("[", 400_000), "", "not the JSON"},
		"no data":             {input + `"data":null}]}`, "", "no UINT8"},
		"missing data":        {strings.TrimSuffix(input, ",") + "}]}", "", "has no data"},
		"twice":               {input + data[:len(data)-1] + `,{"name":"picture","datatype":"UINT8","shape":[1,2,2,3],` + data + "}", "", "given twice"},
		"another size":        {input + `"parameters":{"binary_data_size":11}}]}`, "", "has 12 bytes"},
		"bytes that miss":     {input + `"parameters":{"binary_data_size":12}}]}`, "", "0 bytes are left"},
		"a negative size":     {input + `"parameters":{"binary_data_size":-1}}]}`, "", "has 12 bytes"},
		"both":                {input + `"parameters":{"binary_data_size":12},` + data + "}", "", "both"},
		"bytes that are left": {input + data + "}xyz", strconv.Itoa(len(input + data + "}")), "3 bytes are left"},
		"a length beyond":     {"{}", "3", "has 2 bytes"},
		"a negative length":   {"{}", "-1", "has 2 bytes"},
		"no length":           {"{}", "x", "has 2 bytes"},
		"unknown output":      {input + data + `,"outputs":[{"name":"sound"}]}`, "", "no output"},
		"classes":             {input + data + `,"outputs":[{"name":"echo","parameters":{"classification":3}}]}`, "", "not supported"},
		"shared memory":       {input + `"parameters":{"shared_memory_region":"x"}}]}`, "", "shared memory"},
	} {
		var header []string
		if c.length != "" {
			header = []string{lengthHeader, c.length}
		}
		status, body, _ := servetest.Post(t, address+"/v2/models/pets/infer", "", []byte(c.json), header...)
		var e struct{ Error string }
		if err := json.Unmarshal(body, &e); err != nil || status != 400 || !strings.Contains(e.Error, c.want) {
			t.Errorf("%s: %d %s; want %q", name, status, body, c.want)
		}
	}
	if status, body, _ := servetest.Post(t, address+"/v2/models/pest/infer", "", []byte("{}")); status != 404 {
		t.Errorf("%d %s", status, body)
	}
}
