package tflite_test

import (
	"context"
	"testing"
	"time"

	"corallite/internal/testdata"
	"corallite/tflite"
)

// The times of all operators together are nearly that of the runs, and each has run as often.
func TestTimes(t *testing.T) {
	path := testdata.Path(t, "models/mobilenet_v1_0.25_128_quant.tflite")
	i, err := tflite.Open(path, tflite.Options{Builtin: true, Profile: true})
	if err != nil {
		t.Fatal(err)
	}
	defer i.Close()
	if got := i.Times(); len(got) != 0 {
		t.Errorf("before a run: %v", got)
	}
	const runs = 20
	began := time.Now()
	for range runs {
		if err := i.Invoke(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	took := time.Since(began)
	all := i.Times()
	sum := time.Duration(0)
	for k, o := range all {
		if o.Runs != runs || o.Op != k || o.Subgraph != 0 || o.Piece != -1 || o.Time <= 0 {
			t.Errorf("%+v", o)
		}
		sum += o.Time
	}
	if len(all) != 31 || all[0].Name != "CONV_2D" || sum > took || sum < took/2 {
		t.Errorf("%d operators, the first %+v, %v of %v", len(all), all[0], sum, took)
	}
	if again := i.Times(); len(again) != 0 {
		t.Errorf("after they were taken: %v", again)
	}
	plain, err := tflite.Open(path, tflite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	if err := plain.Invoke(context.Background()); err != nil || plain.Times() != nil {
		t.Errorf("%v, %v without Profile", err, plain.Times())
	}
}

// XNNPACK tells its operators, of each piece of the graph apart.
func TestTimesOfXNNPACK(t *testing.T) {
	i, err := tflite.Open(testdata.Path(t, "models/mobilenet_v1_0.25_128_quant.tflite"), tflite.Options{Profile: true})
	if err != nil {
		t.Fatal(err)
	}
	defer i.Close()
	const runs = 5
	for range runs {
		if err := i.Invoke(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	pieces, own := map[int]int{}, 0
	for _, o := range i.Times() {
		if o.Runs != runs {
			t.Errorf("%+v", o)
		}
		if o.Piece < 0 {
			own++
		} else {
			pieces[o.Piece]++
		}
	}
	if own != 2 || len(pieces) != 2 || pieces[0] != 27 { // pooling and softmax of uint8 are left to the runtime
		t.Errorf("%d of the runtime, pieces %v", own, pieces)
	}
}
