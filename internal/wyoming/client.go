package wyoming

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"corallite/internal/panicerr"
)

// client is one connection.
type client struct {
	server *Server
	conn   net.Conn
	in     *reader

	names   []string // that were asked for; none: all
	began   *float64 // the timestamp of audio-start, in milliseconds
	hearing *hearing // from the first sound to audio-stop; nil: none

	silent atomic.Int64 // since when nothing has come, in Unix nanoseconds; 0: it is being heard

	writing sync.Mutex
}

// hearing is the hearing of one sound.
type hearing struct {
	format  audioFormat
	samples *io.PipeWriter
	done    chan struct{} // closed when it has ended
	err     error         // valid after done
	found   bool          // whether anything was detected; valid after done

	abandoned atomic.Bool // nobody wants to know more of it
}

// serve answers events until the client or the server ends.
func (c *client) serve(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer c.abandon()
	c.in.begun = func() { _ = c.conn.SetReadDeadline(time.Now().Add(eventLimit)) }
	for ctx.Err() == nil {
		if c.hearing == nil {
			c.silent.Store(time.Now().UnixNano())
		} else {
			c.silent.Store(0)
		}
		_ = c.conn.SetReadDeadline(time.Time{}) // between events a client may be silent for as long as it likes
		e, err := c.in.next()
		if err == nil {
			err = c.handle(ctx, e)
		}
		var against *ProtocolError
		switch {
		case err == nil:
		case errors.As(err, &against):
			c.server.log.Warn("a client of the Wyoming server is cut off", "client", c.peer(), "why", err)
			c.fail("protocol-error", err.Error())
			return
		case errors.Is(err, os.ErrDeadlineExceeded):
			c.fail("timeout", fmt.Sprintf("the event was not complete after %v", eventLimit))
			return
		case errors.Is(err, errSaid):
		default:
			return // the connection has ended
		}
	}
}

// errSaid is an error that the client was told and that leaves the connection as it is.
var errSaid = errors.New("the client was told")

func (c *client) peer() string {
	if a := c.conn.RemoteAddr(); a != nil && a.String() != "" && a.String() != "@" {
		return a.String()
	}
	return c.server.o.URI
}

// handle answers an event. Types that are not for a server of wake words are passed over.
func (c *client) handle(ctx context.Context, e Event) error {
	switch e.Type {
	case "describe":
		return c.send("info", infoOf(c.server.o.Words, c.server.o.Version))
	case "ping":
		var p ping
		if err := e.decode(&p); err != nil {
			return err
		}
		return c.send("pong", p)
	case "detect":
		return c.detect(e)
	case "audio-start":
		format, err := formatOf(e)
		if err != nil {
			return err
		}
		c.abandon()
		c.began = format.Timestamp
		return nil
	case "audio-chunk":
		return c.chunk(ctx, e)
	case "audio-stop":
		return c.stop()
	}
	return nil
}

// detect takes what is to be listened for. Sound that is being heard for other words goes on as a new one.
func (c *client) detect(e Event) error {
	var d detect
	if err := e.decode(&d); err != nil {
		return err
	}
	if slices.Equal(d.Names, c.names) {
		return nil
	}
	c.names = d.Names
	if _, unknown := c.server.wanted(d.Names); len(unknown) > 0 {
		c.server.log.Warn("a client of the Wyoming server asks for words that there are none of", "client", c.peer(), "words", unknown)
	}
	c.abandon()
	return nil
}

// formatOf reads the format of sound.
func formatOf(e Event) (audioFormat, error) {
	var f audioFormat
	if err := e.decode(&f); err != nil {
		return f, err
	}
	switch {
	case f.Rate < 1000 || f.Rate > 1_000_000:
		return f, wrong("%s: rate is %d: want 1000 to 1000000 samples a second", e.Type, f.Rate)
	case f.Width < 1 || f.Width > 4:
		return f, wrong("%s: width is %d: want 1 to 4 bytes", e.Type, f.Width)
	case f.Channels < 1 || f.Channels > 64:
		return f, wrong("%s: channels is %d: want 1 to 64", e.Type, f.Channels)
	}
	return f, nil
}

