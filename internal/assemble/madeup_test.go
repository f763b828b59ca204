package assemble

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"corallite/configs"
	"corallite/internal/choice"
	"corallite/internal/isolate"
	"corallite/internal/key"
	"corallite/internal/parts"
	"corallite/internal/plugin/plugintest"
	"corallite/internal/schema/modeltest"
	"corallite/internal/worker"
	"corallite/pipeline"
)

// npu is a made-up accelerator, whose vendor has an external delegate. It is added as they all are: this value, and the
// line in TestMain.
var npu = choice.Provider{
	Name: "npu", Kind: "npu", Title: "the made-up NPU", Doc: "the made-up NPU, through its vendor's library",
	LeavesCPUFree: true, Checked: true, Library: "libmadeup_delegate.so",
	Keys: []*key.Key{
		{Name: "mode", Kind: key.KindString, Choices: []string{"fast", "silent"}, Example: "fast", Doc: "What the NPU does."},
		{Name: "priority", Kind: key.KindInteger, Min: key.Limit(0), Max: key.Limit(3), Example: "1", Doc: "What comes first."},
	},
}

func TestMain(m *testing.M) {
	choice.Providers = append([]*choice.Provider{&npu}, choice.Providers...)
	isolate.Main(worker.Handlers())
	os.Exit(m.Run())
}

// doubling is a classifier of pictures of 4 x 4 pixels, whose scores are twice the values of its input.
func doubling() []byte {
	reshape := modeltest.Operator{
		Code: modeltest.Reshape, Inputs: []int32{1}, Outputs: []int32{2}, OptionsType: modeltest.ReshapeOptions, Options: []any{[]int32{1, 48}},
	}
	add := modeltest.Operator{Code: modeltest.Add, Inputs: []int32{0, 0}, Outputs: []int32{1}, OptionsType: modeltest.AddOptions, Options: []any{int8(0)}}
	return modeltest.Model{Subgraphs: []modeltest.Subgraph{{
		Tensors: []modeltest.Tensor{modeltest.Float32("picture", 1, 4, 4, 3), modeltest.Float32("sum", 1, 4, 4, 3), modeltest.Float32("scores", 1, 48)},
		Inputs:  []int32{0}, Outputs: []int32{2}, Operators: []modeltest.Operator{add, reshape},
	}}}.Bytes()
}

// TestMadeUpDelegate runs a model from YAML on it, by its name alone, with its own keys, and with a mistake in them.
func TestMadeUpDelegate(t *testing.T) {
	dir := t.TempDir()
	if err := os.Rename(plugintest.Build(t), filepath.Join(dir, npu.Library)); err != nil {
		t.Fatal(err)
	}
	t.Setenv("LD_LIBRARY_PATH", dir+":"+os.Getenv("LD_LIBRARY_PATH"))
	model, out := filepath.Join(dir, "m.tflite"), filepath.Join(dir, "n.txt")
	if err := os.WriteFile(model, doubling(), 0o644); err != nil {
		t.Fatal(err)
	}
	all := parts.All()
	all.Sources = append(all.Sources, newFlat)
	all.Sinks = append(all.Sinks, newCount)
	load := func(delegate string) (*configs.Config, error) {
		file := filepath.Join(dir, "c.yaml")
		text := fmt.Sprintf("models:\n  m: {path: %s, task: classify, delegate: %s, mean: 0, std: 510}\npipelines:\n  p:\n    source: {flat: 3}\n    models: m\n    sinks: [count: {file: %s}]\n",
			model, delegate, out)
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return configs.Load([]string{file}, configs.LoadOptions{Parts: &all})
	}
	for delegate, want := range map[string]string{
		"npu":                         "events of classify: 3 on npu",
		"{npu: {priority: 2}}":        "events of classify: 3 on npu",
		"[edgetpu, npu, xnnpack]":     "events of classify: 3 on npu",
		"{npu: {mode: silent}}":       "events of classify: 3 on cpu:xnnpack", // which stands behind it
		"[npu: {mode: silent}, none]": "events of classify: 3 on cpu:builtin",
	} {
		_ = os.Remove(out)
		cfg, err := load(delegate)
		if err != nil {
			t.Fatalf("%s: %v", delegate, err)
		}
		shown, err := configs.Show(cfg, false)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, "shown.yaml")
		if err := os.WriteFile(file, shown, 0o644); err != nil {
			t.Fatal(err)
		}
		again, err := configs.Load([]string{file}, configs.LoadOptions{Parts: &all})
		if err != nil || !reflect.DeepEqual(again.Models["m"].Delegate, cfg.Models["m"].Delegate) {
			t.Errorf("%s is shown so: %v\n%s", delegate, err, shown)
		}
		if err := run(t, cfg); err != nil {
			t.Errorf("%s: error %v", delegate, err)
		}
		if got, _ := os.ReadFile(out); string(got) != want {
			t.Errorf("%s: %q, want %q", delegate, got, want)
		}
	}
	for delegate, want := range map[string]string{
		"{npu: {mode: slow}}":          `models.m.delegate.npu.mode: "slow" is not a possible value`,
		"{npu: {priority: 4}}":         "models.m.delegate.npu.priority: 4 is not a possible value: expected an integer from 0 to 3",
		"{npu: {}, mode: fast}":        "expected npu alone: {npu: {…}}",
		"npv":                          `did you mean "npu"?`,
		"[xnnpack, npu: {mode: fast}]": "npu would never be tried after xnnpack",
	} {
		if _, err := load(delegate); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", delegate, err, want)
		}
	}
	if schema, err := configs.Schema(); err != nil || !strings.Contains(string(schema), `"npu": {`) {
		t.Errorf("the schema does not have it; error %v", err)
	}
}

// run runs a configuration to its end.
func run(t *testing.T, cfg *configs.Config) error {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	var models []configs.Model
	for _, m := range cfg.Models {
		models = append(models, m)
	}
	pool, err := NewDevicePool(t.Context(), models, cfg.EdgeTPU, quiet)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	b := NewBuilder(cfg, Options{Pool: pool, Console: LogConsole(quiet), Logger: quiet})
	defer b.Close()
	runners, err := b.Build(t.Context())
	if err != nil {
		return err
	}
	_, err = pipeline.RunAll(t.Context(), runners)
	return err
}
