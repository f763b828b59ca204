//go:build unix

package preview

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"corallite/internal/pipetest"
	"corallite/pipeline"
)

// relay passes connections on to a server, until it is frozen: then it keeps them and passes on nothing.
type relay struct {
	net.Listener
	flow sync.RWMutex // held for writing while it is frozen
	all  sync.WaitGroup
	mu   sync.Mutex
	open []net.Conn
}

func newRelay(t *testing.T, to string) *relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{Listener: l}
	r.all.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				in.Close()
				continue
			}
			r.mu.Lock()
			r.open = append(r.open, in, out)
			r.mu.Unlock()
			r.all.Go(func() { r.pass(in, out) })
			r.all.Go(func() { r.pass(out, in) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		r.mu.Lock()
		for _, c := range r.open {
			c.Close()
		}
		r.mu.Unlock()
		r.all.Wait()
	})
	return r
}

// flows waits while somebody holds the flow back.
func (r *relay) flows() {
	r.flow.RLock()
	defer r.flow.RUnlock()
}

func (r *relay) pass(from, to net.Conn) {
	defer to.Close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		r.flows()
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

const (
	saysLost = `document.getElementById("connection").textContent.startsWith("Connection lost at ")`
	greyed   = `[...document.querySelectorAll("canvas")].every((c) => getComputedStyle(c).filter === "grayscale(1)")`
)

// TestServerGoneInABrowser checks the page when the server stops, goes silent, and is replaced by another.
func TestServerGoneInABrowser(t *testing.T) {
	b := newBrowser(t)
	s := newServer(t, ServerOptions{})
	yard(t, newSink(t, s, "yard", SinkOptions{FPS: 30}))
	between := newRelay(t, s.Addr().String())
	p := b.open("http://"+between.Addr().String()+"/", 1280, 800, false)
	p.until(`document.querySelector("canvas") && ` + shown + ` > 2 && !` + greyed)

	between.flow.Lock() // no end of the connection tells the page
	p.until(saysLost + " && " + greyed)
	p.screenshot("lost")
	var low []string
	if p.eval(lowContrast, &low); len(low) > 0 {
		t.Errorf("too little contrast: %q", low)
	}
	between.flow.Unlock()
	p.until(`document.getElementById("connection").textContent.startsWith("Live") && !` + greyed)

	p = b.open(s.URL(), 1280, 800, false)
	p.until(`document.querySelector("canvas") && ` + shown + ` > 2`)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	p.until(saysLost + " && " + greyed)
	locked := newServer(t, ServerOptions{Listen: s.Addr().String(), Token: token})
	p.until(`document.getElementById("connection").textContent.startsWith("The token is no longer valid") && ` + greyed)
	if err := locked.Close(); err != nil {
		t.Fatal(err)
	}
	full := newServer(t, ServerOptions{Listen: s.Addr().String(), MaxViewers: 1})
	newSink(t, full, "door", SinkOptions{})
	taken := client(t, full, "/stream/door.mjpg")
	p.until(`document.getElementById("connection").textContent.startsWith("Too many viewers: the limit is 1 viewer.") && ` + greyed)
	taken.Body.Close()
	p.until(`document.body.textContent.includes("door") && !` + greyed)
	if err := full.Close(); err != nil {
		t.Fatal(err)
	}
	again := newServer(t, ServerOptions{Listen: s.Addr().String()})
	yard(t, newSink(t, again, "garden", SinkOptions{FPS: 30}))
	p.until(`document.body.textContent.includes("garden") && !document.body.textContent.includes("yard") && ` + shown + ` > 2 && !` + greyed)
}

// TestManyTabsInABrowser opens more tabs than a browser opens connections to a server: only the one that is seen has a
// stream.
func TestManyTabsInABrowser(t *testing.T) {
	b := newBrowser(t)
	s := newServer(t, ServerOptions{})
	yard(t, newSink(t, s, "yard", SinkOptions{FPS: 30}))
	var tabs []*tab
	for range 8 {
		p := b.open(s.URL(), 800, 600, false)
		p.until(`document.querySelector("canvas") && ` + shown + ` > 2`)
		tabs = append(tabs, p)
	}
	streams := func() int { return len(s.pictures) + len(s.feeds) }
	one := func(what string) {
		t.Helper()
		for deadline := time.Now().Add(patience); streams() != 1; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s: there are %d streams; want 1", what, streams())
			}
		}
	}
	one("eight tabs")
	var before int
	tabs[0].eval(shown, &before)
	tabs[0].do("Page.bringToFront", object{})
	tabs[0].until(fmt.Sprintf("!document.hidden && %s > %d", shown, before+2))
	one("back at the first")
}

