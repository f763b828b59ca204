package mqtt

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"
	"go.uber.org/goleak"

	"corallite/internal/control"
	"corallite/internal/key"
	"corallite/internal/part"
	"corallite/internal/pipetest"
	"corallite/pipeline"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// message is one that came to the broker.
type message struct {
	topic, payload string
	qos            byte
	retain         bool
}

// testBroker is a real broker on loopback, which remembers what came.
type testBroker struct {
	t       testing.TB
	address string
	hook    mochi.Hook // who may connect
	web     bool       // it speaks through a WebSocket

	mu     sync.Mutex
	server *mochi.Server
	got    []message
	forget bool // messages are only counted

	events atomic.Int64 // on topics that end in events
}

func newTestBroker(t testing.TB) *testBroker {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &testBroker{t: t, address: l.Addr().String(), hook: new(auth.AllowHook)}
	l.Close()
	t.Cleanup(b.stop)
	return b
}

// start starts the broker with nothing retained.
func (b *testBroker) start() {
	b.t.Helper()
	s := mochi.New(&mochi.Options{InlineClient: true, Logger: slog.New(slog.DiscardHandler)})
	if err := s.AddHook(b.hook, nil); err != nil {
		b.t.Fatal(err)
	}
	var l listeners.Listener = listeners.NewTCP(listeners.Config{ID: "t", Address: b.address})
	if b.web {
		l = listeners.NewWebsocket(listeners.Config{ID: "t", Address: b.address})
	}
	if err := s.AddListener(l); err != nil {
		b.t.Fatal(err)
	}
	err := s.Subscribe("#", 1, func(_ *mochi.Client, _ packets.Subscription, p packets.Packet) {
		if strings.HasSuffix(p.TopicName, "/events") {
			b.events.Add(1)
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.forget {
			return
		}
		b.got = append(b.got, message{p.TopicName, string(p.Payload), p.FixedHeader.Qos, p.FixedHeader.Retain})
	})
	if err != nil {
		b.t.Fatal(err)
	}
	if err := s.Serve(); err != nil {
		b.t.Fatal(err)
	}
	b.mu.Lock()
	b.server, b.got = s, nil
	b.mu.Unlock()
}

// stop ends the broker; what it retained is gone.
func (b *testBroker) stop() {
	b.mu.Lock()
	s := b.server
	b.server = nil
	b.mu.Unlock()
	if s != nil {
		s.Close()
	}
}

func (b *testBroker) publish(topic, payload string) {
	b.t.Helper()
	b.mu.Lock()
	s := b.server
	b.mu.Unlock()
	if err := s.Publish(topic, []byte(payload), false, 1); err != nil {
		b.t.Fatal(err)
	}
}

// of are the payloads that came on a topic.
func (b *testBroker) of(topic string) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []string
	for _, m := range b.got {
		if m.topic == topic {
			out = append(out, m.payload)
		}
	}
	return out
}

// last is the newest message on a topic.
func (b *testBroker) last(topic string) (message, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, m := range slices.Backward(b.got) {
		if m.topic == topic {
			return m, true
		}
	}
	return message{}, false
}

// is waits until the newest message on a topic is that.
func (b *testBroker) is(topic, payload string) {
	b.t.Helper()
	var m message
	if !waitFor(func() bool { m, _ = b.last(topic); return m.payload == payload }) {
		b.t.Fatalf("%s is %q, want %q", topic, m.payload, payload)
	}
}

// waitFor waits until something holds, generously.
func waitFor(ok func() bool) bool {
	for range 6000 {
		if ok() {
			return true
		}
		time.Sleep(10 * time.Millisecond)
	}
	return false
}

// logged is a log that tests read.
type logged struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// rig is a program with one pipeline.
type rig struct {
	t      testing.TB
	broker *testBroker
	config Broker
	sink   Config
	env    part.SinkEnv
	log    logged
	link   *Link
	items  pipetest.Items
	seq    uint64
}

