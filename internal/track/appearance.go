package track

import (
	"math"
	"slices"
	"time"

	"corallite/internal/overlap"
	"corallite/pipeline"
)

// Embedder gives the embedding of what is in a box of the picture, of any length above 0; nil: there is none.
type Embedder func(box [4]float32) pipeline.Vector

// Recognize gives the embedder for the picture of the next Update or Follow. It is called before that returns, at most
// maxEmbedded times, and only for boxes by which something may be decided. Objects are then told apart by what they look like
// where their places leave it open: when two have stood before one another and part, and when one that was lost is found
// elsewhere.
func (t *Tracker) Recognize(e Embedder) { t.embed = e }

const (
	maxEmbedded = 8 // embeddings in a frame
	// minAhead is by how much the most similar lost object must be so than the next one to be the one that is found.
	minAhead = 0.02
	// minSwapped is by how much two objects that have parted must be more similar, on average, to each other than to
	// themselves to change their numbers.
	minSwapped = 0.04

	maxOverlapped = 0.1 // the part of an object that others may cover while it shows what it looks like
	minMet        = 0.3 // the part of the smaller of two objects from which they may be taken for one another
	maxSpeed      = 3   // heights a second that a lost object may have moved, and half a height

	between  = 500 * time.Millisecond // embeddings of an object whose number is certain
	recently = 10                     // embeddings that its mean is of
)

// looks is what an object looks like: the mean of its embeddings.
type looks struct {
	mean  []float32 // of length 1; nil: not known
	count int
	at    time.Duration // of the last one
}

// similar is the cosine similarity to an embedding of length 1.
func (l *looks) similar(v []float32) float64 {
	if len(l.mean) != len(v) {
		return -1
	}
	sum := 0.0
	for i, x := range v {
		sum += float64(float64(x) * float64(l.mean[i]))
	}
	return sum
}

// add takes an embedding of length 1 into the mean.
func (l *looks) add(v []float32, now time.Duration) {
	l.at = now
	if len(l.mean) != len(v) {
		l.mean, l.count = slices.Clone(v), 1
		return
	}
	l.count = min(l.count+1, recently)
	for i, x := range v {
		l.mean[i] += float32((x - l.mean[i]) / float32(l.count))
	}
	unit(l.mean)
}

// unit scales a vector to length 1; false: it has none.
func unit(v []float32) bool {
	sum := 0.0
	for _, x := range v {
		sum += float64(float64(x) * float64(x))
	}
	length := math.Sqrt(sum)
	if !(length > 0) || math.IsInf(length, 0) {
		return false
	}
	for i, x := range v {
		v[i] = float32(float64(x) / length)
	}
	return true
}

// meeting is two objects, by number, that have overlapped and not been told apart since.
type meeting struct{ a, b uint64 }

// recognize decides by what objects look like. Detections have their objects; those that get a number in this frame have it
// already.
func (t *Tracker) recognize(detections []pipeline.Detection) {
	if t.embed == nil {
		return
	}
	left := maxEmbedded
	t.seen = t.seen[:0]
	embedding := func(o *object) []float32 {
		for _, s := range t.seen {
			if s.at == o.at {
				return s.vector
			}
		}
		if left == 0 {
			return nil
		}
		left--
		v := slices.Clone(t.embed(detections[o.at].Box))
		if !unit(v) {
			v = nil
		}
		t.seen = append(t.seen, embedded{o.at, v})
		return v
	}
	t.meet()
	t.rejoin(detections, embedding)
	t.part(detections, embedding)
	for i := range t.objects {
		o := &t.objects[i]
		if o.sure() && t.clear(i) && (o.looks.count == 0 || t.now-o.looks.at >= between) && !t.meets(o.track.Track) {
			if v := embedding(o); v != nil {
				o.looks.add(v, t.now)
			}
		}
	}
	t.embed = nil
}

// embedded is the embedding of a detection; nil: there is none.
type embedded struct {
	at     int
	vector []float32
}

// clear reports whether an object was found, with a high score, and no other object hides part of it.
func (t *Tracker) clear(i int) bool {
	o := &t.objects[i]
	if !o.found || o.last < t.o.High {
		return false
	}
	for k := range t.objects {
		if other := &t.objects[k]; k != i && other.found && overlap.Shared(o.place, other.place) > float64(maxOverlapped*o.place.area()) {
			return false
		}
	}
	return true
}