// TestStatesInABrowser looks at pipelines in each of their states.
func TestStatesInABrowser(t *testing.T) {
	b := newBrowser(t)
	s := newServer(t, ServerOptions{})
	lost := SourceState{Name: "rtsp://192.0.2.7", Lost: "connection refused"}
	newSink(t, s, "gate", SinkOptions{Source: func() SourceState { return lost }})
	heard := SoundState{LevelDBFS: -18, Seconds: 61}
	var mu sync.Mutex
	hall := newSink(t, s, "hall", SinkOptions{Source: func() SourceState { return SourceState{Name: "microphone:default"} }, Sound: func() SoundState {
		mu.Lock()
		defer mu.Unlock()
		heard.Heard = time.Now()
		return heard
	}})
	clip := newSink(t, s, "clip", SinkOptions{})
	consume(t, clip, frame(t, 320, 180, 0))
	clip.Progress(pipeline.Progress{Dropped: 4, Errors: 1})
	clip.Failed(pipeline.Failure{Stage: pipeline.StageSource, Err: io.ErrUnexpectedEOF})
	if err := clip.Close(); err != nil {
		t.Fatal(err)
	}
	// The CPU is a loss where an Edge TPU was there or asked for, and nowhere else.
	for name, wanted := range map[string]bool{"cpu-machine": false, "lost-device": true} {
		k := newSink(t, s, name, SinkOptions{})
		r := frame(t, 320, 180, 0)
		if r.Events[0].Wanted = wanted; wanted {
			r.Events[0].Model = "lost"
		}
		consume(t, k, r)
	}
	p := b.open(s.URL(), 1280, 800, false)
	p.until(`document.body.innerText.includes("not on the Edge TPU: lost-device")`)
	var orange string
	if p.eval(`[...document.querySelectorAll(".device.warning")].map((d) => d.textContent).join()`, &orange); orange != "lost on cpu:xnnpack: no Edge TPU found" {
		t.Errorf("the warnings of devices are %q", orange)
	}
	texts := func(wanted ...string) {
		t.Helper()
		for _, want := range wanted {
			p.until(fmt.Sprintf("document.body.innerText.includes(%q)", want))
		}
	}
	texts("Waiting for rtsp://192.0.2.7: connection refused. Retrying …", "-18 dBFS", "No word yet", "61 s of sound", "Ended",
		"4 dropped", "1 error", "unexpected EOF", "1 frame ·")
	p.until(`[...document.querySelectorAll("canvas")].some((c) => c.dataset.shown && c.width === 320)`) // the clip's last picture
	r := pipetest.FakeReport(&pipetest.Items{}, 0)
	r.Events = []pipeline.Event{{Model: "nabu", Task: "wakeword", Device: "cpu", Result: pipeline.Result{Keywords: []pipeline.Keyword{{Label: "Okay Nabu", Score: 0.98}}}}}
	consume(t, hall, r)
	texts("“Okay Nabu” 98%", "heard at")
	var buttons []string
	if p.eval(`[...document.querySelectorAll(".bar button")].filter((b) => b.checkVisibility()).map((b) => b.textContent)`, &buttons); strings.Join(buttons, " ") != "Pause Boxes Labels" {
		t.Errorf("the switches are %q", buttons)
	}
	if complaints := p.complaints(); len(complaints) > 0 {
		t.Errorf("the page complained:\n%s", strings.Join(complaints, "\n"))
	}
	checkLooks(t, p, "states-")
}