func newRig(t testing.TB) *rig {
	t.Helper()
	r := &rig{t: t, broker: newTestBroker(t)}
	r.config = *key.New[Broker]()
	r.config.URL, r.config.ClientID, r.config.Prefix = "mqtt://"+r.broker.address, "test", "corallite"
	r.config.State = filepath.Join(t.TempDir(), "state", "mqtt.json")
	r.sink = *key.New[Config]()
	r.sink.Pictures = false
	r.env = part.SinkEnv{
		Pipeline: "front door", Source: &fakeSource{}, Live: true, Control: &control.Pipeline{},
		Models: []part.Model{{Name: "coco", Task: "detect", Labels: []string{"person", "cat"}, Few: true}},
	}
	return r
}

type fakeSource struct {
	mu    sync.Mutex
	stats pipeline.Stats
}

func (f *fakeSource) Stats() pipeline.Stats {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.stats
}

func (f *fakeSource) set(s pipeline.Stats) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stats = s
}

// open opens the link and the sink, and starts them.
func (r *rig) open() *Sink {
	r.t.Helper()
	s, err := r.tryOpen()
	if err != nil {
		r.t.Fatal(err)
	}
	r.link.Start()
	return s
}

func (r *rig) tryOpen() (*Sink, error) {
	r.t.Helper()
	hot := 55.25
	server, err := r.config.Open(r.t.Context(), part.ServiceEnv{
		Version: "1.2.3", Logger: slog.New(slog.NewTextHandler(&r.log, nil)),
		Devices: func() []part.Device { return []part.Device{{Name: "edgetpu:pci:0", Temperature: &hot}} },
	})
	if err != nil {
		return nil, err
	}
	r.link = server.(*Link)
	r.t.Cleanup(func() { r.link.Close() })
	r.env.Service = func(name string) part.Server {
		if name == "mqtt" {
			return r.link
		}
		return nil
	}
	k, err := r.sink.Open(context.Background(), r.env)
	if err != nil {
		return nil, err
	}
	s := k.(*Sink)
	r.t.Cleanup(func() { s.Close() })
	return s, nil
}

// close ends all as a program does.
func (r *rig) close(s *Sink) {
	r.t.Helper()
	if err := s.Close(); err != nil {
		r.t.Error(err)
	}
	if err := r.link.Close(); err != nil {
		r.t.Error(err)
	}
	if err := r.items.Err(); err != nil {
		r.t.Error(err)
	}
}

// consume gives the sink a report of detections.
func (r *rig) consume(s *Sink, d ...pipeline.Detection) {
	r.t.Helper()
	r.report(s, pipeline.Result{Detections: append(pipeline.Detections{}, d...)})
}

func (r *rig) report(s *Sink, result pipeline.Result) {
	r.t.Helper()
	r.seq++
	at := time.Now()
	it := r.items.New(r.seq, pipeline.Meta{Seq: r.seq, Time: at})
	ev := pipeline.Event{Time: at, Pipeline: "front door", Seq: r.seq, Model: "coco", Task: "detect", Device: "cpu:xnnpack", Result: result}
	if err := s.Consume(r.t.Context(), pipeline.Report{Item: it, Events: []pipeline.Event{ev}}); err != nil {
		r.t.Error(err)
	}
	it.Release()
}

func person(track uint64, zones ...string) pipeline.Detection {
	return pipeline.Detection{Label: "person", Score: 0.8, Track: track, Box: [4]float32{10, 20, 110, 220}, Zones: zones}
}

// fakeBroker is a TCP server that answers what a function says.
func fakeBroker(t testing.TB, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { defer c.Close(); serve(c) })
		}
	})
	t.Cleanup(func() { l.Close(); all.Wait() })
	return l.Addr().String()
}

func contains(t testing.TB, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%q is not in %s", w, text)
		}
	}
}
