package mqtt

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mochi-mqtt/server/v2/hooks/auth"
)

// TestBrokerGoneAndBack has a broker that is not there at first, goes, and comes back without what it retained.
func TestBrokerGoneAndBack(t *testing.T) {
	r := newRig(t)
	s := r.open()
	topic := "corallite/front_door/events"
	var want []string
	send := func(n int) {
		for range n {
			p := fmt.Sprint(len(want))
			want = append(want, p)
			r.link.send(topic, []byte(p), nil)
		}
	}
	send(50)
	if !waitFor(func() bool { return strings.Contains(r.log.String(), "no connection") }) {
		t.Fatal(r.log.String())
	}
	r.broker.start()
	if !waitFor(func() bool { return len(r.broker.of(topic)) >= 50 }) {
		t.Fatalf("%d events", len(r.broker.of(topic)))
	}
	if got := unrepeated(r.broker.of(topic)); !reflect.DeepEqual(got, want) {
		t.Errorf("%q", got)
	}
	r.broker.is("corallite/status", "online")
	r.broker.is("corallite/front_door/source", "ON")

	r.broker.stop()
	if !waitFor(func() bool { return !r.link.connected() }) {
		t.Fatal("the connection's end is not noticed")
	}
	want = nil
	send(20)
	r.consume(s, person(1))
	r.broker.start()
	if !waitFor(func() bool { return len(unrepeated(r.broker.of(topic))) >= 21 }) {
		t.Fatalf("%q", r.broker.of(topic))
	}
	if got := unrepeated(r.broker.of(topic)); !reflect.DeepEqual(got[:20], want) {
		t.Errorf("%q", got)
	}
	for topic, payload := range map[string]string{
		"corallite/status": "online", "corallite/front_door/source": "ON", "corallite/front_door/person/count": "1",
		"corallite/front_door/person/occupancy": "ON", "corallite/front_door/cat/occupancy": "OFF", "corallite/front_door/detect/state": "ON",
	} {
		r.broker.is(topic, payload)
	}
	if m, _ := r.broker.last("corallite/status"); m.qos != 1 {
		t.Errorf("%+v", m)
	}
	r.close(s)
	r.broker.is("corallite/status", "offline")
	r.broker.is("corallite/front_door/source", "OFF")
}

// TestShortRun ends at once: what it has to say comes all the same.
func TestShortRun(t *testing.T) {
	r := newRig(t)
	r.broker.start()
	s := r.open()
	r.link.send("corallite/x/events", []byte("only"), nil)
	r.close(s)
	r.broker.is("corallite/x/events", "only")
	r.broker.is("corallite/status", "offline")
}

// TestAnHour has a broker that goes for an hour of an event each second, and comes back without what it retained.
func TestAnHour(t *testing.T) {
	r := newRig(t)
	r.broker.start()
	s, err := r.tryOpen()
	if err != nil {
		t.Fatal(err)
	}
	r.link.journal.every = time.Millisecond
	r.link.Start()
	r.broker.is("corallite/status", "online")
	r.broker.stop()
	if !waitFor(func() bool { return !r.link.connected() }) {
		t.Fatal("the connection's end is not noticed")
	}
	var lost atomic.Int64
	topic := "corallite/x/events"
	for second := range 3600 {
		r.link.send(topic, fmt.Append(nil, second), func(n int) { lost.Add(int64(n)) })
		if second%60 == 0 {
			r.consume(s, person(1))
		}
		s.tick(time.Now())
	}
	r.consume(s, person(1), person(2))
	r.link.mu.Lock()
	waiting, states, pending := len(r.link.queue.all), len(r.link.states), len(r.link.pending)
	r.link.mu.Unlock()
	if waiting != DefaultQueue || pending > states || states > 40 {
		t.Errorf("%d events and %d of %d states wait", waiting, pending, states)
	}
	written := func() int64 {
		info, err := os.Stat(r.link.journal.path)
		if err != nil {
			return 0
		}
		return info.Size()
	}
	if !waitFor(func() bool { return written() > 0 }) || written() > 2<<20 {
		t.Errorf("%d bytes are written", written())
	}
	r.broker.start()
	r.broker.is(topic, "3599")
	got := unrepeated(r.broker.of(topic))
	if n := 3600 - int(lost.Load()); len(got) != n || got[0] != fmt.Sprint(3600-n) || n < DefaultQueue-100 { // the pipeline's events are among those that wait
		t.Errorf("%d events came, the first %s; %d were lost", len(got), got[0], lost.Load())
	}
	for topic, payload := range map[string]string{
		"corallite/status": "online", "corallite/front_door/source": "ON", "corallite/front_door/person/count": "2", "corallite/front_door/cat/count": "0",
	} {
		r.broker.is(topic, payload)
	}
	if !waitFor(func() bool { return strings.Contains(r.log.String(), "events were lost while") }) {
		t.Error(r.log.String())
	}
	if n := strings.Count(r.log.String(), "\n"); n > 40 {
		t.Errorf("%d lines are logged", n)
	}
	r.close(s)
}

