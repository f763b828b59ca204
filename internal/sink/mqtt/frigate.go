package mqtt

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"

	"corallite/pipeline"
)

// What Frigate 0.18 publishes over MQTT, as far as there is the same here (docs.frigate.video, "MQTT"). A pipeline is a
// camera, and its zones are zones.

// frigate is what Frigate says of an object: before and after in its events.
type frigate struct {
	ID                string           `json:"id"`
	Camera            string           `json:"camera"`
	FrameTime         float64          `json:"frame_time"`
	Snapshot          *frigateSnapshot `json:"snapshot"`
	Label             string           `json:"label"`
	SubLabel          []any            `json:"sub_label"` // a name and a score; null: none
	TopScore          float64          `json:"top_score"`
	FalsePositive     bool             `json:"false_positive"`
	StartTime         float64          `json:"start_time"`
	EndTime           *float64         `json:"end_time"`
	Score             float64          `json:"score"`
	Box               [4]int           `json:"box"` // pixels
	Area              int              `json:"area"`
	Ratio             float64          `json:"ratio"`
	Region            [4]int           `json:"region"`
	CurrentZones      []string         `json:"current_zones"`
	EnteredZones      []string         `json:"entered_zones"`
	Thumbnail         *string          `json:"thumbnail"`
	HasSnapshot       bool             `json:"has_snapshot"`
	HasClip           bool             `json:"has_clip"`
	Active            bool             `json:"active"`
	Stationary        bool             `json:"stationary"`
	MotionlessCount   int              `json:"motionless_count"`
	PositionChanges   int              `json:"position_changes"`
	Attributes        map[string]any   `json:"attributes"`
	CurrentAttributes []any            `json:"current_attributes"`
}

// frigateSnapshot is the best picture of an object.
type frigateSnapshot struct {
	FrameTime  float64 `json:"frame_time"`
	Box        [4]int  `json:"box"`
	Area       int     `json:"area"`
	Region     [4]int  `json:"region"`
	Score      float64 `json:"score"`
	Attributes []any   `json:"attributes"`
}

// claim takes the second level of topics for a pipeline or, with Frigate's topics, a zone.
func (l *Link) claim(level, what string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.claimed == nil {
		l.claimed = map[string]string{"events": "a topic of all pipelines", "status": "a topic of all pipelines", "available": "a topic of all pipelines",
			"version": "a topic of all pipelines", "devices": "a topic of all pipelines"}
	}
	if other, taken := l.claimed[level]; taken {
		return fmt.Errorf("%s and %s would both be %s in topics: choose another name", what, other, level)
	}
	l.claimed[level] = what
	return nil
}

// frigateEvent publishes the beginning, a change, or the end of an object.
func (s *Sink) frigateEvent(o *object, fresh, end bool) {
	if s.link.c.Style != StyleFrigate || end && !o.told {
		return
	}
	after := s.frigateObject(o)
	kind := "update"
	switch {
	case end:
		kind = "end"
		t := round(unix(o.seen), 6)
		after.EndTime, after.Active = &t, false
	case !o.told:
		kind, o.last = "new", after
	case !fresh && o.last.Stationary == after.Stationary && slices.Equal(o.last.CurrentZones, after.CurrentZones):
		return
	}
	data, err := json.Marshal(map[string]any{"type": kind, "before": o.last, "after": after})
	if err != nil {
		return
	}
	o.told, o.last = true, after
	s.link.send(s.link.topic("events"), data, s.reporter.Lost)
}

