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

// programInput is ffmpeg as a program, whose pictures come through a pipe as BMP: the same bytes as raw BGR, with a head
// that says how many, so that nobody has to know the size before.
type programInput struct {
	command *exec.Cmd
	out     *bufio.Reader
	pipe    io.Closer
	done    chan struct{}    // the program has ended
	heard   chan struct{}    // all that it said was read
	said    *lastwords.Words // to be read after heard
	ended   error            // to be read after done
	once    sync.Once
}

const (
	wordsKept = 3           // lines of what ffmpeg printed last
	drainWait = time.Second // for its end after its output's
)

// output are ffmpeg's arguments behind the user's.
var output = []string{"-an", "-sn", "-dn", "-c:v", "bmp", "-pix_fmt", "bgr24", "-f", "image2pipe", "pipe:1"}

func openProgram(ctx context.Context, o Options) (input, error) {
	path, err := exec.LookPath("ffmpeg")
	if err != nil {
		return nil, reconnect.Permanent(errors.New("the program ffmpeg is not installed (package ffmpeg), or not in PATH"))
	}
	arguments := append([]string{"-hide_banner", "-nostdin", "-nostats", "-loglevel", "error"}, o.Args...)
	p := &programInput{
		command: exec.Command(path, append(arguments, output...)...),
		done:    make(chan struct{}), heard: make(chan struct{}), said: lastwords.New(wordsKept),
	}
	out, err := p.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	words, err := p.command.StderrPipe()
	if err != nil {
		return nil, err
	}
	p.out, p.pipe = bufio.NewReaderSize(out, 1<<20), out
	p.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	started := make(chan error)
	go func() {
		// The signal comes when this thread ends, so it waits.
		runtime.LockOSThread()
		err := p.command.Start()
		started <- err
		if err != nil {
			return
		}
		<-p.heard
		p.ended = p.command.Wait()
		close(p.done)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	go p.listen(words)
	context.AfterFunc(ctx, p.stop)
	return p, nil
}

func (p *programInput) listen(words io.Reader) {
	defer close(p.heard)
	_, _ = io.Copy(p.said, words) // until the program closes it, or ends
}

// read reads one BMP: a file header of 14 bytes, a BITMAPINFOHEADER of 40, and rows from the lowest up, each padded to
// four bytes (Microsoft's wingdi.h).
func (p *programInput) read(reserve reserve) (int64, error) {
	var head [54]byte
	if _, err := io.ReadFull(p.out, head[:]); err != nil {
		return 0, p.why()
	}
	captured := monotonic()
	order := binary.LittleEndian
	width, height := int(int32(order.Uint32(head[18:]))), int(int32(order.Uint32(head[22:])))
	if string(head[:2]) != "BM" || order.Uint32(head[10:]) != uint32(len(head)) || order.Uint16(head[28:]) != 24 {
		return 0, errors.New("ffmpeg sent what is no picture: its output must not be changed by the arguments")
	}
	pixels, err := reserve(width, height)
	if err != nil {
		return 0, err
	}
	padding := -width * 3 & 3
	for y := height - 1; y >= 0; y-- {
		_, err := io.ReadFull(p.out, pixels[y*width*3:][:width*3])
		if err == nil {
			_, err = p.out.Discard(padding)
		}
		if err != nil {
			return 0, p.why()
		}
	}
	return captured, nil
}

// why is why ffmpeg gives no more pictures. Arguments that it does not take it will not take the next time.
func (p *programInput) why() error {
	select {
	case <-p.done:
	case <-time.After(drainWait):
		return errors.New("ffmpeg closed its output")
	}
	said := p.said.String()
	err := fmt.Errorf("ffmpeg ended (%v): %s", state(p.ended), said)
	for _, sign := range []string{"Unrecognized option", "Option not found", "Unknown encoder", "No such filter", "No such file or directory", "Error splitting the argument list"} {
		if strings.Contains(said, sign) {
			return reconnect.Permanent(err)
		}
	}
	return err
}

func state(err error) string {
	if err == nil {
		return "the stream is over"
	}
	return err.Error()
}

func (p *programInput) rate() float64 { return 0 }

// stop ends the program: SIGTERM lets it close what it reads, and SIGKILL follows.
func (p *programInput) stop() {
	p.once.Do(func() {
		_ = p.command.Process.Signal(syscall.SIGTERM) // fails only when it has ended
		select {
		case <-p.done:
		case <-time.After(stopWait / 2):
			_ = p.command.Process.Signal(os.Kill)
		}
	})
}

func (p *programInput) close() {
	_ = p.pipe.Close() // ends its writing
	p.stop()
}
