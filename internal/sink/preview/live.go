package preview

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

	"corallite/internal/draw"
	"corallite/internal/english"
	"corallite/internal/httpserver"
	"corallite/pipeline"
)

// boundary separates the pictures of a multipart stream. A JPEG may hold it by chance; its length is told before it.
const boundary = "corallite-frame"

// mjpeg answers with the pictures of one pipeline, each replacing the one before, until the viewer goes or the pipeline
// ends. (The format is that of network cameras: multipart/x-mixed-replace.)
func (s *Server) mjpeg(w http.ResponseWriter, r *http.Request, k *Sink, look draw.Parts) {
	begin := "--" + boundary + "\r\n"
	s.stream(w, r, []*Sink{k}, "multipart/x-mixed-replace; boundary="+boundary, &viewer{look: look, write: func(w io.Writer, p *picture, _ *Sink) error {
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
	}})
}

// liveHead is the line before each part of /live: JSON, ended by a line feed, then so many bytes: a JPEG, or where there
// is no pipeline a Status as JSON. Browsers open six connections to a server at most, so that the page has one only.
type liveHead struct {
	Pipeline string  `json:"pipeline,omitempty"`
	Seq      uint64  `json:"seq"`
	AgeMS    float64 `json:"age_ms"` // since the capture
	Bytes    int     `json:"bytes"`
}

func writePart(w io.Writer, head liveHead, data []byte) error {
	head.Bytes = len(data)
	line, err := json.Marshal(head)
	if err == nil {
		_, err = w.Write(append(line, '\n'))
	}
	if err == nil {
		_, err = w.Write(data)
	}
	return err
}

// live answers with the pictures of several pipelines, and with the status where that is wanted.
func (s *Server) live(w http.ResponseWriter, r *http.Request, sinks []*Sink, look draw.Parts, status bool) {
	v := &viewer{look: look, write: func(w io.Writer, p *picture, k *Sink) error {
		age := s.clock.Now().Sub(p.meta.Time)
		return writePart(w, liveHead{Pipeline: k.name, Seq: p.meta.Seq, AgeMS: pipeline.Milliseconds(max(0, age))}, p.jpeg)
	}}
	if status {
		v.status = func(w io.Writer, status []byte) error { return writePart(w, liveHead{}, status) }
	}
	s.stream(w, r, sinks, "application/octet-stream", v)
}

// stream writes the newest pictures of the sinks as they come until the viewer goes, the server ends or all of the
// pipelines have ended; with the status it goes on then.
func (s *Server) stream(w http.ResponseWriter, r *http.Request, sinks []*Sink, kind string, v *viewer) {
	room := s.pictures
	if len(sinks) == 0 {
		room = s.feeds
	}
	if !room.enter() {
		tooMany(w, s.o.MaxViewers)
		return
	}
	defer room.leave()
	w.Header().Set("Content-Type", kind)
	w.Header().Set("X-Accel-Buffering", "no") // a proxy that collects pictures makes them old
	v.Stream = s.http.Stream(w, r)
	defer v.Close()
	// The viewer learns that the stream stands before the first picture comes.
	if r.Method == http.MethodHead || v.Send(func(io.Writer) error { return nil }) != nil {
		return
	}
	var all sync.WaitGroup
	for _, k := range sinks {
		all.Go(func() {
			k.viewers.Add(1)
			defer k.viewers.Add(-1)
			v.follow(k)
		})
	}
	if v.status != nil {
		all.Go(func() {
			s.tell(v.Context(), v.tell)
			v.Close()
		})
	}
	all.Wait()
}

// viewer is one open stream.
type viewer struct {
	*httpserver.Stream
	look   draw.Parts
	write  func(io.Writer, *picture, *Sink) error
	status func(w io.Writer, status []byte) error // nil: it is not wanted
	mu     sync.Mutex                             // one part is written at a time
}

// tell sends a status.
func (v *viewer) tell(status []byte) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.Send(func(w io.Writer) error { return v.status(w, status) })
}

// follow sends a pipeline's pictures until the viewer or the pipeline ends.
func (v *viewer) follow(k *Sink) {
	sent := uint64(0)
	for {
		n, err := k.wait(v.Context(), v.look, sent)
		if err == nil {
			n, err = v.send(k, n)
		}
		switch {
		case err == nil:
			sent = n
		case errors.Is(err, errEnded):
			v.last(k, sent)
			return // the viewer's other pipelines go on
		default:
			v.Close()
			return
		}
	}
}

// last sends the picture that a pipeline ended with, unless snapshot sent was that.
func (v *viewer) last(k *Sink, sent uint64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	p, err := k.picture(v.look)
	if err != nil || p.n <= sent {
		return
	}
	if v.Send(func(w io.Writer) error { return v.write(w, p, k) }) != nil {
		v.Close()
	}
}

// send sends the newest picture of a pipeline whose snapshot n is there, and returns which it was.
func (v *viewer) send(k *Sink, n uint64) (uint64, error) {
	// The picture is taken when it is its turn, so that it is still the newest then.
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := v.Context().Err(); err != nil {
		return 0, err
	}
	p, err := k.picture(v.look)
	if errors.Is(err, errNoPicture) {
		return n, nil // an item that is none
	}
	if err != nil {
		k.failed(err)
		return n, nil
	}
	return max(n, p.n), v.Send(func(w io.Writer) error { return v.write(w, p, k) })
}

func tooMany(w http.ResponseWriter, most int) {
	httpserver.Unavailable(w, fmt.Sprintf("Too many viewers: the limit is %s.", english.Count(most, "viewer")))
}
