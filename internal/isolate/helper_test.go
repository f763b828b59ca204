package isolate_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"

	"corallite/internal/isolate"
)

// helperEnv turns the test binary into another process for a test.
const helperEnv = "ISOLATE_TEST_HELPER"

func helperMain() {
	switch os.Getenv(helperEnv) {
	case "trace":
		trace()
	case "parent":
		parent()
	case "remove":
		remove()
	}
}

// trace holds a process until standard input ends.
func trace() {
	runtime.LockOSThread()
	pid, _ := strconv.Atoi(os.Getenv("PID"))
	if err := unix.PtraceSeize(pid); err != nil {
		fmt.Println(err)
	} else {
		fmt.Println("tracing")
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

// parent starts a child that hangs, prints its process id, and ends with standard input, without Close.
func parent() {
	log := newRecords()
	p, err := isolate.Start(context.Background(), isolate.Options{Kind: "does", Logger: slog.New(log)})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	if _, err := p.Call(context.Background(), []byte(os.Getenv("FIRST")), nil, isolate.CallOptions{}); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	go func() { _, _ = p.Call(context.Background(), []byte(os.Getenv("THEN")), nil, isolate.CallOptions{}) }()
	<-log // it is at it
	fmt.Println(p.PID())
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

// remove removes its own binary and starts a child of it.
func remove() {
	err := os.Remove(os.Args[0])
	var p *isolate.Process
	if err == nil {
		p, err = isolate.Start(context.Background(), isolate.Options{Kind: "echo"})
	}
	reply := make([]byte, 10)
	n := 0
	if err == nil {
		n, err = p.Call(context.Background(), []byte("echo"), reply, isolate.CallOptions{})
	}
	if err == nil {
		err = p.Close()
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(string(reply[:n]))
	os.Exit(0)
}

// TestParentGone ends the parent in two ways while its child hangs in C, or is stopped, or gets no signal.
func TestParentGone(t *testing.T) {
	for _, c := range []struct{ name, first, then string }{
		{"hanging", "", "hang"},
		{"stopped: only the kernel's signal ends it", "", "stop"},
		{"without a signal: only its lifeline ends it", "unlink", "hang"},
	} {
		for _, killed := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, killed %v", c.name, killed), func(t *testing.T) {
				testParentGone(t, c.first, c.then, killed)
			})
		}
	}
}

func testParentGone(t *testing.T, first, then string, killed bool) {
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), helperEnv+"=parent", "FIRST="+first, "THEN="+then)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer stdin.Close()
	line := readLine(stdout)
	pid, err := strconv.Atoi(line)
	if err != nil {
		t.Fatalf("the parent says %q", line)
	}
	// A pidfd: it tells when the process is gone, even if nobody reaps it.
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if killed {
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
	} else if err := stdin.Close(); err != nil {
		t.Fatal(err)
	}
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, int(long.Milliseconds()))
		switch {
		case err == unix.EINTR:
			continue
		case n != 1:
			t.Errorf("the child lives: %d, %v", n, err)
			_ = unix.Kill(pid, unix.SIGKILL)
		}
		return
	}
}

func readLine(from io.Reader) string {
	line, _ := bufio.NewReader(from).ReadString('\n')
	if n := len(line); n > 0 {
		line = line[:n-1]
	}
	return line
}
