package worker_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"corallite/internal/isolate"
	"corallite/internal/schema"
	"corallite/internal/schema/modeltest"
	"corallite/internal/schema/mutate"
	"corallite/internal/worker"
)

// TestMutated tries broken models, as a program does with each model before it runs it. Whatever they do to the child,
// this process goes on, and each gives nil, which means that it runs, or an error that names it.
//
// By default there are 300. The run of docs/hostile-models.md is
//
//	CORALLITE_MUTATED=10000 go test -run TestMutated -v -timeout 2h ./internal/worker
func TestMutated(t *testing.T) {
	count := number(t, "CORALLITE_MUTATED", 300)
	seed := number(t, "CORALLITE_MUTATED_SEED", 0)
	keep := os.Getenv("CORALLITE_MUTATED_KEEP") // a folder for the models that end their child
	seeds := mutationSeeds(t)
	r := rand.New(rand.NewPCG(2, uint64(seed)))
	probe := &worker.ModelProbe{}
	defer probe.Close()
	ran, refused, failed, deaths, slowest := 0, 0, 0, map[string]int{}, time.Duration(0)
	begin := time.Now()
	for i := range count {
		origin := seeds[r.IntN(len(seeds))]
		model, how := origin.Mutant(r, seeds[r.IntN(len(seeds))])
		name := fmt.Sprintf("mutant-%d", i)
		tried := time.Now()
		err := probe.Run(t.Context(), name, model)
		slowest = max(slowest, time.Since(tried))
		death := (*isolate.DeathError)(nil)
		switch {
		case err == nil:
			ran++
			continue
		case errors.As(err, &death):
			cause := death.Cause()
			deaths[cause]++
			t.Logf("%s, %s of %s: %v", name, how, origin.Name, err)
			if keep != "" {
				if err := os.WriteFile(filepath.Join(keep, name+".tflite"), model, 0o644); err != nil {
					t.Error(err)
				}
			}
		case errors.Is(err, schema.ErrInvalid), errors.Is(err, schema.ErrUnsupported):
			refused++
		default:
			failed++
		}
		if !strings.Contains(err.Error(), "model "+name+": ") {
			t.Errorf("an error does not name the model %s: %v", name, err)
		}
	}
	t.Logf("%d models in %v, the longest %v: %d refused by the verifier, %d refused by the runtime, %d run, deaths %v",
		count, time.Since(begin).Round(time.Second), slowest.Round(time.Millisecond), refused, failed, ran, deaths)
	if refused == 0 || ran == 0 {
		t.Error("the mutations are too wild or too tame")
	}
	// The ModelProbe still works.
	if err := probe.Run(t.Context(), "sound", modeltest.Addition(1, 4).Bytes()); err != nil {
		t.Error(err)
	}
}

func number(t *testing.T, env string, otherwise int) int {
	t.Helper()
	s := os.Getenv(env)
	if s == "" {
		return otherwise
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// mutationSeeds are valid models that run quickly, and compiled ones, which are only verified.
func mutationSeeds(t *testing.T) []mutate.Seed {
	t.Helper()
	add := func(name string, model []byte) mutate.Seed {
		seed, err := mutate.NewSeed(name, model)
		if err != nil {
			t.Fatal(err)
		}
		return seed
	}
	seeds := []mutate.Seed{add("addition", modeltest.Addition(1, 4).Bytes())}
	for _, name := range []string{"split_concat", "keras_lstm_mnist_ptq", classifier, "movenet_single_pose_lightning_ptq",
		"ssd_mobilenet_v1_coco_quant", "split_concat_edgetpu"} {
		model, err := os.ReadFile(path(t, name))
		if err != nil {
			t.Fatal(err)
		}
		seeds = append(seeds, add(name, model))
	}
	return seeds
}
