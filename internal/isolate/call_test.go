package isolate_test

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"

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

// TestCallSizes sends requests and replies that are too large; the child survives.
func TestCallSizes(t *testing.T) {
	p := start(t, isolate.Options{Kind: "echo", Name: "an echo"})
	for _, c := range []struct {
		request, reply int
		want           []string
	}{
		{isolate.MaxMessage + 1, 10, []string{"an echo", "65537 bytes", "at most 65536"}},
		{11, 10, []string{"an echo", "11 bytes", "10"}},
		{11, 0, []string{"an echo", "11 bytes", "0"}},
	} {
		_, err := p.Call(t.Context(), make([]byte, c.request), make([]byte, c.reply), isolate.CallOptions{})
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v does not say %q", err, want)
			}
		}
	}
	if got := ask(t, p, "there?"); got != "there?" {
		t.Errorf("answer %q", got)
	}
}

// TestManyCallers gives each its own answer.
func TestManyCallers(t *testing.T) {
	p := start(t, isolate.Options{Kind: "echo"})
	var all sync.WaitGroup
	for i := range 8 {
		all.Add(1)
		go func() {
			defer all.Done()
			request, reply := []byte{byte(i)}, make([]byte, 1)
			for range 100 {
				n, err := p.Call(t.Context(), request, reply, isolate.CallOptions{Deadline: long})
				if err != nil || n != 1 || reply[0] != byte(i) {
					t.Errorf("caller %d got %d bytes, %v: %v", i, n, reply, err)
					return
				}
			}
		}()
	}
	all.Wait()
}

func TestCallDoesNotAllocate(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector allocates")
	}
	p := start(t, isolate.Options{Kind: "echo"})
	request, reply, ctx := make([]byte, 100), make([]byte, 100), t.Context()
	n := testing.AllocsPerRun(1000, func() {
		if _, err := p.Call(ctx, request, reply, isolate.CallOptions{Deadline: time.Hour}); err != nil {
			t.Fatal(err)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations for each Call", n)
	}
}
