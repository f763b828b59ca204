package corallite_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"corallite/internal/testdata"
)

// form is a form with a picture.
func form(t *testing.T, picture []byte) (kind string, body []byte) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	f, err := w.CreateFormFile("image", "x")
	if err != nil {
		t.Fatal(err)
	}
	f.Write(picture)
	w.Close()
	return w.FormDataContentType(), b.Bytes()
}

// png is the beginning of a PNG of so many pixels.
func png(width, height uint32) []byte {
	chunk := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32([]byte("IHDR"), width), height)
	chunk = append(chunk, 8, 2, 0, 0, 0)
	b := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), chunk...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(chunk))
}

// TestServeBadInput sends a real server what no protocol takes: each answers with an error of its own shape, and the next
// request is answered.
func TestServeBadInput(t *testing.T) {
	t.Setenv("TEST_SERVE_TOKEN", "0123456789abcdef")
	address := serve(t, "  token_env: TEST_SERVE_TOKEN\n")
	good, err := os.ReadFile(testdata.Path(t, "images/cat_720p.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	ask := func(path, token, kind string, body []byte) (int, string) {
		r, err := http.NewRequest(http.MethodPost, address+path, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", kind)
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(path, err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(path, err)
		}
		return resp.StatusCode, string(text)
	}
	const token = "0123456789abcdef"
	served := func(after string) {
		t.Helper()
		if status, text := ask("/v1/detect", token, "image/jpeg", good); status != 200 || !strings.Contains(text, `"cat"`) {
			t.Errorf("after %s: %d %s", after, status, text)
		}
	}
	type sent struct {
		path, kind string
		body       []byte
		shape      string // how an error begins
	}
	of := func(picture []byte) []sent {
		kind, body := form(t, picture)
		return []sent{
			{"/v1/detect", "image/jpeg", picture, `{"error":"`}, {"/v1/vision/detection", kind, body, `{"success":false,"code":`},
			{"/detect", "application/json", fmt.Appendf(nil, `{"data":%q}`, base64.StdEncoding.EncodeToString(picture)), `{"error":"`},
		}
	}
	for name, c := range map[string]struct {
		picture []byte
		status  int
		want    string
	}{
		"10 bytes":                 {[]byte("0123456789"), 400, "not a picture"},
		"10 bytes of a JPEG":       {good[:10], 400, "truncated"},
		"half a JPEG":              {good[:len(good)/2], 400, "truncated"},
		"100 megapixels and more":  {png(10_001, 10_000), 413, "10001x10000"},
		"100 megapixels, no pixel": {png(10_000, 10_000), 400, "damaged"},
	} {
		for _, s := range of(c.picture) {
			if status, text := ask(s.path, token, s.kind, s.body); status != c.status || !strings.HasPrefix(text, s.shape) || !strings.Contains(text, c.want) {
				t.Errorf("%s to %s: %d %s; want %d %s…%s", name, s.path, status, text, c.status, s.shape, c.want)
			}
		}
		served(name)
	}
	tensor := func(shape, more string) string {
		return `{"inputs":[{"name":"normalized_input_image_tensor","datatype":"UINT8","shape":` + shape + `,` + more + `}]}`
	}
	deep := func(n int) []byte { return []byte(strings.Repeat("[", n) + strings.Repeat("]", n)) }
	kind, whole := form(t, good)
	for name, c := range map[string]struct {
		sent
		status int
		want   string
	}{
		"a form without end":    {sent{"/v1/vision/detection", kind, whole[:len(whole)-8], `{"success":false`}, 400, "no end"},
		"a form without a file": {sent{"/v1/vision/detection", "multipart/form-data; boundary=b", []byte("--b--\r\n"), `{"success":false`}, 400, "no picture"},
		"an unknown model":      {sent{"/v1/vision/custom/cocoo", kind, whole, `{"success":false`}, 404, `did you mean`},
		"another unknown model": {sent{"/v2/models/cocoo/infer", "", []byte("{}"), `{"error"`}, 404, "did you mean"},
		"an unknown label":      {sent{"/v1/detect?labels=persom", "", good, `{"error"`}, 400, "did you mean"},
		"doods' unknown label":  {sent{"/detect", "", []byte(`{"data":"` + base64.StdEncoding.EncodeToString(good) + `","detect":{"persom":1}}`), `{"error"`}, 400, "did you mean"},
		"JSON 10,000 deep":      {sent{"/detect", "", deep(10_000), `{"error"`}, 400, "is an array, want an object"},
		"JSON 10,001 deep":      {sent{"/detect", "", deep(10_001), `{"error"`}, 400, "nested too deep"},
		"a tensor 10,001 deep":  {sent{"/v2/models/coco/infer", "", deep(10_001), `{"error"`}, 400, "nested too deep"},
		"deep numbers":          {sent{"/v2/models/coco/infer", "", []byte(tensor("[1,300,300,3]", `"data":`+string(deep(9_000)))), `{"error"`}, 400, "data has 0 numbers"},
		"another shape":         {sent{"/v2/models/coco/infer", "", []byte(tensor("[1,2]", `"data":[1,2]`)), `{"error"`}, 400, "want [1 300 300 3]"},
		"too few numbers":       {sent{"/v2/models/coco/infer", "", []byte(tensor("[1,300,300,3]", `"data":[1,2]`)), `{"error"`}, 400, "data has 2 numbers"},
		"too few bytes":         {sent{"/v2/models/coco/infer", "", []byte(tensor("[1,300,300,3]", `"parameters":{"binary_data_size":270000}`)), `{"error"`}, 400, "0 bytes are left"},
	} {
		status, text := ask(c.path, token, c.kind, c.body)
		if status != c.status || !strings.HasPrefix(text, c.shape) || !strings.Contains(text, c.want) {
			t.Errorf("%s: %d %s; want %d %s…%s", name, status, text, c.status, c.shape, c.want)
		}
		if strings.Contains(text, "Go ") || strings.Contains(text, "json:") {
			t.Errorf("%s is told in Go's words: %s", name, text)
		}
	}
	served("bad tensors")
	for _, s := range slices.Concat(of(good), []sent{{"/v2/models/coco/infer", "", []byte("{}"), `{"error"`}, {"/v1/listen", "", good, `{"error"`}}) {
		for _, wrong := range []string{"", "0123456789abcdee"} {
			if status, text := ask(s.path, wrong, s.kind, s.body); status != 401 || !strings.HasPrefix(text, s.shape) {
				t.Errorf("%s with the token %q: %d %s", s.path, wrong, status, text)
			}
		}
	}
}

// TestServeIdleAndSlow has 1,000 connections that say nothing, and 100 that begin a large request and do not go on, while
// pictures are answered.
func TestServeIdleAndSlow(t *testing.T) {
	address := serve(t, "")
	host := strings.TrimPrefix(address, "http://")
	good, err := os.ReadFile(testdata.Path(t, "images/cat_720p.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	connect := func(n int, say string) {
		for range n {
			c, err := net.DialTimeout("tcp", host, 10*time.Second)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { c.Close() })
			if _, err := io.WriteString(c, say); err != nil {
				t.Fatal(err)
			}
		}
	}
	connect(1000, "")
	connect(100, "POST /v1/detect HTTP/1.1\r\nHost: "+host+"\r\nContent-Length: 30000000\r\n\r\nabc")
	for range 5 {
		resp, err := http.Post(address+"/v1/detect", "image/jpeg", bytes.NewReader(good))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != 200 || !bytes.Contains(text, []byte(`"cat"`)) {
			t.Errorf("%d %s %v", resp.StatusCode, text, err)
		}
	}
}