func (s *Sink) frigateObject(o *object) *frigate {
	f := &frigate{
		ID: o.id, Camera: s.name, FrameTime: round(unix(o.frameTime), 6), Label: o.label, TopScore: score(o.top), StartTime: round(unix(o.start), 6),
		Score: score(o.score), Box: ints(o.box), Area: area(o.box), Ratio: ratio(o.box), Region: ints(o.box),
		CurrentZones: append([]string{}, o.zones...), EnteredZones: append([]string{}, o.entered...),
		HasSnapshot: o.best >= 0 && s.pictures != nil && !s.snapshotsOff, Active: !o.stationary, Stationary: o.stationary,
		MotionlessCount: o.still, PositionChanges: o.moves, Attributes: map[string]any{}, CurrentAttributes: []any{},
	}
	if len(o.classes) > 0 {
		f.SubLabel = []any{o.classes[0].Label, score(o.classes[0].Score)}
	}
	if o.best >= 0 {
		f.Snapshot = &frigateSnapshot{FrameTime: round(unix(o.bestTime), 6), Box: ints(o.bestBox), Area: area(o.bestBox), Region: ints(o.bestBox), Score: score(o.bestScore), Attributes: []any{}}
	}
	return f
}

// frigateCounts publishes how many there are of each label and of all, in the picture and in each zone.
func (s *Sink) frigateCounts() {
	if s.link.c.Style != StyleFrigate {
		return
	}
	active := map[string]int{}
	for _, o := range s.objects {
		if !o.stationary {
			active[o.label]++
		}
	}
	put := func(n int, at ...string) { s.link.set(s.link.topic(at...), []byte(strconv.Itoa(n)), 0, true) }
	all, allActive := 0, 0
	for _, label := range s.labels {
		p := s.counts[label]
		a := min(active[label], p.count)
		all, allActive = all+p.count, allActive+a
		put(p.count, s.name, s.slugs.get(label))
		put(a, s.name, s.slugs.get(label), "active")
	}
	put(all, s.name, "all")
	put(allActive, s.name, "all", "active")
	for _, z := range s.env.Zones {
		sum := 0
		for _, label := range s.labels {
			n := s.inZones[z+"\x00"+label].count
			sum += n
			put(n, slug(z), s.slugs.get(label))
		}
		put(sum, slug(z), "all")
	}
}

// frigateSource publishes what the camera does, and whether something moves.
func (s *Sink) frigateSource(up bool) {
	if s.link.c.Style != StyleFrigate {
		return
	}
	status := "offline"
	if up {
		status = "online"
	}
	if up && s.env.Control != nil && !s.env.Control.On() {
		status = "disabled"
	}
	s.link.set(s.base+"/status/detect", []byte(status), 1, true)
	if s.hears() {
		s.link.set(s.base+"/status/audio", []byte(status), 1, true)
	}
	if m := pipeline.StatsOf(s.env.Source).Motion; m != nil {
		s.link.set(s.base+"/motion", onOff(m.Open), 0, true)
	}
}

// frigateSwitches publishes the switches' states.
func (s *Sink) frigateSwitches() {
	if s.link.c.Style != StyleFrigate {
		return
	}
	s.link.set(s.base+"/enabled/state", onOff(s.env.Control.On()), 1, true)
	if s.hears() {
		s.link.set(s.soundTopic("state"), onOff(s.env.Control.On()), 1, true)
	}
	s.link.set(s.base+"/snapshots/state", onOff(!s.snapshotsOff && s.c.Pictures), 1, true)
}

func (s *Sink) turnSnapshots(payload string) {
	on, ok := parseSwitch(payload)
	if !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.snapshotsOff = !on
	s.frigateSwitches()
}

func score(f float32) float64 { return round(float64(f), 4) }

func ints(box [4]float32) (out [4]int) {
	for i, v := range box {
		if f := float64(v); f == f && math.Abs(f) < 1e9 {
			out[i] = int(math.Round(f))
		}
	}
	return out
}

func area(box [4]float32) int {
	b := ints(box)
	return max(0, b[2]-b[0]) * max(0, b[3]-b[1])
}

func ratio(box [4]float32) float64 {
	b := ints(box)
	if b[3] <= b[1] {
		return 0
	}
	return round(float64(b[2]-b[0])/float64(b[3]-b[1]), 2)
}
