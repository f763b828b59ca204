package zone

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"

	"corallite/pipeline"
)

// Places are the zones and lines of a picture with what they have counted: a finding without things of its own.
type Places struct {
	Zones []ZoneCount
	Lines []LineCount
}

// ZoneCount is what a zone has counted, by label.
type ZoneCount struct {
	Name    string         `json:"-"`
	Title   string         `json:"-"` // shown in pictures
	Area    Polygon        `json:"-"` // in pixels
	Now     map[string]int `json:"now"`
	Entered map[string]int `json:"entered"` // since the stream began
}

// LineCount is what a line has counted since the stream began, by label.
type LineCount struct {
	Name       string
	Path       Path // in pixels
	AToB, BToA string
	Crossed    [2]map[string]int // A to B, B to A
}

var kindPlaces = pipeline.Kind{Key: "counts", Noun: "count", Rating: pipeline.Unrated, Gone: true}

// Kind is that of counts.
func (p *Places) Kind() *pipeline.Kind { return &kindPlaces }

// Len is 0.
func (p *Places) Len() int { return 0 }

// Thing is never called.
func (p *Places) Thing(int) pipeline.Thing { return pipeline.Thing{} }

// MarshalJSON writes {"zones":{NAME:{"now":{LABEL:N},"entered":{LABEL:N}}},"lines":{NAME:{DIRECTION:{LABEL:N}}}}.
func (p *Places) MarshalJSON() ([]byte, error) {
	zones, lines := map[string]ZoneCount{}, map[string]map[string]map[string]int{}
	for _, z := range p.Zones {
		zones[z.Name] = z
	}
	for _, l := range p.Lines {
		lines[l.Name] = map[string]map[string]int{l.AToB: l.Crossed[0], l.BToA: l.Crossed[1]}
	}
	return json.Marshal(struct {
		Zones map[string]ZoneCount                 `json:"zones,omitempty"`
		Lines map[string]map[string]map[string]int `json:"lines,omitempty"`
	}{zones, lines})
}

// counts are the counts of a Follower.
type counts struct {
	now, entered []map[string]int    // by zone
	crossed      [][2]map[string]int // by line
}

func newCounts(o Options) counts {
	var c counts
	for range o.Zones {
		c.now, c.entered = append(c.now, map[string]int{}), append(c.entered, map[string]int{})
	}
	for range o.Lines {
		c.crossed = append(c.crossed, [2]map[string]int{{}, {}})
	}
	return c
}

func (c *counts) enter(zone int, label string) {
	c.now[zone][label]++
	c.entered[zone][label]++
}

func (c *counts) leave(zone int, label string) {
	if c.now[zone][label]--; c.now[zone][label] == 0 {
		delete(c.now[zone], label)
	}
}

func (c *counts) cross(line int, back bool, label string) {
	if back {
		c.crossed[line][1][label]++
	} else {
		c.crossed[line][0][label]++
	}
}

// places is a copy for a report.
func (c *counts) places(f *Follower) *Places {
	p := &Places{Zones: make([]ZoneCount, len(f.o.Zones)), Lines: make([]LineCount, len(f.o.Lines))}
	for i, z := range f.o.Zones {
		p.Zones[i] = ZoneCount{z.Name, cmp.Or(z.Title, z.Name), f.areas[i], maps.Clone(c.now[i]), maps.Clone(c.entered[i])}
	}
	for i, l := range f.o.Lines {
		p.Lines[i] = LineCount{l.Name, f.paths[i], l.AToB, l.BToA, [2]map[string]int{maps.Clone(c.crossed[i][0]), maps.Clone(c.crossed[i][1])}}
	}
	return p
}

// Draw draws the outlines of zones with how many objects are in them, and lines with how many have crossed them.
func (p *Places) Draw(c pipeline.Canvas) {
	canvas, ok := c.(pipeline.OutlineCanvas)
	if !ok {
		return
	}
	for _, z := range p.Zones {
		canvas.Outline(pipeline.Outline{Name: z.Name, Text: fmt.Sprintf("%s %d", cmp.Or(z.Title, z.Name), sum(z.Now)), Points: pixels(z.Area), Closed: true})
	}
	for _, l := range p.Lines {
		text := fmt.Sprintf("%s: %s %d, %s %d", l.Name, l.AToB, sum(l.Crossed[0]), l.BToA, sum(l.Crossed[1]))
		canvas.Outline(pipeline.Outline{Name: l.Name, Text: text, Points: pixels(l.Path)})
	}
}

func sum(counts map[string]int) (n int) {
	for _, c := range counts {
		n += c
	}
	return n
}

func pixels(points []Point) [][2]float32 {
	all := make([][2]float32, len(points))
	for i, p := range points {
		all[i] = [2]float32{float32(p.X), float32(p.Y)}
	}
	return all
}
