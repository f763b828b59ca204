package edgetpu

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	flatbuffers "github.com/google/flatbuffers/go"

	"corallite/internal/schema"
	"corallite/internal/testdata"
)

// customOptions gives the custom options of each edgetpu-custom-op in a model of the test data.
func customOptions(tb testing.TB, path string) [][]byte {
	tb.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	m, err := schema.Read(b)
	if err != nil {
		tb.Fatal(err)
	}
	var all [][]byte
	for _, o := range m.Main().Operators {
		if o.Name == schema.CompiledOp {
			all = append(all, o.CustomOptions)
		}
	}
	return all
}

func compiledModels(tb testing.TB) []string {
	tb.Helper()
	root := filepath.Dir(testdata.Path(tb, "models/split_concat_edgetpu.tflite"))
	var all []string
	for _, pattern := range []string{"*_edgetpu.tflite", "*/*_edgetpu.tflite"} {
		paths, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			tb.Fatal(err)
		}
		all = append(all, paths...)
	}
	return all
}

func TestParsePackageOfEveryCompiledModel(t *testing.T) {
	tokens := map[string]uint64{}
	models := compiledModels(t)
	if len(models) < 11 {
		t.Fatalf("%d compiled models in the test data, want at least 11", len(models))
	}
	for _, path := range models {
		name := filepath.Base(path)
		t.Run(name, func(t *testing.T) {
			ops := customOptions(t, path)
			if len(ops) != 1 {
				t.Fatalf("%d edgetpu-custom-op, want 1", len(ops))
			}
			p, err := ParsePackage(ops[0])
			if err != nil {
				t.Fatal(err)
			}
			if p.MinRuntimeVersion < 12 || p.MinRuntimeVersion > 13 || !strings.HasPrefix(p.CompilerVersion, "cl/") {
				t.Errorf("runtime %d, compiler %q", p.MinRuntimeVersion, p.CompilerVersion)
			}
			if len(p.Executables) != 2 {
				t.Fatalf("%d executables, want 2", len(p.Executables))
			}
			run, load := p.Executables[0], p.Executables[1]
			if run.Type != ExecutionOnly || load.Type != ParameterCaching {
				t.Errorf("types %v and %v", run.Type, load.Type)
			}
			if run.Chip != "beagle" || load.Chip != "beagle" {
				t.Errorf("chips %q and %q", run.Chip, load.Chip)
			}
			if load.ParameterBytes == 0 || run.Token != load.Token || p.Token() != load.Token || p.Token() == 0 {
				t.Errorf("run %+v, load %+v", run, load)
			}
			tokens[name] = p.Token()
		})
	}
	const a, b = "mobilenet_v1_0.25_128_quant", "mobilenet_v1_0.5_160_quant"
	together := tokens[a+"_cocompiled_with_"+b+"_edgetpu.tflite"]
	if together != tokens[b+"_cocompiled_with_"+a+"_edgetpu.tflite"] || together == tokens[a+"_edgetpu.tflite"] {
		t.Errorf("co-compiled models must share a token of their own: %x", tokens)
	}
}

// TestParsePackageValues holds one package against what was read from it with another reader (Python's struct).
func TestParsePackageValues(t *testing.T) {
	p, err := ParsePackage(customOptions(t, testdata.Path(t, "models/split_concat_edgetpu.tflite"))[0])
	if err != nil {
		t.Fatal(err)
	}
	if p.MinRuntimeVersion != 13 || p.CompilerVersion != "cl/343520747" || p.Token() != 0x0f5daf073fcc3811 ||
		p.Executables[1].ParameterBytes != 192 {
		t.Errorf("got %+v, token %#x", p, p.Token())
	}
}

func TestParsePackageRefuses(t *testing.T) {
	good := customOptions(t, testdata.Path(t, "models/split_concat_edgetpu.tflite"))[0]
	identifier := strings.Index(string(good), "DWN1")
	change := func(f func(b []byte)) []byte {
		b := append([]byte(nil), good...)
		f(b)
		return b
	}
	for _, c := range []struct {
		name, want string
		b          []byte
	}{
		{"empty", "too few", nil},
		{"a string", "no FlexBuffer map", []byte{2, 'h', 'i', 0, 3, 5 << 2, 1}},
		{"cut in front", "points outside", good[len(good)/2:]},
		{"cut behind", "", good[:len(good)/2]},
		{"another identifier", "identifier", change(func(b []byte) { b[identifier] = 'X' })},
		{"root outside", "root table", change(func(b []byte) { binary.LittleEndian.PutUint32(b[identifier-4:], 1<<30) })},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := ParsePackage(c.b)
			if err == nil {
				t.Fatalf("no error, but %+v", p)
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %q does not say %q", err, c.want)
			}
		})
	}
}

