package doods

import (
	"net/http"
	"strings"
	"testing"

	"corallite/internal/part"
	"corallite/internal/serve/hub"
)

// FuzzParse holds requests against a detector: what is refused is the request's fault and is told in plain words, and
// what is accepted keeps only what a region or a label asks for.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		`{"id":"1","detector_name":"default","data":"aGFsbG8=","detect":{"cat":50,"*":90}}`,
		`{"data":"data:image/png;base64,aGFsbG8=","regions":[{"id":"door","top":0,"left":0.1,"bottom":1,"right":0.5,"detect":{"*":1},"covers":true}]}`,
		`{"data":"https://127.0.0.1/x.jpg"}`, `{"data":"aGFsbG8=","image":"png","preprocess":["grayscale"]}`, `{"data":1,"detect":[]}`,
		`{"data":"aGFsbG8=","detect":{"cat":1e999}}`, `{"data":"\u0061GFsbG8=","regions":null}`, strings.Repeat("[", 200),
	} {
		f.Add([]byte(text))
	}
	m := hub.NewModel(part.Served{Name: "pets", Task: "detect", Labels: []string{"cat", "dog"}})
	f.Fuzz(func(t *testing.T, body []byte) {
		q, data, err := parse(body)
		if err == nil {
			err = q.check(m)
		}
		if err != nil {
			e := hub.AsError(err)
			if e.Status != http.StatusBadRequest {
				t.Fatalf("%v has status %d", err, e.Status)
			}
			for _, foreign := range []string{"Go struct", "json: ", "doods."} {
				if strings.Contains(err.Error(), foreign) && !strings.Contains(string(body), foreign) {
					t.Fatalf("the message has Go's own words: %v", err)
				}
			}
			return
		}
		if len(data) > len(body) || q.Data != "" {
			t.Fatalf("%d bytes of a picture in %d", len(data), len(body))
		}
		for _, label := range []string{"cat", "dog"} {
			d := Detection{Top: 0.25, Left: 0.25, Bottom: 0.75, Right: 0.75, Label: label, Confidence: 60}
			region, kept := q.keeps(d)
			if kept && region == "" && len(q.Detect) > 0 && !enough(q.Detect, d) && len(q.Regions) == 0 {
				t.Fatalf("%s of 60 %% is kept, and %v is wanted", label, q.Detect)
			}
		}
	})
}
