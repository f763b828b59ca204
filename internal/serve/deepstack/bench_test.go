package deepstack_test

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"slices"
	"testing"
	"time"

	"corallite/internal/part"
	"corallite/internal/serve/deepstack"
	"corallite/internal/serve/hub"
	"corallite/internal/serve/servetest"
	"corallite/internal/web"
)

// BenchmarkOverhead asks with 150 KB that hold a picture of 16x16 pixels, and a model that takes no time: what is left is
// the protocol, over loopback, with its client.
func BenchmarkOverhead(b *testing.B) {
	h := servetest.Hub(b, hub.Options{Models: []part.Served{servetest.Pets("pets")}})
	address := servetest.Serve(b, "", func(s *web.Server) []hub.Route {
		return deepstack.Routes(h, s, deepstack.Options{Detection: h.Models()[0]})
	})
	picture := servetest.JPEG(b, 16, 16)
	comment := append([]byte{0xff, 0xfe, 0xc3, 0x52}, make([]byte, 0xc350)...) // 50,000 bytes
	picture = slices.Concat(picture[:2], comment, comment, comment, picture[2:])
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	f, err := w.CreateFormFile("image", "image")
	if err != nil {
		b.Fatal(err)
	}
	f.Write(picture)
	w.Close()
	var took []time.Duration
	for b.Loop() {
		began := time.Now()
		resp, err := http.Post(address+"/v1/vision/detection", w.FormDataContentType(), bytes.NewReader(body.Bytes()))
		if err != nil {
			b.Fatal(err)
		}
		answer, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != 200 {
			b.Fatalf("%d %s %v", resp.StatusCode, answer, err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
}
