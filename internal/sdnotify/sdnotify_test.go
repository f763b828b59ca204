package sdnotify

import (
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// supervisor receives messages.
func supervisor(t *testing.T) (address string, next func() string) {
	t.Helper()
	address = filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: address, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return address, func() string {
		t.Helper()
		conn.SetReadDeadline(time.Now().Add(time.Minute))
		b := make([]byte, 256)
		n, err := conn.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		return string(b[:n])
	}
}

func TestMessages(t *testing.T) {
	address, next := supervisor(t)
	t.Setenv("NOTIFY_SOCKET", address)
	t.Setenv("WATCHDOG_USEC", "30000")
	t.Setenv("WATCHDOG_PID", "")
	n, err := FromEnvironment()
	if err != nil || n.Every() != 10*time.Millisecond {
		t.Fatalf("%v, %v", n.Every(), err)
	}
	if os.Getenv("NOTIFY_SOCKET") != "" || os.Getenv("WATCHDOG_USEC") != "" {
		t.Error("children would inherit the variables")
	}
	var asked atomic.Int64
	stop := n.Ready(t.Context(), func() bool { return asked.Add(1) > 3 })
	for _, want := range []string{"READY=1", "WATCHDOG=1", "WATCHDOG=1"} {
		if got := next(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if asked.Load() < 5 {
		t.Errorf("a sign of life without a life: asked %d times", asked.Load())
	}
	stop()
	n.Stopping()
	for got := next(); got != "STOPPING=1"; got = next() {
		if got != "WATCHDOG=1" {
			t.Fatal(got)
		}
	}
}

func TestNobody(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	n, err := FromEnvironment()
	if n != nil || err != nil {
		t.Fatal(n, err)
	}
	n.Ready(t.Context(), nil)()
	n.Stopping()
	t.Setenv("NOTIFY_SOCKET", "here")
	if _, err := FromEnvironment(); err == nil {
		t.Error("an address that is none was taken")
	}
	t.Setenv("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "gone"))
	if _, err := FromEnvironment(); err == nil {
		t.Error("a socket that is not there was taken")
	}
}

func TestWatchdogOfAnotherProcess(t *testing.T) {
	address, _ := supervisor(t)
	t.Setenv("NOTIFY_SOCKET", address)
	t.Setenv("WATCHDOG_USEC", "30000")
	t.Setenv("WATCHDOG_PID", "1")
	n, err := FromEnvironment()
	if err != nil || n.Every() != 0 {
		t.Errorf("%v, %v", n.Every(), err)
	}
	n.Stopping()
}
