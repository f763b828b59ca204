package mqtt

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"corallite/internal/draw"
	"corallite/internal/life"
	"corallite/internal/part"
	"corallite/internal/sink/background"
	"corallite/pipeline"
	"corallite/pipeline/audio"
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
	sounds        slugs                // Frigate's, of labels of sound
	sounding      map[string]time.Time // when sounds that are there were heard last
	loudness      time.Time            // when their level was published
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
	s.slugs.reserve("all", "audio", "detect", "enabled", "events", "models", "motion", "picture", "snapshots", "source", "stats", "status", "words", "zones")
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
	s.listenForSounds()
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
	if _, sound := r.Item.(*audio.Chunk); sound && s.env.Sound == nil {
		s.heard(r)
		return nil
	}
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
	s.pass(r)
	return nil
}

// heard takes in sound beside pictures: words are told, and what is seen does not change.
func (s *Sink) heard(r pipeline.Report) {
	for i := range r.Events {
		for _, w := range r.Events[i].Keywords {
			s.word(&r.Events[i], w)
		}
	}
	s.pass(r)
}

// pass publishes what the gate lets through.
func (s *Sink) pass(r pipeline.Report) {
	if s.gate != nil {
		s.gate.Pass(r, s.publish)
	} else {
		s.publish(r)
	}
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
	s.showSounds(now, true)
	s.showStats(now)
	s.closed = true
	s.showSource()
	s.mu.Unlock()
	if s.pictures != nil {
		return s.pictures.close()
	}
	return nil
}
