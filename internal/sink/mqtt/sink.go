package mqtt

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"corallite/internal/draw"
	"corallite/internal/life"
	"corallite/internal/part"
	"corallite/internal/sink/background"
	"corallite/pipeline"
)

const (
	maxLabels    = 64               // that get topics because they were found
	statsEvery   = 10 * time.Second // between two messages about rates
	pictureEvery = time.Second      // between two pictures of an object
	better       = 1.1              // how much better a picture must be than the one that is published
)

// Sink is the sink of one pipeline.
type Sink struct {
	reporter background.Reporter
	c        Config
	link     *Link
	env      part.SinkEnv
	name     string // the pipeline's, as it stands in topics
	base     string // of its topics
	gate     pipeline.Gate

	pictures *pictures // nil: none are published

	mu            sync.Mutex
	slugs, zones  slugs
	models        slugs
	labels        []string // that have topics
	fixed         bool     // no others get them
	counts        map[string]*presence
	inZones       map[string]*presence // by zone and label
	objects       map[who]*object
	current       map[string]string // the object whose picture is published, by label
	progress      pipeline.Progress
	state         stats
	shown         time.Time // when state was published
	reported      time.Time // when the last result came
	lastPicture   time.Time
	snapshotsOff  bool
	ended, closed bool
}

// stats is what is published of how the pipeline does.
type stats struct {
	FPS         float64 `json:"fps"`
	InferenceMS float64 `json:"inference_ms"` // of the first model
	Device      string  `json:"device"`       // of the first model
	Degraded    bool    `json:"degraded"`     // it runs on a fallback
	Fallback    bool    `json:"fallback"`     // and its device is expected
	Reason      string  `json:"reason"`
	Frames      uint64  `json:"frames"`
	Dropped     uint64  `json:"dropped"`
	Errors      uint64  `json:"errors"`
	Source      string  `json:"source"`
	Lost        string  `json:"lost"` // why the source gives nothing; "": it does
}

func newSink(c Config, link *Link, env part.SinkEnv) (*Sink, error) {
	s := &Sink{
		c: c, link: link, env: env, name: slug(env.Pipeline), counts: map[string]*presence{}, inZones: map[string]*presence{},
		objects: map[who]*object{}, current: map[string]string{},
	}
	s.base = link.topic(s.name)
	s.slugs.reserve("all", "detect", "enabled", "events", "models", "motion", "picture", "snapshots", "source", "stats", "status", "words", "zones")
	if err := link.claim(s.name, env.Pipeline); err != nil {
		return nil, err
	}
	if link.c.Style == StyleFrigate {
		for _, z := range env.Zones {
			if err := link.claim(slug(z), "zone "+z+" of "+env.Pipeline); err != nil {
				return nil, err
			}
		}
	}
	o := c.Options
	if o.When == "" {
		o.When = life.Every
		if env.Live || env.Videos || env.Sound != nil {
			o.When = life.Change
		}
	}
	if o.Active() && env.Gate != nil {
		var err error
		if s.gate, err = env.Gate(o); err != nil {
			return nil, err
		}
	}
	if c.Pictures && env.Sound == nil {
		var err error
		if s.pictures, err = newPictures(link, c.PictureHeight, link.log); err != nil {
			return nil, err
		}
	}
	s.chooseLabels()
	s.listen()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, label := range s.labels {
		s.addLabel(label)
	}
	s.announcePipeline()
	s.showSource()
	s.showStats(s.link.clock.Now())
	link.every(s.tick)
	return s, nil
}

// chooseLabels decides which labels have topics.
func (s *Sink) chooseLabels() {
	s.labels = slices.Clone(s.c.Labels)
	s.fixed = len(s.labels) > 0
	if s.fixed {
		return
	}
	few := len(s.env.Models) > 0
	for _, m := range s.env.Models {
		if spoken(m.Task) {
			continue
		}
		few = few && m.Few
		if m.Few {
			s.labels = append(s.labels, m.Labels...)
		}
	}
	if few {
		s.fixed = true
		return
	}
	s.link.remember(s.env.Pipeline, func(r *remembered) {
		for _, label := range r.Labels {
			if !slices.Contains(s.labels, label) && len(s.labels) < maxLabels {
				s.labels = append(s.labels, label)
			}
		}
	})
}

// spoken reports whether a task's results are words.
func spoken(task string) bool { return task == "keyword" || task == "wakeword" }

