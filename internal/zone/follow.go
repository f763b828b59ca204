package zone

import (
	"slices"
	"time"

	"corallite/pipeline"
)

// Follower follows tracked objects through zones and over lines. It is used by one goroutine at a time.
type Follower struct {
	o             Options
	width, height int // of the pictures that areas, paths and grounds are for
	areas         []Polygon
	grounds       []*ground // nil: the zone has no distances
	filters       []map[string]*filter
	speeds        []float64 // that objects must have in the zone, in metres a second; 0: any
	paths         []Path
	objects       map[uint64]*object
	counts        counts
	warn          func(message string)
}

// object is what is known of a track.
type object struct {
	visits []visit
	lines  []approach
}

// visit is an object's stay in a zone.
type visit struct {
	in       bool      // the object is in the zone
	here     bool      // it was in the area in the last frame
	against  int       // frames in a row that speak for the opposite
	since    time.Time // the first of the frames that brought it in
	last     time.Time // the last frame inside
	label    string    // that it had when it came in
	earlier  time.Duration
	ever     bool
	velocity velocity
}

// approach is an object's way to a line and over it.
type approach struct {
	at    Point
	known bool
	net   int // passages that do not count yet, A to B less B to A
}

// NewFollower makes a Follower. It fails when an option is wrong. Warn is told of zones and lines that cannot be right
// for the pictures that come; nil: nobody is.
func NewFollower(o Options, warn func(message string)) (*Follower, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	o = o.Enabled()
	f := &Follower{o: o, objects: map[uint64]*object{}, counts: newCounts(o), warn: warn}
	for _, z := range o.Zones {
		speed, err := parseSpeed(z.MinSpeed)
		if err != nil {
			return nil, err
		}
		f.speeds = append(f.speeds, speed)
	}
	return f, nil
}

// Update says of each tracked detection where it is, and of each track that has ended where it was. The detections are
// those of the next picture, of that size in pixels and captured at that time; tracks are taken from them and from ended.
// It returns the counts as they are now.
func (f *Follower) Update(at time.Time, width, height int, detections []pipeline.Detection, ended []pipeline.Track) *Places {
	f.fit(width, height)
	for i := range ended {
		f.end(&ended[i])
	}
	for i := range detections {
		d := &detections[i]
		d.Zones, d.Entered, d.Left, d.Crossed, d.Dwell, d.SpeedMPS = nil, nil, nil, nil, nil, 0
		box, ok := NewBox(d.Box)
		if d.Track == 0 || !ok {
			continue
		}
		o := f.objects[d.Track]
		if o == nil {
			o = &object{visits: make([]visit, len(f.o.Zones)), lines: make([]approach, len(f.o.Lines))}
			f.objects[d.Track] = o
		}
		for k := range f.o.Zones {
			f.visit(k, &o.visits[k], at, box, d)
		}
		for k := range f.o.Lines {
			f.approach(k, &o.lines[k], box, d)
		}
	}
	return f.counts.places(f)
}

// fit makes the areas for pictures of that size.
func (f *Follower) fit(width, height int) {
	if width == f.width && height == f.height {
		return
	}
	f.width, f.height = width, height
	f.areas, f.grounds, f.filters, f.paths = nil, nil, nil, nil
	for _, z := range f.o.Zones {
		area := Polygon(z.Shape.fitted("zone", z.Name, width, height, f.warn))
		var g *ground
		if len(z.Distances) > 0 {
			g, _ = newGround(area, z.Distances) // validated; at worst there are no speeds
		}
		filters := filtersOf(z.Filters)
		for label, one := range filters {
			one.masks = fitAll(one.Masks, label+" in zone "+z.Name, width, height, f.warn)
		}
		f.areas, f.grounds, f.filters = append(f.areas, area), append(f.grounds, g), append(f.filters, filters)
	}
	for _, l := range f.o.Lines {
		f.paths = append(f.paths, l.Shape.fitted("line", l.Name, width, height, f.warn))
	}
}

