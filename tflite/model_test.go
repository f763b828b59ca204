package tflite

import (
	"context"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"corallite/internal/testdata"
)

// noLeak fails the test when it leaves a model, packed weights or an interpreter behind. No test here is parallel.
func noLeak(t *testing.T) {
	t.Helper()
	before := [3]int64{models.Load(), caches.Load(), live.Load()}
	t.Cleanup(func() {
		if now := [3]int64{models.Load(), caches.Load(), live.Load()}; now != before {
			t.Errorf("models, caches, interpreters: %v before, %v after", before, now)
		}
	})
}

func load(t *testing.T, path string) *Model {
	t.Helper()
	m, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// sharing gives each interpreter an XNNPACK delegate that shares its weights.
func sharing(w *Weights) ([]Delegate, error) {
	d, err := w.NewXNNPACK(1)
	return []Delegate{d}, err
}

// answer fills the inputs with seeded noise, runs, and copies the outputs. It may be called in any goroutine.
func answer(n *Interpreter, seed uint64) ([][]byte, error) {
	noise := rand.New(rand.NewPCG(seed, 1))
	for i := range n.Inputs() {
		data := n.Input(i).Data
		for k := range data {
			data[k] = byte(noise.Uint32()) & 0x3f // as a float: small, and no NaN
		}
	}
	if err := n.Invoke(context.Background()); err != nil {
		return nil, err
	}
	var outputs [][]byte
	for i := range n.Outputs() {
		outputs = append(outputs, slices.Clone(n.Output(i).Data))
	}
	return outputs, nil
}

func sameOutputs(a, b [][]byte) bool { return slices.EqualFunc(a, b, slices.Equal) }

// TestSharedAnswers runs interpreters of one model in several goroutines at once, after its Close; each answers bit
// for bit what one alone answers. They are closed at once too.
func TestSharedAnswers(t *testing.T) {
	for _, name := range []string{"ssd_mobilenet_v1_coco_quant", "mobilenet_v1_0.25_128_quant", "movenet_single_pose_lightning_ptq", "keras_lstm_mnist_ptq"} {
		for _, delegates := range []func(*Weights) ([]Delegate, error){nil, sharing} {
			t.Run(name, func(t *testing.T) {
				noLeak(t)
				path := testdata.Path(t, "models/"+name+".tflite")
				const runs = 3
				var want [runs][][]byte
				o := Options{Builtin: delegates == nil}
				if delegates != nil {
					o.Delegates = xnn(t, 1)
				}
				alone, err := Open(path, o)
				if err != nil {
					t.Fatal(err)
				}
				for seed := range want {
					want[seed] = must(answer(alone, uint64(seed)))
				}
				if sameOutputs(want[0], want[1]) && sameOutputs(want[0], want[2]) {
					t.Error("the inputs have no effect: the comparison says nothing")
				}
				alone.Close()

				m := load(t, path)
				all, err := m.Interpreters(3, Options{Builtin: delegates == nil}, delegates)
				if err != nil {
					t.Fatal(err)
				}
				m.Close()
				var wait sync.WaitGroup
				for _, n := range all {
					wait.Add(1)
					go func() {
						defer wait.Done()
						defer n.Close()
						for seed := range want {
							got, err := answer(n, uint64(seed))
							if err != nil {
								t.Error(err)
								return
							}
							if !sameOutputs(got, want[seed]) {
								t.Errorf("run %d differs", seed)
							}
						}
					}()
				}
				wait.Wait()
			})
		}
	}
}

// TestWeightsAreShared: packed weights that are finalized take no new ones, so an interpreter that comes afterwards
// cannot be made: the delegates do use them. One that packs for itself can.
func TestWeightsAreShared(t *testing.T) {
	noLeak(t)
	m := load(t, testdata.Path(t, "models/mobilenet_v1_0.25_128_quant.tflite"))
	w := newWeights(m)
	if w == nil {
		t.Skipf("version %s has no shared weights", RuntimeVersion())
	}
	defer w.release()
	n := must(m.Interpreter(Options{Delegates: must(sharing(w))}))
	defer n.Close()
	if err := w.finalize(); err != nil || !w.used {
		t.Fatalf("finalize: %v; used: %v", err, w.used)
	}
	if late, err := m.Interpreter(Options{Delegates: must(sharing(w))}); err == nil {
		late.Close()
		t.Error("an interpreter that packs into finalized weights")
	}
	alone := must(m.Interpreter(Options{Delegates: must(sharing(nil))}))
	defer alone.Close()
	if !sameOutputs(must(answer(n, 1)), must(answer(alone, 1))) {
		t.Error("the answers differ")
	}
}

// TestSharedResize: interpreters with shared weights keep their shapes, and go on; others do not.
func TestSharedResize(t *testing.T) {
	noLeak(t)
	m := load(t, testdata.Path(t, "models/mobilenet_v1_0.25_128_quant.tflite"))
	for _, delegates := range []func(*Weights) ([]Delegate, error){nil, sharing} {
		for _, n := range must(m.Interpreters(2, Options{}, delegates)) {
			defer n.Close()
			shape := slices.Clone(n.Inputs()[0].Shape)
			want := must(answer(n, 1))
			if err := n.Resize(0, shape); err != nil {
				t.Errorf("the shape that it has: %v", err)
			}
			if !n.sharesWeights() {
				continue
			}
			if err := n.Resize(0, []int{2, shape[1], shape[2], shape[3]}); !errors.Is(err, errShared) {
				t.Errorf("another shape: %v", err)
			}
			if !sameOutputs(must(answer(n, 1)), want) {
				t.Error("it answers differently afterwards")
			}
		}
	}
}

// TestModelErrors: what fails leaves nothing behind.
func TestModelErrors(t *testing.T) {
	noLeak(t)
	if _, err := LoadBytes([]byte("no model")); err == nil {
		t.Error("no model")
	}
	if _, err := Load(filepath.Join(t.TempDir(), "x.tflite")); err == nil {
		t.Error("no file")
	}
	m, err := LoadBytes(probe)
	if err != nil {
		t.Fatal(err)
	}
	if m.Schema() == nil {
		t.Error("no schema")
	}
	if _, err := m.Interpreters(0, Options{}, nil); err == nil {
		t.Error("no interpreters")
	}
	if _, err := m.Interpreters(2, Options{Delegates: xnn(t, 1)}, nil); err == nil {
		t.Error("one delegate for two")
	}
	wrong, calls := errors.New("wrong"), 0
	_, err = m.Interpreters(3, Options{}, func(w *Weights) ([]Delegate, error) {
		if calls++; calls == 3 {
			return nil, wrong
		}
		return sharing(w)
	})
	if !errors.Is(err, wrong) {
		t.Errorf("the third fails: %v", err)
	}
	m.Close()
	m.Close()
	if _, err := m.Interpreter(Options{Delegates: xnn(t, 1)}); !errors.Is(err, ErrClosed) || m.Schema() != nil {
		t.Errorf("after Close: %v", err)
	}
}
