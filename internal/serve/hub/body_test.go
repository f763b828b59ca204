package hub_test

import (
	"bytes"
	"context"
	"runtime"
	"sync"
	"testing"

	"corallite/internal/part"
	"corallite/internal/serve/hub"
	"corallite/internal/serve/servetest"
)

// What a request has read is its own until it ends, while others read and end.
func TestBodiesAreTheirOwn(t *testing.T) {
	h := servetest.Hub(t, hub.Options{Models: []part.Served{servetest.Pets("pets")}})
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for n := range 50 {
				want := bytes.Repeat([]byte{byte('a' + i)}, 1+(n*7919)%300_000)
				j, err := h.Begin(context.Background())
				if err != nil {
					t.Error(err)
					return
				}
				first, err1 := j.Read(bytes.NewReader(want), -1)
				second, err2 := j.Read(bytes.NewReader(want), int64(len(want)))
				runtime.Gosched()
				if err1 != nil || err2 != nil || !bytes.Equal(first, want) || !bytes.Equal(second, want) {
					t.Errorf("%d bytes of %q came back as something else, %v, %v", len(want), want[0], err1, err2)
				}
				j.End()
			}
		})
	}
	all.Wait()
}