// words are the words that the models know, each once.
func (s *Sink) words() []string {
	var all []string
	for _, m := range s.env.Models {
		if spoken(m.Task) {
			for _, w := range m.Labels {
				if !slices.Contains(all, w) {
					all = append(all, w)
				}
			}
		}
	}
	return all
}

// has reports whether a label has topics; one that is found for the first time gets them.
func (s *Sink) has(label string) bool {
	if label == "" {
		return false
	}
	if s.counts[label] != nil {
		return true
	}
	if s.fixed || len(s.labels) >= maxLabels {
		return false
	}
	s.labels = append(s.labels, label)
	s.addLabel(label)
	s.link.remember(s.env.Pipeline, func(r *remembered) { r.Labels = slices.Clone(s.labels) })
	s.announcePipeline()
	return true
}

// addLabel makes the topics of a label, in the picture and in each zone.
func (s *Sink) addLabel(label string) {
	id := s.slugs.get(label)
	s.counts[label] = &presence{topic: s.base + "/" + id}
	s.show(s.counts[label])
	for _, z := range s.env.Zones {
		p := &presence{topic: s.base + "/zones/" + s.zones.get(z) + "/" + id}
		s.inZones[z+"\x00"+label] = p
		s.show(p)
	}
	if s.pictures != nil {
		s.link.keeps(s.base + "/" + id + "/picture")
		if s.link.c.Style == StyleFrigate {
			s.link.keeps(s.base + "/" + id + "/snapshot")
		}
	}
}

// show publishes a presence that has changed.
func (s *Sink) show(p *presence) {
	if now := (shown{p.count, p.present}); p.shown != nil && *p.shown == now {
		return
	} else {
		p.shown = &now
	}
	s.link.set(p.topic+"/occupancy", onOff(p.present), 1, true)
	s.link.set(p.topic+"/count", []byte(strconv.Itoa(p.count)), 0, true)
}

// Lossless is false: the newest results matter.
func (s *Sink) Lossless() bool { return false }

// Consume takes in a report. It neither draws nor waits.
func (s *Sink) Consume(_ context.Context, r pipeline.Report) error {
	now := s.link.clock.Now()
	frame, _ := r.Item.(draw.Frame)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reported = now
	counted, zoned := map[string]int{}, map[string]int{}
	var ended []who
	for i := range r.Events {
		ev := &r.Events[i]
		if i == 0 {
			s.first(ev, now)
		}
		s.count(ev, counted, zoned)
		for _, w := range ev.Keywords {
			s.word(ev, w)
		}
		for _, t := range ev.Ended {
			ended = append(ended, who{model: ev.Model, track: t.Track})
		}
		s.follow(frame, r.Events, ev, now)
	}
	for label, n := range counted {
		if n > 0 {
			s.has(label)
		}
	}
	for label, p := range s.counts {
		p.update(counted[label], now)
	}
	for key, p := range s.inZones {
		p.update(zoned[key], now)
	}
	for _, o := range s.gone(ended, now, false) {
		s.objectEnded(o)
	}
	s.showCounts(now)
	if frame != nil && s.pictures != nil && s.c.LivePicture > 0 && now.Sub(s.lastPicture) >= s.c.LivePicture {
		s.lastPicture = now
		s.pictures.put(drawing{frame: frame, events: r.Events, topics: []string{s.base + "/picture"}})
	}
	if s.gate != nil {
		s.gate.Pass(r, s.publish)
	} else {
		s.publish(r)
	}
	return nil
}

// publish queues the events of a report in which something was found.
func (s *Sink) publish(r pipeline.Report) {
	for i := range r.Events {
		if r.Events[i].Empty() {
			continue
		}
		data, err := json.Marshal(&r.Events[i])
		if err != nil {
			s.reporter.Failed(fmt.Sprintf("item %d", r.Events[i].Seq), err)
			continue
		}
		s.link.send(s.base+"/events", data, s.reporter.Lost)
	}
}

// count counts the things of an event by label and zone.
func (s *Sink) count(ev *pipeline.Event, counted, zoned map[string]int) {
	for f := range ev.Findings() {
		kind, n := f.Kind(), f.Len()
		if kind.Gone || kind.Timed || kind.Rating == pipeline.Unrated {
			continue
		}
		if kind.Ranked {
			n = min(n, 1)
		}
		for i := range n {
			t := f.Thing(i)
			if t.Background {
				continue
			}
			counted[t.Label]++
			for _, z := range t.Zones {
				zoned[z+"\x00"+t.Label]++
			}
		}
	}
}

