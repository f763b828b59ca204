//go:build unix

package libstderr_test

import (
	"bytes"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"corallite/internal/libstderr"
)

// roleEnv makes the test binary a program that does as it is told.
const roleEnv = "LIBSTDERR_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(roleEnv) {
	case "":
		os.Exit(m.Run())
	case "prints":
		program()
	case "panics":
		redirect()
		panic("the end")
	}
}

func redirect() {
	if err := libstderr.Redirect(); err != nil {
		panic(err)
	}
}

// program prints as a library does, and then as the program does.
func program() {
	redirect()
	logged := make(chan string, 10)
	libstderr.LogTo(slog.New(slog.NewTextHandler(writer(logged), &slog.HandlerOptions{Level: slog.LevelDebug})))
	long := strings.Repeat("x", 200_000) // more than a pipe holds
	for _, s := range []string{"Corrupt JPEG data\n", long + "\n"} {
		if _, err := unix.Write(2, []byte(s)); err != nil {
			panic(err)
		}
	}
	select {
	case line := <-logged:
		os.Stdout.WriteString(line)
	case <-time.After(time.Minute):
		panic("nothing is logged")
	}
	os.Stderr.WriteString("our own\n")
}

type writer chan string

func (w writer) Write(b []byte) (int, error) {
	select {
	case w <- string(b):
	default:
	}
	return len(b), nil
}

func run(t *testing.T, role string) (stdout, stderr string, err error) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), roleEnv+"="+role)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}

// TestRedirect: a library's line is a record of the log, and only the program's own reaches standard error.
func TestRedirect(t *testing.T) {
	stdout, stderr, err := run(t, "prints")
	if err != nil || stderr != "our own\n" {
		t.Errorf("%v, standard error %q", err, stderr)
	}
	if !strings.Contains(stdout, "level=DEBUG") || !strings.Contains(stdout, `line="Corrupt JPEG data"`) {
		t.Errorf("logged %q", stdout)
	}
}

// TestCrash: a crash is shown, although Go prints it to descriptor 2.
func TestCrash(t *testing.T) {
	_, stderr, err := run(t, "panics")
	if err == nil || strings.Count(stderr, "panic: the end") != 1 || !strings.Contains(stderr, "goroutine 1") {
		t.Errorf("%v, standard error %q", err, stderr)
	}
}
