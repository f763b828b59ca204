package track

import (
	"math"
	"math/rand/v2"
	"time"

	"corallite/pipeline"
)

// actor is a true object: where it is at a time in seconds, while it is there.
type actor struct {
	class    int
	from, to float64
	at       func(s float64) (x, y float64)
	w, h     float64
}

func line(x, y, vx, vy float64) func(float64) (float64, float64) {
	return func(s float64) (float64, float64) { return x + vx*s, y + vy*s }
}

// scene is actors and what a detector makes of them.
type scene struct {
	actors []actor
	noise  float64 // standard deviation of each edge, as a part of the height
	miss   float64 // the chance that an actor is not found
	weak   float64 // the chance that it is found with a low score
	false  float64 // false detections in a frame, on average; a third of them with a high score
	// hide is the overlap with an actor in front (a later one) from which an actor gets a low score; from 0.8 on it is not
	// found. 0: none hides another.
	hide float64
}

func (a *actor) box(s float64) box {
	x, y := a.at(s)
	return box{x - a.w/2, y - a.h/2, x + a.w/2, y + a.h/2}
}

// nobody marks a false detection.
const nobody = -1

// look is what a detector finds at a time, and whose each detection is.
func (sc *scene) look(s float64, rng *rand.Rand) (found []pipeline.Detection, whose []int) {
	add := func(owner, class int, b box, score float64) {
		d := pipeline.Detection{Label: []string{"person", "car"}[class], Index: class, Score: float32(score)}
		for i := range d.Box {
			d.Box[i] = float32(b[i])
		}
		found, whose = append(found, d), append(whose, owner)
	}
	for i := range sc.actors {
		a := &sc.actors[i]
		if s < a.from || s > a.to || rng.Float64() < sc.miss {
			continue
		}
		b, score := a.box(s), 0.7+0.25*rng.Float64()
		if rng.Float64() < sc.weak {
			score = 0.15 + 0.3*rng.Float64()
		}
		hidden := 0.0
		for k := i + 1; k < len(sc.actors); k++ {
			if f := &sc.actors[k]; sc.hide > 0 && s >= f.from && s <= f.to {
				front := f.box(s)
				if w, h := min(b[2], front[2])-max(b[0], front[0]), min(b[3], front[3])-max(b[1], front[1]); w > 0 && h > 0 {
					hidden = max(hidden, w*h/b.area())
				}
			}
		}
		if hidden > 0.8 {
			continue
		}
		if sc.hide > 0 && hidden > sc.hide {
			score = 0.2 + 0.2*rng.Float64()
		}
		for k := range b {
			b[k] += sc.noise * a.h * rng.NormFloat64()
		}
		add(i, a.class, b, score)
	}
	for chance := sc.false; rng.Float64() < chance; chance-- {
		x, y, h := 1000*rng.Float64(), 700*rng.Float64(), 40+100*rng.Float64()
		score := 0.1 + 0.35*rng.Float64()
		if rng.IntN(3) == 0 {
			score = 0.6 + 0.3*rng.Float64()
		}
		add(nobody, 0, box{x, y, x + h/2, y + h}, score)
	}
	rng.Shuffle(len(found), func(i, j int) {
		found[i], found[j] = found[j], found[i]
		whose[i], whose[j] = whose[j], whose[i]
	})
	return found, whose
}

// count is how well actors were followed, after the measures of CLEAR MOT (Bernardin and Stiefelhagen, 2008).
type count struct {
	frames   int // true detections, of a high or a low score
	followed int // of them, with a number
	switches int // an actor got another number than it had
	mixed    int // a number went on to another actor
	false    int // false detections with a number
	numbers  int // that were given
	ended    []pipeline.Track
}

// watch runs a scene through a tracker, with the times between frames that gap gives, until all actors left and were
// waited for, and checks what holds always. fail gets what does not.
func (sc *scene) watch(t *Tracker, seed uint64, gap func(*rand.Rand) time.Duration, fail func(format string, args ...any)) count {
	rng := rand.New(rand.NewPCG(seed, 7))
	until := 0.0
	for _, a := range sc.actors {
		until = max(until, a.to)
	}
	numberOf, actorOf := map[int]uint64{}, map[uint64]int{}
	frames, over := map[uint64]int{}, map[uint64]bool{}
	var c count
	began := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for at := time.Duration(0); at.Seconds() < until+5; at += gap(rng) {
		found, whose := sc.look(at.Seconds(), rng)
		ended := t.Update(began.Add(at), found)
		for _, e := range ended {
			if over[e.Track] || frames[e.Track] == 0 || e.Frames < frames[e.Track] || e.Seconds < 0 || e.Seconds > at.Seconds() {
				fail("at %v %+v ended, which was seen %d times and ended before: %v", at, e, frames[e.Track], over[e.Track])
			}
			over[e.Track] = true
		}
		c.ended = append(c.ended, ended...)
		once := map[uint64]bool{}
		for i, d := range found {
			if whose[i] != nobody {
				c.frames++
			}
			if d.Track == 0 {
				if d.New {
					fail("at %v a detection without a number is new", at)
				}
				continue
			}
			if once[d.Track] || over[d.Track] || d.New != (frames[d.Track] == 0) {
				fail("at %v number %d: twice %v, ended %v, new %v after %d frames", at, d.Track, once[d.Track], over[d.Track],
					d.New, frames[d.Track])
			}
			once[d.Track] = true
			frames[d.Track]++
			if whose[i] == nobody {
				c.false++
				continue
			}
			c.followed++
			if n, ok := numberOf[whose[i]]; ok && n != d.Track {
				c.switches++
			}
			if a, ok := actorOf[d.Track]; ok && a != whose[i] {
				c.mixed++
			}
			numberOf[whose[i]], actorOf[d.Track] = d.Track, whose[i]
		}
	}
	c.numbers = len(frames)
	if left := t.End(); len(left) > 0 && sc.false == 0 {
		fail("%v were followed to the end, 5 s after the last actor left", left)
	} else {
		c.ended = append(c.ended, left...)
	}
	if len(c.ended) != c.numbers || t.Started() != uint64(c.numbers) {
		fail("%d numbers were given and %d ended; Started says %d", c.numbers, len(c.ended), t.Started())
	}
	return c
}

// crowd is n actors who walk straight through a picture of 1000 × 700, at 30 to 120 pixels a second.
func crowd(n int, rng *rand.Rand) []actor {
	actors := make([]actor, n)
	for i := range actors {
		h := 70 + 60*rng.Float64()
		x, y := 1000*rng.Float64(), 700*rng.Float64()
		dir, speed := 2*math.Pi*rng.Float64(), 30+90*rng.Float64()
		from := 6 * rng.Float64()
		vx, vy := speed*math.Cos(dir), speed*math.Sin(dir)
		actors[i] = actor{class: i % 2, from: from, to: from + 4 + 4*rng.Float64(),
			at: line(x-vx*from, y-vy*from, vx, vy), w: h * 0.45, h: h}
	}
	return actors
}