// unrepeated leaves out what was sent again because its acknowledgement was lost.
func unrepeated(all []string) (out []string) {
	seen := map[string]bool{}
	for _, p := range all {
		if !seen[p] {
			seen[p] = true
			out = append(out, p)
		}
	}
	return out
}

// TestLostWithoutABroker has more events than the queue holds; the rest survives the end of the program.
func TestLostWithoutABroker(t *testing.T) {
	r := newRig(t)
	r.config.Queue = 10
	s := r.open()
	var lost atomic.Int64
	for i := range 25 {
		r.link.send("corallite/x/events", fmt.Append(nil, i), func(n int) { lost.Add(int64(n)) })
	}
	if lost.Load() != 15 {
		t.Errorf("%d were lost", lost.Load())
	}
	contains(t, r.log.String(), "the oldest are lost")
	began := time.Now()
	r.close(s)
	if d := time.Since(began); d > 30*time.Second {
		t.Errorf("the end took %v without a broker", d)
	}
	if info, err := os.Stat(r.config.State); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	r.broker.start()
	s = r.open()
	if !waitFor(func() bool { return len(r.broker.of("corallite/x/events")) >= 10 }) {
		t.Fatalf("%q", r.broker.of("corallite/x/events"))
	}
	if got := unrepeated(r.broker.of("corallite/x/events")); len(got) != 10 || got[0] != "15" || got[9] != "24" {
		t.Errorf("%q", got)
	}
	r.close(s)
}

func TestQueueIsBoundedInBytes(t *testing.T) {
	q := queue{most: 1000}
	big := make([]byte, maxQueueBytes/4)
	lost := 0
	for range 10 {
		lost += len(q.put(event{Payload: big}))
	}
	if q.bytes > maxQueueBytes || len(q.all) != 4 || lost != 6 {
		t.Errorf("%d bytes in %d events, %d lost", q.bytes, len(q.all), lost)
	}
	_, n, _ := q.first()
	q.done(n + 1) // one that is not the first
	if len(q.all) != 4 {
		t.Error("the wrong event went")
	}
	for range 5 {
		_, n, _ := q.first()
		q.done(n)
	}
	if len(q.all) != 0 || q.bytes != 0 {
		t.Errorf("%d, %d", len(q.all), q.bytes)
	}
}

// TestWillIsTakenBack has the broker end the connection: its will says offline, which must not stay.
func TestWillIsTakenBack(t *testing.T) {
	r := newRig(t)
	r.broker.start()
	s := r.open()
	r.broker.is("corallite/status", "online")
	c, ok := r.broker.server.Clients.Get("test")
	if !ok {
		t.Fatal("no client")
	}
	c.Stop(fmt.Errorf("cut"))
	if !waitFor(func() bool {
		said := r.broker.of("corallite/status")
		return len(said) >= 3 && said[len(said)-1] == "online"
	}) {
		t.Errorf("%q", r.broker.of("corallite/status"))
	}
	contains(t, strings.Join(r.broker.of("corallite/status"), " "), "offline")
	r.close(s)
}

func TestBirthOfHomeAssistant(t *testing.T) {
	r := newRig(t)
	r.config.Home = &Home{Prefix: "homeassistant"}
	r.broker.start()
	s := r.open()
	r.broker.is("corallite/status", "online")
	topic := "homeassistant/device/test_front_door/config"
	if !waitFor(func() bool { return len(r.broker.of(topic)) > 0 }) {
		t.Fatal("no discovery")
	}
	// The subscription may come after the states.
	if !waitFor(func() bool {
		r.broker.publish("homeassistant/status", "online")
		time.Sleep(20 * time.Millisecond)
		return len(r.broker.of(topic)) > 1 && len(r.broker.of("corallite/front_door/source")) > 1
	}) {
		t.Error("discovery and states are not sent again")
	}
	r.close(s)
}

