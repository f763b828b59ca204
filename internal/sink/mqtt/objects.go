package mqtt

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"math"
	"slices"
	"time"

	"corallite/internal/overlap"
	"corallite/pipeline"
)

// object is a thing that is there: a track, or a label of a model whose things are not tracked.
type object struct {
	id    string // as Frigate makes them: seconds with six decimals, a hyphen, six letters
	who   who
	label string
	start time.Time
	seen  time.Time

	frameTime time.Time
	score     float32
	top       float32
	box       [4]float32
	zones     []string // that it is in
	entered   []string // all that it was in
	classes   []pipeline.Class

	best      float64   // the quality of its picture
	bestTime  time.Time // of that picture
	bestScore float32
	bestBox   [4]float32
	shown     time.Time // when its picture was published last

	anchor     [4]float32 // where it was when it last moved
	moved      time.Time
	moves      int // how often it began to move again
	still      int // results since it moved
	stationary bool

	told bool     // Frigate's "new" was published
	last *frigate // what was published last
}

// who is what an object is told apart by.
type who struct {
	model string
	track uint64
	label string // of what is not tracked
}

// goneAfter is how long an untracked label may be away before it is another object, and maxObjects bounds them.
const (
	goneAfter  = 2 * time.Second
	maxObjects = 256
	stillAfter = 10 * time.Second
)

// see takes a detection in, and returns its object; nil: there are too many.
func (s *Sink) see(model string, d *pipeline.Detection, at, now time.Time) *object {
	key := who{model: model, track: d.Track}
	if d.Track == 0 {
		key.label = d.Label
	}
	o := s.objects[key]
	if o == nil {
		if len(s.objects) >= maxObjects {
			return nil
		}
		id := rand.Text()[:6]
		o = &object{id: fmt.Sprintf("%.6f-%s", unix(at), id), who: key, start: at, anchor: d.Box, moved: now, best: -1}
		s.objects[key] = o
	}
	o.label, o.seen, o.frameTime, o.score, o.box, o.classes = d.Label, now, at, d.Score, d.Box, d.Classes
	o.top = max(o.top, d.Score)
	o.zones = d.Zones
	for _, z := range d.Zones {
		if !slices.Contains(o.entered, z) {
			o.entered = append(o.entered, z)
		}
	}
	if overlap.IoU(o.anchor, d.Box) < 0.6 {
		if o.stationary {
			o.moves++
		}
		o.anchor, o.moved, o.still, o.stationary = d.Box, now, 0, false
	} else {
		o.still++
		o.stationary = now.Sub(o.moved) >= stillAfter
	}
	return o
}

// quality rates a picture of an object: certain and large is good.
func quality(d *pipeline.Detection, width, height int) float64 {
	q := float64(d.Score)
	if width > 0 && height > 0 {
		share := float64(d.Box[2]-d.Box[0]) * float64(d.Box[3]-d.Box[1]) / (float64(width) * float64(height))
		q *= math.Sqrt(min(max(share, 0), 1))
	}
	if math.IsNaN(q) {
		return 0
	}
	return q
}

// gone takes out the objects that have ended: tracks by their model, labels that were not seen for a while.
func (s *Sink) gone(ended []who, now time.Time, all bool) []*object {
	var out []*object
	for key, o := range s.objects {
		idle := now.Sub(o.seen)
		if all || slices.Contains(ended, key) || key.track == 0 && idle > goneAfter || idle > time.Hour {
			out = append(out, o)
			delete(s.objects, key)
		}
	}
	slices.SortFunc(out, func(a, b *object) int { return cmp.Compare(a.id, b.id) })
	return out
}

func unix(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }
