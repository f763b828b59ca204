package isolate_test

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"corallite/internal/isolate"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == isolate.Marker {
		startEarlyThread()
	}
	isolate.Main(handlers)
	goleak.VerifyTestMain(m)
}

// long is for what must happen; it only keeps a failing test from hanging.
const long = 30 * time.Second

var handlers = map[string]isolate.Handler{
	"echo":   echo,
	"failed": func(*isolate.Child) error { return errors.New("the stick is not there") },
	"fills":  fills,
	"tries":  tries,
}

// echo answers with the request.
func echo(c *isolate.Child) error {
	return c.Serve(func(request []byte, _ []*isolate.Memory, reply []byte) (int, error) {
		return copy(reply, request), nil
	})
}

// fills keeps the memory it is sent, and then fills it with what it is asked for.
func fills(c *isolate.Child) error {
	var kept []*isolate.Memory
	return c.Serve(func(request []byte, shared []*isolate.Memory, reply []byte) (int, error) {
		kept = append(kept, shared...)
		sum := uint64(0)
		for _, m := range kept {
			for i, b := range m.Bytes() {
				sum += uint64(b)
				m.Bytes()[i] = request[0]
			}
		}
		return len(binary.LittleEndian.AppendUint64(reply[:0], sum)), nil
	})
}

func start(tb testing.TB, o isolate.Options) *isolate.Process {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), long)
	defer cancel()
	p, err := isolate.Start(ctx, o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = p.Close() })
	return p
}
