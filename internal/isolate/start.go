package isolate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"corallite/internal/environ"
)

// marker is the first argument of a child process.
const marker = "isolated-child"

// executable is the running binary, even after its file was replaced or removed.
const executable = "/proc/self/exe"

// setup is the first message to a child.
type setup struct {
	Kind    string          `json:"kind"`
	Name    string          `json:"name"`
	Setup   json.RawMessage `json:"setup"`
	Level   slog.Level      `json:"level"` // lowest level of the parent's logger
	Confine bool            `json:"confine"`
	Network bool            `json:"network"`
}

// Start starts a child and returns when it serves. It fails if Main has not run. The error names the child and the
// reason: ctx ended, the time was up, or the child's own words. Close ends the child and frees the Process's resources.
// time was up, or the child's own words. Close ends the child and gives back what the Process holds.
func Start(ctx context.Context, o Options) (*Process, error) {
	p, err := start(ctx, o, executable)
	if err != nil {
		if o.Name == "" {
			o.Name = o.Kind
		}
		return nil, fmt.Errorf("child process %s: %w", o.Name, err)
	}
	return p, nil
}

func start(ctx context.Context, o Options, binary string) (*Process, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if o.Name == "" {
		o.Name = o.Kind
	}
	if o.Env == nil {
		o.Env = environ.Pick()
	}
	if !mainRan.Load() {
		return nil, errNoMain
	}
	first, err := o.first()
	if err != nil {
		return nil, err
	}
	p, err := launch(o, binary)
	if err != nil {
		return nil, err
	}
	if err := p.greet(ctx, first, orDefault(o.StartLimit, defaultStartLimit)); err != nil {
		p.Kill()
		p.await(reapWait)
		p.release()
		// Its own reason for ending says more than the lost connection.
		if died := p.Err(); err == errGone && died != nil {
			err = fmt.Errorf("%w: %w", err, died)
		}
		return nil, err
	}
	return p, nil
}

func orDefault(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}

// first makes the first message.
func (o Options) first() ([]byte, error) {
	own, err := json.Marshal(o.Setup)
	if err != nil {
		return nil, fmt.Errorf("its setup cannot be sent: %w", err)
	}
	all, err := json.Marshal(setup{o.Kind, o.Name, own, lowestLevel(o.Logger), !o.Sandbox.Off, o.Sandbox.Network})
	if err == nil && len(all) > MaxMessage {
		err = fmt.Errorf("its name and setup are %d bytes of JSON; at most %d go", len(all), MaxMessage)
	}
	return all, err
}

// launch starts the process and the goroutines that watch it.
func launch(o Options, binary string) (_ *Process, err error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socketpair", err)
	}
	childSock := os.NewFile(uintptr(pair[1]), "child's socket")
	defer childSock.Close()
	defer func() {
		if err != nil {
			_ = unix.Close(pair[0])
		}
	}()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	lines, output, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer output.Close()

	p := newProcess(o, pair[0], lines)
	started := make(chan error)
	onOwnThread(func() {
		argv := []string{filepath.Base(os.Args[0]), marker, o.Name}
		proc, err := p.exec(o, binary, argv, []*os.File{null, output, output, childSock})
		started <- err
		if err == nil {
			p.tend(proc)
		}
	})
	if err = <-started; err != nil {
		_ = lines.Close()
		return nil, err
	}
	go p.listen()
	return p, nil
}

// exec starts the binary from this thread, whose confinement the child inherits.
func (p *Process) exec(o Options, binary string, argv []string, files []*os.File) (*os.Process, error) {
	if err := p.confineThread(o, binary); err != nil {
		return nil, err
	}
	proc, err := os.StartProcess(binary, argv, &os.ProcAttr{
		Env:   o.Env,
		Files: files,
		// The signal comes when this thread ends, which waits for the child; so it comes when the process ends. Its own
		// process group keeps Ctrl-C away from the child: the parent ends it in order.
		Sys: &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true},
	})
	if err != nil {
		return nil, err
	}
	p.proc, p.pid = proc, proc.Pid
	return proc, nil
}

// onOwnThread runs f on a thread that does nothing else and ends with it. It is never the process's first thread, which
// cannot end and which stands for the process. It returns when f has its thread.
func onOwnThread(f func()) {
	has := make(chan struct{})
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		if unix.Gettid() == unix.Getpid() {
			onOwnThread(f) // gets another thread, because this one is in use
			runtime.UnlockOSThread()
			close(has)
			return
		}
		close(has)
		f()
	}()
	<-has
}

// errGone means that the child has ended; its DeathError has the reason.
var errGone = errors.New("it ended before it served")

// greet sends the first message and waits for the child's hello.
func (p *Process) greet(ctx context.Context, first []byte, limit time.Duration) error {
	if err := p.watch.begin(ctx, limit); err != nil {
		return err
	}
	hello := make([]byte, 4096)
	n, err := p.exchange(kindSetup, kindHello, 0, first, nil, hello)
	switch cut, cause := p.watch.finish(); {
	case cause != nil:
		return cause
	case cut:
		return fmt.Errorf("it did not serve within %v", limit)
	case err != nil:
		return err
	}
	var c Confinement
	if err := json.Unmarshal(hello[:n], &c); err != nil {
		return fmt.Errorf("its hello: %w", err)
	}
	p.confinement.NoNewPrivileges, p.confinement.Seccomp = c.NoNewPrivileges, c.Seccomp
	p.confinement.Why = append(p.confinement.Why, c.Why...)
	return nil
}
