package isolate_test

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/ebitengine/purego"
	"golang.org/x/sys/unix"

	"corallite/internal/isolate"
)

// handlers are the kinds of children in the tests.
var handlers = map[string]isolate.Handler{
	"does":   serveDoes,
	"echo":   echo,
	"fills":  fills,
	"tries":  tries,
	"early":  func(c *isolate.Child) error { return failEarly(string(c.Setup)) },
	"sleeps": sleeps,
	"stays":  stays,
	"sends":  sends,
	"waits":  waits,
	"nobody": nil, // a name without a handler
}

// echo answers with the request.
func echo(c *isolate.Child) error {
	return c.Serve(func(request []byte, _ []*isolate.Memory, reply []byte) (int, error) {
		return copy(reply, request), nil
	})
}

// fills keeps the memories it gets, answers with the sum of their bytes, and sets them to the request's first byte.
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

// waits answers when the first byte of the request's memory is set, and logs that it waits for that.
// waits for that.
func waits(c *isolate.Child) error {
	return c.Serve(func(_ []byte, shared []*isolate.Memory, _ []byte) (int, error) {
		c.Logger.Info("waiting")
		for word := (*uint32)(unsafe.Pointer(&shared[0].Bytes()[0])); atomic.LoadUint32(word) == 0; { // page aligned
			runtime.Gosched()
		}
		return 0, shared[0].Close()
	})
}

// datagram is the data for sends: some bytes, followed by zeros.
type datagram struct {
	Bytes []byte
	Zeros int
}

// sends writes its setup, arbitrary datagrams, to the parent instead of an answer.
func sends(c *isolate.Child) error {
	var datagrams []datagram
	if err := json.Unmarshal(c.Setup, &datagrams); err != nil {
		return err
	}
	return c.Serve(func([]byte, []*isolate.Memory, []byte) (int, error) {
		for _, d := range datagrams {
			if _, err := unix.Write(isolate.ChildSocket, append(d.Bytes, make([]byte, d.Zeros)...)); err != nil {
				return 0, err
			}
		}
		select {}
	})
}

// sleeps answers after slept, like an accelerator that works without the processor.
func sleeps(c *isolate.Child) error {
	return c.Serve(func([]byte, []*isolate.Memory, []byte) (int, error) {
		return 0, sleep()
	})
}

func sleep() error {
	for t := unix.NsecToTimespec(slept.Nanoseconds()); ; {
		if err := unix.Nanosleep(&t, &t); err != unix.EINTR {
			return err
		}
	}
}

const slept = 10 * time.Millisecond

// stays does not end when asked to.
func stays(c *isolate.Child) error {
	_ = echo(c)
	select {}
}

func failEarly(how string) error {
	switch how {
	case `"error"`:
		return errors.New("the stick is not there")
	case `"nothing"`:
		return nil
	case `"abort"`:
		libc().abort()
	}
	select {}
}

// serveDoes does what the request says, usually something that no child should.
func serveDoes(c *isolate.Child) error {
	err := c.Serve(func(request []byte, _ []*isolate.Memory, reply []byte) (int, error) {
		what, rest, _ := strings.Cut(string(request), " ")
		text, err := do(c, what, rest)
		if err == errTooMuch {
			return len(reply) + 1, nil
		}
		return copy(reply, text), err
	})
	if err == nil {
		c.Logger.Info("ending in order")
	}
	return err
}

var errTooMuch = errors.New("too much")

func do(c *isolate.Child, what, with string) (string, error) {
	switch what {
	case "abort":
		libc().abort()
	case "segv":
		libc().memset(8, 0, 8)
	case "hang":
		c.Logger.Info("hanging")
		libc().pause()
	case "stop":
		c.Logger.Info("stopping")
		if err := unix.Kill(os.Getpid(), unix.SIGSTOP); err != nil {
			return "", err
		}
		libc().pause() // this thread may run on for a moment
	case "kill":
		return "", unix.Kill(os.Getpid(), unix.SIGKILL)
	case "exit":
		os.Exit(7)
	case "panic":
		panic("the sky fell")
	case "error":
		return "", errors.New("the stick is gone")
	case "much":
		return "", errTooMuch
	case "say": // on standard output, whole lines
		fmt.Println(with)
	case "log":
		c.Logger.Debug("looking")
		c.Logger.With("port", 3).WithGroup("usb").Warn("slow", "speed", 480.5, "took", 1500*time.Millisecond,
			slog.Group("where", "bus", 2, "sure", true), "path", []string{"a", "b"})
		slog.Error("lost", "err", errors.New("no such device"))
		_, _ = unix.Write(2, []byte("half a line"))
		c.Logger.Info("between")
	case "words": // as C prints them, without a newline at the end
		_, _ = unix.Write(2, []byte(with))
		libc().abort()
	case "unlink": // nothing sends it a signal when the parent dies
		var signal int32
		if err := unix.Prctl(unix.PR_GET_PDEATHSIG, uintptr(unsafe.Pointer(&signal)), 0, 0, 0); err != nil {
			return "", err
		}
		if signal != int32(unix.SIGKILL) {
			return "", fmt.Errorf("signal %d would have been sent to this thread", signal)
		}
		return "", unix.Prctl(unix.PR_SET_PDEATHSIG, 0, 0, 0, 0)
	case "env":
		return os.Getenv(with), nil
	case "setup":
		return string(c.Setup), nil
	case "open":
		return openFiles()
	case "core":
		var l unix.Rlimit
		err := unix.Getrlimit(unix.RLIMIT_CORE, &l)
		return fmt.Sprint(l.Cur <= 1 && l.Max <= 1), err
	case "signal": // whether signals that end a process are ignored
		for _, s := range []unix.Signal{unix.SIGINT, unix.SIGTERM, unix.SIGHUP} {
			if err := unix.Kill(os.Getpid(), s); err != nil {
				return "", err
			}
		}
	}
	return "", nil
}

func openFiles() (string, error) {
	entries, err := os.ReadDir("/proc/self/fd")
	var all []string
	for _, e := range entries {
		if to, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil {
			all = append(all, to)
		}
	}
	return strings.Join(all, "\n"), err
}

// clib is C code that crashes and hangs like a library: called from Go, on Go's threads.
type clib struct {
	abort  func()
	pause  func() int32
	memset func(to uintptr, value int32, size uintptr) uintptr
}

func libc() *clib {
	handle, err := purego.Dlopen("libc.so.6", purego.RTLD_NOW)
	if err != nil {
		panic(err)
	}
	var l clib
	purego.RegisterLibFunc(&l.abort, handle, "abort")
	purego.RegisterLibFunc(&l.pause, handle, "pause")
	purego.RegisterLibFunc(&l.memset, handle, "memset")
	return &l
}