// visit takes in where an object is to a zone.
func (f *Follower) visit(k int, v *visit, at time.Time, box Box, d *pipeline.Detection) {
	z := &f.o.Zones[k]
	here := wanted(z.Objects, d.Label) && within(f.areas[k], z.Inside, box) && f.passes(k, box, d)
	inside := here && f.fast(k, v, at, box)
	if inside == v.in {
		v.against = 0
	} else {
		v.against++
	}
	if inside && !v.in && v.against == 1 {
		v.since = at
	}
	if inside {
		v.last = at
	}
	v.here = here
	switch {
	case inside && !v.in && v.against >= z.Inertia && at.Sub(v.since) >= z.Loitering:
		v.in, v.ever, v.against, v.label = true, true, 0, d.Label
		d.Entered = append(d.Entered, z.Name)
		f.counts.enter(k, v.label)
	case !inside && v.in && v.against >= z.Inertia:
		f.leave(k, v)
		d.Left = append(d.Left, z.Name)
	}
	if !v.in {
		return
	}
	d.Zones = append(d.Zones, z.Name)
	if d.Dwell == nil {
		d.Dwell = map[string]float64{}
	}
	d.Dwell[z.Name] = at.Sub(v.since).Seconds()
	if speed, ok := v.velocity.now(); ok && inside {
		d.SpeedMPS = speed
	}
}

// passes reports whether an object is what the filters of a zone want. A predicted one has no score of its own.
func (f *Follower) passes(k int, box Box, d *pipeline.Detection) bool {
	one := f.filters[k][d.Label]
	return one == nil || one.fits(box, f.width, f.height) && (d.Predicted || float64(d.Score) >= one.Threshold)
}

// fast measures the speed of an object in a zone with distances, from when it comes there, and reports whether it is high
// enough to be in the zone.
func (f *Follower) fast(k int, v *visit, at time.Time, box Box) bool {
	g := f.grounds[k]
	if g == nil {
		return true
	}
	if !v.here && !v.in {
		v.velocity = velocity{}
	}
	if p, ok := g.at(box.Foot()); ok {
		v.velocity.add(at, p)
	}
	speed, known := v.velocity.now()
	return f.speeds[k] == 0 || known && speed >= f.speeds[k]
}

// leave ends an object's stay in a zone.
func (f *Follower) leave(k int, v *visit) {
	v.earlier += v.last.Sub(v.since)
	v.in, v.against = false, 0
	f.counts.leave(k, v.label)
}

// approach takes in where an object is to a line.
func (f *Follower) approach(k int, a *approach, box Box, d *pipeline.Detection) {
	l := &f.o.Lines[k]
	p := box.Foot()
	if l.Anchor == Center {
		p = box.Centre()
	}
	if a.known {
		a.net += f.paths[k].passed(a.at, p)
	}
	a.at, a.known = p, true
	if a.net == 0 || f.paths[k].distance(p) < float64(l.Margin*box.Height()) {
		return
	}
	if wanted(l.Objects, d.Label) {
		direction := l.AToB
		if a.net < 0 {
			direction = l.BToA
		}
		d.Crossed = append(d.Crossed, pipeline.Crossing{Line: l.Name, Direction: direction})
		f.counts.cross(k, a.net < 0, d.Label)
	}
	a.net = 0
}

// end forgets a track, and says of it where it was.
func (f *Follower) end(t *pipeline.Track) {
	o := f.objects[t.Track]
	if o == nil {
		return
	}
	delete(f.objects, t.Track)
	for k := range o.visits {
		v := &o.visits[k]
		if v.in {
			f.leave(k, v)
			t.Left = append(t.Left, f.o.Zones[k].Name)
		}
		if v.ever {
			speed, _ := v.velocity.mean()
			t.Zones = append(t.Zones, pipeline.Visit{Zone: f.o.Zones[k].Name, Seconds: v.earlier.Seconds(), SpeedMPS: speed})
		}
	}
}

// within reports whether what of a box must be in an area is.
func within(area Polygon, what Anchor, box Box) bool {
	switch what {
	case Center:
		return area.Contains(box.Centre())
	case Any:
		return area.Overlaps(box)
	default:
		return area.Contains(box.Foot())
	}
}

// wanted reports whether objects with a label count.
func wanted(labels []string, label string) bool {
	return len(labels) == 0 || slices.Contains(labels, label)
}
