package isolate_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"corallite/internal/isolate"
)

func TestEcho(t *testing.T) {
	p := start(t, isolate.Options{Kind: "echo", Name: "an echo"})
	reply := make([]byte, isolate.MaxMessage)
	for _, n := range []int{0, 1, 100, isolate.MaxMessage} {
		request := bytes.Repeat([]byte{7}, n)
		got, err := p.Call(t.Context(), request, reply, isolate.CallOptions{Deadline: long})
		if err != nil || !bytes.Equal(reply[:got], request) {
			t.Fatalf("%d bytes came back as %d, %v", n, got, err)
		}
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestMemory(t *testing.T) {
	p := start(t, isolate.Options{Kind: "fills"})
	var all []*isolate.Memory
	for _, size := range []int{1, 4096, 100_000} {
		m, err := isolate.NewMemory(size)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		for i := range m.Bytes() {
			m.Bytes()[i] = 1
		}
		all = append(all, m)
	}
	reply := make([]byte, 8)
	if _, err := p.Call(t.Context(), []byte{2}, reply, isolate.CallOptions{Send: all}); err != nil {
		t.Fatal(err)
	}
	if got := binary.LittleEndian.Uint64(reply); got != 104_097 {
		t.Errorf("the child read %d", got)
	}
	for _, m := range all {
		if i := bytes.IndexFunc(m.Bytes(), func(r rune) bool { return r != 2 }); i >= 0 {
			t.Errorf("byte %d of %d is %d", i, len(m.Bytes()), m.Bytes()[i])
		}
	}
}

func memory(tb testing.TB, size int) *isolate.Memory {
	tb.Helper()
	m, err := isolate.NewMemory(size)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = m.Close() })
	return m
}
