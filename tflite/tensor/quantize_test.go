package tensor

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"
	"unsafe"
)

func TestQuantize(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	src := []float32{0, 0.25, -0.25, 0.24, 0.75, -0.75, 1, 63.5, -64, 1e30, -1e30, inf, -inf, nan, 0.24999999}
	check(t, "int8", src, PerTensor(0.5, -1), []int8{-1, 0, -2, -1, 1, -3, 1, 126, -128, 127, -128, 127, -128, -1, -1})
	check(t, "uint8", src, PerTensor(0.5, 128), []uint8{128, 129, 127, 128, 130, 126, 130, 255, 0, 255, 0, 255, 0, 128, 128})
	check(t, "int16", src, PerTensor(0.5, 0), []int16{0, 1, -1, 0, 2, -2, 2, 127, -128, 32767, -32768, 32767, -32768, 0, 0})
	check(t, "uint16", src, PerTensor(0.5, 7), []uint16{7, 8, 6, 7, 9, 5, 9, 134, 0, 65535, 0, 65535, 0, 7, 7})
	check(t, "int32", src, PerTensor(0.5, -2), []int32{-2, -1, -3, -2, 0, -4, 0, 125, -130, math.MaxInt32, math.MinInt32,
		math.MaxInt32, math.MinInt32, -2, -2})
	type named int16
	check(t, "named", src[:2], PerTensor(1e-9, 0), []named{0, 32767})
	check(t, "no zero scale trouble", src[:3], PerTensor(0, 5), []int8{5, 127, -128})
}

func check[T Integer](t *testing.T, name string, src []float32, q Quantization, want []T) {
	t.Helper()
	got := make([]T, len(src))
	if err := Quantize(got, src, q, nil); err != nil {
		t.Fatal(err)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%s: %g gives %d, not %d", name, src[i], got[i], want[i])
		}
	}
}

// TestRoundTrip takes every 8-bit value through its real value and back.
func TestRoundTrip(t *testing.T) {
	for _, q := range []Quantization{PerTensor(0.0078125, 128), PerTensor(0.10196079, 0), PerTensor(1e-6, 255)} {
		values, real, back := make([]uint8, 256), make([]float32, 256), make([]uint8, 256)
		for i := range values {
			values[i] = uint8(i)
		}
		if err := Dequantize(real, values, q, nil); err != nil {
			t.Fatal(err)
		}
		if want := q.Scale() * float32(200-q.ZeroPoint()); real[200] != want {
			t.Errorf("%v: 200 is %g, not %g", q, real[200], want)
		}
		if err := Quantize(back, real, q, nil); err != nil || !slices.Equal(back, values) {
			t.Errorf("%v: %v, %v", q, err, back)
		}
	}
}

// TestDequantizeWide holds 32-bit values, as a bias has, to one rounding of the exact product.
func TestDequantizeWide(t *testing.T) {
	got := make([]float32, 2)
	if err := Dequantize(got, []int32{math.MaxInt32, math.MinInt32}, PerTensor(3, -1), nil); err != nil {
		t.Fatal(err)
	}
	if want := []float32{3 * 2147483648, -3 * 2147483647}; !slices.Equal(got, want) {
		t.Errorf("%v, not %v", got, want)
	}
}

func TestPerChannelAxes(t *testing.T) {
	ones := []float32{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}
	for _, c := range []struct {
		axis   int
		scales []float32
		zeros  []int32
		want   []int8
	}{
		{0, []float32{1, 0.5}, []int32{0, 1}, []int8{1, 1, 1, 1, 1, 1, 3, 3, 3, 3, 3, 3}},
		{1, []float32{1, 0.5, 0.25}, []int32{0, 0, 0}, []int8{1, 1, 2, 2, 4, 4, 1, 1, 2, 2, 4, 4}},
		{2, []float32{1, 0.1}, []int32{0, -1}, []int8{1, 9, 1, 9, 1, 9, 1, 9, 1, 9, 1, 9}},
	} {
		q, shape := Quantization{c.scales, c.zeros, c.axis}, []int{2, 3, 2}
		got, real := make([]int8, 12), make([]float32, 12)
		if err := Quantize(got, ones, q, shape); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("axis %d: %v, %v, not %v", c.axis, err, got, c.want)
		}
		if err := Dequantize(real, got, q, shape); err != nil || !slices.Equal(real, ones) {
			t.Errorf("axis %d: %v, %v", c.axis, err, real)
		}
	}
}

