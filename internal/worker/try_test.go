package worker_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"corallite/internal/isolate"
	"corallite/internal/schema"
	"corallite/internal/schema/modeltest"
	"corallite/internal/worker"
	"corallite/tflite"
	"corallite/tflite/tensor"
)

// write writes a file of a test's folder.
func write(t *testing.T, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// starts is a slog.Handler that counts the children for trials.
type starts struct{ atomic.Int64 }

func (*starts) Enabled(context.Context, slog.Level) bool { return true }
func (s *starts) Handle(_ context.Context, r slog.Record) error {
	if r.Message == worker.TrialBegins {
		s.Add(1)
	}
	return nil
}
func (s *starts) WithAttrs([]slog.Attr) slog.Handler { return s }
func (s *starts) WithGroup(string) slog.Handler      { return s }

func (s *starts) want(t *testing.T, n int64) {
	t.Helper()
	if got := s.Load(); got != n {
		t.Errorf("%d children were started, want %d", got, n)
	}
}

// TestTried: what passed is not tried again; changed bytes and failures are.
func TestTried(t *testing.T) {
	good, bad := modeltest.Addition(1, 4).Bytes(), write(t, "bad.tflite", rowOf().Bytes()[:100])
	file := write(t, "good.tflite", good)
	tried := worker.NewVerifiedModels(filepath.Join(t.TempDir(), "a", "folder"))
	s := &starts{}
	try := func(path string, wantStarts int64) error {
		t.Helper()
		err := worker.ProbeModel(t.Context(), worker.ModelProbeOptions{Path: path, Verified: tried, Logger: slog.New(s)})
		s.want(t, wantStarts)
		return err
	}
	if err := errors.Join(try(file, 1), try(file, 1), try(write(t, "copy.tflite", good), 1)); err != nil {
		t.Error(err)
	}
	if !tried.Has(sha256.Sum256(good), "") || tried.Has(sha256.Sum256(good[1:]), "") {
		t.Error("what was tried is not known")
	}
	if err := os.WriteFile(file, modeltest.Addition(1, 5).Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(try(file, 2), try(file, 2)); err != nil {
		t.Error(err)
	}
	for i := range 2 {
		if err := try(bad, 3+int64(i)); !errors.Is(err, schema.ErrInvalid) || !strings.Contains(err.Error(), "model "+bad+": ") {
			t.Errorf("a broken model: %v", err)
		}
	}
	if err := try(filepath.Join(t.TempDir(), "none.tflite"), 4); err != nil {
		t.Errorf("who opens a file that is not there says so; trying it says %v", err)
	}
	if err := try(t.TempDir(), 4); err != nil {
		t.Errorf("a folder: %v", err)
	}
}

// TestTriedSignature tries each signature of a model once.
func TestTriedSignature(t *testing.T) {
	file := write(t, "signatures.tflite", modeltest.TwoSignatures(4).Bytes())
	tried, s := worker.NewVerifiedModels(t.TempDir()), &starts{}
	for i, signature := range []string{"add", "double", "add", "double"} {
		err := worker.ProbeModel(t.Context(), worker.ModelProbeOptions{
			Path: file, Signature: signature, Shapes: map[string][][]int{"double": {{1, 4}}}[signature], Verified: tried, Logger: slog.New(s),
		})
		if err != nil {
			t.Errorf("%s: %v", signature, err)
		}
		s.want(t, min(int64(i)+1, 2))
	}
	if err := worker.ProbeModel(t.Context(), worker.ModelProbeOptions{Path: file, Signature: "train", Verified: tried}); err == nil || !strings.Contains(err.Error(), `no signature "train"`) {
		t.Errorf("an unknown signature: %v", err)
	}
}

// TestTriedWithoutFolder tries each time, and that is no error.
func TestTriedWithoutFolder(t *testing.T) {
	file := write(t, "good.tflite", modeltest.Addition(1, 4).Bytes())
	for name, folder := range map[string]string{"none": "", "below a file": filepath.Join(file, "folder"), "unwritable": "/proc/self"} {
		t.Run(name, func(t *testing.T) {
			s := &starts{}
			tried := worker.NewVerifiedModels(folder)
			for range 2 {
				if err := worker.ProbeModel(t.Context(), worker.ModelProbeOptions{Path: file, Verified: tried, Logger: slog.New(s)}); err != nil {
					t.Error(err)
				}
			}
			s.want(t, 2)
		})
	}
}

// TestTryUnreadable is a file that may not be read.
func TestTryUnreadable(t *testing.T) {
	file := write(t, "secret.tflite", modeltest.Addition(1, 4).Bytes())
	if err := os.Chmod(file, 0); err != nil {
		t.Fatal(err)
	}
	err := worker.ProbeModel(t.Context(), worker.ModelProbeOptions{Path: file})
	if os.Geteuid() == 0 {
		if err != nil { // root may read everything
			t.Error(err)
		}
	} else if !errors.Is(err, os.ErrPermission) || !strings.Contains(err.Error(), file) {
		t.Errorf("error %v", err)
	}
}

// TestTryFails: an error of the runtime reaches the parent, with the model's name, and the child goes on.
func TestTryFails(t *testing.T) {
	s := &starts{}
	probe := &worker.ModelProbe{Logger: slog.New(s)}
	defer probe.Close()
	failing := rowOf()
	g := &failing.Subgraphs[0]
	g.Tensors[1].Data, g.Inputs = []byte{7, 0, 0, 0}, []int32{0} // the row that is not there, as a constant
	call := (*tflite.Error)(nil)
	if err := probe.Run(t.Context(), "door", failing.Bytes()); !errors.As(err, &call) || call.Op != "TfLiteInterpreterInvoke" ||
		!strings.Contains(err.Error(), "model door: ") {
		t.Errorf("a model whose run fails: %v", err)
	}
	for name, model := range map[string][]byte{"nothing": nil, "text": []byte("not a model at all")} {
		if err := probe.Run(t.Context(), name, model); !errors.Is(err, schema.ErrInvalid) || !strings.Contains(err.Error(), "model "+name+": ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := probe.Run(t.Context(), "words", words().Bytes()); err != nil {
		t.Errorf("a model of words, without words: %v", err)
	}
	for _, name := range []string{classifier, "keras_lstm_mnist_ptq", classifier + "_edgetpu"} {
		model, err := os.ReadFile(path(t, name))
		if err == nil {
			err = probe.Run(t.Context(), name, model)
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := probe.Close(); err != nil { // now all that the child said has come
		t.Error(err)
	}
	s.want(t, 1)
}

// words is a model that compares strings.
func words() modeltest.Model {
	return modeltest.Model{Subgraphs: []modeltest.Subgraph{{
		Tensors: []modeltest.Tensor{{Info: info("said", tensor.String, 3)}, {Info: info("heard", tensor.String, 3)},
			{Info: info("same", tensor.Bool, 3)}},
		Inputs: []int32{0, 1}, Outputs: []int32{2},
		Operators: []modeltest.Operator{{Code: modeltest.Equal, Inputs: []int32{0, 1}, Outputs: []int32{2}}},
	}}}
}

// TestTryHangs ends a child whose model does not end, and one whose trial was cancelled.
func TestTryHangs(t *testing.T) {
	probe := &worker.ModelProbe{Deadline: 100 * time.Millisecond}
	defer probe.Close()
	death := (*isolate.DeathError)(nil)
	err := probe.Run(t.Context(), "door", modeltest.Endless().Bytes())
	if !errors.As(err, &death) || death.Hung < probe.Deadline || !strings.Contains(err.Error(), "model door: the runtime does not survive it: ") {
		t.Errorf("error %v", err)
	}
	probe.Deadline = 0
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := probe.Run(ctx, "door", modeltest.Endless().Bytes()); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "model door: ") {
		t.Errorf("error %v", err)
	}
	if err := probe.Run(t.Context(), "window", modeltest.Addition(1, 4).Bytes()); err != nil {
		t.Errorf("the next model: %v", err)
	}
}

// TestTryCrashes: the child's death is an error that names the model and the signal, one line; the next model gets a
// new child.
func TestTryCrashes(t *testing.T) {
	probe := &worker.ModelProbe{}
	defer probe.Close()
	for _, signal := range []syscall.Signal{syscall.SIGABRT, syscall.SIGKILL, syscall.SIGSEGV} {
		t.Setenv(worker.SignalEnv, strconv.Itoa(int(signal)))
		err := probe.Run(t.Context(), "door", modeltest.Endless().Bytes())
		death := (*isolate.DeathError)(nil)
		if !errors.As(err, &death) || death.Signal != signal {
			t.Fatalf("error %v", err)
		}
		if text := err.Error(); !strings.HasPrefix(text, "model door: the runtime does not survive it: ") || strings.Contains(text, "\n") {
			t.Errorf("error %q", text)
		}
	}
	t.Setenv(worker.SignalEnv, "")
	if err := errors.Join(probe.Run(t.Context(), "window", modeltest.Addition(1, 4).Bytes()), probe.Close(), probe.Close()); err != nil {
		t.Error(err)
	}
}

// TestTrySeveral tries from several goroutines, which share the child.
func TestTrySeveral(t *testing.T) {
	s := &starts{}
	probe := &worker.ModelProbe{Logger: slog.New(s)}
	defer probe.Close()
	var wg sync.WaitGroup
	for range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for _, m := range [][]byte{modeltest.Addition(1, 4).Bytes(), nil} {
				if err := probe.Run(t.Context(), "door", m); (err == nil) != (m != nil) {
					t.Error(err)
				}
			}
		}()
	}
	wg.Wait()
	if err := probe.Close(); err != nil { // now all that the child said has come
		t.Error(err)
	}
	s.want(t, 1)
}
