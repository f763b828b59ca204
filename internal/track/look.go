package track

import (
	"time"

	"corallite/internal/flow"
	"corallite/internal/overlap"
)

// maxBetween is the longest time between two pictures in which an object is looked for: later it is elsewhere, or turned.
const maxBetween = 500 * time.Millisecond

// Look gives the picture of the next Update or Follow, in whose pixels the boxes are. It is read only until that returns.
// How objects have moved is then seen (Options.Blind) and not only expected from how they moved before. A picture that is
// not Usable counts as none.
func (t *Tracker) Look(p flow.Picture) {
	if !t.o.Blind && p.Usable() {
		t.memory = p
		t.picture = &t.memory
	}
}

// Looks reports whether pictures are looked at.
func (t *Tracker) Looks() bool { return !t.o.Blind }

// move moves an object to where it is seen; it fails when it is not.
func (t *Tracker) move(o *object, dt time.Duration) bool {
	if t.picture == nil || dt > maxBetween {
		return false
	}
	n := dt.Seconds() * frameRate
	dx, dy, ok := o.patch.Find(t.picture, t.turned[0]+float64(n*o.cx.v), t.turned[1]+float64(n*o.cy.v))
	if ok {
		o.motion.move(dt, dx-t.turned[0], dy-t.turned[1], o.wasFound)
	}
	return ok
}

// turn moves all objects with the picture, where the camera has moved: their velocities are over the ground.
func (t *Tracker) turn() {
	t.turned = [2]float64{}
	if t.picture == nil {
		t.ground.Forget()
		return
	}
	t.turned[0], t.turned[1] = t.ground.Next(t.picture)
	for i := range t.objects {
		t.objects[i].cx.x += t.turned[0]
		t.objects[i].cy.x += t.turned[1]
	}
}

// remember keeps what objects show in this picture.
func (t *Tracker) remember() {
	for i := range t.objects {
		o := &t.objects[i]
		o.patch = flow.Patch{}
		if b := o.here(); t.picture != nil && !t.behind(i, b) {
			o.patch.Take(t.picture, *b)
		}
	}
	t.picture = nil
}

// here is where an object is in this frame.
func (o *object) here() *box {
	if o.found {
		return &o.place
	}
	return &o.expected
}

// maxBehind is the part of an object that others may hide until the picture there shows them and not it.
const maxBehind = 0.5

// behind reports whether another object of the class, which was found, stands in front: lower in the picture is nearer. The
// boxes of other classes, a sofa's or a bus's, are often around what is in front of them.
func (t *Tracker) behind(i int, b *box) bool {
	for k := range t.objects {
		if o := &t.objects[k]; k != i && o.found && o.track.Index == t.objects[i].track.Index {
			if c := o.here(); c[3] > b[3] && overlap.Shared(*b, *c) > float64(maxBehind*b.area()) {
				return true
			}
		}
	}
	return false
}