// meets reports whether an object may be taken for another one.
func (t *Tracker) meets(number uint64) bool {
	return slices.ContainsFunc(t.meetings, func(m meeting) bool { return m.a == number || m.b == number })
}

// meet notes which objects overlap, and forgets those that are gone.
func (t *Tracker) meet() {
	for i := range t.objects {
		o := &t.objects[i]
		if !o.sure() || o.looks.count == 0 {
			continue
		}
		for k := range i {
			p := &t.objects[k]
			if !p.sure() || p.looks.count == 0 || p.track.Index != o.track.Index || !o.found && !p.found ||
				overlap.OfSmaller(*o.here(), *p.here()) < minMet {
				continue
			}
			m := meeting{p.track.Track, o.track.Track}
			if !slices.Contains(t.meetings, m) && !slices.Contains(t.meetings, meeting{m.b, m.a}) {
				t.meetings = append(t.meetings, m)
			}
		}
	}
	t.meetings = slices.DeleteFunc(t.meetings, func(m meeting) bool { return t.numbered(m.a) < 0 || t.numbered(m.b) < 0 })
}

// numbered is the index of the object with a number; below 0: it is gone.
func (t *Tracker) numbered(n uint64) int {
	return slices.IndexFunc(t.objects, func(o object) bool { return o.track.Track == n })
}

// part gives objects that have met, and parted, each the number of the one that it looks like.
func (t *Tracker) part(detections []pipeline.Detection, embedding func(*object) []float32) {
	t.meetings = slices.DeleteFunc(t.meetings, func(m meeting) bool {
		i, k := t.numbered(m.a), t.numbered(m.b)
		if i < 0 || k < 0 {
			return true
		}
		if !t.clear(i) || !t.clear(k) {
			return false
		}
		a, b := &t.objects[i], &t.objects[k]
		x, y := embedding(a), embedding(b)
		if x == nil || y == nil {
			return false
		}
		if a.looks.similar(y)+b.looks.similar(x)-a.looks.similar(x)-b.looks.similar(y) > 2*minSwapped {
			a.identity, b.identity = b.identity, a.identity
			detections[a.at].Track, detections[b.at].Track = a.track.Track, b.track.Track
		}
		return true
	})
}

// rejoin gives objects that are new in this frame the number of a lost one that looked like them, near enough to have come
// from there.
func (t *Tracker) rejoin(detections []pipeline.Detection, embedding func(*object) []float32) {
	for i := 0; i < len(t.objects); i++ {
		o := &t.objects[i]
		if !o.found || !o.sure() || !detections[o.at].New || !slices.ContainsFunc(t.objects, func(l object) bool { return t.mayBe(&l, o) }) {
			continue
		}
		v := embedding(o)
		if v == nil {
			continue
		}
		best, first, second := -1, -1.0, -1.0
		for k := range t.objects {
			if l := &t.objects[k]; t.mayBe(l, o) {
				if s := l.looks.similar(v); s > first {
					best, first, second = k, s, first
				} else {
					second = max(second, s)
				}
			}
		}
		if first < t.o.MinSimilar || first-second < minAhead {
			continue
		}
		l := &t.objects[best]
		l.track.Frames += o.track.Frames
		if o.best > l.best {
			l.best, l.track.Label, l.track.Index = o.best, o.track.Label, o.track.Index
		}
		if o.track.Track == t.number { // it was never told
			t.number--
		}
		o.identity = l.identity
		detections[o.at].Track, detections[o.at].New = o.track.Track, false
		t.objects = slices.Delete(t.objects, best, best+1)
		if best < i {
			i--
		}
	}
}

// mayBe reports whether a lost object may be a new one: it can have come here, and was not seen since the new one was.
func (t *Tracker) mayBe(lost, o *object) bool {
	if lost.found || !lost.sure() || lost.looks.count == 0 || lost.track.Index != o.track.Index || lost.seen >= o.first {
		return false
	}
	ax, ay, _, ah := lost.expected.measured()
	bx, by, _, bh := o.place.measured()
	reach := max(ah, bh) * (0.5 + float64(maxSpeed*(t.now-lost.seen).Seconds()))
	return math.Hypot(ax-bx, ay-by) <= reach && min(ah, bh) >= 0.5*max(ah, bh)
}
