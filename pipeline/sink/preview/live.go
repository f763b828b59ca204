package preview

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"corallite/pipeline"
	"corallite/pipeline/draw"
)

// boundary separates the pictures of a multipart stream. A JPEG may hold it by chance; its length is told before it.
const boundary = "corallite-frame"

// mjpeg answers with the pictures of one pipeline, each replacing the one before, until the viewer goes or the pipeline
// ends. (The format is that of network cameras: multipart/x-mixed-replace.)
func (s *Server) mjpeg(w http.ResponseWriter, r *http.Request, k *Sink, look draw.Parts) {
	begin := "--" + boundary + "\r\n"
	s.stream(w, r, []*Sink{k}, look, "multipart/x-mixed-replace; boundary="+boundary, func(w io.Writer, p *picture, _ *Sink) error {
		_, err := fmt.Fprintf(w, "%sContent-Type: image/jpeg\r\nContent-Length: %d\r\nX-Seq: %d\r\n\r\n", begin, len(p.jpeg), p.meta.Seq)
		if err == nil {
			_, err = w.Write(p.jpeg)
		}
		// Browsers show a part when the boundary behind it has come, so it must not wait for the next picture.
		if err == nil {
			_, err = io.WriteString(w, "\r\n--"+boundary+"\r\n")
		}
		begin = ""
		return err
	})
}

// liveHead is the line before each picture of /live: JSON, ended by a line feed, then so many bytes of JPEG. Browsers
// open six connections to a server at most, so that the page could not show six pipelines as streams of their own.
type liveHead struct {
	Pipeline string  `json:"pipeline"`
	Seq      uint64  `json:"seq"`
	AgeMS    float64 `json:"age_ms"` // since the capture
	Bytes    int     `json:"bytes"`
}

// live answers with the pictures of several pipelines.
func (s *Server) live(w http.ResponseWriter, r *http.Request, sinks []*Sink, look draw.Parts) {
	s.stream(w, r, sinks, look, "application/octet-stream", func(w io.Writer, p *picture, k *Sink) error {
		age := s.clock.Now().Sub(p.meta.Time)
		head, err := json.Marshal(liveHead{k.name, p.meta.Seq, pipeline.Milliseconds(max(0, age)), len(p.jpeg)})
		if err == nil {
			_, err = w.Write(append(head, '\n'))
		}
		if err == nil {
			_, err = w.Write(p.jpeg)
		}
		return err
	})
}

// stream writes the newest pictures of the sinks as they come, with write, until the viewer goes, the server ends or all
// of the pipelines have ended.
func (s *Server) stream(w http.ResponseWriter, r *http.Request, sinks []*Sink, look draw.Parts, kind string,
	write func(io.Writer, *picture, *Sink) error) {
	if !s.pictures.enter() {
		tooMany(w, s.o.MaxViewers)
		return
	}
	defer s.pictures.leave()
	ctx, cancel := s.until(r.Context())
	defer cancel()
	w.Header().Set("Content-Type", kind)
	w.Header().Set("X-Accel-Buffering", "no") // a proxy that collects pictures makes them old
	out := http.NewResponseController(w)
	// The viewer learns that the stream stands before the first picture comes.
	if r.Method == http.MethodHead || s.bounded(out, func() error { return nil }) != nil {
		return
	}
	v := &viewer{ctx: ctx, cancel: cancel, look: look, out: out}
	v.write = func(p *picture, k *Sink) error { return write(w, p, k) }
	var all sync.WaitGroup
	for _, k := range sinks {
		all.Add(1)
		go func() {
			defer all.Done()
			k.viewers.Add(1)
			defer k.viewers.Add(-1)
			v.follow(k)
		}()
	}
	all.Wait()
}

// viewer is one open stream.
type viewer struct {
	ctx    context.Context
	cancel context.CancelFunc
	look   draw.Parts
	out    *http.ResponseController
	write  func(*picture, *Sink) error
	mu     sync.Mutex // one picture is written at a time
}

// follow sends a pipeline's pictures until the viewer or the pipeline ends.
func (v *viewer) follow(k *Sink) {
	sent := uint64(0)
	for {
		n, err := k.wait(v.ctx, v.look, sent)
		if err == nil {
			n, err = v.send(k, n)
		}
		switch {
		case err == nil:
			sent = n
		case errors.Is(err, errEnded):
			return // the viewer's other pipelines go on
		default:
			v.cancel()
			return
		}
	}
}

// send sends the newest picture of a pipeline whose shot n is there, and returns which it was.
func (v *viewer) send(k *Sink, n uint64) (uint64, error) {
	// The picture is taken when it is its turn, so that it is still the newest then.
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.ctx.Err() != nil {
		return 0, v.ctx.Err()
	}
	p, err := k.picture(v.look)
	if errors.Is(err, errNoPicture) {
		return n, nil // an item that is none
	}
	if err != nil {
		k.failed(err)
		return n, nil
	}
	return max(n, p.n), k.server.bounded(v.out, func() error { return v.write(p, k) })
}

// bounded writes and flushes a part of a stream in the time that one write may take. Between the parts a stream may be
// silent for any time; HTTP/2 streams would otherwise end when the limit passes, though nothing is being written.
func (s *Server) bounded(out *http.ResponseController, write func() error) error {
	if err := out.SetWriteDeadline(time.Now().Add(s.o.writeTimeout)); err != nil {
		return err
	}
	if err := write(); err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return out.SetWriteDeadline(time.Time{})
}

// until is a context that ends with the request or the server.
func (s *Server) until(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		select {
		case <-s.done:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(); <-stopped }
}

func tooMany(w http.ResponseWriter, most int) {
	w.Header().Set("Retry-After", "5")
	http.Error(w, fmt.Sprintf("There are %d viewers already, as many as may be.", most), http.StatusServiceUnavailable)
}
