package inspect_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"corallite/internal/choice"
	"corallite/internal/inspect"
	"corallite/internal/isolate"
	"corallite/internal/schema/modeltest"
	"corallite/internal/schema/mutate"
	"corallite/internal/worker"
)

func TestMain(m *testing.M) {
	isolate.Main(worker.Handlers())
	os.Exit(m.Run())
}

// ask asks the built-in kernels and XNNPACK about a model.
func ask(t *testing.T, ctx context.Context, file []byte, deadline time.Duration, why bool) (*inspect.Report, error) {
	t.Helper()
	r, err := inspect.Static("model", file)
	if err != nil {
		t.Fatal(err)
	}
	a := inspect.Asking{Deadline: deadline}
	for _, item := range []choice.Item{choice.None[0], choice.XNNPACK[0]} {
		asker := worker.NewAsker(worker.AskerOptions{Item: item})
		t.Cleanup(func() { _ = asker.Close() })
		a.Askers = append(a.Askers, inspect.Asked{Name: item.String(), Asker: asker, Why: why})
	}
	return r, r.Ask(ctx, file, a)
}

// TestAsk compares what is taken with what is left, and asks why.
func TestAsk(t *testing.T) {
	r, err := ask(t, t.Context(), read(t, "wild/kws_ref_model.tflite"), 0, true)
	if err != nil || len(r.Runtime.Delegates) != 2 {
		t.Fatal(r.Runtime, err)
	}
	x := r.Runtime.Delegates[1]
	left := 0
	for _, l := range x.Left {
		left += len(l.Nodes)
		if !strings.HasPrefix(l.Why, "it takes it as float32") {
			t.Errorf("%s: %s", l.Name, l.Why)
		}
	}
	if x.Taken+left != 13 || left != 2 || len(x.Partitions) != 2 || x.Error != "" || x.RunError != "" {
		t.Errorf("%+v", x)
	}
	if n := r.Runtime.Delegates[0]; n.Memory == nil || n.Memory.Arena < 16000 || n.Memory.Arena > 20000 || n.Memory.Tensors <= n.Memory.Arena {
		t.Errorf("%+v", n.Memory)
	}
}

// TestAskEndless has a model whose run never ends: what was taken of it is known all the same.
func TestAskEndless(t *testing.T) {
	r, err := ask(t, t.Context(), modeltest.Endless().Bytes(), 2*time.Second, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range r.Runtime.Delegates {
		if d.Error == "" && (!strings.Contains(d.RunError, "does not survive it") || d.Memory != nil) {
			t.Errorf("%+v", d)
		}
	}
}

func TestAskCancelled(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := ask(t, ctx, modeltest.Endless().Bytes(), time.Minute, false); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

// TestAskMutants asks about broken models: each has an answer or an error, whatever becomes of the child.
func TestAskMutants(t *testing.T) {
	n := 40
	if testing.Short() {
		n = 10
	}
	var seeds []mutate.Seed
	for _, name := range []string{"models/split_concat.tflite", "wild/kws_ref_model.tflite", "../cases/logits.tflite"} {
		s, err := mutate.NewSeed(name, read(t, name))
		if err != nil {
			t.Fatal(err)
		}
		seeds = append(seeds, s)
	}
	r := rand.New(rand.NewPCG(9, 9))
	for asked := 0; asked < n; {
		b, _ := seeds[asked%len(seeds)].Mutant(r, seeds[r.IntN(len(seeds))])
		if _, err := inspect.Static("mutant", b); err != nil {
			continue
		}
		asked++
		report, err := ask(t, t.Context(), b, 3*time.Second, asked%5 == 0)
		if err != nil || len(report.Runtime.Delegates) != 2 {
			t.Fatalf("mutant %d: %v %+v", asked, err, report.Runtime)
		}
		if asked%10 == 0 {
			forms(t, report)
		}
	}
}