// word publishes a word. It is of no use later, so it does not wait for a connection.
func (s *Sink) word(ev *pipeline.Event, w pipeline.Keyword) {
	if !s.link.connected() {
		return
	}
	data, err := json.Marshal(map[string]any{
		"event_type": w.Label, "score": round(float64(w.Score), 4), "model": ev.Model, "time": ev.Time.UTC().Format(time.RFC3339Nano),
	})
	if err == nil {
		s.link.send(s.base+"/words", data, s.reporter.Lost)
	}
}

// follow follows the objects of an event, and publishes the best picture of the last one of each label.
func (s *Sink) follow(frame draw.Frame, all []pipeline.Event, ev *pipeline.Event, now time.Time) {
	for i := range ev.Detections {
		d := &ev.Detections[i]
		if !s.has(d.Label) {
			continue
		}
		o := s.see(ev.Model, d, ev.Time, now)
		if o == nil {
			continue
		}
		width, height := 0, 0
		if frame != nil {
			width, height = draw.Size(frame)
		}
		q, fresh := quality(d, width, height), false
		last := s.current[d.Label]
		if q > o.best*better && (last == "" || last <= o.id || s.objectIsGone(last)) && now.Sub(o.shown) >= pictureEvery {
			s.current[d.Label] = o.id
			o.best, o.bestTime, o.bestScore, o.bestBox, o.shown, fresh = q, ev.Time, d.Score, d.Box, now, true
			if frame != nil && s.pictures != nil && !s.snapshotsOff {
				id := s.slugs.get(d.Label)
				topics := []string{s.base + "/" + id + "/picture"}
				if s.link.c.Style == StyleFrigate {
					topics = append(topics, s.base+"/"+id+"/snapshot")
				}
				s.pictures.put(drawing{frame: frame, events: all, topics: topics, retain: true})
			}
		}
		s.frigateEvent(o, fresh, false)
	}
}

// objectIsGone reports whether no object has that id.
func (s *Sink) objectIsGone(id string) bool {
	for _, o := range s.objects {
		if o.id == id {
			return false
		}
	}
	return true
}

func (s *Sink) objectEnded(o *object) { s.frigateEvent(o, false, true) }

// first keeps what the first model's event says.
func (s *Sink) first(ev *pipeline.Event, now time.Time) {
	before := s.state
	s.state.Device, s.state.Degraded, s.state.Fallback, s.state.Reason = ev.Device, ev.Degraded, ev.Degraded && ev.Wanted, ev.Reason
	s.state.InferenceMS = round(ev.Latency.Invoke.Seconds()*1000, 2)
	if before.Device != s.state.Device || before.Fallback != s.state.Fallback {
		s.showStats(now)
	}
}

// tick does what time brings.
func (s *Sink) tick(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	// While nothing comes nobody knows what is there, after a time that is long for any source.
	if silent := now.Sub(s.reported); silent > max(s.c.OffDelay, 30*time.Second) || silent > s.c.OffDelay && !s.running() {
		for _, p := range s.counts {
			p.update(0, now)
		}
		for _, p := range s.inZones {
			p.update(0, now)
		}
		for _, o := range s.gone(nil, now, s.env.Control != nil && !s.env.Control.On()) {
			s.objectEnded(o)
		}
	}
	s.showCounts(now)
	s.frigateCounts()
	s.showSource()
	if now.Sub(s.shown) >= statsEvery {
		s.showStats(now)
	}
}

// running reports whether results are to be expected.
func (s *Sink) running() bool {
	return !s.ended && pipeline.StatsOf(s.env.Source).Lost == "" && (s.env.Control == nil || s.env.Control.On())
}

func (s *Sink) showCounts(now time.Time) {
	for _, all := range []map[string]*presence{s.counts, s.inZones} {
		for _, p := range all {
			p.tick(now, s.c.OffDelay)
			s.show(p)
		}
	}
}

// showSource publishes whether the source gives something.
func (s *Sink) showSource() {
	up := !s.ended && !s.closed && pipeline.StatsOf(s.env.Source).Lost == ""
	s.link.set(s.base+"/source", onOff(up), 1, true)
	s.frigateSource(up)
}