// pack makes the custom options of an edgetpu-custom-op, so small that a fuzzer changes something that counts.
func pack(minRuntime int32, executables ...Executable) []byte {
	var all []flatbuffers.UOffsetT
	list := flatbuffers.NewBuilder(0)
	for _, e := range executables {
		b := flatbuffers.NewBuilder(0)
		chip, parameters := b.CreateString(e.Chip), b.CreateByteVector(make([]byte, e.ParameterBytes))
		b.StartObject(17)
		b.PrependUOffsetTSlot(10, chip, 0)
		b.PrependUOffsetTSlot(6, parameters, 0)
		b.PrependInt32Slot(4, int32(e.ScratchBytes), 0)
		b.PrependInt16Slot(13, int16(e.Type), 0)
		b.PrependUint64Slot(14, e.Token, 0)
		b.PrependInt64Slot(16, e.EstimatedCycles, 0)
		b.Finish(b.EndObject())
		all = append(all, list.CreateByteString(b.FinishedBytes()))
	}
	list.StartVector(4, len(all), 4)
	for _, e := range slices.Backward(all) {
		list.PrependUOffsetT(e)
	}
	vector := list.EndVector(len(all))
	list.StartObject(1)
	list.PrependUOffsetTSlot(0, vector, 0)
	list.Finish(list.EndObject())

	b := flatbuffers.NewBuilder(0)
	multi, compiler := b.CreateByteVector(list.FinishedBytes()), b.CreateString("cl/1")
	b.StartObject(8)
	b.PrependInt32Slot(0, minRuntime, 0)
	b.PrependUOffsetTSlot(1, multi, 0)
	b.PrependUOffsetTSlot(4, compiler, 0)
	b.FinishWithFileIdentifier(b.EndObject(), []byte("DWN1"))
	return flexMapOf("4", b.FinishedBytes())
}

// flexMapOf is a FlexBuffer map of one string, with 4-byte offsets throughout.
func flexMapOf(key string, value []byte) []byte {
	var b []byte
	put := func(n int) { b = binary.LittleEndian.AppendUint32(b, uint32(n)) }
	b = append(append(b, key...), 0)
	put(len(value))
	text := len(b)
	b = append(append(b, value...), 0)
	put(1)
	keys := len(b)
	put(keys) // back to the key, which stands first
	put(len(b) - keys)
	put(4)
	put(1)
	values := len(b)
	put(values - text)
	b = append(b, flexString<<2|2)
	put(len(b) - values)
	return append(b, flexMap<<2|2, 4)
}

func TestParsePackageMade(t *testing.T) {
	want := Executable{StandAlone, "beagle", 12, 34, 5_000_000_000, 0}
	p, err := ParsePackage(pack(14, want))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(p, &Package{14, "cl/1", []Executable{want}}) || p.Token() != 0 {
		t.Errorf("got %+v, token %d", p, p.Token())
	}
	p, err = ParsePackage(pack(13, Executable{Type: ExecutionOnly, Token: 7}, Executable{Type: ParameterCaching, Token: 7}))
	if err != nil || len(p.Executables) != 2 || p.Token() != 7 {
		t.Errorf("got %+v, %v", p, err)
	}
	if p, err := ParsePackage(pack(14)); err == nil {
		t.Errorf("without executables: %+v", p)
	}
	if p, err := ParsePackage(flexMapOf("3", []byte("DWN1"))); err == nil || !strings.Contains(err.Error(), `no key "4"`) {
		t.Errorf("another key: %+v, %v", p, err)
	}
}

// TestParsePackageCut cuts a package at every length: an error each, and no panic.
func TestParsePackageCut(t *testing.T) {
	good := pack(14, Executable{Chip: "beagle", ParameterBytes: 40})
	for n := range good {
		if p, err := ParsePackage(good[:n]); err == nil {
			t.Errorf("%d of %d bytes: %+v", n, len(good), p)
		}
	}
}

// FuzzParsePackage looks for packages that make the reader panic.
func FuzzParsePackage(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{2, 'h', 'i', 0, 3, 5 << 2, 1})
	f.Add(pack(14, Executable{Chip: "beagle", ParameterBytes: 4}))
	f.Add(pack(13, Executable{Type: ExecutionOnly, Token: 5}, Executable{Type: ParameterCaching, Token: 5}))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ParsePackage(b)
		if err == nil && len(p.Executables) == 0 {
			t.Error("no executable and no error")
		}
	})
}
