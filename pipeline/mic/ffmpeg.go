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

// messagesKept is the number of ffmpeg's last lines that an error shows.
const messagesKept = 3

// ffmpegDecoder is a recording that ffmpeg decodes. ffmpeg writes WAVE into a pipe, because its header says the rate and the
// number of channels.
type ffmpegDecoder struct {
	*wave
	out      *io.PipeReader
	kill     context.CancelFunc
	messages *lastwords.Words // complete after done
	file     string           // the name that ffmpeg uses
	done     chan struct{}    // closed when ffmpeg has ended
	failed   error            // exit status; valid after done
}

// openFFmpeg starts ffmpeg and waits for the first sound. Only files and pipes are allowed as protocols, so that a playlist
// cannot reach the network.
func openFFmpeg(path, file string) (recording, error) {
	ctx, kill := context.WithCancel(context.Background())
	p := &ffmpegDecoder{kill: kill, messages: lastwords.New(messagesKept), file: "file:" + file, done: make(chan struct{})}
	command := exec.CommandContext(ctx, path, "-hide_banner", "-nostdin", "-nostats", "-loglevel", "error",
		"-protocol_whitelist", "file,pipe", "-i", "file:"+file, "-map", "0:a:0", "-c:a", "pcm_f32le", "-bitexact", "-f", "wav", "pipe:1")
	command.Env = environ.Pick()
	command.Stderr = p.messages
	command.WaitDelay = time.Second // a child of ffmpeg may keep its pipes open
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var in *io.PipeWriter
	p.out, in = io.Pipe()
	command.Stdout = in
	started := make(chan error)
	go func() {
		// Pdeathsig is sent when the thread that started ffmpeg ends, so this one stays.
		runtime.LockOSThread()
		err := command.Start()
		started <- err
		if err == nil {
			p.failed = command.Wait()
		}
		close(p.done)  // before the end of the output, so that explain sees it
		_ = in.Close() // always nil
	}()
	if err := <-started; err != nil {
		kill()
		return nil, fmt.Errorf("ffmpeg: %w", err)
	}
	var err error
	if p.wave, err = openWAV(bufio.NewReaderSize(p.out, 1<<16)); err != nil {
		err = p.explain(err)
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

// read appends the next samples to dst.
func (p *ffmpegDecoder) read(dst []float32) ([]float32, error) {
	dst, err := p.wave.read(dst)
	if err != nil {
		err = p.explain(err)
	}
	return dst, err
}

// explain returns ffmpeg's own error in place of err, which its output ended with, if ffmpeg failed.
func (p *ffmpegDecoder) explain(err error) error {
	select {
	case <-p.done:
	default:
		return err // the output was wrong before ffmpeg ended
	}
	if p.failed == nil {
		return err
	}
	return fmt.Errorf("ffmpeg cannot read it: %s (%w)", p.messages.String(p.file), p.failed)
}

// close ends ffmpeg. It may be called while read waits.
func (p *ffmpegDecoder) close() error {
	p.kill()
	err := p.out.Close()
	<-p.done
	return err
}
