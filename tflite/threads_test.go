package tflite

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"corallite/internal/testdata"
	"corallite/tflite/tensor"
)

// TestThreadsGiveTheSame runs models with one thread and with several, on the same random inputs: the results are the same to
// the bit, so that the number of threads can follow from what else the machine does.
func TestThreadsGiveTheSame(t *testing.T) {
	for _, name := range []string{"ssd_mobilenet_v1_coco_quant", "mobilenet_v1_0.25_128_quant", "movenet_single_pose_lightning_ptq", "keras_lstm_mnist_ptq"} {
		file := testdata.Path(t, "models/"+name+".tflite")
		t.Run(name, func(t *testing.T) {
			want := outputs(t, file, 1)
			for _, threads := range []int{2, 4} {
				for i, got := range outputs(t, file, threads) {
					if !bytes.Equal(got, want[i]) {
						t.Errorf("output %d differs with %d threads", i, threads)
					}
				}
			}
		})
	}
}

// outputs are those of a model on random inputs.
func outputs(t *testing.T, file string, threads int) (all [][]byte) {
	t.Helper()
	random := rand.NewChaCha8([32]byte{1})
	n, err := Open(file, Options{Threads: threads}) // XNNPACK, where it takes the model
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	for range 2 {
		for i, info := range n.Inputs() {
			data := n.Input(i).Data
			_, _ = random.Read(data)         // it has no error to give
			if info.Type == tensor.Float32 { // random bits are mostly no numbers
				for k := range len(data) / 4 {
					data[4*k+3], data[4*k+2] = 0x3e, data[4*k+2]|0x80
				}
			}
		}
		if err := n.Invoke(t.Context()); err != nil {
			t.Fatal(err)
		}
		for i := range n.Outputs() {
			all = append(all, bytes.Clone(n.Output(i).Data))
		}
	}
	return all
}
