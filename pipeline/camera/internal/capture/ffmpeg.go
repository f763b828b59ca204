package capture

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"corallite/internal/lastwords"
	"corallite/internal/reconnect"
)

// ffmpegProcess is the program ffmpeg, whose pictures come through a pipe as BMP: the same bytes as raw BGR, with a header
// that says the size, which need not be known before.
type ffmpegProcess struct {
	command *exec.Cmd
	out     *bufio.Reader
	pipe    io.Closer
	done    chan struct{}    // closed when ffmpeg has ended
	drained chan struct{}    // closed when all of standard error was read
	stderr  *lastwords.Words // complete after drained
	ended   error            // exit status; valid after done
	once    sync.Once
	buffers buffers
}

const (
	messagesKept = 3           // last lines of ffmpeg that an error shows
	exitWait     = time.Second // for its exit after the end of its output
)

// output are the arguments of ffmpeg that follow the user's.
var output = []string{"-an", "-sn", "-dn", "-c:v", "bmp", "-pix_fmt", "bgr24", "-f", "image2pipe", "pipe:1"}

func openFFmpeg(ctx context.Context, o Options) (input, error) {
	path, err := exec.LookPath("ffmpeg")
	if err != nil {
		return nil, reconnect.Permanent(errors.New("ffmpeg is not installed (package ffmpeg) or not in PATH"))
	}
	arguments := append([]string{"-hide_banner", "-nostdin", "-nostats", "-loglevel", "error"}, o.Args...)
	p := &ffmpegProcess{
		command: exec.Command(path, append(arguments, output...)...),
		done:    make(chan struct{}), drained: make(chan struct{}), stderr: lastwords.New(messagesKept),
	}
	out, err := p.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	stderr, err := p.command.StderrPipe()
	if err != nil {
		return nil, err
	}
	p.out, p.pipe = bufio.NewReaderSize(out, 1<<20), out
	p.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	started := make(chan error)
	go func() {
		// Pdeathsig is sent when the thread that started ffmpeg ends, so this one stays.
		runtime.LockOSThread()
		err := p.command.Start()
		started <- err
		if err != nil {
			return
		}
		<-p.drained
		p.ended = p.command.Wait()
		close(p.done)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	go p.drain(stderr)
	context.AfterFunc(ctx, p.stop)
	return p, nil
}

func (p *ffmpegProcess) drain(from io.Reader) {
	defer close(p.drained)
	_, _ = io.Copy(p.stderr, from) // until ffmpeg closes it or ends
}

// read reads one BMP: a file header of 14 bytes, a BITMAPINFOHEADER of 40, and the rows from bottom to top, each padded to
// four bytes (Microsoft's wingdi.h).
func (p *ffmpegProcess) read(wanted func(captured int64) bool) (*offer, error) {
	var head [54]byte
	if _, err := io.ReadFull(p.out, head[:]); err != nil {
		return nil, p.exitError()
	}
	captured := monotonic()
	order := binary.LittleEndian
	width, height := int(int32(order.Uint32(head[18:]))), int(int32(order.Uint32(head[22:])))
	if string(head[:2]) != "BM" || order.Uint32(head[10:]) != uint32(len(head)) || order.Uint16(head[28:]) != 24 {
		return nil, errors.New("the output of ffmpeg is not a BMP picture: the arguments must not contain an output")
	}
	if err := (Form{Width: width, Height: height}).check(); err != nil {
		return nil, err
	}
	padding := -width * 3 & 3
	if !wanted(captured) {
		if _, err := p.out.Discard((width*3 + padding) * height); err != nil {
			return nil, p.exitError()
		}
		return nil, nil
	}
	pixels := sized(p.buffers.get(), width*height*3)
	for y := height - 1; y >= 0; y-- {
		_, err := io.ReadFull(p.out, pixels[y*width*3:][:width*3])
		if err == nil {
			_, err = p.out.Discard(padding)
		}
		if err != nil {
			return nil, p.exitError()
		}
	}
	o := p.buffers.bgr(width, height, pixels)
	o.captured = captured
	return o, nil
}

// exitError returns why ffmpeg gives no more pictures. Arguments that it rejects are a permanent error.
func (p *ffmpegProcess) exitError() error {
	select {
	case <-p.done:
	case <-time.After(exitWait):
		return errors.New("ffmpeg closed its output")
	}
	messages := p.stderr.String()
	err := fmt.Errorf("ffmpeg ended (%v): %s", status(p.ended), messages)
	for _, sign := range []string{"Unrecognized option", "Option not found", "Unknown encoder", "No such filter", "No such file or directory", "Error splitting the argument list"} {
		if strings.Contains(messages, sign) {
			return reconnect.Permanent(err)
		}
	}
	return err
}

func status(err error) string {
	if err == nil {
		return "end of the stream"
	}
	return err.Error()
}

// stop ends ffmpeg: SIGTERM lets it close its input, and SIGKILL follows.
func (p *ffmpegProcess) stop() {
	p.once.Do(func() {
		_ = p.command.Process.Signal(syscall.SIGTERM) // fails only after it has ended
		select {
		case <-p.done:
		case <-time.After(stopWait / 2):
			_ = p.command.Process.Signal(os.Kill)
		}
	})
}

func (p *ffmpegProcess) close() {
	_ = p.pipe.Close() // ends its writes
	p.stop()
}