// formats are those of samples by their width. They are signed, also those of one byte, as Python's audioop has it.
var formats = [...]string{1: "s8", 2: "s16le", 3: "s24le", 4: "s32le"}

// start begins to hear, with the first sound.
func (c *client) start(ctx context.Context, f audioFormat) {
	words, _ := c.server.wanted(c.names)
	from, to := io.Pipe()
	h := &hearing{format: f, samples: to, done: make(chan struct{})}
	c.hearing = h
	began := 0.0
	for _, t := range []*float64{c.began, f.Timestamp} {
		if t != nil {
			began = *t
		}
	}
	c.began = nil
	c.silent.Store(0)
	sound := Sound{Samples: from, Format: formats[f.Width], Rate: f.Rate, Channels: f.Channels, Words: words, Peer: c.peer()}
	go func() {
		defer close(h.done)
		defer func() { from.CloseWithError(h.err) }()
		defer panicerr.Recover(&h.err, "hearing a client's sound")
		h.err = c.server.o.Hearer.Hear(ctx, sound, func(name string, end time.Duration) {
			if h.abandoned.Load() || !slices.ContainsFunc(words, func(w Word) bool { return w.Name == name }) {
				return
			}
			h.found = true
			_ = c.send("detection", detection{Name: name, Timestamp: int64(began + float64(1000*end.Seconds()))}) // else its end is noticed by the reader
		})
	}()
}

// chunk passes sound on. It waits while what was passed before is being heard.
func (c *client) chunk(ctx context.Context, e Event) error {
	f, err := formatOf(e)
	if err != nil {
		return err
	}
	if frame := f.Width * f.Channels; len(e.Payload)%frame != 0 {
		return wrong("audio-chunk: %d bytes are no whole samples of %d bytes", len(e.Payload), frame)
	}
	if h := c.hearing; h != nil && (f.Rate != h.format.Rate || f.Width != h.format.Width || f.Channels != h.format.Channels) {
		c.abandon() // what follows is another sound
	}
	if len(e.Payload) == 0 {
		return nil
	}
	if c.hearing == nil { // a client may have left audio-start out
		c.start(ctx, f)
	}
	if _, err := c.hearing.samples.Write(e.Payload); err == nil {
		return nil
	}
	return c.end()
}

// stop ends the sound, and says when nothing was detected in it.
func (c *client) stop() error {
	if c.hearing == nil {
		return c.send("not-detected", nil)
	}
	c.hearing.samples.Close()
	found := c.hearing
	if err := c.end(); err != nil {
		return err
	}
	if found.found {
		return nil
	}
	return c.send("not-detected", nil)
}

// end waits for the end of what is being heard, and tells the client of an error.
func (c *client) end() error {
	h := c.hearing
	<-h.done
	c.hearing = nil
	switch {
	case h.err == nil || errors.Is(h.err, context.Canceled):
		return nil
	case errors.Is(h.err, ErrBusy):
		c.fail("busy", h.err.Error())
	default:
		c.server.log.Warn("the sound of a client of the Wyoming server cannot be heard", "client", c.peer(), "error", h.err)
		c.fail("failed", h.err.Error())
	}
	return errSaid
}

// abandon ends what is being heard without an answer.
func (c *client) abandon() {
	if h := c.hearing; h != nil {
		h.abandoned.Store(true)
		h.samples.Close()
		<-h.done
		c.hearing = nil
	}
}

// send sends an event. Any goroutine may call it.
func (c *client) send(kind string, data any) error {
	b, err := encode(kind, data)
	if err != nil {
		return err
	}
	c.writing.Lock()
	defer c.writing.Unlock()
	if err := c.conn.SetWriteDeadline(time.Now().Add(writeLimit)); err != nil {
		return err
	}
	_, err = c.conn.Write(b)
	return err
}

// fail tells the client what is wrong, as well as that still goes.
func (c *client) fail(code, text string) { _ = c.send("error", failure{Text: text, Code: code}) }
