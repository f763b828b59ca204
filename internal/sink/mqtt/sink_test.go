package mqtt

import (
	"bytes"
	"encoding/json"
	"flag"
	"image/jpeg"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"gocv.io/x/gocv"

	"corallite/internal/control"
	"corallite/internal/part"
	"corallite/pipeline"
	"corallite/pipeline/vision"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestDiscovery holds the payload of a pipeline's device against the golden file, which scripts/home-assistant gives to
// Home Assistant's own schemas.
func TestDiscovery(t *testing.T) {
	r := newRig(t)
	r.config.Home = &Home{Prefix: "homeassistant"}
	r.sink.Pictures = true
	r.env.Zones = []string{"front yard"}
	r.env.Control.Add("coco", 0.5)
	r.env.Models = append(r.env.Models, part.Model{Name: "nabu", Task: "wakeword", Labels: []string{"okay_nabu"}})
	r.broker.start()
	s := r.open()
	for _, topic := range []string{"homeassistant/device/test/config", "homeassistant/device/test_front_door/config"} {
		if !waitFor(func() bool { _, ok := r.broker.last(topic); return ok }) {
			t.Fatal(topic)
		}
		m, _ := r.broker.last(topic)
		if m.qos != 1 {
			t.Errorf("%s has QoS %d", topic, m.qos)
		}
		var pretty bytes.Buffer
		if err := json.Indent(&pretty, []byte(m.payload), "", " "); err != nil {
			t.Fatal(err)
		}
		pretty.WriteByte('\n')
		file := filepath.Join("testdata", strings.Split(topic, "/")[2]+".json")
		if *update {
			if err := os.WriteFile(file, pretty.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil || !bytes.Equal(want, pretty.Bytes()) {
			t.Errorf("%s: %v\n%s", topic, err, pretty.Bytes())
		}
		// What a component reads must be published, or accepted.
		for id, c := range decode(t, m.payload)["components"].(map[string]any) {
			for k, v := range c.(map[string]any) {
				topic := toString(v)
				switch {
				case k == "state_topic" && !strings.HasSuffix(topic, "/words") && !strings.Contains(topic, "temperature"):
					if !waitFor(func() bool { _, ok := r.broker.last(topic); return ok }) {
						t.Errorf("%s: nothing is published on %s", id, topic)
					}
				case k == "command_topic":
					if r.link.handlers[topic] == nil {
						t.Errorf("%s: nobody listens to %s", id, topic)
					}
				}
			}
		}
	}
	r.close(s)
}

func toString(v any) string { s, _ := v.(string); return s }

// TestRemoval has labels, and then the pipeline's sink, go from the configuration, each with a restart.
func TestRemoval(t *testing.T) {
	r := newRig(t)
	r.config.Home = &Home{Prefix: "homeassistant"}
	topic := "homeassistant/device/test_front_door/config"
	r.broker.start()
	s := r.open()
	r.broker.is("corallite/front_door/cat/count", "0")
	if !waitFor(func() bool { r.link.mu.Lock(); defer r.link.mu.Unlock(); return r.link.memory.Components[topic] != nil }) {
		t.Fatal("no discovery")
	}
	r.close(s)

	r.env.Models[0].Labels = []string{"person"}
	s = r.open()
	r.broker.is("corallite/front_door/cat/count", "")
	m, _ := r.broker.last(topic)
	components := decode(t, m.payload)["components"].(map[string]any)
	if gone, ok := components["cat_count"].(map[string]any); !ok || len(gone) != 1 || gone["platform"] != "sensor" || components["person_count"] == nil {
		t.Errorf("%v", components["cat_count"])
	}
	if !waitFor(func() bool {
		r.link.mu.Lock()
		defer r.link.mu.Unlock()
		return r.link.memory.Components[topic] != nil && r.link.memory.Components[topic]["cat_count"] == ""
	}) {
		t.Error("what was removed is not forgotten")
	}
	r.close(s)

	r.env.Pipeline = "back"
	s = r.open()
	r.broker.is(topic, "")
	r.broker.is("corallite/front_door/source", "")
	r.broker.is("corallite/back/source", "ON")
	if !waitFor(func() bool { r.link.mu.Lock(); defer r.link.mu.Unlock(); return r.link.states[topic] == nil }) {
		t.Error("what was removed is not forgotten")
	}
	r.close(s)
}

func TestControls(t *testing.T) {
	r := newRig(t)
	threshold := r.env.Control.Add("coco", 0.5)
	r.broker.start()
	s := r.open()
	r.broker.is("corallite/front_door/models/coco/threshold/state", "0.5")
	set := func(topic, payload, state, want string) {
		t.Helper()
		if !waitFor(func() bool { // the subscription may not be there yet
			r.broker.publish("corallite/front_door/"+topic, payload)
			time.Sleep(5 * time.Millisecond)
			m, _ := r.broker.last("corallite/front_door/" + state)
			return m.payload == want
		}) {
			t.Errorf("%s %s: no %s", topic, payload, want)
		}
	}
	set("detect/set", "OFF", "detect/state", "OFF")
	if r.env.Control.On() {
		t.Error("detection goes on")
	}
	set("models/coco/threshold/set", "0.65", "models/coco/threshold/state", "0.65")
	for _, wrong := range []string{"0.05", "1.1", "NaN", "", "much", strings.Repeat("1", 2000)} {
		r.broker.publish("corallite/front_door/models/coco/threshold/set", wrong)
		r.broker.publish("corallite/front_door/detect/set", wrong)
	}
	set("models/coco/threshold/set", " 0.7 ", "models/coco/threshold/state", "0.7")
	if threshold.Get() != 0.7 || r.env.Control.On() {
		t.Errorf("%v, %v", threshold.Get(), r.env.Control.On())
	}
	r.close(s)

	r.env.Control = &control.Pipeline{}
	threshold = r.env.Control.Add("coco", 0.5)
	s = r.open()
	if threshold.Get() != 0.7 || r.env.Control.On() {
		t.Errorf("after a restart: %v, %v", threshold.Get(), r.env.Control.On())
	}
	r.broker.is("corallite/front_door/detect/state", "OFF")
	set("detect/set", "on", "detect/state", "ON")
	if !r.env.Control.On() {
		t.Error("detection stays off")
	}
	r.close(s)
}

func TestPresence(t *testing.T) {
	var p presence
	at := time.Unix(1000, 0)
	step := func(d time.Duration, n, count int, present bool) {
		t.Helper()
		at = at.Add(d)
		p.update(n, at)
		p.tick(at, 5*time.Second)
		if p.count != count || p.present != present {
			t.Errorf("at %v: %d, %v; want %d, %v", at.Unix(), p.count, p.present, count, present)
		}
	}
	step(0, 0, 0, false)
	step(time.Second, 2, 2, true)
	step(100*time.Millisecond, 1, 2, true) // missed once
	step(100*time.Millisecond, 2, 2, true)
	step(100*time.Millisecond, 0, 2, true)
	step(500*time.Millisecond, 1, 2, true)
	step(600*time.Millisecond, 0, 1, true) // 1 is the most of the last second
	step(1100*time.Millisecond, 0, 0, true)
	step(3900*time.Millisecond, 0, 0, false)
	step(time.Second, 1, 1, true)
	step(time.Hour, 1, 1, true) // a slow source
}

func TestCountsAndZones(t *testing.T) {
	r := newRig(t)
	r.env.Zones = []string{"front yard"}
	r.sink.OffDelay = 10 * time.Millisecond
	r.broker.start()
	s := r.open()
	r.consume(s, person(1, "front yard"), person(2))
	r.broker.is("corallite/front_door/person/count", "2")
	r.broker.is("corallite/front_door/person/occupancy", "ON")
	r.broker.is("corallite/front_door/zones/front_yard/person/count", "1")
	r.broker.is("corallite/front_door/zones/front_yard/person/occupancy", "ON")
	r.broker.is("corallite/front_door/zones/front_yard/cat/occupancy", "OFF")
	r.consume(s)
	r.broker.is("corallite/front_door/person/count", "0")
	r.broker.is("corallite/front_door/person/occupancy", "OFF")
	r.env.Source.(*fakeSource).set(pipeline.Stats{Lost: "refused", Name: "camera:0"})
	r.broker.is("corallite/front_door/source", "OFF")
	var events []string
	if !waitFor(func() bool { events = r.broker.of("corallite/front_door/events"); return len(events) == 1 }) {
		t.Fatalf("%q", events)
	}
	if e := decode(t, events[0]); e["model"] != "coco" || len(e["detections"].([]any)) != 2 {
		t.Errorf("%v", e)
	}
	r.close(s)
}

// TestLabelsThatAreFound has no list of labels: what is found gets topics, also after a restart.
func TestLabelsThatAreFound(t *testing.T) {
	r := newRig(t)
	r.env.Models[0].Few = false
	r.config.Home = &Home{Prefix: "homeassistant"}
	topic := "homeassistant/device/test_front_door/config"
	r.broker.start()
	s := r.open()
	r.consume(s, pipeline.Detection{Label: "traffic light/+#", Score: 0.9}, pipeline.Detection{Label: "all", Score: 0.9})
	r.broker.is("corallite/front_door/traffic_light___/count", "1")
	r.broker.is("corallite/front_door/all_2/count", "1")
	if !waitFor(func() bool {
		m, _ := r.broker.last(topic)
		return strings.Contains(m.payload, `"traffic_light____count"`)
	}) {
		t.Error("it is not announced")
	}
	r.close(s)
	s = r.open()
	if !slices.Contains(s.labels, "traffic light/+#") {
		t.Errorf("%q", s.labels)
	}
	for i := range 3 * maxLabels {
		r.consume(s, pipeline.Detection{Label: strings.Repeat("x", i+1), Score: 0.9})
	}
	if len(s.labels) != maxLabels {
		t.Errorf("%d labels", len(s.labels))
	}
	r.close(s)
}

func TestWords(t *testing.T) {
	r := newRig(t)
	r.env.Models = []part.Model{{Name: "nabu", Task: "wakeword", Labels: []string{"okay_nabu"}}}
	r.env.Sound = func() (float32, time.Time) { return -20, time.Now() }
	word := pipeline.Result{Keywords: pipeline.Keywords{{Label: "okay_nabu", Score: 0.91}}}
	s := r.open()
	r.report(s, word) // nobody hears it
	r.broker.start()
	if !waitFor(r.link.connected) {
		t.Fatal(r.log.String())
	}
	r.report(s, word)
	if !waitFor(func() bool { return len(r.broker.of("corallite/front_door/words")) > 0 }) {
		t.Fatal("no word")
	}
	all := r.broker.of("corallite/front_door/words")
	if w := decode(t, all[0]); len(all) != 1 || w["event_type"] != "okay_nabu" || w["score"] != 0.91 {
		t.Errorf("%q", all)
	}
	r.close(s)
}

// TestPictures has a real frame with an object, then a better one, then another object.
func TestPictures(t *testing.T) {
	r := newRig(t)
	r.sink.Pictures = true
	r.config.Style, r.config.Prefix = StyleFrigate, "frigate"
	r.broker.start()
	s := r.open()
	show := func(d pipeline.Detection) {
		t.Helper()
		f, err := vision.NewFrame(gocv.NewMatWithSizeFromScalar(gocv.NewScalar(20, 90, 200, 0), 720, 1280, gocv.MatTypeCV8UC3))
		if err != nil {
			t.Fatal(err)
		}
		ev := pipeline.Event{Time: time.Now(), Model: "coco", Result: pipeline.Result{Detections: pipeline.Detections{d}}}
		if err := s.Consume(t.Context(), pipeline.Report{Item: f, Events: []pipeline.Event{ev}}); err != nil {
			t.Fatal(err)
		}
		f.Release()
	}
	show(person(1))
	for _, topic := range []string{"frigate/front_door/person/picture", "frigate/front_door/person/snapshot", "frigate/front_door/picture"} {
		if !waitFor(func() bool { return len(r.broker.of(topic)) == 1 }) {
			t.Fatalf("%s: %d", topic, len(r.broker.of(topic)))
		}
		c, err := jpeg.DecodeConfig(strings.NewReader(r.broker.of(topic)[0]))
		if err != nil || c.Width != 640 || c.Height != 360 {
			t.Errorf("%s: %+v, %v", topic, c, err)
		}
	}
	show(person(2))
	if !waitFor(func() bool { return len(r.broker.of("frigate/front_door/person/snapshot")) == 2 }) {
		t.Error("another object has no picture")
	}
	r.close(s)
}

// TestFrigate follows an object through Frigate's events.
func TestFrigate(t *testing.T) {
	r := newRig(t)
	r.config.Style, r.config.Prefix = StyleFrigate, "cctv"
	r.env.Zones = []string{"yard"}
	r.broker.start()
	s := r.open()
	r.broker.is("cctv/available", "online")
	r.consume(s, person(1))
	r.consume(s, person(1)) // nothing has changed
	r.consume(s, person(1, "yard"))
	r.broker.is("cctv/front_door/person", "1")
	r.broker.is("cctv/front_door/person/active", "1")
	r.broker.is("cctv/front_door/all", "1")
	r.broker.is("cctv/yard/person", "1")
	r.broker.is("cctv/front_door/status/detect", "online")
	r.report(s, pipeline.Result{Detections: pipeline.Detections{}, Ended: pipeline.Tracks{{Track: 1, Label: "person"}}})
	if !waitFor(func() bool { return len(r.broker.of("cctv/events")) >= 3 }) {
		t.Fatalf("%q", r.broker.of("cctv/events"))
	}
	var kinds []string
	for _, e := range r.broker.of("cctv/events") {
		kinds = append(kinds, decode(t, e)["type"].(string))
	}
	if !slices.Equal(kinds, []string{"new", "update", "end"}) {
		t.Fatalf("%q", kinds)
	}
	update, end := decode(t, r.broker.of("cctv/events")[1]), decode(t, r.broker.of("cctv/events")[2])
	before, after := update["before"].(map[string]any), update["after"].(map[string]any)
	if len(before["current_zones"].([]any)) != 0 || after["current_zones"].([]any)[0] != "yard" || before["id"] != after["id"] || after["end_time"] != nil {
		t.Errorf("%v", update)
	}
	last := end["after"].(map[string]any)
	if last["end_time"] == nil || last["camera"] != "front_door" || last["area"] != 20000.0 || last["entered_zones"].([]any)[0] != "yard" || last["active"] != false {
		t.Errorf("%v", last)
	}
	for _, k := range strings.Fields("id camera frame_time snapshot label sub_label top_score false_positive start_time end_time score box area ratio region current_zones entered_zones thumbnail has_snapshot has_clip active stationary motionless_count position_changes attributes current_attributes") {
		if _, ok := last[k]; !ok {
			t.Errorf("%s is missing", k)
		}
	}
	if !waitFor(func() bool {
		r.broker.publish("cctv/front_door/enabled/set", "OFF")
		time.Sleep(5 * time.Millisecond)
		return !r.env.Control.On()
	}) {
		t.Error("it is not switched off")
	}
	r.broker.is("cctv/front_door/detect/state", "OFF")
	r.broker.is("cctv/front_door/enabled/state", "OFF")
	r.broker.is("cctv/front_door/status/detect", "disabled")
	r.close(s)
	r.broker.is("cctv/available", "stopped")

	r.env.Zones = []string{"front_door"}
	if _, err := r.tryOpen(); err == nil || !strings.Contains(err.Error(), "choose another name") {
		t.Errorf("a zone with the camera's name: %v", err)
	}
}

func TestWithoutABlock(t *testing.T) {
	env := part.SinkEnv{Pipeline: "p", Service: func(string) part.Server { return nil }}
	if _, err := new(Config).Open(t.Context(), env); err == nil || !strings.Contains(err.Error(), "mqtt: {url:") {
		t.Error(err)
	}
}

// BenchmarkEvents is a report with three objects and its event, to a broker in the same process, at 100 reports a second as
// fast as they are taken: CPU time is that of the client, the broker and the test together.
func BenchmarkEvents(b *testing.B) {
	r := newRig(b)
	r.env.Zones = []string{"yard"}
	r.sink.When = "every"
	r.broker.start()
	r.broker.forget = true
	s := r.open()
	waitFor(r.link.connected)
	var before, after syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &before); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		r.consume(s, person(1, "yard"), person(2), person(3))
		for r.broker.events.Load() < int64(i-500) {
			time.Sleep(100 * time.Microsecond)
		}
	}
	waitFor(func() bool { return r.broker.events.Load() >= int64(b.N) })
	b.StopTimer()
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &after); err != nil {
		b.Fatal(err)
	}
	cpu := after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano()
	b.ReportMetric(float64(cpu)/1e3/float64(b.N), "cpu-µs/op")
	r.close(s)
}