func TestQuantizeErrors(t *testing.T) {
	two := Quantization{Scales: []float32{1, 2}, ZeroPoints: []int32{0, 0}}
	for name, err := range map[string]error{
		"lengths":          Quantize(make([]int8, 2), make([]float32, 3), PerTensor(1, 0), nil),
		"no scale":         Quantize(make([]int8, 2), make([]float32, 2), Quantization{}, nil),
		"axis":             Quantize(make([]int8, 2), make([]float32, 2), two, nil),
		"shape":            Quantize(make([]int8, 4), make([]float32, 4), two, []int{2, 3}),
		"slices":           Dequantize(make([]float32, 3), make([]int8, 3), two, []int{3}),
		"zero points":      Dequantize(make([]float32, 1), make([]int8, 1), Quantization{Scales: []float32{1}}, nil),
		"bool":             SetReal(Tensor{Info: Info{Type: Bool}}, nil),
		"float length":     Real(make([]float32, 1), floats(2)),
		"set float length": SetReal(floats(2), make([]float32, 1)),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func floats(n int) Tensor {
	f := make([]float32, n)
	return Tensor{Info{Type: Float32, Shape: []int{n}}, unsafe.Slice((*byte)(unsafe.Pointer(&f[0])), 4*n)}
}

// TestRealTypes takes values through a tensor of each type, without allocating.
func TestRealTypes(t *testing.T) {
	src, got := []float32{-1, 0, 0.5, 2}, make([]float32, 4)
	memory := make([]uint64, 4)
	for _, typ := range []Type{Float32, UInt8, Int8, UInt16, Int16, Int32} {
		q := PerTensor(0.5, 4)
		if typ == Float32 {
			q = Quantization{}
		}
		x := Tensor{Info{Name: "x", Type: typ, Shape: []int{4}, Quantization: q}, unsafe.Slice((*byte)(unsafe.Pointer(&memory[0])), 4*typ.Size())}
		allocs := testing.AllocsPerRun(10, func() {
			if SetReal(x, src) != nil || Real(got, x) != nil {
				t.Error(typ)
			}
		})
		if allocs != 0 || !slices.Equal(got, src) {
			t.Errorf("%s: %v with %g allocations", typ, got, allocs)
		}
	}
}

func TestStrings(t *testing.T) {
	for _, want := range [][]string{{}, {""}, {"a", "", "ä\x00b"}} {
		buffer, err := AppendStrings(nil, want...)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Strings(Tensor{Info{Type: String}, buffer})
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %q, %v", want, got, err)
		}
	}
	// The format's own numbers, from string_util.h.
	want := []byte{2, 0, 0, 0, 16, 0, 0, 0, 18, 0, 0, 0, 21, 0, 0, 0, 'A', 'B', 'c', 'd', 'e'}
	if got, err := AppendStrings(nil, "AB", "cde"); err != nil || !slices.Equal(got, want) {
		t.Errorf("% x, %v", got, err)
	}
	if _, err := Strings(floats(1)); err == nil {
		t.Error("floats are strings")
	}
}

func TestBrokenStrings(t *testing.T) {
	good, _ := AppendStrings(nil, "AB", "cde")
	for i := range good[:16] {
		for _, v := range []byte{0, 1, 15, 22, 0x80, 0xff} {
			b := slices.Clone(good)
			b[i] = v
			got, err := Strings(Tensor{Info{Type: String}, b})
			if err == nil && len(got) > 2 {
				t.Errorf("byte %d as %d: %q", i, v, got)
			}
		}
	}
	for n := range len(good) - 1 {
		if n > 0 {
			if _, err := Strings(Tensor{Info{Type: String}, good[:n]}); err == nil {
				t.Errorf("%d of %d bytes were taken", n, len(good))
			}
		}
	}
	huge := binary.LittleEndian.AppendUint32(nil, math.MaxUint32)
	if _, err := Strings(Tensor{Info{Type: String}, append(huge, 0, 0, 0, 0)}); err == nil {
		t.Error("4 billion strings in 8 bytes")
	}
}

func BenchmarkQuantize(b *testing.B) {
	src, dst := make([]float32, 300*300*3), make([]uint8, 300*300*3)
	for i := range src {
		src[i] = float32(i%511)/255 - 1
	}
	q := PerTensor(0.0078125, 128)
	b.SetBytes(int64(len(dst)))
	b.ReportAllocs()
	for b.Loop() {
		if err := Quantize(dst, src, q, nil); err != nil {
			b.Fatal(err)
		}
	}
}
