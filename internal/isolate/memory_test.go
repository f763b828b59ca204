package isolate_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"corallite/internal/isolate"
)

func memory(tb testing.TB, size int) *isolate.Memory {
	tb.Helper()
	m, err := isolate.NewMemory(size)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = m.Close() })
	return m
}

// TestMemoryShared writes on both sides and reads on both.
func TestMemoryShared(t *testing.T) {
	p := start(t, isolate.Options{Kind: "fills"})
	var all []*isolate.Memory
	for _, size := range []int{1, 4096, 100_000} {
		m := memory(t, size)
		if len(m.Bytes()) != size || uintptr(unsafe.Pointer(&m.Bytes()[0]))%uintptr(os.Getpagesize()) != 0 {
			t.Errorf("%d bytes at %p, want %d at a page", len(m.Bytes()), m.Bytes(), size)
		}
		for i := range m.Bytes() {
			m.Bytes()[i] = 1
		}
		all = append(all, m)
	}
	reply := make([]byte, 8)
	for i, o := range []isolate.CallOptions{{Send: all}, {}} { // the child keeps them
		if _, err := p.Call(t.Context(), []byte{byte(i + 2)}, reply, o); err != nil {
			t.Fatal(err)
		}
		if got, want := binary.LittleEndian.Uint64(reply), uint64(104_097*(i+1)); got != want {
			t.Errorf("the child read %d, want %d", got, want)
		}
		for _, m := range all {
			if got := bytes.Count(m.Bytes(), []byte{byte(i + 2)}); got != len(m.Bytes()) {
				t.Errorf("the child wrote %d of %d bytes", got, len(m.Bytes()))
			}
		}
	}
	// What the child wrote remains after its death, until Close.
	p.Kill()
	<-p.Done()
	if all[2].Bytes()[99_999] != 3 {
		t.Error("the memory went with the child")
	}
}

// TestMemorySize: the size cannot be changed, so that mapped pages stay valid.
func TestMemorySize(t *testing.T) {
	m := memory(t, 5000)
	fd := m.Descriptor()
	for _, size := range []int64{0, 100, 10_000} {
		if err := unix.Ftruncate(fd, size); err != unix.EPERM {
			t.Errorf("truncated to %d: %v", size, err)
		}
	}
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_WRITE); err != unix.EPERM {
		t.Errorf("sealed: %v", err)
	}
}

func TestMemoryErrors(t *testing.T) {
	for _, size := range []int{0, -1, 1 << 62} {
		if m, err := isolate.NewMemory(size); err == nil {
			_ = m.Close()
			t.Errorf("made %d bytes", size)
		}
	}
	m := memory(t, 1)
	for range 2 {
		if err := m.Close(); err != nil || m.Bytes() != nil {
			t.Errorf("%v, %d bytes", err, len(m.Bytes()))
		}
	}
	p := start(t, isolate.Options{Kind: "echo"})
	for want, send := range map[string][]*isolate.Memory{
		"is closed": {m}, "at most 64": make([]*isolate.Memory, isolate.MaxSend+1),
	} {
		if _, err := p.Call(t.Context(), nil, nil, isolate.CallOptions{Send: send}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one that says %q", err, want)
		}
	}
	if got := ask(t, p, "there?"); got != "there?" {
		t.Errorf("answer %q", got)
	}
}
