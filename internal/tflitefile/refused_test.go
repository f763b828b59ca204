package tflitefile

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"math/rand/v2"

	"corallite/internal/flatfile"
	"corallite/internal/schema/modeltest"
	"corallite/internal/schema/mutate"
	"corallite/internal/testdata"
)

func addition(t *testing.T) *Model {
	t.Helper()
	m, err := Read(modeltest.Addition(1, 4).Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestRefused has a file each with what would be lost.
func TestRefused(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Model)
		want   string
	}{
		{"a buffer outside", func(m *Model) { m.Buffers = append(m.Buffers, &Buffer{Offset: 4096, Size: 16}) }, "buffer 1 stands outside"},
		{"options outside", func(m *Model) { m.Subgraphs[0].Operators[0].LargeOffset = 4096 }, "operator 0: what stands outside"},
		{"an external buffer", func(m *Model) { m.External = []*External{{}} }, "weights in other files"},
		{"a tensor in another file", func(m *Model) { m.Subgraphs[0].Tensors[2].ExternalBuffer = 1 }, "tensor 2 keeps its contents in another file"},
		{"another version", func(m *Model) { m.Version = 4 }, "schema version 4"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := addition(t)
			c.change(m)
			file, err := format.Write(m)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range []func() error{
				func() error { _, err := Read(file); return err },
				func() error { _, err := m.Bytes(); return err },
			} {
				if err := f(); err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("%v (want %q)", err, c.want)
				}
			}
		})
	}
}

// TestNewer reads files with a field, and a kind of options, that the schema here does not have.
func TestNewer(t *testing.T) {
	type tensor struct {
		Tensor
		Later int32 `fb:"11"`
	}
	m := addition(t)
	m.Subgraphs[0].Operators[0].Options.Tag = 200
	file, err := format.Write(m)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Read(file); !errors.Is(err, flatfile.ErrNewer) || !strings.Contains(err.Error(), "subgraph 0: operator 0: ") {
		t.Error(err)
	}
	type newerModel struct {
		Version uint32     `fb:"0"`
		Buffers []*Buffer  `fb:"4"`
		Later   []*Buffer  `fb:"10"`
		_       [0]*tensor // of the same kind
	}
	file, err = format.Write(&newerModel{Version: 3, Buffers: []*Buffer{{}}, Later: []*Buffer{{}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Read(file); !errors.Is(err, flatfile.ErrNewer) || !strings.Contains(err.Error(), "field 10 of a Model") {
		t.Error(err)
	}
}

func TestContents(t *testing.T) {
	m := addition(t)
	m.SetContents("X", []byte{1, 2, 3})
	m.Metadata = append(m.Metadata, &Metadata{Name: "Y", Buffer: m.Metadata[0].Buffer})
	m.SetContents("X", []byte{4})
	file, err := m.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	again, err := Read(file)
	if err != nil {
		t.Fatal(err)
	}
	x, _ := again.Contents("X")
	y, _ := again.Contents("Y")
	if _, ok := again.Contents("Z"); ok || !bytes.Equal(x, []byte{4}) || !bytes.Equal(y, []byte{1, 2, 3}) {
		t.Errorf("%v %v", x, y)
	}
}

func TestPack(t *testing.T) {
	m := addition(t)
	for _, text := range []string{"cat\n", "dog\n"} {
		if err := m.Pack("labels.txt", []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Pack("empty", nil); err != nil {
		t.Fatal(err)
	}
	file, err := m.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	again, err := Read(file)
	if err != nil || len(again.Packed) != 2 {
		t.Fatal(again.Packed, err)
	}
	if text, err := again.Unpack("labels.txt"); err != nil || string(text) != "dog\n" {
		t.Errorf("%q %v", text, err)
	}
	if text, err := again.Unpack("empty"); err != nil || len(text) != 0 {
		t.Errorf("%q %v", text, err)
	}
	if _, err := again.Unpack("other"); err == nil || !strings.Contains(err.Error(), "no file other") {
		t.Error(err)
	}
	m.Packed, m.archived, m.Trailing = nil, false, []byte("something else")
	if file, err = m.Bytes(); err != nil || !bytes.HasSuffix(file, m.Trailing) {
		t.Fatal(err)
	}
	if again, err = Read(file); err != nil || string(again.Trailing) != "something else" {
		t.Errorf("%q %v", again.Trailing, err)
	}
}

func TestNewOptions(t *testing.T) {
	if _, err := NewOptions("NoOptions"); err == nil {
		t.Error("no error")
	}
	u, err := NewOptions("QuantizeOptions")
	if err != nil || u.Tag != 89 { // in the schema
		t.Errorf("%v %v", u, err)
	}
}

// TestMutants reads broken models: an error, or what can be written and read again.
func TestMutants(t *testing.T) {
	var seeds []mutate.Seed
	for _, name := range []string{"models/split_concat.tflite", "models/split_concat_edgetpu.tflite", "wild/dilated_conv.tflite", "models/mobilenet_v1_0.25_128_quant.tflite"} {
		b, err := os.ReadFile(testdata.Path(t, name))
		if err != nil {
			t.Fatal(err)
		}
		s, err := mutate.NewSeed(name, b)
		if err != nil {
			t.Fatal(err)
		}
		seeds = append(seeds, s)
	}
	r := rand.New(rand.NewPCG(16, 17))
	read := 0
	for i := range 4000 {
		s := seeds[i%len(seeds)]
		if i%len(seeds) == 3 && i > 400 {
			continue // it is large
		}
		b, how := s.Mutant(r, seeds[r.IntN(len(seeds))])
		m, err := Read(b)
		if err != nil {
			continue
		}
		read++
		out, err := m.Bytes()
		if err != nil {
			t.Fatalf("mutant %d of %s (%s): %v", i, s.Name, how, err)
		}
		again, err := Read(out)
		if err != nil {
			t.Fatalf("mutant %d of %s (%s): %v", i, s.Name, how, err)
		}
		if d := Difference(m, again); d != "" {
			t.Fatalf("mutant %d of %s (%s): %s", i, s.Name, how, d)
		}
	}
	if read < 100 {
		t.Errorf("only %d mutants could be read", read)
	}
	t.Logf("%d of 4000 could be read", read)
}
