package mic

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"corallite/internal/environ"
	"corallite/internal/lastwords"
)

const wordsKept = 3 // lines of what ffmpeg printed last

// program is a recording that ffmpeg decodes. It writes WAVE into a pipe, because the head of that says rate and
// channels.
type program struct {
	*wave
	out    *io.PipeReader
	kill   context.CancelFunc
	said   *lastwords.Words // to be read after done
	file   string           // as ffmpeg names it
	done   chan struct{}    // the program has ended
	failed error            // how; to be read after done
}

// openProgram starts ffmpeg and waits for the first sound. Playlists are kept off the network: the protocols are the
// file itself and the pipe.
func openProgram(path, file string) (recording, error) {
	ctx, kill := context.WithCancel(context.Background())
	p := &program{kill: kill, said: lastwords.New(wordsKept), file: "file:" + file, done: make(chan struct{})}
	command := exec.CommandContext(ctx, path, "-hide_banner", "-nostdin", "-nostats", "-loglevel", "error",
		"-protocol_whitelist", "file,pipe", "-i", "file:"+file, "-map", "0:a:0", "-c:a", "pcm_f32le", "-bitexact", "-f", "wav", "pipe:1")
	command.Env = environ.Pick()
	command.Stderr = p.said
	command.WaitDelay = time.Second // a child of the program may hold its pipes open
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var in *io.PipeWriter
	p.out, in = io.Pipe()
	command.Stdout = in
	started := make(chan error)
	go func() {
		// The signal comes when this thread ends, so it waits.
		runtime.LockOSThread()
		err := command.Start()
		started <- err
		if err == nil {
			p.failed = command.Wait()
		}
		close(p.done)  // before the end of the output, which is asked why
		_ = in.Close() // always nil
	}()
	if err := <-started; err != nil {
		kill()
		return nil, fmt.Errorf("ffmpeg: %w", err)
	}
	var err error
	if p.wave, err = openWAV(bufio.NewReaderSize(p.out, 1<<16)); err != nil {
		err = p.why(err)
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

// read appends the next samples. Its output ends when the program does.
func (p *program) read(dst []float32) ([]float32, error) {
	dst, err := p.wave.read(dst)
	if err != nil {
		err = p.why(err)
	}
	return dst, err
}

// why is what the program says instead of an error that its output ended with, if the program failed.
func (p *program) why(err error) error {
	select {
	case <-p.done:
	default:
		return err // its output went wrong before it ended
	}
	if p.failed == nil {
		return err
	}
	return fmt.Errorf("ffmpeg cannot read it: %s (%w)", p.said.String(p.file), p.failed)
}

// close ends the program. It may be called while read waits.
func (p *program) close() error {
	p.kill()
	err := p.out.Close()
	<-p.done
	return err
}
