package oip

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"corallite/internal/serve/hub"
	"corallite/tflite/tensor"
)

// FuzzParse holds requests against a model of two inputs: what is accepted has all their bytes.
func FuzzParse(f *testing.F) {
	want := []tensor.Info{{Name: "a", Type: tensor.Float32, Shape: []int{2}}, {Name: "b", Type: tensor.Int16, Shape: []int{1, 2}}}
	f.Add([]byte(`{"inputs":[{"name":"a","datatype":"FP32","shape":[2],"data":[1,2.5]},{"name":"b","datatype":"INT16","shape":[1,2],"data":[[3,-4]]}]}`), "")
	f.Add([]byte(`{"inputs":[{"name":"a","datatype":"FP32","shape":[2],"parameters":{"binary_data_size":8}},{"name":"b","datatype":"INT16","shape":[1,2],"data":[3,4]}]}01234567`), "148")
	f.Fuzz(func(t *testing.T, body []byte, length string) {
		_, data, err := parse(body, length, want)
		if err != nil {
			if e := hub.AsError(err); e.Status != http.StatusBadRequest {
				t.Fatalf("%v has status %d", err, e.Status)
			}
			return
		}
		for i, d := range data {
			if len(d) != want[i].Elements()*want[i].Type.Size() {
				t.Fatalf("input %d has %d bytes", i, len(d))
			}
		}
	})
}

// FuzzNumbers writes numbers as JSON and reads them again.
func FuzzNumbers(f *testing.F) {
	f.Add([]byte{0, 0, 128, 63, 1, 2, 3, 4}, uint8(tensor.Float32))
	f.Add([]byte{255, 128, 0, 1, 0, 0, 0, 0}, uint8(tensor.Int8))
	f.Fuzz(func(t *testing.T, data []byte, kind uint8) {
		typ := tensor.Type(kind)
		if _, ok := datatypes[typ]; !ok || typ.Size() == 0 {
			return
		}
		data = data[:len(data)/typ.Size()*typ.Size()]
		if typ == tensor.Bool {
			for i := range data {
				data[i] &= 1
			}
		}
		text, err := appendData(nil, data, typ)
		if err != nil {
			return // half floats, and what JSON has no word for
		}
		again, err := parseData(text, typ, len(data)/typ.Size())
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if string(again) != string(data) {
			t.Fatalf("%s of %v became %s and then %v", typ, data, strconv.Quote(string(text)), again)
		}
	})
}

// BenchmarkParseJSON reads a picture of 300x300 that came as JSON.
func BenchmarkParseJSON(b *testing.B) {
	want := []tensor.Info{{Name: "a", Type: tensor.UInt8, Shape: []int{1, 300, 300, 3}}}
	body := []byte(`{"inputs":[{"name":"a","datatype":"UINT8","shape":[1,300,300,3],"data":[0` + strings.Repeat(",127", 300*300*3-1) + `]}]}`)
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, _, err := parse(body, "", want); err != nil {
			b.Fatal(err)
		}
	}
}
