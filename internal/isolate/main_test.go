package isolate_test

import (
	"context"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"corallite/internal/isolate"
)

func TestMain(m *testing.M) {
	// The race detector makes each child wait for a second before it exits.
	if os.Getenv("GORACE") == "" {
		_ = os.Setenv("GORACE", "atexit_sleep_ms=0")
	}
	if len(os.Args) > 1 && os.Args[1] == isolate.Marker {
		startEarlyThread()
	}
	isolate.Main(handlers)
	helperMain()
	goleak.VerifyTestMain(m)
}

// long is a timeout for what must happen; it only keeps a failing test from hanging.
const long = time.Minute

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

// ask sends a text and expects an answer.
func ask(tb testing.TB, p *isolate.Process, text string) string {
	tb.Helper()
	reply := make([]byte, isolate.MaxMessage)
	n, err := p.Call(tb.Context(), []byte(text), reply, isolate.CallOptions{Deadline: long})
	if err != nil {
		tb.Fatalf("%s: %v", text, err)
	}
	return string(reply[:n])
}

// records is a slog.Handler that passes records to a test.
type records chan slog.Record

func newRecords() records { return make(records, 1000) }

func (r records) Enabled(_ context.Context, l slog.Level) bool    { return l >= slog.LevelDebug }
func (r records) Handle(_ context.Context, rec slog.Record) error { r <- rec; return nil }
func (r records) WithAttrs([]slog.Attr) slog.Handler              { return r }
func (r records) WithGroup(string) slog.Handler                   { return r }

// wait returns the first record whose message has the text.
func (r records) wait(tb testing.TB, text string) slog.Record {
	tb.Helper()
	for late := time.After(long); ; {
		select {
		case rec := <-r:
			if strings.Contains(rec.Message, text) {
				return rec
			}
		case <-late:
			tb.Fatalf("no record says %q", text)
		}
	}
}
