// Package pulsetest runs an audio server for a test: a PulseAudio of its own with a sink that plays to nobody, whose
// monitor is a microphone. What Play plays is what that microphone hears. It runs as root and without a sound card.
package pulsetest

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"corallite/internal/testdata"
)

// Microphone is the id of the server's only microphone, Name its name.
const (
	Microphone = "t.monitor"
	Name       = "Monitor of Null Output"
)

// Server is a PulseAudio.
type Server struct {
	t      testing.TB
	dir    string
	args   []string
	cmd    *exec.Cmd
	output *bytes.Buffer
	ended  chan struct{}
}

// limit is how long the server may take to start or to end; it guards against hanging only.
const limit = time.Minute

// Start runs a server until the test ends, and points this process and its children to it. The microphone has what the
// null sink's arguments say: "rate=48000 channels=1", "" for PulseAudio's own choice. Where the programs are not
// installed the test is skipped, or fails when CI=true.
func Start(t testing.TB, sink string) *Server {
	t.Helper()
	for _, program := range []string{"pulseaudio", "paplay"} {
		if _, err := exec.LookPath(program); err != nil {
			testdata.Missing(t, "the program %s is not installed (packages pulseaudio and pulseaudio-utils; scripts/test-files installs them)", program)
		}
	}
	dir, err := os.MkdirTemp("", "pulse") // t.TempDir can be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	// norewinds keeps the sink's latency at 50 ms; else it is up to two seconds.
	s := &Server{t: t, dir: dir, args: []string{
		"-n", "--daemonize=no", "--exit-idle-time=-1", "--disallow-exit", "--use-pid-file=no", "--log-target=stderr",
		"-L", "module-null-sink sink_name=t norewinds=1 " + sink,
		"-L", "module-native-protocol-unix auth-anonymous=1 socket=" + socket(dir),
	}}
	for name, value := range map[string]string{
		"PULSE_SERVER": "unix:" + socket(dir), "PULSE_COOKIE": filepath.Join(dir, "cookie"), "XDG_RUNTIME_DIR": dir,
	} {
		t.Setenv(name, value)
	}
	s.Restart()
	t.Cleanup(s.Stop)
	return s
}

func socket(dir string) string { return filepath.Join(dir, "native") }

// Restart starts the server anew; one that runs is killed before.
func (s *Server) Restart() {
	s.t.Helper()
	s.Stop()
	s.output = new(bytes.Buffer)
	s.cmd = exec.Command("pulseaudio", s.args...)
	s.cmd.Env = append(os.Environ(), "HOME="+s.dir)
	s.cmd.Stderr = s.output
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	s.ended = make(chan struct{})
	started := make(chan error)
	go func() {
		// The signal comes when this thread ends, so it waits.
		runtime.LockOSThread()
		defer close(s.ended)
		err := s.cmd.Start()
		started <- err
		if err == nil {
			_ = s.cmd.Wait() // it is killed
		}
	}()
	if err := <-started; err != nil {
		s.t.Fatal(err)
	}
	for end := time.Now().Add(limit); ; time.Sleep(20 * time.Millisecond) {
		if c, err := net.Dial("unix", socket(s.dir)); err == nil {
			_ = c.Close()
			return
		}
		select {
		case <-s.ended:
			s.t.Fatalf("pulseaudio ended: %s", s.output)
		default:
		}
		if time.Now().After(end) {
			s.Stop()
			s.t.Fatalf("pulseaudio does not listen: %s", s.output)
		}
	}
}

// Stop kills the server.
func (s *Server) Stop() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill() // fails only when it has ended
	<-s.ended
	s.cmd = nil
	_ = os.Remove(socket(s.dir)) // what a killed server leaves
}

// Freeze makes the server stand still until Thaw, as one does that hangs.
func (s *Server) Freeze() { s.signal(syscall.SIGSTOP) }

// Thaw lets a frozen server go on.
func (s *Server) Thaw() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig syscall.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

// Play plays a recording to its end, as fast as it is long.
func (s *Server) Play(path string) {
	s.t.Helper()
	if out, err := exec.Command("paplay", "-d", "t", path).CombinedOutput(); err != nil {
		s.t.Fatalf("paplay: %v: %s", err, out)
	}
}
