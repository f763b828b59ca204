package zone

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Anchor is what of an object must be in a zone or pass a line.
type Anchor string

// The anchors. Any is for zones only.
const (
	Bottom Anchor = "bottom" // the middle of the box's lower edge
	Center Anchor = "center" // the middle of the box
	Any    Anchor = "any"    // any point of the box
)

// Zone is an area of the picture. DefaultZone has the usual values.
type Zone struct {
	Name      string
	Shape     Shape         // three or more points, not on one straight line
	Inside    Anchor        // what of an object must be inside
	Inertia   int           // frames in a row after which an object is in or out; at least 1
	Loitering time.Duration // how long an object must be inside to be in the zone
	Objects   []string      // labels of the objects that count; empty: all
	Distances []float64     // metres from each of four corners to the next, for speeds; empty: no speeds
	Title     string        // what pictures show in place of Name; "": Name
	Disabled  bool          // it is checked and otherwise left out
	MinSpeed  string        // how fast an object must be to be in the zone, with the unit; needs Distances; empty: no limit
	Filters   []Filter      // what objects must be like to be in the zone, at most one for a label
}

// DefaultZone is a zone with Frigate's values.
func DefaultZone() Zone { return Zone{Inside: Bottom, Inertia: 3} }

// Line is a line across the picture that objects pass. DefaultLine has the usual values.
type Line struct {
	Name    string
	Shape   Shape    // two or more points
	Anchor  Anchor   // Bottom or Center
	Margin  float64  // how far behind the line an object has crossed it, as a share of its box's height
	Objects []string // as of a Zone
	AToB    string   // the directions' names in events
	BToA    string
}

// DefaultLine is a line with the usual values.
func DefaultLine() Line {
	return Line{Anchor: Bottom, Margin: 0.1, AToB: "a_to_b", BToA: "b_to_a"}
}

// Options are the zones and lines of a picture.
type Options struct {
	Zones []Zone
	Lines []Line
}

// Enabled are the options without the zones that are disabled.
func (o Options) Enabled() Options {
	o.Zones = slices.DeleteFunc(slices.Clone(o.Zones), func(z Zone) bool { return z.Disabled })
	return o
}

// Empty reports whether there is no zone and no line.
func (o Options) Empty() bool { return len(o.Zones)+len(o.Lines) == 0 }

// Validate checks the options and returns all problems.
func (o Options) Validate() error {
	var errs []error
	names := map[string]string{}
	add := func(kind, name string, err error) {
		if other := names[name]; other != "" && err == nil {
			err = fmt.Errorf("there is a %s of this name", other)
		}
		names[name] = kind
		if err != nil {
			errs = append(errs, fmt.Errorf("%s %s: %w", kind, name, err))
		}
	}
	for i := range o.Zones {
		add("zone", o.Zones[i].Name, o.Zones[i].validate())
	}
	for i := range o.Lines {
		add("line", o.Lines[i].Name, o.Lines[i].validate())
	}
	return errors.Join(errs...)
}

func (z *Zone) validate() error {
	switch {
	case z.Name == "":
		return errors.New("it has no name")
	case len(z.Shape.Points) < 3:
		return fmt.Errorf("expected 3 or more points, not %d", len(z.Shape.Points))
	case z.Shape.Flat():
		return z.Shape.Surrounds()
	case z.Inside != Bottom && z.Inside != Center && z.Inside != Any:
		return fmt.Errorf("inside is %q: expected bottom, center or any", z.Inside)
	case z.Inertia < 1:
		return fmt.Errorf("an inertia of %d frames: expected 1 or more", z.Inertia)
	case z.Loitering < 0:
		return fmt.Errorf("a loitering time of %v: expected 0 or more", z.Loitering)
	case z.MinSpeed != "" && len(z.Distances) == 0:
		return errors.New("speed_threshold needs distances, by which speeds are measured")
	}
	if _, err := parseSpeed(z.MinSpeed); err != nil {
		return fmt.Errorf("speed_threshold: %w", err)
	}
	if len(z.Distances) > 0 {
		if _, err := newGround(z.Shape.In(1, 1), z.Distances); err != nil {
			return err
		}
	}
	return validateFilters(z.Filters)
}

func (l *Line) validate() error {
	switch {
	case l.Name == "":
		return errors.New("it has no name")
	case len(l.Shape.Points) < 2:
		return fmt.Errorf("expected 2 or more points, not %d", len(l.Shape.Points))
	case l.Anchor != Bottom && l.Anchor != Center:
		return fmt.Errorf("the anchor is %q: expected bottom or center", l.Anchor)
	case !(l.Margin >= 0 && l.Margin <= 10): // rejects NaN
		return fmt.Errorf("a margin of %v: expected 0 to 10", l.Margin)
	case l.AToB == "" || l.BToA == "" || l.AToB == l.BToA:
		return fmt.Errorf("the directions are called %q and %q: expected two names", l.AToB, l.BToA)
	}
	for i, p := range l.Shape.Points[1:] {
		if p == l.Shape.Points[i] {
			return fmt.Errorf("the points at index %d and %d are the same", i, i+1)
		}
	}
	return nil
}
