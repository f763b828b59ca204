// Package sdnotify tells systemd, or another supervisor with the same protocol (sd_notify(3)), that the program is
// ready, alive and about to end. Without NOTIFY_SOCKET in the environment nothing is done.
package sdnotify

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Notifier sends messages to the supervisor. A nil Notifier sends none.
type Notifier struct {
	conn  *net.UnixConn
	every time.Duration // between two signs of life; 0: nobody waits for them
}

// FromEnvironment connects to the supervisor that the environment names; nil, and no error, when it names none. The
// variables are removed, so that child processes do not send messages in the program's name.
func FromEnvironment() (*Notifier, error) {
	address, usec, pid := os.Getenv("NOTIFY_SOCKET"), os.Getenv("WATCHDOG_USEC"), os.Getenv("WATCHDOG_PID")
	for _, name := range []string{"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"} {
		os.Unsetenv(name)
	}
	if address == "" {
		return nil, nil
	}
	if !strings.HasPrefix(address, "/") && !strings.HasPrefix(address, "@") {
		return nil, fmt.Errorf("NOTIFY_SOCKET is %q: expected a path, or @ and a name", address)
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: address, Net: "unixgram"})
	if err != nil {
		return nil, fmt.Errorf("NOTIFY_SOCKET: %w", err)
	}
	n := &Notifier{conn: conn}
	if us, err := strconv.ParseInt(usec, 10, 64); err == nil && us > 0 && (pid == "" || pid == strconv.Itoa(os.Getpid())) {
		n.every = time.Duration(us) * time.Microsecond / 3
	}
	return n, nil
}

// send sends one message. A supervisor that has gone is no reason to end.
func (n *Notifier) send(message string) {
	if n != nil {
		_, _ = n.conn.Write([]byte(message))
	}
}

// Ready says that everything runs. Then it gives a sign of life regularly, as long as alive says that the program is,
// until ctx ends or stop is called; without alive it always is. stop waits for the last one.
func (n *Notifier) Ready(ctx context.Context, alive func() bool) (stop func()) {
	n.send("READY=1")
	if n == nil || n.every == 0 {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var done sync.WaitGroup
	done.Go(func() {
		ticker := time.NewTicker(n.every)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				if alive == nil || alive() {
					n.send("WATCHDOG=1")
				}
			}
		}
	})
	return func() {
		cancel()
		done.Wait()
	}
}

// Stopping says that the program is about to end, and closes the connection.
func (n *Notifier) Stopping() {
	if n != nil {
		n.send("STOPPING=1")
		n.conn.Close()
	}
}

// Every is the time between two signs of life; 0: nobody waits for them.
func (n *Notifier) Every() time.Duration {
	if n == nil {
		return 0
	}
	return n.every
}