func TestRefusingBrokers(t *testing.T) {
	r := newRig(t)
	r.broker.hook = new(auth.Hook) // which lets nobody in
	r.broker.start()
	t.Setenv("SECRET_PASSWORD", "hunter2hunter2")
	r.config.User, r.config.PasswordEnv = "anna", "SECRET_PASSWORD"
	s := r.open()
	if !waitFor(func() bool { return strings.Contains(r.log.String(), "user") }) {
		t.Error(r.log.String())
	}
	r.close(s)
	if strings.Contains(r.log.String(), "hunter2") {
		t.Error("the password is in the log")
	}

	for name, c := range map[string]struct {
		answer []byte
		want   string
	}{
		"3.1.1":     {[]byte{0x20, 2, 0, 1}, "does not speak MQTT 5"},
		"5, not 5":  {[]byte{0x20, 3, 0, 0x84, 0}, "does not speak MQTT 5"},
		"banned":    {[]byte{0x20, 3, 0, 0x8a, 0}, "banned"},
		"not MQTT":  {[]byte("HTTP/1.1 400 Bad Request\r\n\r\n"), "no connection"},
		"malicious": {[]byte{0x20, 0xff, 0xff, 0xff, 0x7f, 0}, "no connection"},
	} {
		r := newRig(t)
		r.config.URL = "mqtt://" + fakeBroker(t, func(conn net.Conn) {
			conn.Read(make([]byte, 1024))
			conn.Write(c.answer)
			time.Sleep(10 * time.Millisecond)
		})
		s := r.open()
		if !waitFor(func() bool { return strings.Contains(r.log.String(), c.want) }) {
			t.Errorf("%s: %s", name, r.log.String())
		}
		r.close(s)
	}
}

// TestSlowBroker has one that takes the connection and nothing more.
func TestSlowBroker(t *testing.T) {
	r := newRig(t)
	r.config.Flush = 50 * time.Millisecond
	r.config.URL = "mqtt://" + fakeBroker(t, func(c net.Conn) {
		c.Read(make([]byte, 1024))
		c.Write([]byte{0x20, 3, 0, 0, 0}) // connected
		buf := make([]byte, 1)
		for {
			if _, err := c.Read(buf); err != nil {
				return
			}
			time.Sleep(time.Millisecond)
		}
	})
	s := r.open()
	if !waitFor(r.link.connected) {
		t.Fatal(r.log.String())
	}
	for range 3 * DefaultQueue {
		r.consume(s, person(1))
		r.link.send("corallite/x/events", []byte("x"), nil)
	}
	r.link.mu.Lock()
	n, pending := len(r.link.queue.all), len(r.link.pending)
	r.link.mu.Unlock()
	if n > DefaultQueue || pending > 100 {
		t.Errorf("%d events and %d states wait", n, pending)
	}
	r.close(s)
}

func TestStateFile(t *testing.T) {
	r := newRig(t)
	if err := os.MkdirAll(r.config.State[:len(r.config.State)-len("/mqtt.json")], 0o700); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{"{": "is damaged", `{"pipelines": 3}`: "is damaged", "": ""} {
		if err := os.WriteFile(r.config.State, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := r.tryOpen()
		if want == "" != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
		if s != nil {
			r.close(s)
		}
	}
}

func TestAddresses(t *testing.T) {
	t.Setenv("HOST_OF_BROKER", "broker.lan:1884")
	for u, want := range map[string]string{
		"mqtt://broker": "broker:1883", "mqtts://broker": "broker:8883", "mqtt://${HOST_OF_BROKER}": "broker.lan:1884", "mqtt://[::1]": "[::1]:1883",
		"ws://broker": "broker:80", "wss://u:p@broker:9001/x": "broker:9001", "http://broker": "", "mqtt://": "", "broker": "", "mqtt://${NOT_SET_AT_ALL}": "", "mqtt://a:b@:1": "",
	} {
		b := Broker{URL: u}
		c, err := b.connection()
		if want == "" != (err != nil) || c.address != want && want != "" {
			t.Errorf("%s: %q, %v", u, c.address, err)
		}
		if (c.tls != nil) != (strings.HasPrefix(u, "mqtts") || strings.HasPrefix(u, "wss")) {
			t.Errorf("%s: TLS %v", u, c.tls != nil)
		}
	}
	b := Broker{URL: "mqtt://u:p@broker", PasswordFile: t.TempDir()}
	if _, err := b.connection(); err == nil {
		t.Error("a folder is no password")
	}
}

// decode reads a JSON object.
func decode(t *testing.T, text string) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return out
}