func (s *Sink) showStats(now time.Time) {
	source := pipeline.StatsOf(s.env.Source)
	s.shown = now
	s.state.FPS, s.state.Frames, s.state.Dropped, s.state.Errors = round(s.progress.FPS, 2), s.progress.Frames, s.progress.Dropped, s.progress.Errors
	s.state.Source, s.state.Lost = source.Name, source.Lost
	if !s.running() {
		s.state.FPS = 0
	}
	if data, err := json.Marshal(&s.state); err == nil {
		s.link.set(s.base+"/stats", data, 0, true)
	}
}

// Progress keeps what the stream counts.
func (s *Sink) Progress(p pipeline.Progress) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.progress = p
}

// Failed does nothing: failures are counted in Progress.
func (s *Sink) Failed(pipeline.Failure) {}

// SetReporter is pipeline.AsyncSink's.
func (s *Sink) SetReporter(to pipeline.ErrorReporter) { s.reporter.SetReporter(to) }

// Ended keeps that the pipeline has ended.
func (s *Sink) Ended(error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	now := s.link.clock.Now()
	s.showStats(now)
	s.showSource()
}

// Close ends what is there. Twice is safe.
func (s *Sink) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.ended = true
	if s.gate != nil {
		s.gate.End(s.publish)
	}
	now := s.link.clock.Now()
	for _, o := range s.gone(nil, now, true) {
		s.objectEnded(o)
	}
	for _, all := range []map[string]*presence{s.counts, s.inZones} {
		for _, p := range all {
			p.count, p.present, p.now, p.low = 0, false, 0, time.Time{}
			s.show(p)
		}
	}
	s.frigateCounts()
	s.showStats(now)
	s.closed = true
	s.showSource()
	s.mu.Unlock()
	if s.pictures != nil {
		return s.pictures.close()
	}
	return nil
}

// listen applies what was changed in an earlier run, and listens to what is changed now.
func (s *Sink) listen() {
	c := s.env.Control
	if c == nil {
		return
	}
	s.link.remember(s.env.Pipeline, func(r *remembered) {
		c.Switch(!r.Off)
		for _, t := range c.Thresholds() {
			if v, ok := r.Thresholds[t.Model]; ok {
				t.Set(v)
			}
		}
	})
	show := func() {
		s.link.set(s.base+"/detect/state", onOff(c.On()), 1, true)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.frigateSwitches()
	}
	show()
	turn := func(payload string) {
		on, ok := parseSwitch(payload)
		if !ok {
			s.link.log.Warn("mqtt: a switch is set to what is neither ON nor OFF", "pipeline", s.env.Pipeline)
			return
		}
		c.Switch(on)
		s.link.remember(s.env.Pipeline, func(r *remembered) { r.Off = !on })
		s.link.log.Info("mqtt: detection is switched", "pipeline", s.env.Pipeline, "on", on)
		show()
	}
	s.link.handle(s.base+"/detect/set", turn)
	if s.link.c.Style == StyleFrigate {
		s.link.handle(s.base+"/enabled/set", turn)
		s.link.handle(s.base+"/snapshots/set", s.turnSnapshots)
	}
	for _, t := range c.Thresholds() {
		topic := s.base + "/models/" + s.models.get(t.Model) + "/threshold/"
		s.link.set(topic+"state", number(t.Get()), 1, true)
		s.link.handle(topic+"set", func(payload string) {
			v, err := strconv.ParseFloat(strings.TrimSpace(payload), 64)
			if err != nil || !t.Set(v) {
				s.link.log.Warn("mqtt: a threshold is set to what is no number in its limits", "pipeline", s.env.Pipeline, "model", t.Model, "least", t.Least(), "most", 1)
				return
			}
			s.link.remember(s.env.Pipeline, func(r *remembered) { r.Thresholds[t.Model] = v })
			s.link.log.Info("mqtt: a threshold is changed", "pipeline", s.env.Pipeline, "model", t.Model, "threshold", v)
			s.link.set(topic+"state", number(v), 1, true)
		})
	}
}

func parseSwitch(payload string) (on, ok bool) {
	switch strings.ToUpper(strings.TrimSpace(payload)) {
	case "ON":
		return true, true
	case "OFF":
		return false, true
	}
	return false, false
}

func onOff(on bool) []byte {
	if on {
		return []byte("ON")
	}
	return []byte("OFF")
}

func number(v float64) []byte { return strconv.AppendFloat(nil, round(v, 4), 'f', -1, 64) }

// round rounds to a number of decimals; what is no number becomes 0, as JSON has no word for it.
func round(v float64, decimals int) float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0
	}
	p := math.Pow10(decimals)
	return math.Round(v*p) / p
}
